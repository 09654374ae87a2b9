"""The composition root: the one place where everything meets, once, at start."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
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
from edge.bundles import Bundles
from edge.desk import Counter, Desk, Keys, LaneDesk, Placing
from edge.directory import Directory, DirectoryDamaged
from edge.doors.feeds import Feeds
from edge.doors.http import HttpDoor
from edge.doors.mqtt import MqttDoor
from edge.intake import Intake
from edge.journal import Journal
from edge.outbox import CLOUD, CloudInbox, JournalOutbox
from edge.world import World
from edge.writer import ThreadWriter, Writer

JOURNAL_FILE = "journal.db"

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


class Box:
    """One shop's computer. `async with Box(...)` opens its doors and closes them in good order."""

    def __init__(self, config: settings.Config, world: World, parts: Parts | None = None) -> None:
        self._config, self._world = config, world
        self._parts = parts = parts or Parts()
        store, state = config.store, config.store.state_dir
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(0o700)  # sales and phone hashes are nobody else's business
        book = Book()
        self.journal = Journal(state / JOURNAL_FILE, book, parts.writer or ThreadWriter())
        self._directory = Directory.open(state / "directory.db")
        self._bundles = Bundles.open(
            state / "bundles", config.cloud.keys, store.id, store.currency, world.now()
        )
        phone_key = settings.read_phone_key(config.secrets.phone_key_file)
        intake = Intake(store.card_prefixes, store.coupon_prefixes, phone_key)
        self._counter = Counter(world, intake, self.journal, book, self._directory, self._bundles)
        self._placing = Placing(store, config.cloud.box, world, self.journal, book)
        self.desk = Desk(
            world,
            self._counter,
            self._placing,
            Keys(self.journal),
            self.health,
            self._directory_damaged,
        )
        self.feeds = Feeds()
        self._damaged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._devices = {name: self._device(device) for name, device in config.devices.items()}
        self.lanes = {name: self._lane(lane) for name, lane in config.lanes.items()}
        access = Access(config.terminals)
        self.mqtt = MqttDoor(self.desk, access, store.id, config.mqtt)
        self.http = HttpDoor(config.http, self.desk, access, self.feeds.subscribe, self._metrics)
        self._cloud = self._parts.far_side or RealFarSide(config.cloud.url)
        self._bridge = self._make_bridge()

    async def __aenter__(self) -> "Box":
        """Begin, then open the doors."""
        await self.begin()
        await self.mqtt.open()
        await self.http.open()
        log.info("doors_open", mqtt=self.mqtt.address, http=self.http.address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let nobody else in, answer whoever is inside, then close the books."""
        await asyncio.gather(self.http.close(), self.mqtt.close())
        await self.close()

    async def begin(self) -> None:
        """Open the first epoch if there is none yet."""
        if self.journal.head.epoch == 0:
            await self._placing.epoch()

    async def close(self) -> None:
        """Close what is behind the doors."""
        await self._cloud.close()
        self._damaged.cancel()
        self._directory.close()
        await self.journal.close()

    async def run(self) -> None:
        """Keep devices and cloud going until cancelled. Raises JournalBroken if the disk fails."""
        async with asyncio.TaskGroup() as tasks:
            for name, device in self._devices.items():
                tasks.create_task(self._run_device(name, device), name=f"device: {name}")
            tasks.create_task(self._bridge.run(), name="cloud")
            tasks.create_task(self._watch_disk(), name="disk")

    async def _watch_disk(self) -> None:
        await asyncio.wait((self.journal.broken, self._damaged), return_when="FIRST_COMPLETED")
        for broken in (self.journal.broken, self._damaged):
            if broken.done():
                broken.result()

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
                    self.lanes[lane_id].hear(event)
                except DirectoryDamaged as error:
                    self._directory_damaged(error)
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
            outbox=JournalOutbox(self.journal),
            inbox=CloudInbox(
                self._world, self._placing, self._directory, self._bundles,
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

    def health(self) -> HealthReport:
        """Return how the box is, in words an owner understands."""
        stopping, closed = self._placing.blocked(), self._counter.closed()
        up = self._bridge.state.up
        acknowledged = self.journal.bookmark(CLOUD)
        rules = self._bundles.current
        reason = "" if up else "the cloud does not answer"
        if stopping is not None:
            reason = "the disk takes no more facts"
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
            version=VERSION,
        )

    def _metrics(self) -> bytes:
        return metrics.render(self.health(), self.journal.commits)


def _say(trouble: Failure | Unfit) -> None:
    log.warning("cloud_trouble", kind=type(trouble).__name__.lower(), reason=trouble.reason)


def _real_link(device: settings.Device) -> Link:
    return from_url(device.url, **device.wire)
