"""Are the books right? Every page resealed, every deed audited, every total compared.

A daemon may be selling meanwhile: only the last pages and the totals are read in one snapshot.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import TypeVar

import apsw
import msgspec

from edge import letters
from edge.book import Account, Standing, advance, members, read_standing
from edge.journal import GENESIS, Page, connect, pages
from edge.shop.accounts.lots import Held, Lot
from edge.shop.facts import Deed, SaleMade
from edge.shop.reports.audit import after, imbalances

K = TypeVar("K")
V = TypeVar("V")

PAGES_AT_ONCE = 1_000
FINDINGS_MAX = 100


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong. `sequence` is the page it was seen at, None for a total."""

    what: str
    sequence: int | None = None


class Report(msgspec.Struct, frozen=True):
    """What a check of the books found. `findings` holds the first hundred."""

    books_agree: bool
    facts: int
    sales: int
    epoch: int
    head: str
    acknowledged: int
    waiting: int
    findings: tuple[Finding, ...]


class _Refold:
    """The book once more, from nothing but the pages."""

    def __init__(self) -> None:
        self.previous = GENESIS
        self.standing = Standing()
        self.members: dict[Account, int] = defaultdict(int)
        self.entries: dict[tuple[str, str, int], tuple[int, int]] = {}
        self.lots: dict[str, Held] = {}
        self.facts = self.sales = 0

    def take(self, page: Page) -> Iterator[str]:
        """Add one page; say what is wrong with it."""
        self.facts += 1
        if page.sequence != self.facts:
            yield f"page {self.facts} is missing"
            self.facts = page.sequence
        try:
            if page.sealed_after(self.previous) != page.digest:
                yield "the page, or the one before it, was changed after it was written"
            self.previous = page.digest
            fact = letters.read(page.body)
        except (msgspec.MsgspecError, UnicodeError, TypeError) as error:
            yield f"the page holds no fact: {error}"
            return
        if letters.write(fact)[0] != page.kind:
            yield f"the page says {page.kind} and holds something else"
        self.standing = advance(self.standing, page, fact)
        if isinstance(fact, Deed):
            self.sales += isinstance(fact, SaleMade)
            yield from self._deed(page, fact)

    def _deed(self, page: Page, deed: Deed) -> Iterator[str]:
        yield from imbalances(deed, self.lots)
        for name, held in after(deed, self.lots).items():
            self.lots[name] = _slim(name, held)
        if deed.receipt and not deed.receipt.endswith(
            f"-{page.epoch}S-{self.standing.receipts:06d}"
        ):
            yield f"receipt {deed.receipt} leaves a gap"
        for (account, unit), amount in members(deed).items():
            self.members[account, unit] += amount
            total = self.members[account, unit]
            self.entries[account, unit, page.sequence] = (amount, total)

    def compare(self, db: apsw.Connection) -> Iterator[str]:
        """Say where the book differs from what the pages add up to."""
        if read_standing(db) != self.standing:
            yield "the book's standing (day, receipt numbers) is not what the pages say"
        entries = {
            (str(account), str(unit), int(sequence)): (int(amount), int(total))
            for account, unit, sequence, amount, total in db.execute(
                "select account, unit, sequence, amount, total from entry"
            )
        }
        yield from _differences("entry", self.entries, entries)


def _slim(name: str, held: Held) -> Held:
    """Return a lot with no more than an audit reads: a journal has as many as it has sales."""
    lot = held.lot
    member, unit, issuer = intern(lot.member), intern(lot.unit), intern(lot.issuer)
    slim = Lot(
        id=name, member=member, unit=unit, issuer=issuer, kind=lot.kind, opened="", active_from=""
    )
    return Held(slim, held.left, held.money)


def verify(path: Path) -> Report:
    """Check the journal and book at `path`. Raises JournalError or apsw.Error if unreadable."""
    db = connect(path, writable=False)
    try:
        return _verify(db)
    finally:
        db.close()


def _verify(db: apsw.Connection) -> Report:
    refold = _Refold()
    findings = _Findings()
    # Most pages are read without a snapshot, which would keep a busy box from tidying its log.
    while _read_on(db, refold, findings) == PAGES_AT_ONCE:
        pass
    db.execute("begin")
    while _read_on(db, refold, findings):
        pass
    try:
        for what in refold.compare(db):
            findings.add(what)
    except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError) as error:
        findings.add(f"the book cannot be read: {error}")
    acknowledged = _acknowledged(db)
    db.execute("commit")
    for what in _unsound(db):
        findings.add(what)
    if acknowledged > refold.facts:
        findings.add("the cloud's bookmark is beyond the journal's end")
    return Report(
        books_agree=not findings.first,
        facts=refold.facts,
        sales=refold.sales,
        epoch=refold.standing.epoch,
        head=refold.previous,
        acknowledged=acknowledged,
        waiting=max(0, refold.facts - acknowledged),
        findings=tuple(findings.first),
    )


class _Findings:
    """The first hundred things that are wrong; the rest is as wrong, and no news."""

    def __init__(self) -> None:
        self.first: list[Finding] = []

    def add(self, what: str, sequence: int | None = None) -> None:
        """Note one more."""
        if len(self.first) < FINDINGS_MAX:
            self.first.append(Finding(what, sequence))


def _read_on(db: apsw.Connection, refold: _Refold, findings: _Findings) -> int:
    """Take some pages after the last one taken; return how many rows there were."""
    after = refold.facts
    try:
        some = pages(db, after, PAGES_AT_ONCE)
    except UnicodeError:
        return _read_damaged(db, refold, findings)
    for page in some:
        for what in refold.take(page):
            findings.add(what, page.sequence)
    return len(some)


def _read_damaged(db: apsw.Connection, refold: _Refold, findings: _Findings) -> int:
    """Take pages one by one, up to and over the first that is not even text."""
    while True:
        after = refold.facts
        try:
            some = pages(db, after, 1)
        except UnicodeError:
            row = db.execute(
                "select sequence from page where sequence > ? order by sequence", (after,)
            ).fetchone()
            refold.facts = int(row[0]) if row else after + 1
            findings.add("the page holds bytes that are no text", refold.facts)
            return PAGES_AT_ONCE
        for page in some:
            for what in refold.take(page):
                findings.add(what, page.sequence)


def _acknowledged(db: apsw.Connection) -> int:
    row = db.execute("select sequence from bookmark where name = 'cloud'").fetchone()
    return int(row[0]) if row else 0


def _unsound(db: apsw.Connection) -> Iterator[str]:
    """Say what SQLite itself finds wrong: with the index of keys, one key could act twice."""
    for (said,) in db.execute(f"pragma integrity_check({FINDINGS_MAX})"):
        if said != "ok":
            yield f"the file: {said}"


def _differences(name: str, expected: Mapping[K, V], found: Mapping[K, V]) -> Iterator[str]:
    for key in expected.keys() | found.keys():
        if expected.get(key) != found.get(key):
            yield f"{name} {key}: the book has {found.get(key)}, the pages say {expected.get(key)}"
