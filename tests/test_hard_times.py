"""Clocks that jump, a process that is held, too few of everything: no loss, and it sells again."""

from pathlib import Path

from tests.faults import full_disk, hardship
from tests.faults.scene import scene

JUMPS = 4
HELD_SECONDS = 2.0


async def test_a_clock_that_jumps_by_years_loses_and_reorders_nothing(tmp_path: Path) -> None:
    figures = await hardship.jump(tmp_path, 2, JUMPS)
    print(figures)
    assert figures["restarts"] > 0
    assert figures["sales"] > JUMPS


async def test_hard_times_pass(tmp_path: Path) -> None:
    async with scene(tmp_path / "store", 1) as shop:
        await shop.start()
        await hardship.hold(shop, HELD_SECONDS)
        await hardship.few_files(shop)
        await hardship.little_memory(shop)
        assert "another edgebox has this journal open" in await hardship.two_daemons(shop)
        assert "install the newer edgebox again" in await hardship.newer_layout(shop)
        await shop.stop()


def test_a_full_disk_stops_sales_politely_and_a_freed_one_sells_again(tmp_path: Path) -> None:
    figures = full_disk.run(tmp_path, 1)
    assert [round["bytes_left"] > 0 for round in figures["rounds"]] == [True, False]
    assert all(round["asked"] > 0 for round in figures["rounds"]), "sales were refused"
