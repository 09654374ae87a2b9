"""What a crash costs at a lane: nothing, whenever it comes. Every basket is sold exactly once."""

import asyncio
import random
from pathlib import Path

import pytest

from drivers.events import Scan
from simulators.demo_data import card_number, ean
from simulators.escpos_printer import LoadPaper
from tests import virtual_time
from tests.lane_kit import (
    CASH,
    COPY,
    LANE,
    OOLONG,
    TEA,
    Lane,
    cuts,
    in_virtual_time,
    lane,
    memory_of,
    printed,
)

SEEDS = range(12)
BASKETS = 6
TRIES_MAX = 20


class Cashier:
    """Serves guests one after the other; when the box comes back, looks what it says."""

    def __init__(self, it: Lane, luck: random.Random, folder: Path) -> None:
        self.it, self.luck, self.folder = it, luck, folder
        self.crashes = 0

    async def serve(self, goods: list[str]) -> None:
        """Have this basket sold, however often the box dies meanwhile."""
        sold = len(self.it.heard("sold"))
        for _ in range(TRIES_MAX):
            for code in goods[self._in_basket() :]:
                await self._do(code)
            if len(self.it.heard("sold")) > sold:
                return  # it had been sold before the crash, and the lane found it
            await self._do(CASH)
            await asyncio.sleep(0.5)
            if len(self.it.heard("sold")) > sold:
                return
        raise AssertionError("this basket cannot be sold")

    def _in_basket(self) -> int:
        till = next(iter(self.it.box.lanes.tills.values()))._baskets.till
        return int(sum(line.quantity for line in till.basket.lines))

    async def _do(self, code: str) -> None:
        before = self._in_basket()
        self.it.hands["scanner-1"].tell(Scan(code))
        if self.luck.random() >= 0.15:
            await asyncio.sleep(self.luck.choice((0.001, 0.05)))
            return
        sold = len(self.it.heard("sold"))
        await asyncio.sleep(self.luck.choice((0, 0.001, 0.009, 0.011, 0.02)))
        await self._crash()
        await self.it.start()
        is_sold = len(self.it.heard("sold")) > sold
        assert is_sold or self._in_basket() >= before, "goods nobody paid for are still there"

    async def _crash(self) -> None:
        """Die at once, or just after the disk has all and before anybody was told."""
        self.crashes += 1
        if self.luck.random() < 0.5:
            await self.it.stop(crash=True)
            return
        remembered, said = self._remembered(), [*self.it.said]
        await self.it.writer.stop()
        await self.it.stop(crash=True)
        self.it.said[:] = said
        if remembered is not None:
            memory_of(self.folder).write_bytes(remembered)

    def _remembered(self) -> bytes | None:
        files = [*self.folder.rglob(f"lanes/{LANE}.json")]
        return files[0].read_bytes() if files else None


@pytest.mark.parametrize("seed", SEEDS)
def test_every_basket_is_sold_once_whatever_dies(seed: int, tmp_path: Path) -> None:
    luck = random.Random(seed)

    async def main() -> int:
        async with lane(tmp_path) as it:
            cashier = Cashier(it, luck, tmp_path)
            for _ in range(BASKETS):
                it.hands["printer-1"].tell(LoadPaper(luck.choice((3, 40, 1000))))
                await cashier.serve([ean(luck.randint(3, 9)) for _ in range(luck.randint(1, 4))])
            assert len(it.sales) == BASKETS
            assert len({said["receipt"] for said in it.heard("sold")}) == BASKETS
            return cashier.crashes

    virtual_time.run(main())


# --- one crash at a time --------------------------------------------------------------------------


@in_virtual_time
async def test_an_open_basket_comes_back_after_a_crash(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA, TEA, card_number(1))
        await it.key(".2*1")
        key = it.box.lanes.tills[LANE]._baskets.key
        await it.stop(crash=True)
        it.said.clear()
        await it.start()
        assert it.heard("recovered") == [{"lines": 1, "lost": []}]
        assert it.display.screen == ("实付            1.00", "应付            8.00")
        assert it.heard_last("shown")["member"] == "m0001"
        await it.scan(CASH)
        assert it.sales == [key]


@in_virtual_time
async def test_a_basket_comes_back_at_todays_prices_and_without_what_is_gone(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA, OOLONG)
        file = memory_of(folder)
        await it.stop(crash=True)
        file.write_bytes(file.read_bytes().replace(OOLONG.encode(), b"6970000099990"))
        await it.start()
        assert it.heard("recovered")[-1] == {"lines": 1, "lost": ["6970000099990"]}
        assert it.heard_last("shown")["total"] == 450


@in_virtual_time
async def test_a_sale_that_never_reached_the_disk_is_open_again_and_sold_once(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA)
        assert it.hands["scanner-1"].tell(Scan(CASH))
        while it.box.lanes.tills[LANE].is_busy:
            await asyncio.sleep(0)
        await it.stop(crash=True)
        assert (it.heard("sold"), it.printer.paper) == ([], [])
        it.said.clear()
        await it.start()
        assert it.sales == []
        assert it.heard_last("shown")["total"] == 450
        await it.scan(CASH)
        assert len(it.sales) == len(it.heard("sold")) == cuts(it) == 1


@in_virtual_time
async def test_a_sale_that_nobody_was_told_of_is_found_and_not_made_twice(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA)
        file = memory_of(folder)
        open_basket = file.read_bytes()
        await it.scan(CASH)
        await it.stop(crash=True)
        file.write_bytes(open_basket)  # as if the crash had come between the disk and the telling
        it.said.clear()
        it.printer.paper.clear()
        await it.start()
        assert [said["total"] for said in it.heard("sold")] == [450]
        assert (cuts(it), printed(it, COPY)) == (1, 2)
        await it.scan(CASH)
        assert it.heard_last("declined")["code"] == "E-EMPTY-BASKET"
        assert len(it.sales) == 1


@in_virtual_time
async def test_a_receipt_that_was_not_out_at_the_crash_is_printed_as_a_copy(folder: Path) -> None:
    async with lane(folder) as it:
        it.hands["printer-1"].tell(LoadPaper(0))
        await it.scan(TEA, CASH)
        await it.stop(crash=True)
        await it.start()
        it.hands["printer-1"].tell(LoadPaper())
        await asyncio.sleep(2)
        assert (cuts(it), printed(it, COPY)) == (1, 2)


@in_virtual_time
async def test_a_damaged_memory_is_an_empty_till(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA)
        file = memory_of(folder)
        await it.stop(crash=True)
        file.write_bytes(file.read_bytes()[:20])
        it.said.clear()
        await it.start()
        assert it.said == []
        await it.scan(TEA, CASH)
        assert len(it.sales) == 1


@in_virtual_time
async def test_baskets_are_parked_across_a_restart(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA, "EDGE:PARK", OOLONG)
        await it.key(".7")
        assert [said["number"] for said in it.heard("parked")] == [1, 2]
        assert it.display.screen[0] == "挂单               2"
        await it.stop(crash=True)
        await it.start()
        await it.key(".8*3", ".8*1", ".8*2")
        codes = [said["code"] for said in it.heard("declined")]
        assert codes == ["E-NOT-PARKED", "E-BASKET-OPEN"]
        assert it.heard_last("shown")["total"] == 450
        await it.scan(CASH)
        await it.key(".8*2", "+")
        assert [said["total"] for said in it.heard("sold")] == [450, 500]
