"""How late it is and how sure we are: the rules one by one, then under any jumps whatever."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import (
    CLOUD_FRESH_MS,
    WALL_AHEAD_MS_MAX,
    Anchor,
    Clock,
    Instant,
    Kept,
    Kernel,
    Reading,
    heard,
    judge,
    keep,
    recall,
)
from edge.machine_clock import kernel, machine
from edge.shop.calendar import Certainty

NOW = 1_795_300_000_000
HOUR = 3600 * 1000
DAY = 24 * HOUR
YEAR = 365 * DAY
SYNCED, LOST = Kernel(True, 3), Kernel(False, 16_000)


def at(wall: int = NOW, boot_ms: int = 0, boot: str = "b1", said: Kernel = LOST) -> Instant:
    return Instant(wall, boot_ms, boot, said)


def anchor(source: str = "kernel", error: int | None = 3, boot: str = "b1") -> Anchor:
    assert source in ("kernel", "cloud", "guess")
    return Anchor(boot, 0, NOW, NOW, error, source)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("why", "now", "before", "floor", "reading"),
    [
        ("the kernel is synchronised", at(said=SYNCED), None, 0, Reading(NOW, "trusted", 3, NOW)),
        ("to the second, no worse", at(said=Kernel(True, 1000)), None, 0,
         Reading(NOW, "trusted", 1000, NOW)),
        ("it says so, but is too far off", at(said=Kernel(True, 1001)), None, 0,
         Reading(NOW, "unknown", None, NOW)),
        ("its word goes before the past", at(NOW + 9, 5, said=SYNCED), anchor("cloud", 1000), NOW,
         Reading(NOW + 9, "trusted", 3, NOW + 9)),
        ("it was synchronised an hour ago", at(0, HOUR), anchor(), 0,
         Reading(NOW + HOUR, "holdover", 363, NOW + HOUR)),
        ("an error is rounded up", at(0, 1), anchor(), 0,
         Reading(NOW + 1, "holdover", 4, NOW + 1)),
        ("the wall jumped by ten years", at(NOW + 10 * YEAR, HOUR), anchor(), 0,
         Reading(NOW + HOUR, "holdover", 363, NOW + HOUR)),
        ("the cloud said so within the hour", at(0, CLOUD_FRESH_MS), anchor("cloud", 1010), 0,
         Reading(NOW + HOUR, "trusted", 1370, NOW + HOUR)),
        ("the cloud said so before that", at(0, HOUR + 1), anchor("cloud", 1010), 0,
         Reading(NOW + HOUR + 1, "holdover", 1371, NOW + HOUR + 1)),
        ("another boot", at(NOW + 5, 7, "b2"), anchor(), NOW,
         Reading(NOW + 5, "unknown", None, NOW)),
        ("a boot clock that is behind itself", at(NOW + 5, -1), anchor(), NOW,
         Reading(NOW + 5, "unknown", None, NOW)),
        ("the very first start", at(), None, 0, Reading(NOW, "unknown", None, NOW)),
        ("a likely wall is a stamp, no more", at(NOW + DAY), None, NOW,
         Reading(NOW + DAY, "unknown", None, NOW)),
        ("as late as that is likely", at(NOW + WALL_AHEAD_MS_MAX), None, NOW,
         Reading(NOW + WALL_AHEAD_MS_MAX, "unknown", None, NOW)),
        ("later is absurd", at(NOW + WALL_AHEAD_MS_MAX + 1), None, NOW,
         Reading(NOW, "unknown", None, NOW)),
        ("a dead battery: 1970", at(0), None, NOW, Reading(NOW, "unknown", None, NOW)),
        ("a guess runs on", at(0, 60), anchor("guess", None), NOW,
         Reading(NOW + 60, "unknown", None, NOW + 60)),
    ],
)  # fmt: skip
def test_what_the_time_rests_on(
    why: str, now: Instant, before: Anchor | None, floor: int, reading: Reading
) -> None:
    assert judge(now, before, floor)[0] == reading, why


def test_the_cloud_is_heard_unless_the_kernel_knew_better() -> None:
    doubtful = judge(at(), None, 0)[1]
    told = heard(at(boot_ms=10), doubtful, NOW + YEAR, 1020)
    assert judge(at(0, 20), told, 0)[0] == Reading(
        NOW + YEAR + 10, "trusted", 1021, NOW + YEAR + 10
    )
    assert heard(at(boot_ms=10), anchor(), NOW + 70, 1020) == anchor()
    long_ago = at(boot_ms=3 * HOUR)
    assert heard(long_ago, anchor(), NOW, 1020).source == "cloud"
    assert heard(at(boot="b2"), anchor(), NOW, 1020).source == "cloud"


def test_a_stamp_never_falls_and_says_what_that_costs() -> None:
    reading = Reading(NOW, "trusted", 3, NOW)
    assert reading.placed_at(NOW - 1) == reading
    assert reading.placed_at(NOW + 500) == Reading(NOW + 500, "trusted", 503, NOW)
    assert Reading(NOW, "unknown", None, 7).placed_at(NOW + 1).error_ms is None
    assert reading.certainty == Certainty("trusted", 3)


def test_the_next_run_of_the_same_boot_goes_on(tmp_path: Path) -> None:
    path, now = tmp_path / "clock.json", at(said=SYNCED)
    clock = Clock(lambda: now)
    clock.open(path, 0)
    assert clock.read().quality == "trusted"
    now = at(NOW + YEAR, HOUR)
    again = Clock(lambda: now)
    again.open(path, NOW)
    assert again.read() == Reading(NOW + HOUR, "holdover", 363, NOW + HOUR)
    assert (clock.goes_on, again.goes_on) == (False, True)
    now = at(NOW + DAY, 5, "b2")
    rebooted = Clock(lambda: now)
    rebooted.open(path, NOW)
    assert rebooted.read() == Reading(NOW + DAY, "unknown", None, NOW + HOUR)
    assert not rebooted.goes_on


def test_it_is_written_down_once_a_minute_and_when_it_changes(tmp_path: Path) -> None:
    path, now = tmp_path / "clock.json", at(said=SYNCED)
    clock = Clock(lambda: now)
    clock.open(path, 0)
    written = []
    for boot_ms, said in ((0, SYNCED), (59_999, SYNCED), (60_000, SYNCED), (119_999, LOST)):
        now = at(NOW + boot_ms, boot_ms, said=said)
        clock.read()
        kept = recall(path)
        assert kept is not None
        written.append(kept.boot_ms)
    assert written == [0, 0, 60_000, 60_000]
    clock.hear(NOW, 2)
    clock.read()
    kept = recall(path)
    assert kept is not None
    assert (kept.anchor.source, kept.sure_ms) == ("cloud", NOW)


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'{"anchor":1}', b"[" * 10_000])
def test_what_was_written_down_may_be_torn(tmp_path: Path, raw: bytes) -> None:
    path, good = tmp_path / "clock.json", Kept(anchor(), 0, NOW)
    path.write_bytes(raw)
    assert recall(path) is None
    keep(path, good)
    assert recall(path) == good


def test_a_disk_that_takes_nothing_stops_no_clock(tmp_path: Path) -> None:
    clock = Clock(lambda: at(said=SYNCED))
    clock.open(tmp_path / "no such folder" / "clock.json", 0)
    assert clock.read().quality == "trusted"


LOOKS = st.lists(
    st.tuples(
        st.integers(0, 40 * DAY),  # how much later it really is
        st.integers(-10 * YEAR, 10 * YEAR),  # by how much the wall clock is off
        st.booleans(),  # whether the machine was rebooted
    ),
    max_size=20,
)


@given(LOOKS)
def test_an_unsynchronised_wall_clock_may_jump_as_it_likes(
    looks: list[tuple[int, int, bool]],
) -> None:
    """Stamps never fall, and dates are never judged by a time that has not come yet."""
    with TemporaryDirectory() as folder:
        path, true, boot, booted, last = Path(folder) / "c", NOW, 0, NOW, 0
        now = at(said=SYNCED)

        def look() -> Instant:
            return now

        clock = Clock(look)
        clock.open(path, 0)
        clock.read()
        for later, off, rebooted in looks:
            true += later
            if rebooted:
                boot, booted = boot + 1, true
                clock = Clock(look)
                clock.open(path, last)
            now = at(true + off, true - booted, f"b{boot + 1}")
            reading = clock.read()
            assert reading.floor_ms <= true
            if reading.error_ms is not None:
                assert abs(reading.at_ms - true) <= reading.error_ms
            stamp = reading.placed_at(last)
            assert stamp.at_ms >= last
            last = stamp.at_ms


def test_this_machine_can_be_read() -> None:
    look = machine()
    first, second = look(), look()
    assert first.boot == second.boot
    assert second.boot_ms >= first.boot_ms
    assert abs(first.wall_ms - time.time_ns() // 1_000_000) < 60_000
    assert kernel().error_ms >= 0
