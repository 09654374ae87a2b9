"""Who guesses has to wait: a delay that grows with each failure. Pure; the caller brings the time.

The first few failures cost nothing, because people mistype; then the wait doubles with each one.
A quiet hour is forgotten. The table is bounded: the one that failed longest ago goes first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

FREE_FAILURES = 5
DELAY_SECONDS_MIN = 1.0
DELAY_SECONDS_MAX = 60.0
FORGOTTEN_SECONDS = 3600.0
WATCHED_MAX = 4096


class _Failures(NamedTuple):
    failures: int
    at: float


class Delays:
    """Failures by whatever is watched: an address, a name, or both."""

    def __init__(self, watched_max: int = WATCHED_MAX, free: int = FREE_FAILURES) -> None:
        self._watched_max, self._free = watched_max, free
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, who: Hashable, now: float) -> float:
        """Return how many seconds `who` has to wait before the next try; 0.0 for none."""
        failed = self._failures.get(who)
        if failed is None or failed.failures < self._free:
            return 0.0
        exponent = min(failed.failures - self._free, 32)
        delay = min(DELAY_SECONDS_MIN * 2.0**exponent, DELAY_SECONDS_MAX)
        return max(0.0, failed.at + delay - now)

    def failed(self, who: Hashable, now: float) -> None:
        """Count a failure."""
        before = self._failures.pop(who, None)
        if before is None or now - before.at > FORGOTTEN_SECONDS:
            before = _Failures(0, now)
        self._failures[who] = _Failures(before.failures + 1, now)
        if len(self._failures) > self._watched_max:
            self._failures.popitem(last=False)

    def succeeded(self, who: Hashable) -> None:
        """Forget the failures of `who`."""
        self._failures.pop(who, None)
