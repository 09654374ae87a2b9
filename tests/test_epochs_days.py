"""What was lost and came back late counts once: in limits, and in the report of its own day."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.box import JOURNAL_FILE
from edge.days import Day, read_day, sheet_of
from edge.shop.facts import SaleMade
from simulators.cloud.weather import CLEAR, OFF
from tests import virtual_time
from tests.lives import MORNING, Body, Shop, both_books_agree

ZONE = timedelta(hours=8)
FIRST = (datetime.fromtimestamp(MORNING / 1000, UTC) + ZONE).date()
SECOND = FIRST + timedelta(days=1)
MEMBER = "m0001"


def day_of(box: Body, date: str) -> Day:
    day = read_day(box.state / JOURNAL_FILE, box.config.store, date)
    assert day is not None
    return day


def sold_on(box: Body, date: str) -> list[str]:
    """Return the sales of a day, by receipt, and check that its sheet counts the same."""
    day = day_of(box, date)
    receipts = [entry.fact.receipt for entry in day.entries if isinstance(entry.fact, SaleMade)]
    assert sheet_of(day, box.config.store).day.trade.tickets == len(receipts)
    return receipts


async def put_back_next_day(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(3)
    await box.settled()
    await box.stop()
    box.copy(folder / "backup")
    box.start()
    await box.sell(4)
    await box.settled()
    await box.stop()
    box.put_back(folder / "backup")
    shop.weather.sky = OFF
    virtual_day = 86_400 - (shop.now() - MORNING) / 1000
    await asyncio.sleep(virtual_day)
    box.start()
    await box.sell(2)
    shop.weather.sky = CLEAR
    await box.settled()
    assert box.box._counter._book.purchases(MEMBER) == 9
    await box.stop()
    assert len(sold_on(box, FIRST.isoformat())) == 7
    assert len(sold_on(box, SECOND.isoformat())) == 2
    both_books_agree(box)


async def nothing_left(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(4)
    await box.settled()
    await box.stop()
    shutil.rmtree(box.state)
    await asyncio.sleep(86_400)
    box.start()
    await box.settled()
    await box.sell(1)
    await box.settled()
    assert box.box._counter._book.purchases(MEMBER) == 5
    await box.stop()
    assert len(sold_on(box, FIRST.isoformat())) == 4
    assert len(sold_on(box, SECOND.isoformat())) == 1
    both_books_agree(box)


def test_sales_that_came_back_on_another_day_count_on_their_own(tmp_path: Path) -> None:
    virtual_time.run(put_back_next_day(tmp_path))


def test_a_day_that_only_the_cloud_remembered_has_its_report(tmp_path: Path) -> None:
    virtual_time.run(nothing_left(tmp_path))
