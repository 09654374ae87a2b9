"""One box, one cloud, and the weather between them, for tests of the cloud leg."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from cloud_bridge.bridge import Bridge, Settings
from cloud_bridge.bundle import BundleRefused, check
from cloud_bridge.contract import Change, Changes, Outcome
from cloud_bridge.courier import WireAnswer
from cloud_bridge.http import Wire
from cloud_bridge.parcels import Written
from simulators import demo_data
from simulators.cloud import CLEAR, CloudTwin, MemoryWire, Sky, Weather
from simulators.keys import make_key
from tests.journals import Journal, some_sales, sums

T = TypeVar("T")
LUCK = random.Random(3)
CLOUD, BOX = make_key("cloud-1", LUCK), make_key("box-1", LUCK)
STORE = "s001"
START = 1_800_000_000_000
MEMBERS = ["m0001", "m0002", "m0003"]


class Witness(Journal):
    """An outbox that looks, each time its bookmark moves, whether the cloud really has it all.

    This is the check for an early bookmark: `early` names every sequence that was passed
    before the cloud had recorded that very page.
    """

    def __init__(self, cloud: CloudTwin) -> None:
        super().__init__()
        self._cloud = cloud
        self.early: list[int] = []
        self.moved = asyncio.Event()
        self.reads = 0

    async def pending(
        self, pack: Callable[[Iterable[Written]], T], after: Written | None = None
    ) -> T:
        self.reads += 1
        return await super().pending(pack, after)

    def acknowledged(self, sequence: int, outcomes: Sequence[Outcome]) -> None:
        recorded = {page.sequence: page.hash for page in self._cloud.facts("box-1")}
        passed = self.pages[self.bookmark : sequence]
        self.early += [p.sequence for p in passed if recorded.get(p.sequence) != p.hash]
        super().acknowledged(sequence, outcomes)
        self.moved.set()


@dataclass
class Store:
    """An inbox that keeps what it is given."""

    pages: list[Changes] = field(default_factory=list)
    bundle: str | None = None
    offers: int = 0
    refusals: list[str] = field(default_factory=list)
    presence: list[bool] = field(default_factory=list)

    def cursor(self) -> str:
        return self.pages[-1].cursor if self.pages else ""

    async def apply(self, changes: Changes) -> str | None:
        await asyncio.sleep(0)
        self.pages.append(changes)
        return None

    async def forget(self) -> None:
        self.pages.append(Changes(changes=(), cursor="", more=False, price_book=0))

    def bundle_etag(self) -> str | None:
        return self.bundle

    async def offer_bundle(self, raw: bytes) -> str | None:
        self.offers += 1
        try:
            self.bundle = check(raw, {"cloud-1": CLOUD.public_key}, STORE, 0, START).hash
        except BundleRefused as refused:
            self.refusals.append(refused.code)
            return str(refused)
        return None

    async def online(self, up: bool) -> None:
        self.presence.append(up)

    def news(self) -> list[Change]:
        return [change for page in self.pages for change in page.changes]


@dataclass
class Counting:
    """A wire that writes down what goes over it."""

    wire: Wire
    targets: list[str] = field(default_factory=list)

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        self.targets.append(target)
        return await self.wire.request(method, target, headers, body, timeout_seconds)

    def count(self, path: str) -> int:
        return sum(target.startswith(path) for target in self.targets)


@dataclass
class Scene:
    """One box, one cloud, and the weather between them."""

    twin: CloudTwin
    weather: Weather
    wire: Counting
    outbox: Witness
    inbox: Store
    bridge: Bridge
    said: list[object]
    running: asyncio.Task[None]

    async def stop(self) -> None:
        """End the bridge. Only we do: nothing the cloud says or does may have ended it."""
        ended, _ = await asyncio.wait([self.running], timeout=0)
        assert not ended or self.running.cancelled()
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running

    async def drained(self) -> None:
        """Wait until every fact is acknowledged."""
        while self.outbox.bookmark < len(self.outbox.pages):
            self.outbox.moved.clear()
            await self.outbox.moved.wait()

    def sell(self, luck: random.Random, count: int) -> None:
        some_sales(self.outbox, count, luck, MEMBERS)
        self.bridge.wake()

    def assert_books_agree(self) -> None:
        assert self.twin.facts("box-1") == self.outbox.pages
        assert self.outbox.outcomes == self.twin.outcomes("box-1")
        assert self.twin.books() == sums(self.outbox.pages)
        assert self.outbox.moves == sorted(set(self.outbox.moves))
        assert not self.outbox.early


def virtual_now() -> int:
    return START + int(asyncio.get_running_loop().time() * 1000)


@asynccontextmanager
async def scene(
    luck: random.Random,
    sky: Sky = CLEAR,
    *,
    kind: type[Bridge] = Bridge,
    settings: Settings | None = None,
    far: Callable[[CloudTwin, Weather], Wire] = MemoryWire,
    batch_count_max: int = 1000,
) -> AsyncIterator[Scene]:
    """Run a bridge until the block ends."""
    twin = CloudTwin(CLOUD, now=virtual_now, batch_count_max=batch_count_max)
    twin.register_box("box-1", BOX.public_key)
    twin.seed_products(demo_data.products())
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.publish_bundle(demo_data.bundle(STORE))
    weather = Weather(luck, sky)
    wire, outbox, inbox = Counting(far(twin, weather)), Witness(twin), Store()
    said: list[object] = []
    bridge = kind(
        "box-1",
        sign=BOX.sign,
        outbox=outbox,
        inbox=inbox,
        wire=wire,
        now=virtual_now,
        jitter=luck.random,
        settings=settings,
        say=said.append,
    )
    running = asyncio.create_task(bridge.run())
    made = Scene(twin, weather, wire, outbox, inbox, bridge, said, running)
    try:
        yield made
    finally:
        await made.stop()
        twin.close()
