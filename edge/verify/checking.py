"""One check of the books, from the first page to the last comparison."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter

import apsw

from edge.book.standing import has_tables, read_standing, unfit
from edge.journal import connect, pages
from edge.verify.following import UNREADABLE, Following, totals
from edge.verify.report import FINDINGS_MAX, Findings, Report
from edge.verify.shadow import Shadow

PAGES_AT_ONCE = 1_000
END = 1 << 62
"""No page has a higher place."""

Progress = Callable[[int, int], None]
"""Is told how many pages were checked, and about how many there are."""


Anchor = tuple[int, str]
"""What somebody remembers of a page: its place, and how its digest begins."""


def verify(
    path: Path,
    progress: Progress = lambda _done, _all: None,
    anchors: Sequence[Anchor] = (),
) -> Report:
    """Check the journal and book at `path`, and say what is wrong with it.

    Somebody who writes a whole journal anew, seals and all, leaves no trace in it; `anchors` are
    what others remember of it: a receipt names the page before its own, the cloud and a backup
    name the last. Raises JournalError or apsw.Error if the file cannot even be opened.
    """
    began = perf_counter()
    with closing(connect(path, writable=False)) as db:
        db.execute("select 1 from page limit 1").fetchall()
        return _verify(db, began, progress, anchors)


def _verify(
    db: apsw.Connection, began: float, progress: Progress, anchors: Sequence[Anchor]
) -> Report:
    findings = Findings()
    following = Following(db, Shadow(db) if has_tables(db) else None, findings)
    acknowledged = 0
    try:
        _read(db, following, progress)
        acknowledged = _acknowledged(db)
        db.execute("begin")
        while _read_on(db, following):
            pass
        for what, sequence in _compared(db, following):
            findings.add(what, sequence)
        db.execute("commit")
        for what, sequence in totals(db, following.facts):
            findings.add(what, sequence)
        for what, sequence in _forgotten(db, anchors):
            findings.add(what, sequence)
        for what in _unsound(db):
            findings.add(what)
    except UNREADABLE as error:
        findings.add(f"the book cannot be read: {error}", following.facts)
    except apsw.Error as error:
        findings.add(f"the file cannot be read on: {error}", following.facts + 1)
    if acknowledged > following.facts:
        findings.add("the cloud's bookmark is beyond the journal's end", following.facts)
    return Report(
        books_agree=not findings.first,
        facts=following.facts,
        sales=following.sales,
        epoch=following.standing.epoch,
        head=following.previous,
        acknowledged=acknowledged,
        waiting=max(0, following.facts - acknowledged),
        findings=tuple(findings.first),
        facts_per_second=round(following.facts / max(perf_counter() - began, 1e-6)),
    )


def _read(db: apsw.Connection, following: Following, progress: Progress) -> None:
    """Read most pages without a snapshot, which would keep a busy box from tidying its log."""
    while True:
        last = db.execute("select max(sequence) from page").fetchone()
        progress(following.facts, int(last[0] or 0) if last else 0)
        if _read_on(db, following) < PAGES_AT_ONCE:
            return


def _compared(db: apsw.Connection, following: Following) -> Iterator[tuple[str, int]]:
    """Say where the book differs from what the pages add up to."""
    end = following.facts
    if reason := unfit(db):
        yield f"the book is no use: {reason}", end
    if not has_tables(db):
        return
    if read_standing(db) != following.standing:
        yield "the book's standing (day, receipt numbers) is not what the pages say", end
    following.compare(END)
    yield from following.differences()


def _read_on(db: apsw.Connection, following: Following) -> int:
    """Take some pages after the last one taken; return how many rows there were."""
    try:
        some = pages(db, following.facts, PAGES_AT_ONCE)
    except UnicodeError:
        return _read_damaged(db, following)
    following.take(some)
    return len(some)


def _read_damaged(db: apsw.Connection, following: Following) -> int:
    """Take pages one by one, up to and over the first that is not even text."""
    while True:
        after = following.facts
        try:
            some = pages(db, after, 1)
        except UnicodeError:
            row = db.execute(
                "select sequence from page where sequence > ? order by sequence", (after,)
            ).fetchone()
            following.skip(int(row[0]) if row else after + 1)
            return PAGES_AT_ONCE
        following.take(some)


def _acknowledged(db: apsw.Connection) -> int:
    row = db.execute("select sequence from bookmark where name = 'cloud'").fetchone()
    return int(row[0]) if row else 0


def _forgotten(db: apsw.Connection, anchors: Sequence[Anchor]) -> Iterator[tuple[str, int]]:
    """Say which pages that somebody remembers are not there, or are others."""
    for sequence, digest in anchors:
        row = db.execute("select digest from page where sequence = ?", (sequence,)).fetchone()
        if row is None:
            yield f"a page that somebody remembers as {digest} is not there", sequence
        elif not str(row[0]).startswith(digest):
            yield f"the page is not the one that somebody remembers as {digest}", sequence


def _unsound(db: apsw.Connection) -> Iterator[str]:
    """Say what SQLite itself finds wrong: with the index of keys, one key could act twice."""
    for (said,) in db.execute(f"pragma main.integrity_check({FINDINGS_MAX})"):
        if said != "ok":
            yield f"the file: {said}"
