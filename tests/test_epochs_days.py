"""What was lost and came back late counts once: in limits, and in the report of its own day."""

import asyncio
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.book.changes import itself
from edge.box import JOURNAL_FILE
from edge.days import read_day, sheet_of
from edge.journal import CLOUD, connect, pages
from edge.letters import read
from edge.shop.facts import DayClosed, SaleMade
from simulators.cloud.weather import CLEAR, OFF
from tests import virtual_time
from tests.lives import MORNING, Body, Shop, both_books_agree

ZONE = timedelta(hours=8)
FIRST = (datetime.fromtimestamp(MORNING / 1000, UTC) + ZONE).date()
SECOND = FIRST + timedelta(days=1)
MEMBER = "m0001"


def sold_on(box: Body, date: str) -> int:
    """Return how many sales a day has, as its sheet says it and as its pages do."""
    day = read_day(box.state / JOURNAL_FILE, box.config.store, date)
    assert day is not None
    with closing(connect(box.state / JOURNAL_FILE, writable=False)) as db:
        sales = [fact for page in pages(db, 0)
                 if isinstance(fact := itself(read(page.body)), SaleMade)]  # fmt: skip
    tickets = sheet_of(day, box.config.store).day.trade.tickets
    assert tickets == len({sale.receipt for sale in sales if sale.business_date == date})
    return tickets


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
    assert sold_on(box, FIRST.isoformat()) == 7
    assert sold_on(box, SECOND.isoformat()) == 2
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
    assert sold_on(box, FIRST.isoformat()) == 4
    assert sold_on(box, SECOND.isoformat()) == 1
    both_books_agree(box)


def test_sales_that_came_back_on_another_day_count_on_their_own(tmp_path: Path) -> None:
    virtual_time.run(put_back_next_day(tmp_path))


def test_a_day_that_only_the_cloud_remembered_has_its_report(tmp_path: Path) -> None:
    virtual_time.run(nothing_left(tmp_path))


async def cut_off(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(3)
    await box.settled()
    known = box.box.journal.bookmark(CLOUD)
    shop.weather.sky = OFF
    await box.sell(2)
    await asyncio.sleep(86_400)
    await box.sell(1)
    await box.stop()
    with closing(connect(box.state / JOURNAL_FILE, writable=False)) as db:
        later = [read(page.body) for page in pages(db, known)]
    (closed,) = [fact for fact in later if isinstance(fact, DayClosed)]
    before = later[: later.index(closed)]
    sold = sum(fact.total for fact in before if isinstance(fact, SaleMade))
    assert sold > 0
    assert (closed.totals, closed.unsent, closed.unsent_amount) == ("", len(before), sold)
    day = read_day(box.state / JOURNAL_FILE, box.config.store, FIRST.isoformat())
    assert day is not None
    told = sheet_of(day, box.config.store).day.unsent_at_close
    assert (told.count, told.amount) == (len(before), sold)


def test_a_day_that_the_box_closes_itself_says_what_the_cloud_has_not(tmp_path: Path) -> None:
    virtual_time.run(cut_off(tmp_path))
