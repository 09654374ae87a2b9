"""A box with more than one life: backups put back, clones, clouds that forget; in virtual time."""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from cloud_bridge.contract import Envelope, Posting, RecoveredFact, Words
from edge import config as settings
from edge.box import JOURNAL_FILE, Box, Parts
from edge.config import Config
from edge.epochs import HistoryForked
from edge.journal import Page, connect, pages
from edge.verify import verify
from edge.world import World
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.cloud.twin import CloudTwin
from simulators.cloud.weather import CLEAR, Weather
from simulators.keys import make_key
from simulators.premises import Plan, furnish
from tests.stand import MemoryFarSide
from tests.virtual_time import lasting

MORNING = 1_795_300_000_000
"""When time begins, ms since 1970 UTC: in November 2026."""
LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]
SILVER = {"kind": "card", "text": demo_data.card_number(1)}
TILL = "pos-1"


class Shop:
    """A cloud, and the boxes that claim to be the one it knows."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.luck, self.loop = Random(seed), asyncio.get_running_loop()
        key = make_key("cloud-1", Random(seed))
        self.twin = lasting(CloudTwin(key, now=self.now))
        self.twin.seed_members(demo_data.members(), demo_data.cards())
        self.twin.seed_products(demo_data.products())
        self.twin.publish_bundle(demo_data.bundle("s1"))
        self.weather = Weather(Random(seed), CLEAR)
        plan = Plan(
            "http://127.0.0.1:1", {key.id: key.public_key},
            changes_interval_seconds=900, bundle_interval_seconds=3600, retry_seconds_max=300,
        )  # fmt: skip
        self.premises = furnish(folder, plan)
        self.twin.register_box(self.premises.box, self.premises.public_key)
        self.folder, self.config = folder, settings.load(self.premises.config_path)

    def now(self) -> int:
        return MORNING + int(self.loop.time() * 1000)

    def box(self, name: str, machine: str = "m1") -> "Body":
        """Return a body of the box, whose state is in a folder of its own."""
        return Body(self, self.folder / name, machine)

    def facts(self) -> Sequence[Envelope]:
        return self.twin.facts(self.premises.box)


class Body:
    """One computer that runs as the box, restarted whenever it ends itself."""

    def __init__(self, world: Shop, state: Path, machine: str) -> None:
        self.world, self.state, self.machine = world, state, machine
        store = msgspec.structs.replace(world.config.store, state_dir=state)
        self.config: Config = msgspec.structs.replace(world.config, store=store)
        self.forks, self.flush_seconds = 0, 0.004
        self.is_on = self.is_open = self.is_wanted = False
        self.running: asyncio.Task[None] | None = None
        self.keys: list[str] = []
        self.answers: dict[str, bytes] = {}

    def start(self) -> None:
        """Switch it on. The cloud's weather is the world's."""
        self._open()
        self.is_wanted = True
        self.running = asyncio.create_task(self._keep(), name=f"box {self.state.name}")

    def _open(self) -> None:
        here = World(self.world.now, self.world.loop.time, self.world.luck)
        self.writer = SteppedWriter(self.flush_seconds)
        far = MemoryFarSide(self.world.twin, self.world.weather)
        parts = Parts(
            writer=self.writer, training_writer=SteppedWriter(0.004),
            codes_writer=SteppedWriter(0.004), far_side=far, machine=self.machine,
        )  # fmt: skip
        self.box = Box(self.config, here, parts)
        self.is_on, self.is_open = True, False

    async def _keep(self) -> None:
        """Run, and begin again after a fork, as a service manager would."""
        while self.is_wanted:  # a fork found while it was being stopped hides that
            try:
                await self.box.begin()
                self.is_open = True
                await self.box.run()
            except* HistoryForked:
                self.forks += 1
            self.is_on = self.is_open = False
            await self.box.close()
            if self.is_wanted:
                await asyncio.sleep(1)
                self._open()

    async def stop(self, *, crash: bool = False) -> None:
        """Switch it off, in good order or as a power cut does."""
        assert self.running is not None
        self.is_wanted = False
        if crash:
            self.writer.abandon()
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        if self.is_on:
            self.is_on = self.is_open = False
            await self.box.close()
        self.running = None

    async def ready(self) -> None:
        """Wait until it sells."""
        async with asyncio.timeout(600):
            while not self.is_open or self.box.health().state == "not_selling":
                await asyncio.sleep(0.5)

    async def back(self) -> None:
        """Wait until it sells, a moment at least, as a terminal does that asks again."""
        await asyncio.sleep(1)
        await self.ready()

    async def settled(self) -> None:
        """Wait until all its facts are at the cloud and none is missing here."""
        for _ in range(1000):
            if self.is_settled():
                return
            assert self.running is not None
            assert not self.running.done(), self.running
            await asyncio.sleep(60)
        health, journal = self.box.health(), self.box.journal
        raise AssertionError(
            f"not settled: {health.waiting} wait, {self.box._history.missing()} missing,"
            f" {self.box.cloud.state}, {journal.head}, {self.world.facts()[-1]}"
        )

    def is_settled(self) -> bool:
        """Tell whether all its facts are at the cloud and none is missing here."""
        if not self.is_open:
            return False
        journal = self.box.journal
        if self.box.health().waiting or not self.box._history.is_whole:
            return False
        cloud = self.world.facts()
        return bool(cloud) and cloud[-1].hash == journal.digest_at(journal.committed)

    # --- what a till does ------------------------------------------------------------------------

    async def ask(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        await self.ready()
        terminal = self.config.terminals[TILL]
        answer = await self.box.desk.handle(terminal, operation, json.dumps(body).encode())
        if "key" in body and operation == "sell":
            self.answers.setdefault(body["key"], answer.body)
        content = json.loads(answer.body)
        assert isinstance(content, dict)
        return {"status": answer.status, **content}

    async def sell(self, count: int = 1) -> list[str]:
        """Sell lattes to a member; return the keys."""
        await self.ready()
        made = []
        for _ in range(count):
            await asyncio.sleep(self.world.luck.random() + 0.01)
            key = self.box._world.new_key()
            while (sold := await self.ask("sell", await self.request(key)))["status"] != 200:
                assert sold["retry"] in {"same", "later"}, sold
                await self.back()
                if sold["code"] == "E-HISTORY-GAP":  # as who does not want to wait for the cloud
                    key = self.box._world.new_key()
            made.append(key)
        self.keys += made
        return made

    async def request(self, key: str) -> dict[str, Any]:
        asked = {"lines": LATTE, "member": SILVER}
        while "quote" not in (quoted := await self.ask("quote", asked)):
            await self.back()
        return {
            "key": key, "cashier": "anna", "lines": LATTE, "member": SILVER,
            "quote": quoted["quote"], "expected_total": quoted["total"],
            "tenders": [{"kind": "cash", "amount": quoted["total"]}],
        }  # fmt: skip

    async def desk_answer(self, key: str) -> bytes:
        """Return the stored answer to a key, as it is told to who asks again."""
        found = await self.box.desk.handle(
            self.config.terminals[TILL], "ask", json.dumps({"key": key}).encode()
        )
        return bytes(msgspec.json.decode(found.body, type=Told).answer)

    async def fate(self, key: str) -> dict[str, Any]:
        return await self.ask("ask", {"key": key})

    # --- what people do to its disk --------------------------------------------------------------

    def copy(self, to: Path) -> None:
        """Copy its files as they are, as by hand."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.state, to, ignore=shutil.ignore_patterns("*.sock"))

    def put_back(self, copy: Path) -> None:
        """Put a copy in the place of its files."""
        shutil.rmtree(self.state)
        shutil.copytree(copy, self.state)

    # --- what can be compared --------------------------------------------------------------------

    def pages(self) -> Sequence[Page]:
        db = connect(self.state / JOURNAL_FILE, writable=False)
        try:
            return pages(db, 0)
        finally:
            db.close()


