"""A box killed at its system calls, and refused them by its disk: nothing told is ever lost.

The faults come from strace, and its log proves each. All of them are in `make soak`.
"""

from pathlib import Path

from tests.faults.strace import KILL, Injection
from tests.faults.sweeping import ERRORS, EXIT_BROKEN, Point, Sweep

EACH_DAY = ("first start", "start", "sale", "checkpoint", "bundle", "directory", "day", "stop")
SELDOM = ("stored value", "recovery", "restore", "import")
BY_ITS_OWNER = ("tray", "tray by hand", "pairing")
KILLS, SELDOM_KILLS, OWNER_KILLS, REFUSALS = 32, 6, 9, 16


async def test_killed_anywhere_it_comes_back_with_all_it_told(tmp_path: Path) -> None:
    swept = await Sweep(tmp_path, seed=1).search(EACH_DAY, [KILL], KILLS)
    print(swept)
    assert (swept.points.total(), swept.missed) == (KILLS, 0)
    assert set(swept.points) == set(EACH_DAY)
    assert set(swept.ended) == {"-9"}
    assert swept.asked > 0, "some died with a sale under way"


async def test_killed_while_its_books_are_looked_after_it_has_all_it_told(tmp_path: Path) -> None:
    swept = await Sweep(tmp_path, seed=4).search(SELDOM, [KILL], SELDOM_KILLS)
    print(swept)
    assert (swept.points.total(), swept.missed) == (SELDOM_KILLS, 0)
    assert set(swept.points) == set(SELDOM)
    assert set(swept.ended) == {"-9"}


async def test_killed_while_its_owner_asks_it_was_done_or_was_not(tmp_path: Path) -> None:
    swept = await Sweep(tmp_path, seed=5).search(BY_ITS_OWNER, [KILL], OWNER_KILLS)
    print(swept)
    assert (swept.points.total(), swept.missed) == (OWNER_KILLS, 0)
    assert set(swept.points) == set(BY_ITS_OWNER)
    assert set(swept.ended) == {"-9"}


async def test_refused_by_its_disk_it_ends_and_comes_back(tmp_path: Path) -> None:
    swept = await Sweep(tmp_path, seed=2).search(EACH_DAY, ERRORS, REFUSALS)
    print(swept)
    assert (swept.points.total(), swept.missed) == (REFUSALS, 0)
    assert swept.ended[str(EXIT_BROKEN)] > swept.points.total() // 2
    assert set(swept.ended) <= {str(EXIT_BROKEN), "0", "goes on"}


async def test_a_flush_that_fails_ends_the_run_and_what_did_not_happen_is_no_point(
    tmp_path: Path,
) -> None:
    flush = Point("sale", Injection("fdatasync", 1, "error=EIO"))
    nowhere = Point("sale", Injection("rename", 9, "error=EIO"))
    import_ = Point("import", Injection("fdatasync", 3, "error=EIO"))
    swept = await Sweep(tmp_path, seed=3).run([nowhere, flush, import_])
    assert swept.missed == 1
    assert swept.ended == {str(EXIT_BROKEN): 2}, "a command says that the box is broken"


async def test_a_command_whose_last_flush_fails_says_that_the_box_is_broken(
    tmp_path: Path,
) -> None:
    flushes = [Point("tray by hand", Injection("fdatasync", nth, "error=EIO")) for nth in (3, 4, 5)]
    swept = await Sweep(tmp_path, seed=6).run(flushes)
    assert swept.ended[str(EXIT_BROKEN)] > 0
    assert set(swept.ended) <= {str(EXIT_BROKEN), "0"}
