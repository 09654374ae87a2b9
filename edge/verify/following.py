"""The pages once more, some at a time: each resealed and audited, each entry and trail compared."""

from collections.abc import Iterator, Sequence
from functools import partial

import apsw
import msgspec

from edge.book import Standing, advance
from edge.book.changes import Changes, changes, itself
from edge.book.schema import MILESTONE_PAGES
from edge.book.skimming import skim
from edge.book.standing import is_numbered
from edge.book.tables import sale_of
from edge.journal import GENESIS, Page
from edge.shop.facts import Deed, Recovered, Relocated, SaleMade
from edge.shop.reports.audit import Moving, imbalances, misplaced
from edge.verify.report import Findings
from edge.verify.shadow import Shadow

Rows = set[tuple[object, ...]]

ENTRIES = "select sequence, account, unit, amount from entry where sequence > ? and sequence <= ?"
TRAIL = "select sequence, topic, subject, kind from trail where sequence > ? and sequence <= ?"
MILESTONES = "select sequence, sold, recovered from milestone where sequence > ? and sequence <= ?"
UNREADABLE = (msgspec.MsgspecError, UnicodeError, TypeError, ValueError, OverflowError)
"""What damaged bytes make of reading them."""


class Following:
    """Takes pages in order. `shadow` is None if there is no book to compare with."""

    def __init__(self, db: apsw.Connection, shadow: Shadow | None, findings: Findings) -> None:
        self._db, self._shadow, self._findings = db, shadow, findings
        self._sale_of = partial(sale_of, db)
        self.previous = GENESIS
        self.standing = Standing()
        self.facts = self.sales = 0
        self._compared = -(1 << 62)
        self._entries: Rows = set()
        self._trail: Rows = set()
        self._milestones: Rows = set()

    def take(self, pages: Sequence[Page]) -> None:
        """Take pages that follow the last ones taken."""
        found = [(page, self._opened(page)) for page in pages]
        if self._shadow is not None:
            self._shadow.fetch({lot for _, fact in found for lot in _known_before(fact)})
        for page, fact in found:
            if fact is not None:
                self._follow(page, fact)
        if self._shadow is not None and pages:
            self._shadow.put_away()
            self.compare(pages[-1].sequence)

    def skip(self, sequence: int) -> None:
        """Leave out a page of which nothing can be read."""
        self._findings.add("the page holds bytes that are no text", sequence)
        self.facts = sequence

    def _opened(self, page: Page) -> object:
        """Return the fact of a page, None if it holds none; note what is wrong with the page."""
        self.facts += 1
        say = partial(self._findings.add, sequence=page.sequence)
        if page.sequence != self.facts:
            say(f"page {self.facts} is missing")
            self.facts = page.sequence
        try:
            if page.sealed_after(self.previous) != page.digest:
                say("the page, or the one before it, was changed after it was written")
            self.previous = page.digest
            kind, fact = skim(page)
        except UNREADABLE as error:
            say(f"the page holds no fact: {error}")
            return None
        if kind != page.kind:
            say(f"the page says {page.kind} and holds something else")
        return fact

    def _follow(self, page: Page, fact: object) -> None:
        self.standing = advance(self.standing, page, fact)
        if isinstance(fact, Deed):
            self.sales += isinstance(fact, SaleMade)
            for what in self._audited(page, fact):
                self._findings.add(what, page.sequence)
        if self._shadow is not None:
            made, mover = changes(page, fact, self._sale_of), _mover(fact)
            if isinstance(mover, Relocated):
                came_back = isinstance(fact, Recovered)
                for what in misplaced(mover, self._shadow.lots, came_back=came_back):
                    self._findings.add(what, page.sequence)
            if mover is not None:
                self._shadow.move(mover, page.sequence)
            self._shadow.count(made, page.sequence)
            self._expect(made, page.sequence)
            if page.sequence % MILESTONE_PAGES == 0:
                passed = page.sequence, self.standing.sold, self.standing.recovered
                self._milestones.add(passed)

    def _audited(self, page: Page, deed: Deed) -> Iterator[str]:
        if self._shadow is not None:
            yield from imbalances(deed, self._shadow.lots)
        due = f"-{page.epoch}S-{self.standing.receipts:06d}"
        if not deed.receipt.endswith(due) and is_numbered(deed.receipt, page.epoch):
            yield f"receipt {deed.receipt} leaves a gap"

    def _expect(self, made: Changes, sequence: int) -> None:
        for (account, unit), amount in made.entries.items():
            self._entries.add((sequence, account, unit, amount))
        for topic, subject in made.about:
            self._trail.add((sequence, topic, subject, made.kind))

    def compare(self, until: int) -> None:
        """Compare what the book has of the pages up to `until` with what they say."""
        span = self._compared, until
        for name, asked, expected in (
            ("entry", ENTRIES, self._entries),
            ("trail", TRAIL, self._trail),
            ("milestone", MILESTONES, self._milestones),
        ):
            try:
                found: Rows = {*self._db.execute(asked, span)}
            except UnicodeError:
                self._findings.add(f"the book's {name} holds bytes that are no text", until)
                found = set(expected)
            for row in found ^ expected if found != expected else ():
                has = "the book has" if row in found else "the book lacks"
                sequence = row[0] if isinstance(row[0], int) else until
                self._findings.add(f"{name}: {has} {row[1:]}", sequence)
            expected.clear()
        self._compared = until

    def differences(self) -> Iterator[tuple[str, int]]:
        """Yield where lots and counters differ."""
        if self._shadow is not None:
            yield from self._shadow.differences()


def _mover(fact: object) -> Moving | None:
    """Return what moves lots: a deed, or a lease that came or went; None for anything else."""
    if isinstance(fact, Recovered) and isinstance(inner := itself(fact), Relocated):
        return inner
    return fact if isinstance(fact, Deed | Relocated) else None


def _known_before(fact: object) -> Iterator[str]:
    """Yield the lots that a fact moves and that others may have moved before."""
    mover, came_back = _mover(fact), isinstance(fact, Recovered)
    for move in mover.moves if mover is not None else ():
        if move.opens is None or came_back:
            yield move.lot


def totals(db: apsw.Connection, until: int) -> Iterator[tuple[str, int]]:
    """Yield each entry up to the page `until` whose total is not the one before it and its amount.

    They are read account by account, some at a time, so that nothing waits for this.
    """
    account, unit, total = "", "", 0
    after: tuple[str, str, int] = "", "", -(1 << 62)
    while True:
        rows = db.execute(
            "select account, unit, sequence, amount, total from entry"
            " where (account, unit, sequence) > (?, ?, ?) order by account, unit, sequence"
            " limit 10000",
            after,
        ).fetchall()
        for row in rows:
            if (row[0], row[1]) != (account, unit):
                account, unit, total = str(row[0]), str(row[1]), 0
            sequence, amount, found = int(row[2] or 0), int(row[3] or 0), int(row[4] or 0)
            if sequence <= until and found != total + amount:
                yield f"entry {account} {unit}: total {found}, not {total + amount}", sequence
            total = found
            after = account, unit, sequence
        if len(rows) < 10_000:
            return
