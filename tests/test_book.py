"""The book of a running box: decided and durable facts are counted once each, at a bounded cost."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import apsw
import msgspec
import pytest

from cloud_bridge.contract import Envelope
from edge.book import Book
from edge.book.schema import MILESTONE_PAGES, TABLES
from edge.book.unsent import read_unsent
from edge.journal import Draft, Journal, Page, connect, pages
from edge.letters import read, recovered, write
from edge.nightly import Nightly, seconds_until
from edge.shop.facts import DayOpened, Fact, Recovered, SaleMade
from edge.shop.ledger import POINTS
from edge.shop.reports.tally import unsent
from edge.shop.sale import RuleUse
from edge.writer import ThreadWriter
from simulators import demo_data
from tests import big_journal
from tests.bench.statements import Statement, watch
from tests.stand import stand
from tests.test_desk_rude import key

CARD = {"kind": "card", "text": demo_data.card_number(1)}
LIMITED: dict[str, Any] = {
    "kind": "amount_off", "id": "once", "name_zh": "限量", "name_en": "Once", "stage": 4,
    "amount": 100, "limits": [{"max": 1, "of": "uses", "per": "total"}],
}  # fmt: skip


def limited() -> dict[str, Any]:
    made = demo_data.bundle("s1")
    return {**made, "rules": [*made["rules"], LIMITED]}


# --- decided, durable, and neither twice ----------------------------------------------------------


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> list[SaleMade]:
    """Return some sales to few members."""
    path = tmp_path_factory.mktemp("sales") / "journal.db"
    big_journal.write(path, 300, members=3)
    db = connect(path, writable=False)
    facts = [read(page.body) for page in pages(db, 0)]
    db.close()
    return [fact for fact in facts if isinstance(fact, SaleMade) and fact.member]


def place(journal: Journal, number: int, fact: SaleMade) -> "asyncio.Future[None]":
    body = write(fact)[1]
    draft = Draft("pos-1", f"key-{number}", "00" * 32, "sale.v1", body)
    return journal.place(draft, fact, number)[1]


def known(book: Book, sales: list[SaleMade]) -> dict[str, Any]:
    """Return all that the book says of these sales and their members."""
    members = {sale.member or "" for sale in sales}
    return {
        "holdings": {name: dict(book.holdings(name).lots) for name in members},
        "points": {name: book.gained(f"member:{name}", POINTS, 0) for name in members},
        "purchases": {name: book.purchases(name) for name in members},
        "trail": {sale.sale: book.sale(sale.sale) for sale in sales},
    }


async def test_what_the_file_holds_before_the_loop_knows_is_counted_once(
    sales: list[SaleMade], tmp_path: Path
) -> None:
    path = tmp_path / "journal.db"
    book = Book()
    journal = Journal(path, book, ThreadWriter())
    durable = [place(journal, number, sale) for number, sale in enumerate(sales)]
    decided = known(book, sales)
    assert decided["trail"] == {sale.sale: sale for sale in sales}
    assert sum(decided["purchases"].values()) == len(sales)
    await asyncio.sleep(0)  # the writer is given what this turn of the loop has placed
    reader = connect(path, writable=False)
    while not reader.execute("select 1 from page where sequence = ?", (len(sales),)).fetchone():
        pass  # the loop stands still: the writer has committed, and nobody here knows it yet
    reader.close()
    assert known(book, sales) == decided
    await asyncio.gather(*durable)
    assert known(book, sales) == decided
    await journal.close()
    again = Book()
    journal = Journal(path, again, ThreadWriter())
    assert known(again, sales) == decided
    await journal.close()


async def test_counters_of_a_day_go_when_a_later_one_opens(
    sales: list[SaleMade], tmp_path: Path
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, Book(), ThreadWriter())
    use = RuleUse(rule="r", times=1, units=2, amount=30)
    for number, sale in enumerate(sales[:2]):
        day = f"2026-11-{22 + number}"
        changed = {"uses": (use,), "business_date": day, "member": "m"}
        fact = msgspec.structs.replace(sale, **changed)
        opened = DayOpened(business_date=day)
        journal.place(Draft("box", f"day-{number}", "", *write(opened)), opened, 1)
        place(journal, number, fact)
    await journal.close()
    db = connect(path, writable=False)
    rows = db.execute("select per, day, uses, units, amount from counter where rule = 'r'")
    counted = {str(row[0]): row[1:] for row in rows}
    db.close()
    one, both = (1, 2, 30), (2, 4, 60)
    assert {per: row[1:] for per, row in counted.items()} == {
        "day": one, "member_day": one, "member": both, "store": both, "total": both,
    }  # fmt: skip
    assert {row[0] for row in counted.values()} == {"", "2026-11-23"}


# --- what the cloud does not know -----------------------------------------------------------------


def came_back(page: Page) -> Recovered:
    envelope = Envelope(
        sequence=page.sequence, epoch=page.epoch, at=page.at, origin=page.origin, key=page.key,
        content=page.content, kind=page.kind, body=msgspec.Raw(page.body), answer="",
        previous="", hash=page.digest,
    )  # fmt: skip
    return recovered(envelope)


async def test_what_is_unsent_is_told_for_each_place_the_cloud_may_have_come_to(
    tmp_path: Path,
) -> None:
    big_journal.write(tmp_path / "other.db", 2 * MILESTONE_PAGES + 50)
    with closing(connect(tmp_path / "other.db", writable=False)) as db:
        other = pages(db, 0)
    path, book = tmp_path / "journal.db", Book()
    journal = Journal(path, book, ThreadWriter())
    facts: list[Fact] = []
    for page in other:
        fact = came_back(page) if page.sequence % 3 == 0 else read(page.body)
        facts.append(fact)
        _, durable = journal.place(Draft("pos-1", page.key, "", *write(fact)), fact, page.at)
        if page.sequence == 2 * MILESTONE_PAGES + 10:
            await durable
    for acknowledged in range(journal.committed + 1):
        assert book.unsent(len(facts), acknowledged) == unsent(facts[acknowledged:])
    assert len(facts) > journal.committed > 2 * MILESTONE_PAGES, "some is decided and not durable"
    await journal.close()
    with closing(connect(path, writable=False)) as db:
        assert read_unsent(db) == unsent(facts)


# --- what a sale costs ----------------------------------------------------------------------------


async def test_a_sale_costs_as_many_statements_at_the_end_of_a_day_as_at_its_begin(
    tmp_path: Path,
) -> None:
    with watch() as seen:
        async with stand(tmp_path, bundle=limited()) as shop:
            costs = [await cost(shop, seen.seen, number) for number in range(40)]
            assert max(costs[1:]) <= 22, "what the cloud has counted meanwhile makes two more"
            book_reads = {
                each.sql for each in seen.seen if is_of_the_book(each) and not each.writes
            }
    assert len(book_reads) > 4
    db = connect(tmp_path / "state" / "journal.db", writable=False)
    for sql in book_reads:
        assert not [*scans(db, sql)], sql
    db.close()


async def cost(shop: Any, seen: list[Statement], number: int) -> int:
    """Sell once; return how many statements that took on the journal's file."""
    lines = [{"code": demo_data.ean(1 + number % 2), "quantity": "1"}]
    before = len(seen)
    sold = await shop.ask("sell", await shop.sale(key(number), lines, CARD))
    assert sold["status"] == 200, sold
    ours = [each for each in seen[before:] if each.file == "journal.db"]
    return len([each for each in ours if is_of_the_book(each)])


