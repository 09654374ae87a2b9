"""The composition root: the one place where everything meets, once, at start."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType

import msgspec
import structlog

from drivers.codec import BadSettings
from drivers.device import BACKOFF_SECONDS_MAX, Device
from drivers.events import Event, Fault, Pictured, State
from drivers.links import Link
from drivers.terminal import HealthReport
from edge import VERSION, metrics
from edge import config as settings
from edge.access import Access, Registry, Staff
from edge.book import Book
from edge.book.rebuild import fit
from edge.bundles import Bundles
from edge.cloud_side import CloudSide, FarSide, Inside, RealFarSide
from edge.desk import Answer, Counter, Desk, Keys, Office, Placing
from edge.desk.lane import Shop
from edge.desk.office.exceptions import ExceptionDesk
from edge.desk.office.groups import GroupOffice
from edge.desk.office.staff import StaffOffice
from edge.desk.staff.signing import StaffDesk
from edge.devices import OPERATIONS, DeviceRoom, start_device
from edge.directory import Directory, DirectoryDamaged
from edge.doors.doors import Doors
from edge.doors.feeds import Feeds
from edge.epochs import History, Life, Reprint
from edge.errands import Errands
from edge.intake import Intake, make_codes, make_intake
from edge.journal import CLOUD, Journal, Reserve, free_bytes
from edge.lanes import Lanes
from edge.nightly import Nightly
from edge.pictures import Pictures
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

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a box stands on and virtual time replaces. None for the real thing."""

    writer: Writer | None = None
    far_side: FarSide | None = None
    link: Callable[[settings.Device], Link] | None = None
    free: Callable[[Path], int] = free_bytes
    """How much room the disk of a folder has."""
    training_writer: Writer | None = None
    codes_writer: Writer | None = None
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
        intake = _intake(config, world)
        self._access = access = Access(config.terminals, self._registry)
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
        self._counter = Counter(
            world, intake, self.journal, book, self._directory, self._bundles, store
        )
        self._placing = Placing(store, config.cloud.box, world, self.journal, book)
        self._history = history = History(
            self.journal, self._placing, world, Reprint(store, access.terminals)
        )
        self._training = self._make_training(intake)
        self.desk = Desk(
            world, self._counter, self._placing, Keys(self.journal, history.lacks), self.health,
            self._directory_damaged, self._training.desk if self._training else None,
        )  # fmt: skip
        self.feeds = Feeds()
        self._damaged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._devices = {name: self._device(device) for name, device in config.devices.items()}
        self.office = Office(
            store, state / JOURNAL_FILE, self._counter, self._placing, self.journal, book,
            lambda: [name for name, till in self.lanes.tills.items() if till.is_busy],
        )  # fmt: skip
        self.doors = Doors(
            config, world, access, self.desk, self.office, self.feeds, self.health, self._metrics
        )
        self.mqtt, self.http, self.admin = self.doors.mqtt, self.doors.http, self.doors.admin
        self.cloud = self._make_cloud(book)
        self.office.more |= self._exceptions(book)
        self._connect_desk()
        shop = Shop(self._counter, world, self._placing, self.journal, self.cloud.away)
        self.lanes = Lanes(config, shop, self._devices, self.feeds, self._directory_damaged)

    def _make_cloud(self, book: Book) -> CloudSide:
        far = self._parts.far_side or RealFarSide(self._config.cloud.url)
        inside = Inside(
            self.journal, book, self._directory, self._bundles, self._placing, self._history,
            self._life,
        )  # fmt: skip
        return CloudSide(self._config, self._world, far, inside)

    @property
    def errands(self) -> Errands:
        """What is asked of the cloud besides facts and news."""
        return self.cloud.errands

    def _exceptions(self, book: Book) -> dict[str, Callable[[bytes], Awaitable[Answer]]]:
        """Return what answers the owner about the tray, and takes what they bring in by hand."""

        def exponent() -> int:
            return 2 if self._bundles.current is None else self._counter.exponent

        tray = Tray(self._config.store.state_dir)
        desk = ExceptionDesk(self.journal, book, self._placing, tray, exponent)
        home = self.cloud.office
        return {
            "tray": desk.items, "tray_resolve": desk.resolve,
            "bundle_install": home.install, "products": home.products,
            "cloud_join": self.cloud.joining.join,
        }  # fmt: skip

    async def __aenter__(self) -> "Box":
        """Begin, then open the doors."""
        await self.begin()
        await self.doors.open()
        log.info("doors_open", mqtt=self.mqtt.address, http=self.http.address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let nobody else in, answer whoever is inside, then close the books."""
        await self.doors.close()
        await self.close()

    async def begin(self) -> None:
        """Open an epoch if this is the first run, or the journal has another past now."""
        await self._life.begin(self.journal, self._placing)
        await self.cloud.home.begin()
        self.admin.add_room(OPERATIONS, self._device_room)
        if self._training is not None:
            await self._training.begin()
        self.desk.resume(self._access.terminals.values())
        self.lanes.resume()

    async def close(self) -> None:
        """Close what is behind the doors."""
        await self.lanes.close()
        await self.cloud.close()
        self._damaged.cancel()
        self._directory.close()
        self.errands.close()
        self._device_room.close()
        if self._training is not None:
            await self._training.close()
        await self._replays.close()
        await self.journal.close()
        self._reserve.close()

    async def run(self) -> None:
        """Keep devices and cloud going until cancelled. Raises JournalBroken if the disk fails."""
        async with asyncio.TaskGroup() as tasks:
            for name, device in self._devices.items():
                tasks.create_task(self._run_device(name, device), name=f"device: {name}")
            tasks.create_task(self.cloud.run(), name="cloud side")
            tasks.create_task(self._pictures.run(), name="pictures")
            tasks.create_task(self._watch_disk(), name="disk")
            if self._parts.writer is None:  # no other process lives in virtual time
                tasks.create_task(self.nightly.run(), name="nightly")
                tasks.create_task(self.doors.run(), name="doors")

    async def _watch_disk(self) -> None:
        ends = [self.journal.broken, self._damaged, self._replays.broken]
        if self._training is not None:
            ends.append(self._training.journal.broken)
        await asyncio.wait(ends, return_when="FIRST_COMPLETED")
        for broken in ends:
            if broken.done():
                broken.result()

    def _connect_codes(self) -> None:
        """Let members show codes: what was used in practice is used up as well."""
        self._replays, codes = make_codes(
            self._config, self._world.clock.read, self._directory,
            self._parts.codes_writer or ThreadWriter(),
        )  # fmt: skip
        self._counter.members.codes = codes
        if self._training is not None:
            self._training.members.codes = codes

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

    def _connect_desk(self) -> None:
        """Tell the desk how to ask the cloud, and about whom."""
        self._connect_codes()
        self._connect_staff()
        away = self.cloud.away
        self._counter.members.at_home = lambda: away.is_home
        self.cloud.joining.cards = self._counter.members.card_of
        self._counter.members.coupon = away.coupon
        self._counter.cloud = away
        self._placing.online = self._counter.online
        self.desk.means = self.desk.means._replace(
            away=away,
            elsewhere=self.cloud.elsewhere,
            enrolments=self.errands.enrolments,
            days=self.office.days,
        )

    @cached_property
    def _registry(self) -> Registry:
        return Registry.open(self._config.store.state_dir)

    def _connect_staff(self) -> None:
        """Let people sign on, at terminals for practice as well."""
        staff = Staff(self._config.staff, self._registry, self._world.nonce)
        blind = self._counter.members.blind
        self.desk.staff = desk = StaffDesk(staff, self._world, self._access.terminals, blind)
        if self._training is not None:
            self._training.desk.staff = desk
        self._access.on_end(self._ended)
        lang = self._config.store.lang
        self.office.more |= StaffOffice(staff, desk, lang).operations
        self.office.more |= GroupOffice(self.desk, self._counter.members, lang).operations

    def _ended(self, terminal: str) -> None:
        """Sign off whoever worked at a terminal that was sent away, unless the disk failed."""
        gone = terminal not in self._access.terminals
        if gone and self.desk.staff is not None and not self.journal.broken.done():
            self.desk.staff.revoked(terminal)

    # --- devices and lanes -------------------------------------------------------------------

    @cached_property
    def _pictures(self) -> Pictures:
        return Pictures(self._hear)

    @cached_property
    def _device_room(self) -> DeviceRoom:
        return DeviceRoom(self._config.devices, self._devices, self._config.store.lang)

    def _device(self, device: settings.Device) -> Device:
        link = self._parts.link(device) if self._parts.link else None
        return start_device(device, partial(self._hear, device.name), link)

    def _hear(self, name: str, event: Event) -> None:
        match event:
            case State(state, reason):
                log.info("device_state", device=name, state=state, reason=reason)
                said = msgspec.json.encode({"state": state, "reason": reason})
                self.doors.announce(f"dev/{name}/state", said)
            case Fault(reason):
                log.warning("device_fault", device=name, reason=reason)
            case Pictured(picture):
                self._pictures.take(name, picture)
                return
        self.lanes.hear(name, event)

    async def _run_device(self, name: str, device: Device) -> None:
        while True:  # one device cannot stop the till, and nor can a mistake in its driver
            try:
                await device.run()
            except BadSettings as error:
                log.error("device_misconfigured", device=name, reason=str(error))
                return
            except Exception:
                log.exception("device_failed", device=name)
                await asyncio.sleep(BACKOFF_SECONDS_MAX)

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
        up, alone = self.cloud.state.up, self.cloud.is_alone
        acknowledged = self.journal.bookmark(CLOUD)
        rules, reading = self._bundles.current, self._world.clock.read()
        reason = "" if up or alone else "the cloud does not answer"
        if stopping is not None:
            reason = _STOPPING[stopping.code]
        elif closed is not None:
            reason = "no rules or no price book yet"
        return HealthReport(
            state="not_selling"
            if stopping or closed
            else "selling"
            if up or alone
            else "selling_offline",
            reason=reason,
            store=self._config.store.id,
            epoch=self.journal.head.epoch,
            sequence=self.journal.committed,
            acknowledged=acknowledged,
            waiting=self.journal.committed - acknowledged if self.cloud.bridge else 0,
            cloud="none" if alone else "up" if up else "down",
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
            broker=self.doors.broker.state if self.doors.broker else "none",
        )

    def _metrics(self) -> bytes:
        return metrics.render(self.health(), self.journal.state(), self.lanes.unclaimed)


def _intake(config: settings.Config, world: World) -> Intake:
    """Return what understands scans. The first start of a shop without a cloud makes its phone key.

    A later one never does: with another key nobody is found whom the first one has hidden.
    """
    key, journal = config.secrets.phone_key_file, config.store.state_dir / JOURNAL_FILE
    if config.cloud.kind == "none" and not key.exists() and not journal.exists():
        settings.create_phone_key(key, world.nonce(settings.PHONE_KEY_BYTES_MIN))
    return make_intake(config)
