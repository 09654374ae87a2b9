"""USB HID magnetic stripe readers: page 0x8E of the HID Usage Tables, and MagTek's own, by hidraw.

One input report is one swipe: for each track its length and its characters with both sentinels
(and the LRC, when `lrc` is set), and on MagTek's readers whether the track could be decoded. Where
each is, the report descriptor says, which is the first frame on the wire. See drivers/tracks.py
for what a track may hold. Nothing of a refused card is kept when the call returns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from drivers import tracks
from drivers.codec import Driver
from drivers.events import Fault, Swiped
from drivers.hid import BadDescriptor, Field, HidReader, Reports, parse, usages
from drivers.hid.descriptor import INPUT

ERROR_BIT: Final = 1
"""Of a track's decode status."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The usages of one kind of reader, for tracks 1 to 3."""

    data: tuple[int, int, int]
    length: tuple[int, int, int]
    status: tuple[int, ...] = ()


PROFILES: Final = (
    Profile(usages.TRACK_DATA, usages.TRACK_LENGTH),
    Profile(usages.MAGTEK_TRACK_DATA, usages.MAGTEK_TRACK_LENGTH, usages.MAGTEK_TRACK_STATUS),
)


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the reader was set up."""

    own_prefixes: tuple[str, ...] = ()
    """With what our own cards' numbers begin, and no others are read then; no payment network's."""
    lrc: bool = False
    """Each track's LRC follows its end sentinel, and is checked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report has one track."""

    data: Field
    length: Field
    status: Field | None


class Host(HidReader):
    """The host's end. Raises BadSettings when `own_prefixes` are not ours to have."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._places: dict[int, list[Place | None]] = {}
        tracks.check_prefixes(settings.own_prefixes)

    def _understand(self, descriptor: bytes) -> Reports:
        reports = parse(descriptor)
        for profile in PROFILES:
            for report in {r for usage in profile.data for r in reports.has(INPUT, usage)}:
                self._places[report] = _places(reports, report, profile)
        if not any(any(places) for places in self._places.values()):
            raise BadDescriptor("this device does not say that it reads magnetic stripes")
        return reports

    def _report(self, report: int, body: bytes, now: float) -> Iterator[Swiped | Fault]:
        places = self._places.get(report)
        if places is None:
            return  # something else it tells
        raw = []
        for track, place in zip(tracks.TRACKS, places, strict=True):
            if place is None:
                raw.append("")
                continue
            if place.status is not None and place.status.number(body) & ERROR_BIT:
                yield Fault(f"track {track.name} could not be read")
                return
            length = place.length.number(body)
            if length > place.data.count:
                yield Fault(f"track {track.name} claims more than its report has room for")
                return
            raw.append(place.data.text(body)[:length].decode("latin-1"))
        yield tracks.judge(raw, self._settings.own_prefixes, self._settings.lrc)


def _places(reports: Reports, report: int, profile: Profile) -> list[Place | None]:
    """Return where this report has each track; None for one that the reader cannot read."""
    found = [
        [reports.fields.get((INPUT, report, usage)) for usage in usages_of]
        for usages_of in (profile.data, profile.length, profile.status or (0, 0, 0))
    ]
    return [
        Place(data, length, status) if data and data.size == 8 and length else None
        for data, length, status in zip(*found, strict=True)
    ]


DRIVER = Driver(
    doc=__doc__,
    link="reports",
    settings=Settings,
    codec=Host,
    recorded="never",
    says=(Swiped, Fault),
)
