"""What time is it, and how sure are we? The wall clock is a witness here, never the judge.

Trusted is what the kernel keeps synchronised, or what the cloud has signed within the hour. From
then on, in the same boot, the time is carried by the boot clock, which nobody can set: holdover,
off by 100 millionths more of whatever has passed. After a reboot without either it is unknown: the
time is at least what it was before, the floor, and runs on from there. Dates are then judged by
the floor; the wall clock is believed for the stamp alone, and only if it is not absurd.
The order of facts comes from their sequence and never from here.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from edge.shop.calendar import Certainty, Quality
from edge.steady import Steady

KERNEL_ERROR_MS_MAX = 1000
DRIFT_PER_MILLION = 100
"""What a quartz may gain or lose: the error grows by so many milliseconds in a million."""
CLOUD_FRESH_MS = 3600 * 1000
WALL_AHEAD_MS_MAX = 31 * 24 * 3600 * 1000
"""How far past the last fact an uncertain wall clock may be and still be used as a stamp."""
KEEP_EVERY_MS = 60_000


class Kernel(msgspec.Struct, frozen=True):
    """What the kernel says of its own clock: adjtimex(2)."""

    synchronised: bool
    error_ms: int


class Instant(msgspec.Struct, frozen=True):
    """One look at the machine.

    `wall_ms` is ms since 1970 UTC as the machine believes; `boot_ms` only ever grows, sleep
    included, and begins anew with every `boot`.
    """

    wall_ms: int
    boot_ms: int
    boot: str
    kernel: Kernel


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What time it was at one moment of a boot, by whose word.

    `floor_ms` is what it surely was already; `error_ms` is None for a guess.
    """

    boot: str
    boot_ms: int
    at_ms: int
    floor_ms: int
    error_ms: int | None
    source: Literal["kernel", "cloud", "guess"]


class Reading(msgspec.Struct, frozen=True):
    """The time in ms since 1970 UTC; off by at most `error_ms`, None where nobody can tell."""

    at_ms: int
    quality: Quality
    error_ms: int | None
    floor_ms: int
    """What dates are judged by: the time itself, or, where it is unknown, what it is at least."""

    @property
    def certainty(self) -> Certainty:
        """How far it is to be trusted, in the shop's words."""
        return Certainty(self.quality, self.error_ms)

    def placed_at(self, earliest_ms: int) -> "Reading":
        """Return it as the stamp of a fact that may not be earlier than the one before it."""
        late_ms = max(0, earliest_ms - self.at_ms)
        if not late_ms:
            return self
        error_ms = None if self.error_ms is None else self.error_ms + late_ms
        return Reading(earliest_ms, self.quality, error_ms, self.floor_ms)


def judge(now: Instant, anchor: Anchor | None, floor_ms: int) -> tuple[Reading, Anchor]:
    """Return the time, and what it rests on from now on.

    `anchor` is what it rested on before, `floor_ms` what time it was at least when this run began,
    0 where nothing is known.
    """
    if now.kernel.synchronised and now.kernel.error_ms <= KERNEL_ERROR_MS_MAX:
        kept = Anchor(
            now.boot, now.boot_ms, now.wall_ms, now.wall_ms, now.kernel.error_ms, "kernel"
        )
        return Reading(kept.at_ms, "trusted", kept.error_ms, kept.at_ms), kept
    if anchor is None or anchor.boot != now.boot or anchor.boot_ms > now.boot_ms:
        anchor = _guess(now, floor_ms)
    return _carried(anchor, now), anchor


def heard(now: Instant, anchor: Anchor | None, at_ms: int, error_ms: int) -> Anchor:
    """Return what the time rests on once the cloud has signed it; a better word stays."""
    if anchor is not None and anchor.boot == now.boot and anchor.source == "kernel":
        before = _carried(anchor, now).error_ms
        if before is not None and before <= error_ms:
            return anchor
    return Anchor(now.boot, now.boot_ms, at_ms, at_ms, error_ms, "cloud")


