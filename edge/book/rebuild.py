"""The book made again from the pages: after another layout, after damage, or because asked to.

The pages are read and nothing else. It is done in steps, each durable, and the book says of itself
how far it has come: whoever is interrupted goes on from there, and until the last page is in, the
book does not say that it is whole.
"""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import msgspec
import structlog

from edge.book.book import Book
from edge.book.schema import SCHEMA, TABLES
from edge.book.skimming import skim
from edge.book.standing import has_tables, read_folded, read_layout, unfit, write_layout
from edge.journal import JournalError, Page, connect, lock, pages
from edge.journal.page import find_last
from edge.shop.facts import Fact

PAGES_A_STEP = 1_000

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]
"""Is told how many pages are in, and how many there are."""


def reason_to_rebuild(path: Path) -> str:
    """Return why the book in the journal at `path` cannot be used as it is, "" if it can.

    A cheap check, for every start: its layout, and whether it ends with the last page. Raises
    JournalError or apsw.Error if the file cannot be read.
    """
    if not path.exists() or not path.stat().st_size:
        return ""
    with closing(connect(path, writable=False)) as db:
        try:
            return unfit(db)
        except (apsw.SQLError, ValueError, UnicodeError) as error:
            return f"the book cannot be read: {error}"


def fit(path: Path, zone: str) -> Book:
    """Return a book for the journal at `path`, made again if it cannot be used as it is.

    Asked at every start, before the journal is opened: what is there is as durable as the pages,
    and nothing has to be replayed. `zone` is the programme's. Raises as `rebuild` does, and
    JournalLocked.
    """
    if reason := reason_to_rebuild(path):
        held = lock(path)
        try:
            log.warning("book_rebuilding", journal=path.name, reason=reason)
            facts = rebuild(path, lambda _done, _all: None, afresh=False)
            log.warning("book_rebuilt", journal=path.name, facts=facts)
        finally:
            os.close(held)
    return Book(zone)


def rebuild(path: Path, progress: Progress, *, afresh: bool = True) -> int:
    """Make the book in the journal at `path` again; return how many pages are in it.

    Whoever calls has the journal's lock. Not `afresh` goes on where an interrupted one stopped.
    Raises JournalError, also for a page that holds no fact, or apsw.Error.
    """
    with closing(connect(path, writable=True)) as db:
        if afresh or not has_tables(db) or read_layout(db):
            _empty(db)
        return _fill(db, progress)


def _empty(db: apsw.Connection) -> None:
    with db:
        for table in TABLES:
            db.execute(f"drop table if exists {table}")
        db.execute(SCHEMA)


def _fill(db: apsw.Connection, progress: Progress) -> int:
    """Take page after page in; each step is durable on its own."""
    book, end = Book(), find_last(db).sequence
    book.resumed(db)
    at = read_folded(db).sequence
    while True:
        progress(at, end)
        step = pages(db, at, PAGES_A_STEP)
        with db:
            cursor = db.cursor()
            for page in step:
                book.follow(cursor, page, _fact(page))
                at = page.sequence
            book.followed(cursor)
            if len(step) < PAGES_A_STEP:
                write_layout(cursor)
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if len(step) < PAGES_A_STEP:
            return at


def _fact(page: Page) -> Fact:
    try:
        return skim(page)[1]
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise JournalError(f"page {page.sequence} holds no fact: {error}") from error
