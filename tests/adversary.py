"""Stores that are cut off, and guests who know it: what can be lost is what was declared.

A fleet of boxes shares one cloud in virtual time. An adversary decides who spends what where,
which line is cut, whose power fails, what the cloud repeats. In the end all lines are mended, and
for every account what was spent beyond what there was is held against what the stores answer for:

    risk(box, account)   what a box took at its own risk and the cloud has not acknowledged: at no
                         moment more than the overdraft that the rules declare
    named(box, account)  what of it the cloud could not cover: of each deed at most what it risked
    lost(account)        what was spent beyond what there was <= sum over boxes of named

So nothing that is not risked is ever lost: leases and holds, answered or not, cost nothing. A
coupon is taken twice at most once for each time that a box took it away from home at its risk.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from cloud_bridge.contract import Hot, Lease, LeaseAsked, LeaseTaken, Recall
from edge import config as settings
from edge.box import JOURNAL_FILE, Box, Parts
from edge.verify import verify
from edge.world import World
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.cloud.recording import Refused
from simulators.cloud.twin import CloudTwin
from simulators.cloud.weather import CLEAR, OFF, STORM, Weather
from simulators.keys import make_key
from simulators.premises import Plan, furnish
from tests.away_kit import PRICE, rules, trusting, value_lot
from tests.stand import MemoryFarSide
from tests.test_coupon_homes import RISKED, TEN_OFF

TAKEN = "lease_taken.v1"
MORNING = 1_795_300_000_000
MEMBERS = ("m0001", "m0002", "m0003")
COUPONS = ("c1", "c2", "c3")
HELD = 6 * PRICE
"""What each member holds of stored value in the beginning."""
WORTH = 200
"""What a coupon takes off."""

Verb = Literal[
    "spend", "coupon", "lease", "cut", "storm", "mend", "crash", "recall", "repeat", "wait", "block"
]
VERBS: tuple[Verb, ...] = (
    "spend", "spend", "spend", "spend", "coupon", "coupon", "lease", "lease", "cut", "storm",
    "mend", "crash", "recall", "repeat", "wait", "block",
)  # fmt: skip


SKIES = {"cut": OFF, "storm": STORM, "mend": CLEAR}


class Act(NamedTuple):
    """One move of the adversary: at which box, about which member or coupon, how much."""

    verb: Verb
    box: int
    which: int
    amount: int


@dataclass
class Raid:
    """What came of it. Amounts are minor units of stored value."""

    spent: int = 0
    refused: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    """What each member spent beyond what they had."""
    named: Counter[str] = field(default_factory=Counter)
    """What the cloud says is missing, and names a store for, by member."""
    risked: Counter[str] = field(default_factory=Counter)
    """What stores took at their own risk, by member."""
    coupons_twice: Counter[str] = field(default_factory=Counter)
    coupons_risked: Counter[str] = field(default_factory=Counter)
    exceptions: Counter[str] = field(default_factory=Counter)


class Shop:
    """One box of the fleet, through crashes and restarts."""

    def __init__(self, fleet: "Fleet", number: int, folder: Path) -> None:
        self.fleet, self.number = fleet, number
        plan = Plan(
            "http://127.0.0.1:1", {fleet.key.id: fleet.key.public_key},
            changes_interval_seconds=fleet.interval, bundle_interval_seconds=30 * fleet.interval,
            retry_seconds_max=1.5 * fleet.interval,
        )  # fmt: skip
        premises = furnish(folder / f"box-{number}", plan)
        config = trusting(settings.load(premises.config_path))
        self.name = f"box-{number}"
        self.config = msgspec.structs.replace(
            config, cloud=msgspec.structs.replace(config.cloud, box=self.name)
        )
        fleet.twin.register_box(self.name, premises.public_key)
        self.weather = Weather(fleet.luck, CLEAR)
        self.keys = 0
        self.overdrawn: Counter[str] = Counter()

    async def start(self) -> None:
        """Switch it on, and wait until it sells."""
        world = World(self.fleet.now, self.fleet.loop.time, self.fleet.luck)
        self.writer = SteppedWriter(0.01)
        parts = Parts(
            writer=self.writer, training_writer=SteppedWriter(0.01),
            codes_writer=SteppedWriter(0.01), far_side=MemoryFarSide(self.fleet.twin, self.weather),
        )  # fmt: skip
        self.box = Box(self.config, world, parts)
        await self.box.begin()
        self.running = asyncio.create_task(self.box.run(), name=self.name)
        while self.box.health().state == "not_selling":
            await asyncio.sleep(1)

    def at_risk(self, member: str) -> int:
        """Return what it has taken at its own risk since the cloud last acknowledged anything."""
        acknowledged = self.box.journal.bookmark("cloud")
        return self.box.cloud.away.leasing.at_risk(member, "value", acknowledged)

    async def stop(self, *, crash: bool = False) -> None:
        """Switch it off, in good order or as a power cut does."""
        if crash:
            self.writer.abandon()
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.box.close()

    async def sell(self, member: int, value: int, coupon: str = "") -> str:
        """Sell a latte for stored value, or with a coupon; a manager agrees to everything."""
        terminal = self.config.terminals["pos-1"]
        card = {"kind": "card", "text": demo_data.card_number(member + 1)}
        asked: dict[str, object] = {
            "lines": [{"code": demo_data.ean(1), "quantity": "4"}], "member": card,
            "coupons": [coupon] if coupon else [],
        }  # fmt: skip
        quoted = await self._ask("quote", asked)
        if "total" not in quoted:
            return str(quoted["code"])
        self.keys += 1
        total = int(str(quoted["total"]))
        value = min(value, total)
        paid = [("value", value), ("cash", total - value)]
        request = {
            **asked, "cashier": "anna", "quote": quoted["quote"], "expected_total": total,
            "key": f"01900000-0000-7000-8{self.number:03}-{self.keys:012}",
            "tenders": [{"kind": kind, "amount": n} for kind, n in paid if n],
            "approved_by": "boss",
        }  # fmt: skip
        assert terminal.id
        sold = await self._ask("sell", request)
        return str(sold.get("code", ""))

    def card(self, member: int) -> str:
        """Return the number of a member's card."""
        return demo_data.card_number(member + 1)

    async def _ask(self, operation: str, body: dict[str, object]) -> dict[str, object]:
        terminal = self.config.terminals["pos-1"]
        answer = await self.box.desk.handle(terminal, operation, msgspec.json.encode(body))
        content: dict[str, object] = msgspec.json.decode(answer.body)
        return content


