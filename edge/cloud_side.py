"""The side of the box that faces the cloud, or that there is none to face.

Facts leave and news comes by the bridge; what else is asked of the cloud are errands; and what
members may spend here is judged with the cloud's word on it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import structlog

from cloud_bridge.bridge import Bridge, CloudState, Settings
from cloud_bridge.courier import Failure, Later, Pace, Unfit, WireAnswer
from cloud_bridge.http import HttpWire, NoWire, Wire
from edge import config as settings
from edge.book import Book
from edge.bundles import Bundles
from edge.desk import Placing
from edge.desk.homes.away import Away, Records
from edge.desk.homes.elsewhere import Elsewhere
from edge.desk.homes.home import Home
from edge.desk.homes.home_keeping import HomeKeeping
from edge.desk.homes.joining import Joining
from edge.desk.homes.leasing import Leasing
from edge.desk.office.home import HomeOffice
from edge.directory import Directory
from edge.epochs import History, Life
from edge.errands import Errands
from edge.journal import Journal
from edge.logs import plain
from edge.outbox import CloudInbox, JournalOutbox
from edge.tray import Tray
from edge.world import World

T = TypeVar("T")
LOST_LOOK_SECONDS = 5.0
"""How often to look whether facts that were lost have come back."""
log = structlog.get_logger(__name__)


class FarSide(Protocol):
    """The way to the cloud, and a helper for the blocking work its news makes."""

    @property
    def wire(self) -> Wire:
        """How requests travel."""

    async def offload(self, call: Callable[[], T]) -> T:
        """Return what a blocking `call` returns, without blocking the loop."""

    async def close(self) -> None:
        """Finish what is under way and hang up."""


class RealFarSide:
    """HTTP, and one thread that writes the caches of the cloud's records; "" for no cloud."""

    def __init__(self, url: str) -> None:
        self.wire: HttpWire | NoWire = HttpWire(url) if url else NoWire()
        self._thread = ThreadPoolExecutor(1, "cloud-caches")

    async def offload(self, call: Callable[[], T]) -> T:
        """Return what a blocking `call` returns, without blocking the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def close(self) -> None:
        """Finish what is under way and hang up."""
        await self.wire.close()
        await asyncio.to_thread(self._thread.shutdown)


class Inside(NamedTuple):
    """What of the box faces the cloud."""

    journal: Journal
    book: Book
    directory: Directory
    bundles: Bundles
    placing: Placing
    history: History
    life: Life


@dataclass(frozen=True, slots=True)
class Apart:
    """How the cloud is for a box that belongs to none: never there, and never missed."""

    up: bool = False
    last_success_at: int | None = None
    last_error: str = ""


class CloudSide:
    """`run` it as a task. `away` judges what may be spent, `errands` are what is asked besides."""

    def __init__(self, config: settings.Config, world: World, far: FarSide, inside: Inside) -> None:
        self._config, self._world, self._far, self._inside = config, world, far, inside
        self.home = Home(config.cloud, inside.journal)
        self._moved = asyncio.Event()
        self.errands = Errands(config, world, far)
        leasing = Leasing(config.store, world, inside.journal, inside.book)
        records = Records(inside.journal, inside.book, inside.directory, inside.bundles)
        cloud = None if self.home.is_here else self.errands.authority
        self.away = Away(config.store.id, world, records, leasing, cloud)
        self.elsewhere = Elsewhere(leasing, inside.journal, cloud, lambda: self.away.reachable)
        self.bridge = None if config.cloud.kind == "none" else self._make_bridge(leasing)
        self.away.presence = lambda: self.state
        self.keeping = HomeKeeping(world, inside.placing, inside.book, inside.bundles)
        self.office = HomeOffice(
            config.store.state_dir, world, inside.bundles, inside.directory, far.offload,
            is_home=lambda: self.home.is_here, lang=config.store.lang,
        )  # fmt: skip
        self.office.restore()
        self.joining = Joining(
            config.store.id, world, self.home, inside.placing, inside.journal, inside.book,
            self._ask, self._leave_home,
        )  # fmt: skip
        self.errands.keep_leases(self.away, records, lambda: inside.placing.blocked() is not None)

    @property
    def is_alone(self) -> bool:
        """Whether this box belongs to no cloud yet, and is every account's home."""
        return self.home.is_here

    @property
    def state(self) -> CloudState | Apart:
        """How the cloud is."""
        return Apart() if self.bridge is None else self.bridge.state

    async def run(self) -> None:
        """Keep going until cancelled."""
        if self.home.is_here:
            await self._be_home()
        assert self.bridge is not None, "the home has moved to a cloud"
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.bridge.run(), name="cloud")
            tasks.create_task(self.errands.run(), name="errands")

    async def _be_home(self) -> None:
        """Keep all accounts, until they have moved; facts may leave meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(self._keep(), name="home")]
            if self.bridge is not None:
                work.append(tasks.create_task(self.bridge.push(), name="cloud: joining"))
            await self._moved.wait()
            for task in work:
                task.cancel()

    async def _keep(self) -> None:
        """Keep all accounts, once nothing is missing here that may say that they have moved."""
        while self.home.is_joining:
            if self.home.came_back_moved():
                self.home.moved()
                await self._leave_home()
                return
            if self._inside.history.is_whole:
                break
            await asyncio.sleep(LOST_LOOK_SECONDS)
        await self.keeping.run()

    async def _leave_home(self) -> None:
        """Live with a cloud from now on: it brings the prices, and says what may be spent."""
        self.away.cloud = self.elsewhere.cloud = self.errands.authority
        await self._far.offload(self.office.restore)
        self._moved.set()

    async def _ask(self, target: str) -> WireAnswer | Later:
        """Ask the cloud something about a box that is about to join it."""
        seconds_max = self._config.cloud.timeout_seconds
        return await self.errands.line.ask("GET", target, b"", seconds_max)

    async def close(self) -> None:
        """Finish what is under way."""
        await self._far.close()

    def _make_bridge(self, leasing: Leasing) -> Bridge:
        cloud, inside = self._config.cloud, self._inside
        bridge = Bridge(
            cloud.box,
            sign=settings.read_or_create_box_key(self._config.secrets.box_key_file).sign,
            outbox=JournalOutbox(
                inside.journal, inside.history, inside.life,
                Tray(self._config.store.state_dir), self._far.offload,
            ),
            inbox=CloudInbox(
                self._world, inside.placing, inside.directory, self.errands.sealed,
                inside.bundles, self._far.offload, leasing, self._config.store.zone.key,
            ),
            wire=self._far.wire,
            now=self._world.now,
            jitter=self._world.luck.random,
            settings=Settings(
                pace=Pace(
                    batch_count_max=cloud.batch_count_max,
                    delay_seconds_max=cloud.retry_seconds_max,
                ),
                request_seconds_max=cloud.timeout_seconds,
                changes_seconds=cloud.changes_interval_seconds,
                bundle_seconds=cloud.bundle_interval_seconds,
            ),
            say=_say,
        )  # fmt: skip
        inside.journal.on_commit = bridge.wake
        return bridge


def _say(trouble: Failure | Unfit) -> None:
    log.warning("cloud_trouble", kind=type(trouble).__name__.lower(), reason=plain(trouble.reason))
