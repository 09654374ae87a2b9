"""How fast somebody may ask: the token bucket. Pure; the caller brings the time."""

from collections import OrderedDict
from collections.abc import Hashable
from math import ceil
from typing import Final

SMALL_BYTES: Final = 1024
"""What a request may have for one token: some twenty lines of a basket."""
BYTES_PER_TOKEN: Final = 256
"""Beyond that: a few lines, which cost about as much time as a small request."""


def weight(request_bytes: int) -> int:
    """Return how many tokens a request of so many bytes takes: time goes with its size."""
    return 1 + ceil(max(0, request_bytes - SMALL_BYTES) / BYTES_PER_TOKEN)


class TokenBucket:
    """Lets `rate_per_second` through in the long run and `burst` at once.

    `now` is monotonic seconds; the bucket starts full.
    """

    __slots__ = ("_at", "_burst", "_level", "_rate")

    def __init__(self, rate_per_second: float, burst: float) -> None:
        assert rate_per_second > 0
        assert burst >= 1
        self._rate = rate_per_second
        self._burst = float(burst)
        self._level = float(burst)
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Take one token, or answer False when there is none."""
        if self._at is not None:
            self._level = min(self._burst, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def charge(self, tokens: float) -> None:
        """Take tokens for what was let through and turned out to be more; they may be owed."""
        self._level -= tokens

    def seconds_until_next(self) -> float:
        """Return how long after the last `take` there is a token again."""
        return max(0.0, 1 - self._level) / self._rate

    def give_back(self) -> None:
        """Put a token back that turned out not to be needed."""
        self._level = min(self._burst, self._level + 1)


class TokenBuckets:
    """A bucket for each of many; when there are too many, the one used longest ago is forgotten."""

    def __init__(self, rate_per_second: float, burst: float, watched_max: int = 4096) -> None:
        self._rate, self._burst, self._watched_max = rate_per_second, burst, watched_max
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def take(self, who: Hashable, now: float) -> bool:
        """Take one token of `who`, or answer False when there is none."""
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = TokenBucket(self._rate, self._burst)
            if len(self._buckets) > self._watched_max:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(who)
        return bucket.take(now)

    def charge(self, who: Hashable, tokens: float) -> None:
        """Take tokens of `who`, if it is watched, that may be owed."""
        if (bucket := self._buckets.get(who)) is not None:
            bucket.charge(tokens)

    def seconds_until_next(self, who: Hashable) -> float:
        """Return how long after its last `take` there is a token of `who` again."""
        bucket = self._buckets.get(who)
        return 0.0 if bucket is None else bucket.seconds_until_next()

    def retry_after(self, who: Hashable) -> int:
        """Return that in whole seconds, at least one, as who is refused is told."""
        return max(1, ceil(self.seconds_until_next(who)))

    def give_back(self, who: Hashable) -> None:
        """Put a token back into the bucket of `who`, if it is watched."""
        if (bucket := self._buckets.get(who)) is not None:
            bucket.give_back()
