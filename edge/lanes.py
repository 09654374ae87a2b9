"""Which device belongs to which lane, and who is told what it says: exactly one claimant.

A lane with a till of its own is run by the box. On any other lane the terminal that watches it
claims what its devices say, the one that came first if several do. What nobody claims is dropped
where everybody can see it: in the log, in the metrics, and by the sound of no.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Final, Protocol

import msgspec
import structlog

import drivers
from drivers.events import (
    Beep,
    CardPresented,
    CardRemoved,
    Event,
    Keyed,
    Scan,
    Show,
    Swiped,
    Weighed,
)
from edge.config import Config, Device, Lane
from edge.desk.lane import (
    WIDTH,
    Baskets,
    Faces,
    LaneDesk,
    LaneShelf,
    MemoryFile,
    Outputs,
    Selling,
    Shop,
)
from edge.directory import DirectoryDamaged
from edge.doors.feeds import Feeds
from edge.journal import JournalBroken

KINDS: Final[Mapping[type, str]] = {
    Scan: "scan", CardPresented: "card", CardRemoved: "card_removed", Swiped: "swiped",
    Keyed: "keyed", Weighed: "weighed",
}  # fmt: skip
"""What a terminal is told of what a device says, by event."""

log = structlog.get_logger(__name__)


class Told(Protocol):
    """A device, as far as a lane talks to it."""

    def tell(self, command: object) -> bool:
        """Have a command carried out now; False when it cannot be."""
        ...


class LaneDevices:
    """The devices of one lane, each known by what its driver obeys."""

    def __init__(
        self, names: tuple[str, ...], config: Mapping[str, Device], devices: Mapping[str, Told]
    ) -> None:
        self.obeys = {name: drivers.load(config[name].driver).obeys for name in names}
        """The commands that each device takes, by name."""
        self._devices, self._config = devices, config

    def tell(self, command: object, name: str | None = None) -> bool:
        """Tell all that obey such a command, or only `name`; return whether any took it."""
        kind = type(command)
        names = [one for one, obeys in self.obeys.items() if kind in obeys and name in (None, one)]
        return any([self._devices[one].tell(command) for one in names])

    def can(self, kind: type) -> bool:
        """Tell whether the lane has a device that obeys such commands, there or not."""
        return any(kind in obeys for obeys in self.obeys.values())

    @property
    def width(self) -> int:
        """How many columns the narrowest display has."""
        shows = [self._config[name].settings for name, obeys in self.obeys.items()
                 if Show in obeys]  # fmt: skip
        return min([getattr(settings, "columns", WIDTH) for settings in shows], default=WIDTH)


class Lanes:
    """All lanes of a box. `tills` are the desks of those whose till the box runs itself."""

    def __init__(
        self,
        config: Config,
        shop: Shop,
        devices: Mapping[str, Told],
        feeds: Feeds,
        damaged: Callable[[DirectoryDamaged], None],
    ) -> None:
        self._config, self._shop, self._feeds = config, shop, feeds
        self._devices, self._damaged = devices, damaged
        self._lane_of = {name: lane for lane in config.lanes.values() for name in lane.devices}
        self._outputs = {
            lane.id: LaneDevices(lane.devices, config.devices, devices)
            for lane in config.lanes.values()
        }
        self.tills = {lane.id: self._desk(lane) for lane in config.lanes.values() if lane.has_till}
        self.unclaimed: Counter[str] = Counter()
        """How many inputs nobody wanted, by lane; "" for devices without one."""

    def resume(self) -> None:
        """Come back with the baskets that were open when the box stopped."""
        for name, desk in self.tills.items():
            with self._safely(name):
                desk.resume()

    async def close(self) -> None:
        """Leave no sale half decided; baskets are remembered as they are."""
        for desk in self.tills.values():
            await desk.close()

    def hear(self, name: str, event: Event) -> None:
        """Take what a device says."""
        lane = self._lane_of.get(name)
        if lane is not None and lane.has_till:
            with self._safely(lane.id):
                self.tills[lane.id].hear(event, name, self._outputs[lane.id].obeys[name])
        elif (kind := KINDS.get(type(event))) is not None:
            drop = partial(self._drop, lane.id if lane else "", name, kind)
            if lane is None:
                drop()
            else:
                self._feeds.give(lane.id, kind, msgspec.json.encode(event), drop)

    def _drop(self, lane: str, device: str, kind: str) -> None:
        self.unclaimed[lane] += 1
        log.warning("unclaimed", lane=lane, device=device, kind=kind)
        if device in self._devices and Beep in drivers.load(
            self._config.devices[device].driver
        ).obeys:  # fmt: skip
            self._devices[device].tell(Beep(good=False))

    def _desk(self, lane: Lane) -> LaneDesk:
        devices = self._outputs[lane.id]
        store = self._config.store
        selling = Selling(lane, self._shop)
        file = MemoryFile(store.state_dir / "lanes" / f"{lane.id}.json")
        faces = Faces(store, lane.lang, devices.width)

        def publish(kind: str, data: bytes) -> None:
            self._feeds.publish(lane.id, kind, data)

        def safely() -> AbstractContextManager[None]:
            return self._safely(lane.id)

        baskets = Baskets(file, self._shop.world.new_key)
        outputs = Outputs(lane.id, devices, faces, selling.receipt)
        shelf = LaneShelf(lane, self._shop)
        return LaneDesk(lane, self._shop.counter, selling, shelf, baskets, outputs, publish, safely)

    @contextmanager
    def _safely(self, lane: str) -> Iterator[None]:
        """Let one input's mistake stop nobody else, as at every door."""
        try:
            with self._shop.journal.guard():
                yield
        except DirectoryDamaged as error:
            self._damaged(error)
        except JournalBroken:
            log.error("lane_stopped", lane=lane)  # the run is ending
        except Exception:
            log.exception("lane_failed", lane=lane)
            self.tills[lane].failed()
