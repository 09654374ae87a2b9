"""After a power cut everybody comes at once: a big shop's terminals are all let in and served.

The limits are those of a box that nobody has configured; each terminal has its own address, as in
a shop, and does as a refusal says.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from msgspec.structs import replace

from edge.access.passwords import broker_hash
from edge.config import Config, Http, Mqtt
from simulators import demo_data
from simulators.premises import Plan, furnish
from tests.gate import Gate, gate
from tests.mosquitto import Mosquitto
from tests.mqtt_far import Far, connected, far
from tests.owner import edgebox
from tests.test_broker import up

HANDHELDS, PC_TILLS = 200, 50
ANYWHERE = "127.0.0.1:0"
TEA = [{"code": demo_data.ean(3), "quantity": "1"}]
ENOUGH = 20
"""Who is told so often to come again was not served, whatever the reason."""

Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


def token(name: str) -> str:
    return f"token of {name}, which is long enough"


def crowded(config: Config) -> Config:
    """Return a shop with many terminals, and with no limit of its own."""
    pos, handheld = config.terminals["pos-1"], config.terminals["handheld-1"]
    kinds = {f"hh-{n}": handheld for n in range(HANDHELDS)} | {
        f"pc-{n}": pos for n in range(PC_TILLS)
    }
    terminals = {
        name: replace(kind, id=name, token_sha256=hashlib.sha256(token(name).encode()).hexdigest())
        for name, kind in kinds.items()
    }
    return replace(
        config, terminals=terminals, mqtt=Mqtt(listen=ANYWHERE), http=Http(listen=ANYWHERE)
    )


class Crowd:
    """All terminals. `noes` is what they were told, by code, before they were served."""

    def __init__(self, it: Gate, broker_port: int = 0) -> None:
        self._it, self.noes = it, Counter[str]()
        self._port = broker_port or it.box.mqtt.address[1]
        self.receipts: list[str] = []

    async def handheld(self, number: int) -> None:
        name, home = f"hh-{number}", f"127.0.1.{number + 1}"
        end = far(name, password=token(name).encode(),
                  subscriptions=(f"edge/v1/s1/{name}/rsp/+",))  # fmt: skip
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: end, "127.0.0.1", self._port, local_addr=(home, 0))
        await connected(end)
        await self._sells(number, lambda asked, body: _over_mqtt(end, asked, body))
        end.transport.close()

    async def pc_till(self, number: int) -> None:
        name, home = f"pc-{number}", f"127.0.2.{number + 1}"
        login = {"Authorization": f"Bearer {name}:{token(name)}"}
        base = f"http://127.0.0.1:{self._it.box.http.address[1]}/v1/"
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=(home, 0)), headers=login
        ) as session:

            async def ask(operation: str, body: dict[str, Any]) -> dict[str, Any]:
                async with session.post(base + operation, json=body) as answer:
                    told: dict[str, Any] = await answer.json(content_type=None)
                    return told

            await self._sells(1000 + number, ask)

    def all_served(self, count: int) -> None:
        """Assert that each of so many has one receipt, and that no sale is nobody's."""
        assert len(set(self.receipts)) == len(self.receipts) == count
        pages = self._it.box.journal.after(0, 10_000)
        assert sum(page.kind == "sale.v1" for page in pages) == count

    async def _sells(self, number: int, ask: Ask) -> None:
        quoted = await self._served(ask, "quote", {"lines": TEA})
        paid = [{"kind": "cash", "amount": quoted["total"]}]
        sold = await self._served(ask, "sell", {
            "key": f"01900000-0000-7000-8000-{number:012}", "cashier": "anna", "lines": TEA,
            "quote": quoted["quote"], "expected_total": quoted["total"], "tenders": paid,
        })  # fmt: skip
        self.receipts.append(sold["receipt"])

    async def _served(self, ask: Ask, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask as often as the answer says to."""
        for _ in range(ENOUGH):
            told = await ask(operation, body)
            if "code" not in told:
                return told
            self.noes[told["code"]] += 1
            assert told["retry"] == "same", told
            assert told["retry_after"] <= 2, told
            await asyncio.sleep(told["retry_after"])
        raise AssertionError(f"{operation} was refused {ENOUGH} times: {self.noes}")


async def _over_mqtt(end: Far, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    end.ask(operation, msgspec.json.encode(body))
    told: dict[str, Any] = msgspec.json.decode((await end.answer()).payload)
    return told


async def test_all_terminals_of_a_big_shop_come_at_once_and_all_are_served(
    tmp_path: Path,
) -> None:
    async with gate(tmp_path, crowded) as it:
        crowd = Crowd(it)
        async with asyncio.timeout(120):
            await asyncio.gather(
                *(crowd.handheld(number) for number in range(HANDHELDS)),
                *(crowd.pc_till(number) for number in range(PC_TILLS)),
            )
        assert not it.box.mqtt.counts.get("no_room"), "everybody has a place"
        crowd.all_served(HANDHELDS + PC_TILLS)


async def test_through_a_broker_they_all_come_at_once_as_well(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)

    def adjust(config: Config) -> Config:
        return broker.adjust(crowded(config))

    _write_files(tmp_path, broker)
    async with gate(tmp_path, adjust) as it:
        await broker.start()
        await up(it)
        crowd = Crowd(it, broker.port)
        try:
            async with asyncio.timeout(120):
                await asyncio.gather(*(crowd.handheld(number) for number in range(HANDHELDS)))
        finally:
            await broker.kill()
        crowd.all_served(HANDHELDS)


def _write_files(folder: Path, broker: Mosquitto) -> None:
    """Have the owner's command write what mosquitto needs for so many terminals."""
    furnish(folder, Plan("http://127.0.0.1:1", {"c": b"k" * 32}))
    path = folder / "store.toml"
    sections = [
        f"""
[terminal.hh-{number}]
kind = "handheld"
token_sha256 = "{hashlib.sha256(token(f"hh-{number}").encode()).hexdigest()}"
broker_hash = "{broker_hash(token(f"hh-{number}"), b"s" * 12)}"
"""
        for number in range(HANDHELDS)
    ]
    path.write_text(path.read_text() + "".join(sections))
    said = edgebox(
        "broker", "config", "--dir", broker.folder, "--listen", f"127.0.0.1:{broker.port}",
        "--config", path,
    )  # fmt: skip
    assert said.exit_code == 0, said.output