def is_of_the_book(each: Statement) -> bool:
    return any(f" {table}" in each.sql for table in TABLES)


def scans(db: apsw.Connection, sql: str) -> Iterator[str]:
    """Yield each step of a statement's plan that reads a whole table."""
    for *_, step in db.execute(f"explain query plan {sql}", (None,) * sql.count("?")):
        if str(step).startswith("SCAN") and "VIRTUAL TABLE" not in str(step):
            yield str(step)


# --- limits are counted ---------------------------------------------------------------------------


async def test_the_last_use_of_a_limit_is_sold_once(tmp_path: Path) -> None:
    """Both were quoted while it was there; the second must agree to another price."""
    lines = [{"code": demo_data.ean(3), "quantity": "1"}]
    async with stand(tmp_path, bundle=limited()) as shop:
        first, second = [await shop.sale(key(number), lines) for number in (1, 2)]
        assert first["expected_total"] == second["expected_total"]
        sold, refused = await asyncio.gather(shop.ask("sell", first), shop.ask("sell", second))
        assert (sold["status"], refused["code"]) == (200, "E-PRICE-CHANGED")
        again = await shop.sale(key(3), lines)
        assert again["expected_total"] == first["expected_total"] + 100
        assert (await shop.ask("sell", again))["status"] == 200


async def test_a_limit_stays_used_up_after_a_restart(tmp_path: Path) -> None:
    lines = [{"code": demo_data.ean(3), "quantity": "1"}]
    totals = []
    for number in (1, 2):
        async with stand(tmp_path, bundle=limited()) as shop:
            request = await shop.sale(key(number), lines)
            totals.append(request["expected_total"])
            assert (await shop.ask("sell", request))["status"] == 200
    assert totals[1] == totals[0] + 100


# --- every night ----------------------------------------------------------------------------------


def test_the_next_night_is_found_over_summer_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    evening = 1_743_274_800_000  # 2025-03-29 20:00 in Berlin; that night has no 02:30
    assert seconds_until("03:30", berlin, evening) == 6.5 * 3600
    assert seconds_until("20:00", berlin, evening) == 23 * 3600
    assert seconds_until("20:01", berlin, evening) == 60


async def test_a_night_says_whether_the_books_agree(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        lines = [{"code": demo_data.ean(1), "quantity": "1"}]
        await shop.ask("sell", await shop.sale(key(1), lines, CARD))
        assert shop.box.health().books == "unchecked"
        await shop.box.nightly.check()
        health = shop.box.health()
        assert (health.books, health.books_checked) == ("agree", health.sequence)
        path = tmp_path / "state" / "journal.db"
        db = connect(path, writable=True)
        db.execute("update lot set amount = amount + 1")
        db.close()
        await shop.box.nightly.check()
        assert shop.box.health().books == "disagree"


async def test_a_file_that_cannot_be_read_is_no_agreement(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"no database" * 100)
    nightly = Nightly(path, "03:30", ZoneInfo("UTC"), lambda: 0)
    await nightly.check()
    assert nightly.books == "disagree"
