"""Everything the box cannot compute: the time, fresh ids and chance. The only door to them."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class World:
    """Handed to the composition root, and from there only as plain values.

    `now` gives milliseconds since 1970-01-01 UTC and may jump either way; `monotonic` gives
    seconds that only ever grow; `luck` is a real or a seeded source of chance.
    """

    now: Callable[[], int]
    monotonic: Callable[[], float]
    luck: random.Random
    _last_key_at: int = field(default=0, init=False)
    _counter: int = field(default=0, init=False)

    def new_key(self) -> str:
        """Return a fresh UUIDv7 (RFC 9562 section 5.7) in lower case.

        Keys of one box sort in the order they were made, even when the clock steps back: the
        12 bits after the version count within a millisecond (section 6.2, method 1).
        """
        now = self.now()
        if now > self._last_key_at:
            self._last_key_at, self._counter = now, self.luck.getrandbits(8)
        else:
            self._counter += 1
            if self._counter > 0xFFF:
                self._last_key_at, self._counter = self._last_key_at + 1, 0
        value = (self._last_key_at & 0xFFFF_FFFF_FFFF) << 80
        value |= 0x7000 << 64 | self._counter << 64
        value |= 0b10 << 62 | self.luck.getrandbits(62)
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def nonce(self, size_bytes: int) -> bytes:
        """Return fresh random bytes."""
        return self.luck.randbytes(size_bytes)


def wall_clock() -> int:
    """Return milliseconds since 1970-01-01 UTC, as this machine believes."""
    return time.time_ns() // 1_000_000


def real_world() -> World:
    """Return the one we live in. Needs a running event loop."""
    return World(
        now=wall_clock,
        monotonic=asyncio.get_running_loop().time,
        luck=random.SystemRandom(),
    )
