"""UnifiedPOS where it meets people: what events are called, statistics, and the health check.

Names are those of the UnifiedPOS Retail Peripheral Architecture 1.14 (OMG): DataEvent and its
siblings, the statistics of each device category, and the levels of `CheckHealth`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from drivers import events

EventName = Literal["DataEvent", "StatusUpdateEvent", "ErrorEvent"]
Level = Literal["internal", "external", "interactive"]
"""internal: as far as we can tell without the device · external: the device shows that it works ·
interactive: somebody uses it."""

SECONDS_AN_HOUR: Final = 3600

STATISTICS: Final[Mapping[type, str]] = {
    events.Scan: "GoodScanCount",
    events.CardPresented: "GoodReadCount",
    events.Swiped: "GoodReadCount",
    events.Keyed: "KeyPressedCount",
    events.Weighed: "GoodWeightReadCount",
    events.Fault: "FailedReadCount",
    events.Beep: "ToneSoundedCount",
    events.OpenDrawer: "DrawerGoodOpenCount",
}
"""By word, said or told: the statistic in which it counts."""


_EVENT_NAMES: Final[Mapping[type, EventName]] = {
    events.State: "StatusUpdateEvent",
    events.Fault: "ErrorEvent",
}


@dataclass(frozen=True, slots=True)
class Health:
    """What a health check found; `text` is for people."""

    level: Level
    healthy: bool
    text: str


def event_name(event: object) -> EventName:
    """Return what UnifiedPOS calls this kind of event."""
    return _EVENT_NAMES.get(type(event), "DataEvent")


class Statistics:
    """Counters of one device since the box started; nothing of what it said is kept.

    Besides those of UnifiedPOS: `DroppedWhileDisabledCount`, and `SuppressedFaultCount` for faults
    that came faster than they were told.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._ready_since: float | None = None
        self._ready_seconds = 0.0
        self.last_seen: float | None = None
        """When the device last sent anything, in seconds of the loop's clock."""

    def count(self, name: str) -> None:
        """Count one more."""
        self._counts[name] += 1

    def note(self, word: object, now: float) -> None:
        """Count an event or a command."""
        name = STATISTICS.get(type(word))
        if name is not None:
            self._counts[name] += 1
        elif isinstance(word, events.State):
            self._note_state(word.state, now)

    def _note_state(self, state: str, now: float) -> None:
        if state == "lost":
            self._counts["CommunicationErrorCount"] += 1
        if state in {"lost", "closed"} and self._ready_since is not None:
            self._ready_seconds += now - self._ready_since
            self._ready_since = None
        elif state == "ready" and self._ready_since is None:
            self._ready_since = now
            self._counts["OnlineTransitionCount"] += 1

    def retrieve(self, now: float) -> dict[str, int]:
        """Return all statistics by name, as `retrieveStatistics` does."""
        running = 0.0 if self._ready_since is None else now - self._ready_since
        hours = int((self._ready_seconds + running) / SECONDS_AN_HOUR)
        always = {"HoursPoweredCount": hours, "CommunicationErrorCount": 0}
        return dict(sorted({**always, **self._counts}.items()))