class Fleet:
    """The boxes and their cloud, until the end of the block."""

    def __init__(
        self,
        seed: int,
        boxes: int,
        folder: Path,
        *,
        overdraft: int,
        risked: bool,
        interval: float = 20.0,
    ) -> None:
        self.interval = interval
        """How often each box asks for news, in seconds."""
        self.luck = random.Random(seed)
        self.loop = asyncio.get_running_loop()
        self.key = make_key("cloud-1", random.Random(seed))
        self.twin = CloudTwin(self.key, now=self.now)
        self.twin.seed_members(demo_data.members(), demo_data.cards())
        self.twin.seed_products(demo_data.products())
        coupon = RISKED if risked else TEN_OFF
        self.twin.publish_bundle(rules({"overdraft_max": overdraft}, coupon))
        for member, name in zip(MEMBERS, COUPONS, strict=True):
            self.twin.keeping.give(value_lot(f"v-{member}", member), HELD)
            coupon_lot = value_lot(name, member, "CPN", terms=str(coupon["id"]), home="hq")
            self.twin.keeping.give(coupon_lot, 1)
        self.overdraft, self.risked = overdraft, risked
        self.shops = [Shop(self, number, folder) for number in range(boxes)]
        self.leases: list[tuple[str, Lease]] = []
        self.raid = Raid()

    def now(self) -> int:
        """Return the time by which all live, ms since 1970 UTC."""
        return MORNING + int(self.loop.time() * 1000)

    async def play(self, acts: Sequence[Act]) -> None:
        """Let the adversary have their way."""
        for act in acts:
            shop = self.shops[act.box % len(self.shops)]
            await self._act(shop, act)
            for member in MEMBERS:
                at_risk = shop.at_risk(member)
                assert at_risk <= self.overdraft, f"{shop.name} risks {at_risk} for {member}"

    async def _act(self, shop: Shop, act: Act) -> None:
        which = act.which % len(MEMBERS)
        member = MEMBERS[which]
        match act.verb:
            case "spend":
                refused = await shop.sell(which, act.amount)
                self.raid.refused += bool(refused)
                self.raid.spent += 0 if refused else act.amount
            case "coupon":
                await shop.sell(which, 0, COUPONS[which])
            case "lease":
                self._lease(shop, act, member)
            case "cut" | "storm" | "mend":
                shop.weather.sky = SKIES[act.verb]
            case "crash":
                await shop.stop(crash=True)
                await shop.start()
            case "recall":
                self._recall(shop, act, member)
            case "repeat":
                for name, lease in self.leases[-3:]:
                    self.twin._tables.tell([lease], name)
            case "block":
                self.twin.granting.block(Hot(of="member", id=member, blocked=bool(act.amount % 2)))
            case "wait":
                await asyncio.sleep(act.amount % 120)

    def _lease(self, shop: Shop, act: Act, member: str) -> None:
        asked = LeaseAsked(id=f"lease-{len(self.leases)}-{self.loop.time()}", member=member,
                           kind="value")  # fmt: skip
        with suppress(Refused):
            self.leases.append((shop.name, self.twin.granting.lease(shop.name, asked)))

    def _recall(self, shop: Shop, act: Act, member: str) -> None:
        name = f"recall-{self.loop.time()}-{act.amount}"
        recall = Recall(id=name, member=member, kind="value", amount=act.amount)
        self.twin._tables.tell([recall], shop.name)

    async def settle(self) -> Raid:
        """Mend all lines, wait until every book is told, and count."""
        for member in MEMBERS:
            self.twin.granting.block(Hot(of="member", id=member, blocked=False))
        for shop in self.shops:
            shop.weather.sky = CLEAR
        for shop in self.shops:
            journal = shop.box.journal
            async with asyncio.timeout(7200):
                while journal.bookmark("cloud") != journal.head.sequence:
                    await asyncio.sleep(5)
        for shop in self.shops:
            self._count(shop)
        books = self.twin.books()
        for name in MEMBERS:
            owed = -books.get(f"principal:{name}", {}).get("CNY", 0)
            self.raid.lost[name] = max(0, -owed)
        return self.raid

    def _count(self, shop: Shop) -> None:
        """Add up what a shop risked, and what of it the cloud misses."""
        outcomes = self.twin.outcomes(shop.name)
        for fact, outcome in zip(self.twin.facts(shop.name), outcomes, strict=True):
            taken = msgspec.json.decode(fact.body, type=LeaseTaken) if fact.kind == TAKEN else None
            risk = taken is not None and taken.way == "risk"
            amount = sum(move.amount for move in taken.moves) if taken and risk else 0
            member = taken.member if taken else ""
            is_coupon = taken is not None and taken.kind == "coupon"
            (self.raid.coupons_risked if is_coupon else self.raid.risked)[member] += amount
            if outcome.outcome == "accepted":
                continue
            self.raid.exceptions[outcome.kind or outcome.outcome] += 1
            assert outcome.amount <= amount, (shop.name, outcome, "is more than was risked")
            twice = outcome.kind == "coupon_twice"
            (self.raid.coupons_twice if twice else self.raid.named)[member] += outcome.amount

    def books_agree(self) -> None:
        """Check every box's books, and that no part at any box is beyond its lot."""
        for shop in self.shops:
            report = verify(shop.config.store.state_dir / JOURNAL_FILE)
            assert report.books_agree, (shop.name, report.findings)

    async def close(self) -> None:
        """Switch everything off."""
        for shop in self.shops:
            await shop.stop()
        self.twin.close()


async def raid(
    acts: Sequence[Act], folder: Path, *, seed: int, boxes: int, overdraft: int, risked: bool
) -> Raid:
    """Return what came of a plan. Each box starts with a line; the rest is the adversary's."""
    fleet = Fleet(seed, boxes, folder, overdraft=overdraft, risked=risked)
    for shop in fleet.shops:
        await shop.start()
    try:
        await fleet.play(acts)
        found = await fleet.settle()
        fleet.books_agree()
    finally:
        await fleet.close()
    return found


def plan(seed: int, boxes: int, length: int) -> list[Act]:
    """Return a seeded plan."""
    luck = random.Random(seed)
    return [
        Act(luck.choice(VERBS), luck.randrange(boxes), luck.randrange(3), luck.randrange(1, 3000))
        for _ in range(length)
    ]


def judge(found: Raid) -> None:
    """Assert that for no account more was lost than stores had risked and the cloud has named."""
    assert found.lost <= found.named <= found.risked, found
    assert found.coupons_twice <= found.coupons_risked, found
    if not found.risked.total() and not found.coupons_risked.total():
        assert not found.exceptions, found
