"""`edgebox x-report` and `z-close`: how the day goes, and the end of it."""

import asyncio
import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import msgspec
import pytest
from click.testing import Result

from drivers.events import Scan
from edge.days import Day, read_day, sheet_of
from edge.desk.closing import FEW_PAGES
from edge.letters import read
from edge.shop.facts import DayClosed, DayOpened, DrawerCounted, SaleMade
from edge.shop.reports.sheet import Sheet, totals
from simulators import demo_data
from simulators.cloud.weather import Sky
from tests.owner import Owned, command, edgebox, owned, report
from tests.test_desk_rude import key

TEA = 450
NOWHERE = "/dev/null/none"
"""A scanner that is not plugged in."""


def facts(box: Owned) -> Sequence[object]:
    return [read(page.body) for page in box.shop.box.journal.after(0, 100_000)]


def days(box: Owned) -> list[str]:
    return [fact.business_date for fact in facts(box) if isinstance(fact, DayOpened)]


async def x(box: Owned, *more: object) -> dict[str, object]:
    found = report(await command("x-report", "--json", "--config", box.config, *more))
    assert isinstance(found, dict)
    return found


# --- X --------------------------------------------------------------------------------------------


async def test_an_x_report_adds_the_day_up_and_changes_nothing(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        for number in range(3):
            await box.sell(number, quantity=number + 1)
        await box.sell(3, member=1)
        before = len(box.kinds())
        sheet = await x(box)
        assert len(box.kinds()) == before
    sold = 7 * TEA
    day = sheet["day"]
    assert isinstance(day, dict)
    assert day["kind"] == "X"
    assert day["trade"] == {"tickets": 4, "member_tickets": 1, "sales": sold, "member_sales": TEA,
                            "items": 7, "uses": 0}  # fmt: skip
    assert sheet["tenders"] == {"cash": {"count": 4, "amount": sold}}
    assert day["tills"] == [{"account": "cash:pos-1", "expected": sold, "counted": None}]
    assert day["tax"] == {"1300": sum(n * TEA - round(n * TEA / 1.13) for n in (1, 2, 3, 1))}
    assert sheet["points"] == {"earned": 4, "spent": 0}
    cashiers = sheet["cashiers"]
    assert isinstance(cashiers, list)
    assert [(one["name"], one["work"]) for one in cashiers] == [
        ("anna", {"sales": {"amount": sold, "count": 4}})
    ]


async def test_an_x_report_says_what_waits_for_the_cloud(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        box.shop.weather.sky = Sky(off=True)
        await box.sell(1)
        day = (await x(box))["day"]
        assert isinstance(day, dict)
        assert day["unsent"] >= 1


async def test_a_report_speaks_both_languages(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        chinese = await command("x-report", "--config", box.config)
        english = await command("x-report", "--config", box.config, "--lang", "en")
    assert "X报表（不清零）" in chinese.output
    assert "现金" in chinese.output
    assert "不含练习模式" in chinese.output
    assert "cash ×1" in english.output
    assert not any("\u4e00" <= character <= "\u9fff" for character in english.output)


def test_a_store_that_never_sold_has_no_report(tmp_path: Path) -> None:
    result = edgebox("x-report", "--config", tmp_path / "store.toml")
    assert result.exit_code == 2
    assert "store.toml" in result.output


async def test_a_day_nobody_knows_is_no_day(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        result = await command("x-report", "--day", "2001-01-01", "--config", box.config)
        assert result.exit_code == 1
        assert "fix:" in result.output
        result = await command("x-report", "--day", "yesterday", "--config", box.config)
        assert result.exit_code == 2


# --- Z --------------------------------------------------------------------------------------------


async def test_a_closed_day_is_followed_by_the_next_one(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        closed = report(await command("z-close", "--yes", "--json", "--config", box.config))
        first = days(box)[-1]
        assert closed["day"]["kind"] == "Z"
        assert closed["day"]["business_date"] == first
        fact = facts(box)[-1]
        assert isinstance(fact, DayClosed)
        assert (fact.business_date, fact.totals) == (first, closed["totals"])
        assert fact.unsent == closed["day"]["unsent_at_close"]["count"]

        sold = await box.sell(2)
        assert days(box) == [first, sold["business_date"]]
        assert sold["business_date"] > first
        again = await x(box, "--day", first)
        assert again["totals"] == closed["totals"]
        day = again["day"]
        assert isinstance(day, dict)
        assert day["kind"] == "Z"
        assert day["trade"]["tickets"] == 1
        today = (await x(box))["day"]
        assert isinstance(today, dict)
        assert today["business_date"] == sold["business_date"]
        assert today["trade"]["tickets"] == 1


async def test_each_sale_belongs_to_the_day_that_was_open(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        for number in range(6):
            await box.sell(number)
            if number % 2:
                await command("z-close", "--yes", "--config", box.config)
        open_day = ""
        for fact in facts(box):
            match fact:
                case DayOpened():
                    assert not open_day
                    open_day = fact.business_date
                case DayClosed():
                    assert fact.business_date == open_day
                    open_day = ""
                case SaleMade():
                    assert fact.business_date == open_day
        assert len(days(box)) == len(set(days(box))) == 3
        assert days(box) == sorted(days(box))


async def test_a_day_is_closed_once(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        await command("z-close", "--yes", "--config", box.config)
        before = box.kinds()
        result = await command("z-close", "--yes", "--config", box.config, "--lang", "en")
        assert result.exit_code == 1
        assert "E-DAY-CLOSED" in result.output
        assert box.kinds() == before
        result = await command("x-report", "--config", box.config)
        assert result.exit_code == 1
        assert "--day" in result.output


async def test_what_was_counted_is_set_against_the_books(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1, quantity=2)
        result = await command(
            "z-close", "--counted", "CNY=107.50", "--change-money", "100", "--cashier", "anna",
            "--yes", "--config", box.config, "--lang", "en",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "short" in result.output
        counted = [fact for fact in facts(box) if isinstance(fact, DrawerCounted)]
        assert [(one.account, one.amount) for one in counted[0].counted] == [("cash:pos-1", 10_750)]
        assert (counted[0].change_money, counted[0].cashier) == (10_000, "anna")
        day = (await x(box, "--day", days(box)[0]))["day"]
        assert isinstance(day, dict)
        assert day["tills"][0] == {"account": "cash:pos-1", "expected": 900, "counted": 750}


@pytest.mark.parametrize("counted", ["CNY", "CNY=1,000", "CNY=-5", "CNY=1.234", "till=5"])
async def test_what_is_counted_is_written_plainly(tmp_path: Path, counted: str) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        result = await command("z-close", "--counted", counted, "--yes", "--config", box.config)
        assert result.exit_code == 2
        assert "day_closed.v1" not in box.kinds()


async def test_a_drawer_nobody_used_is_named(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        result = await command(
            "z-close", "--counted", "cash:pos-9=5", "--yes", "--config", box.config
        )
        assert result.exit_code == 1
        assert "E-DRAWER" in result.output
        assert "cash:pos-1" in result.output


async def test_goods_that_are_not_paid_for_keep_a_day_open(tmp_path: Path) -> None:
    async with owned(tmp_path, scanner_url=NOWHERE) as box:
        await box.sell(1)
        lane = box.shop.box.lanes.tills["lane-1"]
        lane.hear(Scan(demo_data.ean(3), "E0"))
        result = await command("z-close", "--yes", "--config", box.config)
        assert result.exit_code == 1
        assert "E-BASKETS-OPEN" in result.output
        assert "lane-1" in result.output
        lane.hear(Scan("EDGE:CANCEL", "C0"))
        result = await command("z-close", "--yes", "--config", box.config)
        assert result.exit_code == 0, result.output


async def test_nobody_closes_a_day_by_accident(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        result = await command("z-close", "--config", box.config)
        assert result.exit_code == 2
        assert "--yes" in result.output
        assert "day_closed.v1" not in box.kinds()


async def test_without_a_box_no_day_is_closed(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        config = box.config
    result = edgebox("z-close", "--yes", "--config", config)
    assert result.exit_code == 1
    assert "edgebox run" in result.output
    assert json.loads(edgebox("x-report", "--json", "--config", config).stdout)["day"]["trade"]


async def test_a_shop_that_never_pauses_closes_its_day(tmp_path: Path) -> None:
    """The report that is put down with the day holds exactly its sales, however busy it is."""
    async with owned(tmp_path) as box:
        await box.sell(0)
        closing = asyncio.create_task(close(box))
        numbers = count(1)

        async def sell() -> None:
            while not closing.done():
                assert (await box.sell(next(numbers)))["status"] == 200

        await asyncio.gather(*(sell() for _ in range(16)))
        closed = report(closing.result())
        day = closed["day"]["business_date"]
        assert closed["day"]["trade"]["tickets"] == sold_on(box, day)
        assert next(numbers) > 16
        again = await x(box, "--day", day)
        assert again["totals"] == closed["totals"]


async def close(box: Owned) -> Result:
    return await command("z-close", "--yes", "--json", "--config", box.config)


def sold_on(box: Owned, day: str) -> int:
    sales = [fact for fact in facts(box) if isinstance(fact, SaleMade)]
    return len([sale for sale in sales if sale.business_date == day])


async def test_sales_that_are_not_durable_yet_are_in_the_report(tmp_path: Path) -> None:
    """More is placed at once than is added to a report on the loop."""
    async with owned(tmp_path) as box:
        await box.sell(0)
        lines = [{"code": demo_data.ean(3), "quantity": "1"}]
        sales = [await box.shop.sale(key(number), lines) for number in range(1, 3 * FEW_PAGES)]
        closing = asyncio.create_task(box.shop.box.office.handle("z_close", b"{}"))
        sold = await asyncio.gather(*(box.shop.ask("sell", sale) for sale in sales))
        assert {answer["status"] for answer in sold} == {200}
        answer = await closing
        assert answer.status == 200, answer
        closed = msgspec.json.decode(answer.body, type=Sheet)
        assert closed.day.trade.tickets == sold_on(box, closed.day.business_date)
        again = sheet_of(read_of(box, closed.day.business_date), box.shop.config.store)
        assert totals(again) == totals(closed)


def read_of(box: Owned, day: str) -> Day:
    found = read_day(box.state / "journal.db", box.shop.config.store, day)
    assert found is not None
    return found
