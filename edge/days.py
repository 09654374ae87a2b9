"""Business days out of the journal's file, for reports: also while the box is selling."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import msgspec

from edge import letters
from edge.config import Store
from edge.journal import CLOUD, Page, connect, pages
from edge.shop.calendar import moment
from edge.shop.facts import (
    CloudReached,
    DayClosed,
    DayOpened,
    Deed,
    DrawerCounted,
    Fact,
    KeyFenced,
    OpeningBalance,
    Recovered,
    RequestRefused,
)
from edge.shop.reports.day import Amounts, unsent
from edge.shop.reports.entry import Entry
from edge.shop.reports.sheet import Sheet, sheet

PAGES_AT_ONCE = 500
UNREPORTED = {
    letters.KINDS[kind] for kind in (OpeningBalance, RequestRefused, KeyFenced, CloudReached)
}
"""Kinds that no report of a day counts, and of which there may be very many."""
EXPONENT = 2
"""Of a day on which nothing names one: all its amounts are zero."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One business day as the journal has it up to the fact at `sequence`.

    `totals` is the digest it was closed with, "" if nobody closed it by hand.
    """

    business_date: str
    entries: tuple[Entry, ...]
    sequence: int
    unsent: int
    totals: str = ""


def read_day(path: Path, store: Store, business_date: str = "") -> Day | None:
    """Return a business day, without a name the last one; None if there is no such day.

    Reads the file without holding anybody up. Raises JournalError or apsw.Error if unreadable.
    """
    db = connect(path, writable=False)
    try:
        db.execute("begin")
        found = _find(db, business_date)
        if found is None and not _late(db, business_date, range(0)):
            return None
        date, first, end = found or (business_date, 0, 0)
        return _read(db, store, date, range(first, end))
    finally:
        db.close()


def sheet_of(day: Day, store: Store, counts: Sequence[DrawerCounted] = ()) -> Sheet:
    """Return the sheet of a day, `counts` of its drawers included that are no facts yet."""
    entries = [*day.entries, *(Entry(store.id, count) for count in counts)]
    return sheet(
        entries, day.business_date, {}, unsent=day.unsent, store=store.id,
        currency=store.currency,
        exponent=next((n for e in entries if (n := getattr(e.fact, "exponent", None)) is not None),
                      EXPONENT),
    )  # fmt: skip


def behind(path: Path) -> Amounts:
    """Return how many facts the cloud does not know yet, and what they sold (blocking)."""
    db = connect(path, writable=False)
    try:
        db.execute("begin")
        acknowledged, last = _acknowledged(db), _last(db)
        sold = unsent(fact for _, fact in _facts(db, range(acknowledged + 1, last + 1)))
        return Amounts(last - acknowledged, sold.amount)
    finally:
        db.close()


def _find(db: apsw.Connection, business_date: str) -> tuple[str, int, int] | None:
    """Return a day's date, its first sequence, and that of the next day."""
    end = _last(db) + 1
    opened = db.execute(
        "select sequence, body from page where kind = ? order by sequence desc",
        (letters.KINDS[DayOpened],),
    )
    for sequence, body in opened:
        fact = letters.read(body)
        assert isinstance(fact, DayOpened), "the page's kind says so"
        if business_date in {"", fact.business_date}:
            return fact.business_date, int(sequence), end
        end = int(sequence)
    return None


def _read(db: apsw.Connection, store: Store, date: str, where: range) -> Day:
    entries: list[Entry] = []
    totals = ""
    for at, fact in [*_facts(db, where), *_late(db, date, where)]:
        if isinstance(fact, Deed) and fact.business_date != date:
            continue  # it came back late, and is told with the day it belongs to
        entries.append(Entry(store.id, fact, moment(at, store.zone.key)))
        if isinstance(fact, DayClosed) and fact.business_date == date:
            totals = fact.totals
    last = _last(db)
    return Day(
        business_date=date,
        entries=tuple(entries),
        sequence=last,
        unsent=last - _acknowledged(db),
        totals=totals,
    )


def _facts(db: apsw.Connection, where: range) -> Iterator[tuple[int, Fact]]:
    after = where.start - 1
    while after < where.stop - 1:
        some = pages(db, after, min(PAGES_AT_ONCE, where.stop - 1 - after))
        if not some:
            return
        yield from (_told(page) for page in some if page.kind not in UNREPORTED)
        after = some[-1].sequence


def _late(db: apsw.Connection, date: str, where: range) -> list[tuple[int, Fact]]:
    """Return the deeds of a day that were lost and came back outside its own pages."""
    rows = db.execute(
        "select sequence from trail where topic = 'day' and subject = ? order by sequence", (date,)
    ).fetchall()
    places = [place for (place,) in rows if isinstance(place, int) and place not in where]
    return [_told(page) for place in places for page in pages(db, place - 1, 1)]


def _told(page: Page) -> tuple[int, Fact]:
    """Return when a page's fact happened; a deed that was lost and came back, as it was."""
    fact = letters.read(page.body)
    if isinstance(fact, Recovered):
        lost = letters.read(fact.body.encode())
        if isinstance(lost, Deed):
            return fact.at, lost
    return page.at, fact


def _last(db: apsw.Connection) -> int:
    return int(db.execute("select coalesce(max(sequence), 0) from page").get)


def _acknowledged(db: apsw.Connection) -> int:
    row = db.execute("select sequence from bookmark where name = ?", (CLOUD,)).fetchone()
    return int(row[0]) if row else 0
