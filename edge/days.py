"""Business days out of the journal's file, for reports: also while the box is selling."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import apsw
import msgspec

from edge import letters
from edge.book.unsent import read_unsent
from edge.config import Store
from edge.journal import Page, connect, pages
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
    SignedOff,
    SignedOn,
)
from edge.shop.reports.entry import Entry
from edge.shop.reports.sheet import Sheet, sheet
from edge.shop.reports.shifts import Shift, Shifts
from edge.shop.reports.tally import Tally

PAGES_AT_ONCE = 500
UNREPORTED = {
    letters.KINDS[kind] for kind in (OpeningBalance, RequestRefused, KeyFenced, CloudReached)
}
"""Kinds that no report of a day counts, and of which there may be very many."""
EXPONENT = 2
"""Of a day on which nothing names one: all its amounts are zero."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One business day as the journal has it up to the fact at `sequence`.

    The cloud did not know `unsent` facts then, of any day.
    """

    tally: Tally
    shifts: Shifts
    sequence: int
    unsent: int

    @classmethod
    def of(cls, business_date: str) -> "Day":
        """Return a day of which nothing is known yet."""
        shifts = Shifts(business_date=business_date)
        return cls(tally=Tally(business_date=business_date), shifts=shifts, sequence=0, unsent=0)

    @property
    def business_date(self) -> str:
        """Which day it is."""
        return self.tally.business_date

    def after(self, entries: Iterable[Entry]) -> "Day":
        """Return the day after these facts, too."""
        told = [*entries]
        return msgspec.structs.replace(
            self, tally=self.tally.after(told), shifts=self.shifts.after(told)
        )


def read_day(path: Path, store: Store, business_date: str = "") -> Day | None:
    """Return a business day, without a name the last one; None if there is no such day.

    Reads the file without holding anybody up. Raises JournalError or apsw.Error if unreadable.
    """
    with closing(connect(path, writable=False)) as db:
        db.execute("begin")
        found = _find(db, business_date)
        if found is None and not _late(db, business_date, range(0)):
            return None
        date, first, end = found or (business_date, 0, 0)
        return _read(db, store, date, range(first, end))


def read_so_far(path: Path, store: Store, business_date: str) -> Day:
    """Return a day that is open, as far as the file has it: perhaps not even its beginning.

    Raises as `read_day` does.
    """
    with closing(connect(path, writable=False)) as db:
        last = _last(db)
    nothing = msgspec.structs.replace(Day.of(business_date), sequence=last)
    return read_day(path, store, business_date) or nothing


def read_on(path: Path, store: Store, day: Day) -> Day:
    """Return the day with all that the file has after it. Raises as `read_day` does."""
    with closing(connect(path, writable=False)) as db:
        for some in _pages(db, range(day.sequence + 1, _last(db) + 1)):
            day = go_on(day, store, some)
    return day


def go_on(day: Day, store: Store, pages: Sequence[Page]) -> Day:
    """Return the day with the pages that follow on those it has."""
    if not pages:
        return day
    told = day.after(_entries(store, map(_told, _reported(pages))))
    return msgspec.structs.replace(told, sequence=pages[-1].sequence)


def sheet_of(day: Day, store: Store, counts: Sequence[DrawerCounted] = ()) -> Sheet:
    """Return the sheet of a day, `counts` of its drawers included that are no facts yet."""
    told = day.after([Entry(store.id, count) for count in counts])
    found = {**told.shifts.found, **told.tally.found}
    tally = msgspec.structs.replace(told.tally, found=found)
    return sheet(
        tally, {}, unsent=day.unsent, store=store.id, currency=store.currency,
        exponent=EXPONENT if tally.exponent is None else tally.exponent,
    )  # fmt: skip


def shifts_of(day: Day, store: Store, counts: Sequence[DrawerCounted] = ()) -> Sequence[Shift]:
    """Return the shifts of a day, `counts` of their drawers included that are no facts yet."""
    return day.shifts.after([Entry(store.id, count) for count in counts]).shifts


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
    day = Day.of(date).after(_entries(store, _signed_on_before(db, where)))
    for some in _pages(db, where):
        day = day.after(_entries(store, map(_told, _reported(some))))
    day = day.after(_entries(store, _late(db, date, where)))
    return msgspec.structs.replace(day, sequence=_last(db), unsent=read_unsent(db).count)


def _signed_on_before(db: apsw.Connection, where: range) -> Sequence[tuple[int, Fact]]:
    """Return who signed on and off between the end of the day before and the beginning of this."""
    closed, *posts = (letters.KINDS[kind] for kind in (DayClosed, SignedOn, SignedOff))
    rows = db.execute(
        "select sequence, kind from page where kind in (?, ?, ?) and sequence < ?"
        " order by sequence desc",
        (closed, *posts, where.start),
    )
    places = [int(place) for place, _ in takewhile(lambda row: row[1] != closed, rows)]
    return [_told(page) for place in reversed(places) for page in pages(db, place - 1, 1)]


def _entries(store: Store, told: Iterable[tuple[int, Fact]]) -> Iterator[Entry]:
    for at, fact in told:
        yield Entry(store.id, fact, moment(at, store.zone.key))


def _pages(db: apsw.Connection, where: range) -> Iterator[Sequence[Page]]:
    after = where.start - 1
    while after < where.stop - 1:
        some = pages(db, after, min(PAGES_AT_ONCE, where.stop - 1 - after))
        if not some:
            return
        yield some
        after = some[-1].sequence


def _reported(pages: Iterable[Page]) -> Iterator[Page]:
    return (page for page in pages if page.kind not in UNREPORTED)


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
