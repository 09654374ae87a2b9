"""The composition root: the one place where everything meets, once, at start."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

import msgspec
import structlog

import drivers
from cloud_bridge.bridge import Bridge, Settings
from cloud_bridge.courier import Failure, Pace, Unfit
from cloud_bridge.http import HttpWire, Wire
from drivers.codec import BadSettings
from drivers.device import Device
from drivers.events import Beep, Event, Fault, State
from drivers.links import Link, from_url
from drivers.terminal import HealthReport
from edge import VERSION, metrics
from edge import config as settings
from edge.access import Access
from edge.book import Book
from edge.book.rebuild import fit
from edge.bundles import Bundles
from edge.desk import Counter, Desk, Keys, LaneDesk, Office, Placing
from edge.directory import Directory, DirectoryDamaged
from edge.doors.admin import AdminDoor
from edge.doors.feeds import Feeds
from edge.doors.http import HttpDoor
from edge.doors.mqtt import MqttDoor
from edge.epochs import History, Life, Reprint
from edge.errands import Errands
from edge.intake import Intake
from edge.journal import CLOUD, Journal, JournalBroken, Reserve, free_bytes
from edge.logs import plain
from edge.nightly import Nightly
from edge.outbox import CloudInbox, JournalOutbox
from edge.training import Training, is_wanted
from edge.tray import Tray
from edge.world import World
from edge.writer import ThreadWriter, Writer

JOURNAL_FILE = "journal.db"
_STOPPING = {
    "E-STOPPING": "the disk failed",
    "E-BUSY": "the disk is too slow: too much waits for it",
    "E-DISK-LOW": "the disk is nearly full: what is left is for closing the books",
}

T = TypeVar("T")
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
    """HTTP, and one thread that writes the caches of the cloud's records."""

    def __init__(self, url: str) -> None:
        self.wire = HttpWire(url)
        self._thread = ThreadPoolExecutor(1, "cloud-caches")

    async def offload(self, call: Callable[[], T]) -> T:
        """Return what a blocking `call` returns, without blocking the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def close(self) -> None:
        """Finish what is under way and hang up."""
        await self.wire.close()
        await asyncio.to_thread(self._thread.shutdown)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a box stands on and virtual time replaces. None for the real thing."""

    writer: Writer | None = None
    far_side: FarSide | None = None
    link: Callable[[settings.Device], Link] | None = None
    free: Callable[[Path], int] = free_bytes
    """How much room the disk of a folder has."""
    training_writer: Writer | None = None
    machine: str = ""
    """The id of the machine; "" if it has none."""