def _guess(now: Instant, floor_ms: int) -> Anchor:
    likely = not floor_ms or floor_ms <= now.wall_ms <= floor_ms + WALL_AHEAD_MS_MAX
    at_ms = now.wall_ms if likely else floor_ms
    return Anchor(now.boot, now.boot_ms, at_ms, floor_ms or at_ms, None, "guess")


def _carried(anchor: Anchor, now: Instant) -> Reading:
    passed_ms = now.boot_ms - anchor.boot_ms
    at_ms = anchor.at_ms + passed_ms
    if anchor.error_ms is None:
        return Reading(at_ms, "unknown", None, anchor.floor_ms + passed_ms)
    error_ms = anchor.error_ms - (-passed_ms * DRIFT_PER_MILLION // 1_000_000)
    fresh = anchor.source == "cloud" and passed_ms <= CLOUD_FRESH_MS
    return Reading(at_ms, "trusted" if fresh else "holdover", error_ms, at_ms)


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written down: what the time rests on, when (`boot_ms`), and what it surely was."""

    anchor: Anchor
    boot_ms: int
    sure_ms: int


def keep(path: Path, kept: Kept) -> None:
    """Write down for the next run what the time rests on.

    Nothing is flushed: an anchor that a power cut may lose is of no use after it.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(msgspec.json.encode(kept))
    draft.replace(path)


def recall(path: Path) -> Kept | None:
    """Return what an earlier run wrote down, or None where there is nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None


class Clock:
    """The box's clock: `look` is one look at the machine."""

    def __init__(self, look: Callable[[], Instant]) -> None:
        self._look = look
        self._path: Path | None = None
        self._anchor: Anchor | None = None
        self._held: Reading | None = None
        self._steady = Steady(self._forget, self._forget)
        self._floor_ms = 0
        self._kept: Kept | None = None
        self._goes_on = False

    def open(self, path: Path, last_fact_ms: int) -> None:
        """Go on where an earlier run left off.

        `path` is where it wrote that down; without it the floor is the time of the last fact, 0
        for none.
        """
        self._path, self._kept = path, recall(path)
        self._anchor = self._kept.anchor if self._kept else None
        self._floor_ms = self._kept.sure_ms if self._kept else last_fact_ms
        self._goes_on = self._anchor is not None and self._anchor.boot == self._look().boot

    @property
    def goes_on(self) -> bool:
        """Whether the machine was not started anew since the run before, so that time was kept."""
        return self._goes_on

    def read(self) -> Reading:
        """Return the time."""
        if not self._steady.is_held:
            return self._judged()
        if (held := self._held) is None:
            held = self._held = self._judged()
        return held

    def steady(self) -> Steady:
        """Let all that is decided inside, in one step of the loop, be done at one time."""
        return self._steady

    def _forget(self) -> None:
        self._held = None

    def _judged(self) -> Reading:
        now = self._look()
        reading, self._anchor = judge(now, self._anchor, self._floor_ms)
        if self._path is not None:
            self._keep(self._path, Kept(self._anchor, now.boot_ms, reading.floor_ms))
        return reading

    def hear(self, at_ms: int, error_ms: int) -> None:
        """Take the cloud's signed word: it is `at_ms` now, give or take `error_ms`."""
        self._anchor = heard(self._look(), self._anchor, at_ms, error_ms)

    def wants_the_cloud(self) -> bool:
        """Tell whether the kernel does not keep the time by itself."""
        kernel = self._look().kernel
        return not kernel.synchronised or kernel.error_ms > KERNEL_ERROR_MS_MAX

    def _keep(self, path: Path, new: Kept) -> None:
        """Keep it if it rests on something else by now, or if a minute has passed."""
        old = self._kept
        same = old is not None and _basis(old.anchor) == _basis(new.anchor)
        if old is not None and same and 0 <= new.boot_ms - old.boot_ms < KEEP_EVERY_MS:
            return
        self._kept = new
        with suppress(OSError):  # the next run knows less; this one loses nothing
            keep(path, new)


def _basis(anchor: Anchor) -> tuple[str, str]:
    return anchor.boot, anchor.source
