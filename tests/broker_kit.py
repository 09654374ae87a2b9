"""A lane at a broker: its scanner is a client there, and so are the terminals that stand at it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from drivers.device import Device
from drivers.events import Beep, Scan
from drivers.lines_scanner import Settings
from drivers.links.mqtt import Account, MqttLink
from drivers.mqtt import Acknowledged, Message
from edge.config import Config, load
from simulators.lines_scanner import Device as Scanner
from tests.gate import HANDHELD, Gate, gate
from tests.mosquitto import Mosquitto
from tests.mqtt_far import STORE, Far, connected, far
from tests.owner import edgebox
from tests.stand import until
from tests.test_broker import give_hashes, up

LANE, SCANNER = "lane-1", "scanner-1"
TOPIC = "shop/scanner-1"
OFFLINE = b'{"state":"offline"}'


class Site(NamedTuple):
    """A box, its broker, and the scanner in somebody's hand."""

    it: Gate
    broker: Mosquitto
    scanner: Device
    beeps: "asyncio.Queue[object]"

    def scan(self, code: str) -> None:
        """Read a code. With nobody listening it is lost, as it is with a real one."""
        self.scanner.tell(Scan(code, "E0"))

    async def beep(self) -> object:
        """Return the next sound that the scanner makes."""
        async with asyncio.timeout(60):
            while True:
                if isinstance(said := await self.beeps.get(), Beep):
                    return said

    async def at_broker(self, name: str = HANDHELD, *kinds: str, **changes: Any) -> Far:
        """Connect a terminal; with `kinds`, it says that it listens to them."""
        base = f"edge/v1/{STORE}/{name}"
        session: dict[str, Any] = {"clean_start": True, "session_seconds": 0}
        end = far(
            name, password=self.it.token(name).encode(),
            subscriptions=(f"{base}/evt/+", f"{base}/rsp/+"),
            will=Message(topic=f"{base}/state", payload=OFFLINE, retain=True),
            **(session | changes),
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: end, "127.0.0.1", self.broker.port)
        async with asyncio.timeout(60):
            await connected(end)
            if kinds:
                await self.says(end, online(*kinds))
        return end

    async def says(self, end: Far, state: bytes) -> None:
        """Let a terminal say how it is, until the broker has it."""
        end.publish(Message(topic=end.topics.state, payload=state, retain=True))
        await end.until(Acknowledged)

    def hears(self, name: str) -> bool:
        """Whether the box takes it that a terminal at the broker listens to scans."""
        door = self.it.box.doors.broker
        assert door is not None
        return door.hears(name, "scan")

    @property
    def is_wired(self) -> bool:
        """Whether box and scanner have each other."""
        ours = self.it.box.health().devices[SCANNER]
        return ours == "ready" == self.scanner.state.state


def online(*kinds: str) -> bytes:
    """Return what a terminal says at its birth."""
    return json.dumps({"state": "online", "hears": kinds}).encode()


@contextlib.asynccontextmanager
async def box_at(folder: Path, broker: Mosquitto) -> AsyncIterator[Gate]:
    """Run a box at the broker, with the broker's files written anew; the broker need not run."""

    def adjust(config: Config) -> Config:
        path = folder / "store.toml"
        give_hashes(folder, path)
        path.write_text(_at_broker(path.read_text(), folder, broker))
        said = edgebox("broker", "config", "--dir", broker.folder,
                       "--listen", f"127.0.0.1:{broker.port}", "--config", path)  # fmt: skip
        assert said.exit_code == 0, said.output
        wired = load(path)
        lane = replace(wired.lanes[LANE], cashier="", terminal="")
        terminals = {name: replace(one, lane=LANE) for name, one in wired.terminals.items()}
        return replace(
            broker.adjust(config), devices=wired.devices, terminals=terminals,
            lanes={LANE: lane},
        )  # fmt: skip

    async with gate(folder, adjust) as it:
        yield it


def _at_broker(text: str, folder: Path, broker: Mosquitto) -> str:
    """Return the configuration of a store whose scanner is wired to its broker."""
    scanner = f"""url = "mqtt://localhost:{broker.port}/{TOPIC}"
username = "box.scanner-1"
password_file = "{folder}/secrets/scanner-1.key"
"""
    home = f"""[mqtt]
broker = "mqtt://localhost:{broker.port}"
broker_password_file = "{broker.folder}/box.password"
"""
    text = text.replace('url = "socket://127.0.0.1:9"\n', scanner)
    return text.replace("[mqtt]\n", home)


@contextlib.asynccontextmanager
async def scanner_at(broker: Mosquitto) -> AsyncIterator[tuple[Device, "asyncio.Queue[object]"]]:
    """Hold a scanner that logs in with the password the owner's command has made for it."""
    account = Account(
        host="localhost", port=broker.port, client_id="dev.scanner-1", username="dev.scanner-1",
        password_file=str(broker.folder / "dev.scanner-1.password"),
    )  # fmt: skip
    link = MqttLink(
        account=account, topic=f"{TOPIC}/in", send_topic=f"{TOPIC}/out", birth=f"{TOPIC}/state"
    )
    beeps: asyncio.Queue[object] = asyncio.Queue()
    device = Device("hand", link, partial(Scanner, Settings(aim=True)), beeps.put_nowait)
    running = asyncio.create_task(device.run())
    try:
        yield device, beeps
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def site(folder: Path, *, remembers: bool = False) -> AsyncIterator[Site]:
    """Run box, broker and scanner until the end of the block.

    A broker that `remembers` keeps what it knows on its disk, which no file of ours asks for.
    """
    broker = Mosquitto(folder)
    async with box_at(folder, broker) as it:
        if remembers:
            broker.remember()
        await broker.start()
        try:
            async with scanner_at(broker) as (scanner, beeps):
                made = Site(it, broker, scanner, beeps)
                await up(it)
                await until(lambda: made.is_wired)
                yield made
        finally:
            await broker.kill()


async def scanned(end: Far) -> str:
    """Return what a terminal is told that was scanned."""
    async with asyncio.timeout(60):
        message = await end.answer()
    assert message.topic == end.topics.event("scan")
    return str(json.loads(message.payload)["text"])
