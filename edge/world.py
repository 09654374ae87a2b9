"""Everything the box cannot compute: the time, fresh ids and chance. The only door to them."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from pathlib import Path

from edge.clock import Clock, Instant, Kernel
from edge.machine_clock import machine

MACHINE_ID = Path("/etc/machine-id")


@dataclass(slots=True)
class World:
    """Handed to the composition root, and from there only as plain values.

    `now` gives milliseconds since 1970-01-01 UTC and may jump either way; `monotonic` gives
    seconds that only ever grow; `luck` is a real or a seeded source of chance. `clock` says how
    far `now` is to be trusted; without a `timekeeper`, `now` is beyond doubt.
    """

    now: Callable[[], int]
    monotonic: Callable[[], float]
    luck: random.Random
    timekeeper: InitVar[Clock | None] = None
    clock: Clock = field(init=False)
    _last_key_at: int = field(default=0, init=False)
    _counter: int = field(default=0, init=False)

    def __post_init__(self, timekeeper: Clock | None) -> None:
        if timekeeper is None:  # one time in one step, as a timekeeper's `now` gives it, too
            timekeeper = exact_clock(self.now)
            self.now = lambda: self.clock.read().at_ms
        self.clock = timekeeper

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
    """Return milliseconds since 1970-01-01 UTC, as this machine believes: for commands."""
    return time.time_ns() // 1_000_000


def exact_clock(now: Callable[[], int]) -> Clock:
    """Return a clock that believes `now` (ms since 1970 UTC) to the millisecond."""
    exactly = Kernel(synchronised=True, error_ms=0)

    def look() -> Instant:
        at_ms = now()
        return Instant(at_ms, at_ms, "", exactly)

    return Clock(look)


def machine_id() -> str:
    """Return the id of this installation of the system (machine-id(5)), "" if it has none."""
    try:
        return MACHINE_ID.read_text("ascii").strip()
    except (OSError, UnicodeError):
        return ""


def real_world() -> World:
    """Return the one we live in. Needs a running event loop."""
    clock = Clock(machine())
    return World(
        now=lambda: clock.read().at_ms,
        monotonic=asyncio.get_running_loop().time,
        luck=random.SystemRandom(),
        timekeeper=clock,
    )
