"""A clock that jumps by years, before every sale: nothing is lost, done twice, or out of order."""

import asyncio
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.clock import Clock, Instant, Kernel
from edge.verify import verify
from edge.world import World
from tests.stand import Stand, stand
from tests.test_desk import LATTE, SILVER, key

NOW = 1_795_300_000_000
YEAR = 365 * 24 * 3600 * 1000


class Jumpy:
    """A machine whose wall clock is anywhere within ten years; `liar` says it is synchronised."""

    def __init__(self, liar: bool) -> None:
        self.liar, self.off_ms, self.boot = liar, 0, "b1"

    def look(self) -> Instant:
        passed = int(asyncio.get_running_loop().time() * 1000)
        return Instant(NOW + passed + self.off_ms, passed, self.boot, Kernel(self.liar, 5))

    def world(self) -> World:
        clock, loop = Clock(self.look), asyncio.get_running_loop()
        return World(lambda: clock.read().at_ms, loop.time, Random(1), clock)


async def sell(shop: Stand, numbers: range, machine: Jumpy, luck: Random) -> list[dict[str, Any]]:
    told = []
    for number in numbers:
        machine.off_ms = luck.randint(-10 * YEAR, 10 * YEAR)
        request = await shop.sale(key(number), LATTE, SILVER if number % 2 else None)
        answers = [await shop.ask("sell", request) for _ in range(2)]
        assert answers[0] == answers[1]
        told.append(answers[0])
    return told


@pytest.mark.parametrize("liar", [False, True], ids=["unsynchronised", "synchronised liar"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_every_sale_is_there_once_and_in_order(tmp_path: Path, seed: int, liar: bool) -> None:
    machine, luck, told = Jumpy(liar), Random(seed), list[dict[str, Any]]()
    for run in range(3):
        if run == 2:
            machine.boot = "b2"
        async with stand(tmp_path, world=machine.world(), interval_seconds=86_400) as shop:
            told += await sell(shop, range(run * 8, run * 8 + 8), machine, luck)
            again = await shop.ask("ask", {"key": key(0)})
            assert again["fate"] == "done"
            pages = shop.box.journal.after(0, 1000)
    assert {answer["status"] for answer in told} == {200}
    assert [answer["receipt"] for answer in told] == [f"s1-box-1-1S-{n:06d}" for n in range(1, 25)]
    assert [page.sequence for page in pages] == list(range(1, len(pages) + 1))
    assert all(later.at >= earlier.at for earlier, later in pairwise(pages))
    days = [answer["business_date"] for answer in told]
    assert days == sorted(days)
    assert sum(page.kind == "sale.v1" for page in pages) == 24
    report = verify(tmp_path / "state" / "journal.db")
    assert report.books_agree, report.findings


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(-10 * YEAR, 10 * YEAR), max_size=6))
def test_an_unsynchronised_clock_moves_no_business_day(jumps: list[int]) -> None:
    """Only the first look at the wall counts; afterwards the boot clock carries the time."""
    boot_ms, wall = 0, NOW

    def look() -> Instant:
        return Instant(wall, boot_ms, "b1", Kernel(False, 16_000))

    clock = Clock(look)
    first = clock.read()
    for jump in jumps:
        boot_ms, wall = boot_ms + 1000, NOW + jump
        assert clock.read().at_ms == first.at_ms + boot_ms