class Box:
    """One shop's computer. `async with Box(...)` opens its doors and closes them in good order."""

    def __init__(self, config: settings.Config, world: World, parts: Parts | None = None) -> None:
        self._config, self._world = config, world
        self._parts = parts = parts or Parts()
        store, state = config.store, config.store.state_dir
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(0o700)  # sales and phone hashes are nobody else's business
        self._life = Life.open(state / JOURNAL_FILE, world, parts.machine, Book)
        book = fit(state / JOURNAL_FILE, store.zone.key)
        self._reserve = Reserve.open(state, config.disk, parts.free)
        self.journal = Journal(
            state / JOURNAL_FILE, book, parts.writer or ThreadWriter(), config.disk, self._reserve
        )
        world.clock.open(state / "clock.json", self.journal.head.at)
        self._directory = Directory.open(state / "directory.db")
        self._bundles = Bundles.open(
            state / "bundles", config.cloud.keys, store.id, store.currency, world.now()
        )
        intake = Intake(
            store.card_prefixes, store.coupon_prefixes,
            settings.read_phone_key(config.secrets.phone_key_file),
        )  # fmt: skip
        self._counter = Counter(
            world, intake, self.journal, book, self._directory, self._bundles, store
        )
        self._placing = Placing(store, config.cloud.box, world, self.journal, book)
        self._history = history = History(
            self.journal, self._placing, world, Reprint(store, config.terminals)
        )
        self._training = self._make_training(intake)
        self.desk = Desk(
            world, self._counter, self._placing, Keys(self.journal, history.lacks), self.health,
            self._directory_damaged, self._training.desk if self._training else None,
        )  # fmt: skip
        self.feeds = Feeds()
        self._damaged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._devices = {name: self._device(device) for name, device in config.devices.items()}
        self.lanes = {name: self._lane(lane) for name, lane in config.lanes.items()}
        access = Access(config.terminals)
        self.mqtt = MqttDoor(self.desk, access, store.id, config.mqtt)
        self.http = HttpDoor(config.http, self.desk, access, self.feeds.subscribe, self._metrics)
        self.office = Office(
            store, state / JOURNAL_FILE, self._counter, self._placing, self.journal, book,
            lambda: [name for name, lane in self.lanes.items() if lane.is_busy],
        )  # fmt: skip
        self.admin = AdminDoor(state, self.office, self.desk.health)
        self._cloud = self._parts.far_side or RealFarSide(config.cloud.url)
        self.errands = Errands(config, world, self._cloud)
        self._bridge = self._make_bridge()

    async def __aenter__(self) -> "Box":
        """Begin, then open the doors."""
        await self.begin()
        await self.mqtt.open()
        await self.http.open()
        await self.admin.open()
        log.info("doors_open", mqtt=self.mqtt.address, http=self.http.address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let nobody else in, answer whoever is inside, then close the books."""
        await asyncio.gather(self.http.close(), self.mqtt.close(), self.admin.close())
        await self.close()

    async def begin(self) -> None:
        """Open an epoch if this is the first run, or the journal has another past now."""
        await self._life.begin(self.journal, self._placing)
        if self._training is not None:
            await self._training.begin()

    async def close(self) -> None:
        """Close what is behind the doors."""
        await self._cloud.close()
        self._damaged.cancel()
        self._directory.close()
        self.errands.close()
        if self._training is not None:
            await self._training.close()
        await self.journal.close()
        self._reserve.close()

    async def run(self) -> None:
        """Keep devices and cloud going until cancelled. Raises JournalBroken if the disk fails."""
        async with asyncio.TaskGroup() as tasks:
            for name, device in self._devices.items():
                tasks.create_task(self._run_device(name, device), name=f"device: {name}")
            tasks.create_task(self._bridge.run(), name="cloud")
            tasks.create_task(self.errands.run(), name="errands")
            tasks.create_task(self._watch_disk(), name="disk")
            if self._parts.writer is None:  # no other process lives in virtual time
                tasks.create_task(self.nightly.run(), name="nightly")

    async def _watch_disk(self) -> None:
        ends = [self.journal.broken, self._damaged]
        if self._training is not None:
            ends.append(self._training.journal.broken)
        await asyncio.wait(ends, return_when="FIRST_COMPLETED")
        for broken in ends:
            if broken.done():
                broken.result()

    def _make_training(self, intake: Intake) -> Training | None:
        """Open the room for practice if anybody is there to practise."""
        if not is_wanted(self._config):
            return None
        return Training(
            self._config, self._world, (intake, self._directory, self._bundles),
            self._parts.training_writer or ThreadWriter(), self._reserve,
            self.health, self._directory_damaged,
        )  # fmt: skip

    def _directory_damaged(self, error: DirectoryDamaged) -> None:
        """End the run: the next start moves the damaged cache aside and fetches it again."""
        if not self._damaged.done():
            self._damaged.set_exception(error)

    # --- devices and lanes -------------------------------------------------------------------

    def _device(self, device: settings.Device) -> Device:
        driver = drivers.load(device.driver)
        return Device(
            device.name,
            (self._parts.link or _real_link)(device),
            partial(driver.codec, device.settings),
            partial(self._hear, device.name),
        )

    def _lane(self, lane: settings.Lane) -> LaneDesk:
        def tell(beep: Beep) -> bool:
            return self._devices[lane.scanner].tell(beep)

        publish = partial(self.feeds.publish, lane.id)
        return LaneDesk(lane, self._world, self._counter, self._placing, publish, tell)

    def _hear(self, name: str, event: Event) -> None:
        match event:
            case State(state, reason):
                log.info("device_state", device=name, state=state, reason=reason)
                said = msgspec.json.encode({"state": state, "reason": reason})
                self.mqtt.announce(f"dev/{name}/state", said)
            case Fault(reason):
                log.warning("device_fault", device=name, reason=reason)
            case _:
                self._hear_lanes(name, event)

    def _hear_lanes(self, name: str, event: Event) -> None:
        for lane_id, lane in self._config.lanes.items():
            if lane.scanner == name:
                try:
                    with self.journal.guard():
                        self.lanes[lane_id].hear(event)
                except DirectoryDamaged as error:
                    self._directory_damaged(error)
                except JournalBroken:
                    log.error("lane_stopped", lane=lane_id)  # the run is ending
                except Exception:  # as at every door: one request's mistake stops nobody else
                    log.exception("lane_failed", lane=lane_id)
                    self.lanes[lane_id].failed()

    async def _run_device(self, name: str, device: Device) -> None:
        try:
            await device.run()
        except BadSettings as error:  # one device cannot stop the till
            log.error("device_misconfigured", device=name, reason=str(error))

    # --- the cloud ---------------------------------------------------------------------------

    def _make_bridge(self) -> Bridge:
        cloud = self._config.cloud
        bridge = Bridge(
            cloud.box,
            sign=settings.read_or_create_box_key(self._config.secrets.box_key_file).sign,
            outbox=JournalOutbox(
                self.journal, self._history, self._life, Tray(self._config.store.state_dir)
            ),
            inbox=CloudInbox(
                self._world, self._placing, self._directory, self.errands.sealed, self._bundles,
                self._cloud.offload,
            ),
            wire=self._cloud.wire,
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
        self.journal.on_commit = bridge.wake
        return bridge

    # --- how are we? -------------------------------------------------------------------------

    @cached_property
    def nightly(self) -> Nightly:
        """What checks the books every night."""
        store = self._config.store
        path = store.state_dir / JOURNAL_FILE
        return Nightly(path, store.books_checked, store.zone, self._world.now)

    def health(self) -> HealthReport:
        """Return how the box is, in words an owner understands."""
        stopping, closed = self._placing.blocked(), self._counter.closed()
        up = self._bridge.state.up
        acknowledged = self.journal.bookmark(CLOUD)
        rules, reading = self._bundles.current, self._world.clock.read()
        reason = "" if up else "the cloud does not answer"
        if stopping is not None:
            reason = _STOPPING[stopping.code]
        elif closed is not None:
            reason = "no rules or no price book yet"
        return HealthReport(
            state="not_selling" if stopping or closed else "selling" if up else "selling_offline",
            reason=reason,
            store=self._config.store.id,
            epoch=self.journal.head.epoch,
            sequence=self.journal.committed,
            acknowledged=acknowledged,
            waiting=self.journal.committed - acknowledged,
            cloud="up" if up else "down",
            bundle="" if rules is None else rules.hash,
            bundle_version=0 if rules is None else rules.bundle.version,
            price_book=self._directory.price_book,
            devices={name: device.state.state for name, device in self._devices.items()},
            disk=self.journal.room,
            version=VERSION,
            clock=reading.quality,
            clock_error_ms=reading.error_ms,
            members=self._directory.fill.members,
            members_total=self._directory.fill.total,
            books=self.nightly.books,
            books_checked=self.nightly.checked,
        )

    def _metrics(self) -> bytes:
        return metrics.render(self.health(), self.journal.state())


def _say(trouble: Failure | Unfit) -> None:
    log.warning("cloud_trouble", kind=type(trouble).__name__.lower(), reason=plain(trouble.reason))


def _real_link(device: settings.Device) -> Link:
    return from_url(device.url, **device.wire)
