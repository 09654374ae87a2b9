"""How fast somebody may ask: the token bucket. Pure; the caller brings the time."""


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