class Told(msgspec.Struct):
    answer: msgspec.Raw


class Moving(Words, frozen=True, kw_only=True):
    postings: tuple[Posting, ...] = ()


def entries(bodies: Sequence[tuple[str, bytes]]) -> Counter[tuple[str, str, str, str, int]]:
    """Return every leg of every deed: (key, account, unit, party, amount), recovered ones too."""
    found: Counter[tuple[str, str, str, str, int]] = Counter()
    for key, body in bodies:
        for leg in msgspec.json.decode(body, type=Moving).postings:
            found[key, leg.account, leg.unit, leg.party, leg.amount] += 1
    return found


def of_box(body: Body) -> Counter[tuple[str, str, str, str, int]]:
    """Return every leg in a box's journal, under the key that was asked with."""
    return entries([(asked_with(p.kind, p.key, p.body), p.body) for p in body.pages()])


def of_cloud(world: Shop) -> Counter[tuple[str, str, str, str, int]]:
    """Return every leg of all facts the cloud has, each deed once, however often it came back."""
    seen: dict[tuple[str, str], list[tuple[str, bytes]]] = {}
    for fact in world.facts():
        lost = _lost(fact.kind, bytes(fact.body))
        text = lost.body if lost else bytes(fact.body).decode()
        key = lost.key if lost else fact.key
        seen.setdefault((key, text), [(key, text.encode())])
    return entries([deed for deeds in seen.values() for deed in deeds])


def asked_with(kind: str, key: str, body: bytes) -> str:
    lost = _lost(kind, body)
    return lost.key if lost else key


def _lost(kind: str, body: bytes) -> RecoveredFact | None:
    return msgspec.json.decode(body, type=RecoveredFact) if kind == "recovered.v1" else None


def merged_books_agree(*bodies: Body) -> None:
    """The first body has, like the cloud, all that any of them did."""
    both_books_agree(bodies[0])
    for body in bodies[1:]:
        assert of_box(body) <= of_cloud(body.world)


def both_books_agree(body: Body) -> None:
    """The box and the cloud have every entry once, and sums that follow from them."""
    ours, theirs = of_box(body), of_cloud(body.world)
    assert ours == theirs, (ours - theirs, theirs - ours)
    sums: dict[str, dict[str, int]] = {}
    for (_, account, unit, _, amount), count in ours.items():
        units = sums.setdefault(account, {})
        units[unit] = units.get(unit, 0) + amount * count
    assert sums == body.world.twin.books()
    report = verify(body.state / JOURNAL_FILE)
    assert report.books_agree, report.findings
    numbers = Counter(
        (page.epoch, receipt)
        for page in body.pages()
        if (receipt := msgspec.json.decode(page.body).get("receipt"))
    )
    assert all(count == 1 for count in numbers.values()), "no number twice within an epoch"
