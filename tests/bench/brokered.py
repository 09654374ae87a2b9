"""A shop that is also served through a mosquitto, with the files the box writes for it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.access.passwords import BROKER_SALT_BYTES, broker_hash
from edge.config import load
from edge.doors.broker_probe import BOX
from simulators.premises import Premises
from tests.bench.shop import Shop
from tests.mosquitto import Mosquitto

PROVEN_SECONDS_MAX = 30.0
CONNECTIONS = 300


class Brokered:
    """The broker of one shop. `pid` is there once it runs."""

    def __init__(self, folder: Path) -> None:
        self.mosquitto = Mosquitto(folder)

    def furnish(self, premises: Premises) -> None:
        """Have the broker's files written, and let the box come to it; room for every caller."""
        path, folder = premises.config_path, self.mosquitto.folder
        text = _with_hashes(premises, path.read_text("utf-8"))
        room = f"connections_max = {CONNECTIONS}\nconnections_per_address_max = {CONNECTIONS}"
        for door in ("mqtt", "http"):
            text = text.replace(f"[{door}]", f"[{door}]\n{room}")
        path.write_text(text, "utf-8")
        listen = f"127.0.0.1:{self.mosquitto.port}"
        subprocess.run(
            [sys.executable, "-m", "edge", "broker", "config", "--config", str(path),
             "--dir", str(folder), "--listen", listen],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        join = f'broker = "mqtt://{listen}"\nbroker_password_file = "{folder}/{BOX}.password"'
        path.write_text(text.replace("[mqtt]", f"[mqtt]\n{join}"), "utf-8")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the broker."""
        await self.mosquitto.start()
        try:
            yield
        finally:
            await self.mosquitto.kill()

    async def proven(self, shop: Shop) -> None:
        """Wait until the box sells through it."""
        shop.broker_port = self.mosquitto.port
        async with asyncio.timeout(PROVEN_SECONDS_MAX):
            while (health := await shop.box.health()) is None or health["broker"] != "up":
                await asyncio.sleep(0.05)


def _with_hashes(premises: Premises, text: str) -> str:
    """Return a configuration in which the broker, too, knows every terminal."""
    for name, terminal in load(premises.config_path).terminals.items():
        known = f'token_sha256 = "{terminal.token_sha256}"'
        kept = broker_hash(premises.tokens[name], bytes(BROKER_SALT_BYTES))
        text = text.replace(known, f'{known}\nbroker_hash = "{kept}"')
    return text
