"""The box under load: a process of its own in a furnished store, and terminals that sell."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from cloud_bridge.contract import Card, Member
from simulators import demo_data
from simulators.cloud.server import CloudServer
from simulators.cloud.twin import CloudTwin
from simulators.keys import make_key
from simulators.premises import BoxProcess, Plan, Premises, furnish
from simulators.request_keys import new_key
from tests.bench.load import Request
from tests.bench.wires import Caller, HttpWire, MqttWire

TERMINALS = tuple(f"t{number:02}" for number in range(1, 51))
STORE = "s1"
BASKET: dict[str, Any] = {
    "lines": [
        {"code": demo_data.ean(1), "quantity": "2"},
        {"code": "apples", "quantity": "0.435"},
        {"code": demo_data.ean(20)},
    ],
    "member": {"kind": "card", "text": demo_data.card_number(2)},
}
"""Three lines, one of them weighed, for a gold member: every kind of rule has work to do."""
GUESTS = tuple(demo_data.card_number(number) for number in range(100, 20_100))
"""The cards of gold members who come in turns, as a shop's do: each visit leaves points behind
that are counted at the next one, so that nobody comes thousands of times in a row."""
GUESTS_AT_ONCE, GUESTS_MIN = 320, 2
"""How many there are at all tills together in a cell, and at least at each."""
OFFLINE_SECONDS_MAX = 60.0
_BLANK_KEY = "0" * 36


class Shop:
    """A box that sells, and its terminals: each its own login and its own connection."""

    def __init__(self, premises: Premises, box: BoxProcess) -> None:
        self.premises, self.box = premises, box
        self.broker_port = 0
        """Where the broker listens that the box has joined, if it has."""
        self._watch: HttpWire | None = None
        self._guests = cycle(GUESTS)

    async def selling(self, callers: Sequence[Caller]) -> Sequence[tuple[Caller, Request]]:
        """Return each caller with a maker of sales, to guests who have not been here for long."""
        each = max(GUESTS_AT_ONCE // len(callers), GUESTS_MIN)
        return [(caller, await self._sales(caller, each)) for caller in callers]

    async def _sales(self, caller: Caller, guests: int) -> Request:
        baskets = [
            BASKET | {"member": {"kind": "card", "text": next(self._guests)}} for _ in range(guests)
        ]
        requests = cycle([await sale(caller, basket) for basket in baskets])

        def request() -> bytes:
            return next(requests)()

        return request

    async def caller(self, door: str, terminal: str) -> MqttWire | HttpWire:
        """Return a terminal that has come in through this door ("mqtt", "broker" or "http")."""
        login = terminal, self.premises.tokens[terminal]
        if door == "http":
            return await HttpWire.connect(("127.0.0.1", self.premises.http_port), login)
        own = f"edge/v1/{STORE}/{terminal}/"
        address = "127.0.0.1", self.broker_port if door == "broker" else self.premises.mqtt_port
        return await MqttWire.connect(address, login, (f"{own}req/", f"{own}rsp/"))

    async def callers(self, door: str, count: int) -> Sequence[MqttWire | HttpWire]:
        """Return that many terminals."""
        names = list(self.premises.tokens)[:count]
        return [await self.caller(door, terminal) for terminal in names]

    async def commits(self) -> int:
        """Return how many transactions the journal has made durable."""
        if self._watch is None:
            login = TERMINALS[0], self.premises.tokens[TERMINALS[0]]
            address = "127.0.0.1", self.premises.http_port
            self._watch = await HttpWire.connect(address, login)
        text = (await self._watch.get("/metrics")).decode()
        line = next(line for line in text.splitlines() if line.startswith("edge_commits_total "))
        return int(float(line.split()[1]))

    def close(self) -> None:
        """Hang up."""
        if self._watch is not None:
            self._watch.close()


async def sale(caller: Caller, basket: Mapping[str, Any] = BASKET) -> Request:
    """Ask for a price once; return a maker of sales at that price, each with a fresh key."""
    quoted = json.loads(await caller.ask("quote", json.dumps(basket).encode()))
    body = {
        "key": _BLANK_KEY, "cashier": "anna", **basket, "quote": quoted["quote"],
        "expected_total": quoted["total"], "tenders": [{"kind": "cash", "amount": 20000}],
    }  # fmt: skip
    before, after = json.dumps(body).encode().split(_BLANK_KEY.encode())
    return lambda: before + new_key().encode() + after


def is_sold(answer: bytes) -> bool:
    """Tell whether this is the answer to a sale that was made."""
    return b'"receipt":"' in answer


@asynccontextmanager
async def open_shop(
    folder: Path,
    module: str = "edge",
    more_rules: Sequence[Mapping[str, Any]] = (),
    requests_per_second_max: int = 100_000,
    terminals: Sequence[str] = TERMINALS,
    environment: Mapping[str, str] | None = None,
    adjust: Callable[[Premises], None] = lambda _: None,
    guests: int = len(GUESTS),
) -> AsyncIterator[Shop]:
    """Run a box that has its rules and prices, and whose cloud has then gone away.

    So that no upload shares the cores with what is measured. `module` is what runs as the box, in
    this `environment`; `more_rules` come after those of the demo; `adjust` may change the files.
    The first `guests` of GUESTS are members.
    """
    bundle = demo_data.bundle(STORE)
    key = make_key("cloud-1", Random(1))
    twin = CloudTwin(key)
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.seed_members(*_guests(guests))
    twin.seed_products(demo_data.products())
    twin.publish_bundle(bundle | {"rules": [*bundle["rules"], *more_rules]})
    try:
        async with CloudServer(twin) as cloud:
            plan = Plan(
                cloud_url=cloud.url,
                cloud_keys={key.id: key.public_key},
                terminals=dict.fromkeys(terminals, "pc_pos"),
                requests_per_second_max=requests_per_second_max,
            )
            premises = furnish(folder, plan)
            adjust(premises)
            twin.register_box(premises.box, premises.public_key)
            box = BoxProcess(premises, module=module, environment=environment)
            await box.start()
    finally:
        twin.close()
    shop = Shop(premises, box)
    try:
        await _until_offline(box)
        yield shop
    finally:
        shop.close()
        await box.stop()


def _guests(count: int) -> tuple[Sequence[Member], Sequence[Card]]:
    members = [
        Member(
            id=f"g{number:05}", display="王**", tier="gold", phone_hash=f"{number:064x}",
            phone_last4=f"{number % 10_000:04}", points=0,
        )
        for number in range(count)
    ]  # fmt: skip
    cards = [
        Card(number=card, member=member.id)
        for card, member in zip(GUESTS[:count], members, strict=True)
    ]
    return members, cards


async def _until_offline(box: BoxProcess) -> None:
    async with asyncio.timeout(OFFLINE_SECONDS_MAX):
        while (health := await box.health()) is None or health["cloud"] != "down":
            await asyncio.sleep(0.1)
