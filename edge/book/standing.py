"""What the next fact must know of all before it, and how far the book has come."""

import re

import apsw
import msgspec

from edge.book.schema import LAYOUT, TABLES
from edge.journal import GENESIS, Page
from edge.journal.page import find_last
from edge.shop.calendar import plus_days
from edge.shop.facts import DayClosed, DayOpened, Deed, Recovered
from edge.shop.reports.trade import sold

NUMBER = re.compile(r"-([0-9]+)S-[0-9]+$")
"""The end of a receipt's number: its epoch, series S, and its count in there."""


class Standing(msgspec.Struct, frozen=True):
    """What the next fact must know of all facts before it."""

    day: str | None = None
    """The open business day, or None."""
    last_day: str = ""
    """The last day that was opened."""
    receipts: int = 0
    """Receipts given in the current epoch."""
    epoch: int = 0
    sold: int = 0
    """What was ever sold here, less what was taken back, in minor units; not what came back."""
    recovered: int = 0
    """How many facts were lost and came back."""

    def day_on(self, date: str) -> str:
        """Return the business day that a deed belongs to which is done on a date.

        A clock that steps back reopens no day, and one that was closed by hand is over, though
        its date may not be.
        """
        if self.day is not None:
            return max(self.day, date)
        return max(date, plus_days(self.last_day, 1)) if self.last_day else date


class Folded(msgspec.Struct, frozen=True):
    """The last page that the book has taken in: its place and digest."""

    sequence: int = 0
    digest: str = GENESIS


def is_numbered(receipt: str, epoch: int) -> bool:
    """Tell whether a receipt has a number of this epoch.

    After a fork, a page stands in a later epoch than the one its receipt was printed in.
    """
    given = NUMBER.search(receipt)
    return bool(receipt) and (given is None or int(given[1]) >= epoch)


def advance(standing: Standing, page: Page, fact: object) -> Standing:
    """Return the standing after one more fact."""
    if page.epoch != standing.epoch:
        standing = msgspec.structs.replace(standing, epoch=page.epoch, receipts=0)
    match fact:
        case DayOpened():
            return msgspec.structs.replace(
                standing, day=fact.business_date, last_day=fact.business_date
            )
        case DayClosed():
            return msgspec.structs.replace(standing, day=None)
        case Recovered():
            return msgspec.structs.replace(standing, recovered=standing.recovered + 1)
        case Deed():
            numbered, amount = is_numbered(fact.receipt, page.epoch), sold(fact)
            if not (numbered or amount):
                return standing
            return msgspec.structs.replace(
                standing, receipts=standing.receipts + numbered, sold=standing.sold + amount
            )
        case _:
            return standing


def read_standing(db: apsw.Connection) -> Standing:
    """Return the standing as of the last durable fact."""
    text = _read(db, "standing")
    return msgspec.json.decode(text, type=Standing) if text else Standing()


def write_standing(cursor: apsw.Cursor, standing: Standing) -> None:
    """Keep a new standing."""
    _write(cursor, "standing", msgspec.json.encode(standing).decode())


def read_folded(db: apsw.Connection) -> Folded:
    """Return how far the book has come."""
    text = _read(db, "folded")
    return msgspec.json.decode(text, type=Folded) if text else Folded()


def write_folded(cursor: apsw.Cursor, folded: Folded) -> None:
    """Keep how far the book has come."""
    _write(cursor, "folded", f'{{"sequence":{folded.sequence},"digest":"{folded.digest}"}}')


def read_layout(db: apsw.Connection) -> int:
    """Return the layout of a book that is whole; 0 for one that is not, or not yet."""
    text = _read(db, "layout")
    return int(text) if text else 0


def write_layout(cursor: apsw.Cursor) -> None:
    """Say that the book is whole, and of this layout."""
    _write(cursor, "layout", str(LAYOUT))


def has_tables(db: apsw.Connection) -> bool:
    """Tell whether all tables of the book are there."""
    names = {str(name) for (name,) in db.execute("select name from sqlite_schema")}
    return names.issuperset(TABLES)


def unfit(db: apsw.Connection) -> str:
    """Return why the book cannot be used as it is, "" if it can: a cheap check, for every start.

    It has this layout and is whole, and it ends with the journal's last page.
    """
    end = find_last(db)
    if not end.sequence:
        return ""
    if not has_tables(db):
        return "there is no book of this layout yet"
    if (layout := read_layout(db)) != LAYOUT:
        return f"its layout is {layout}, not {LAYOUT}" if layout else "it is not whole"
    folded = read_folded(db)
    if folded != Folded(end.sequence, end.digest):
        return f"it ends with page {folded.sequence}, the journal with page {end.sequence}"
    return ""


def _read(db: apsw.Connection, name: str) -> str:
    row = db.execute("select value from standing where name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""


def _write(cursor: apsw.Cursor, name: str, value: str) -> None:
    cursor.execute(
        "insert into standing values(?, ?) on conflict(name) do update set value = excluded.value",
        (name, value),
    )
