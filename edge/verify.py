"""Are the books right? Every page resealed, every fact re-added, every total compared.

Reads one consistent snapshot; a daemon may be selling meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import apsw
import msgspec

from edge import letters
from edge.book import MEMBER, Account, Standing, advance, postings, read_standing, sums
from edge.journal import GENESIS, Page, connect, pages
from edge.shop.facts import SaleMade
from edge.shop.ledger import balanced

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
        self.house: dict[tuple[str, str, str], int] = defaultdict(int)
        self.entries: dict[tuple[str, str, int], tuple[int, int]] = {}
        self.facts = self.sales = 0

    def take(self, page: Page) -> Iterator[str]:
        """Add one page; say what is wrong with it."""
        self.facts += 1
        if page.sequence != self.facts:
            yield f"page {self.facts} is missing"
            self.facts = page.sequence
        if page.sealed_after(self.previous) != page.digest:
            yield "the page, or the one before it, was changed after it was written"
        self.previous = page.digest
        try:
            fact = letters.read(page.body)
        except msgspec.DecodeError as error:
            yield f"the page holds no fact: {error}"
            return
        if letters.write(fact)[0] != page.kind:
            yield f"the page says {page.kind} and holds something else"
        self.standing = advance(self.standing, page, fact)
        if isinstance(fact, SaleMade):
            yield from self._sale(page, fact)

    def _sale(self, page: Page, sale: SaleMade) -> Iterator[str]:
        self.sales += 1
        if not balanced(sale.postings):
            yield "the sale's postings do not sum to zero"
        if not sale.receipt.endswith(f"-{page.epoch}S-{self.standing.receipts:06d}"):
            yield f"receipt {sale.receipt} leaves a gap"
        for (account, unit), amount in sums(postings(sale)).items():
            if account.startswith(MEMBER):
                self.members[account, unit] += amount
                total = self.members[account, unit]
                self.entries[account, unit, page.sequence] = (amount, total)
            else:
                self.house[sale.business_date, account, unit] += amount

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
        house = {
            (str(date), str(account), str(unit)): int(total)
            for date, account, unit, total in db.execute(
                "select business_date, account, unit, total from house"
            )
        }
        yield from _differences("entry", self.entries, entries)
        yield from _differences("total", self.house, house)


def verify(path: Path) -> Report:
    """Check the journal and book at `path`. Raises JournalError or apsw.Error if unreadable."""
    db = connect(path, writable=False)
    db.execute("begin")  # one snapshot, whatever is written meanwhile
    try:
        return _verify(db)
    finally:
        db.close()


def _verify(db: apsw.Connection) -> Report:
    refold, findings = _Refold(), list[Finding]()
    after = 0
    while some := pages(db, after, PAGES_AT_ONCE):
        for page in some:
            findings += [Finding(what, page.sequence) for what in refold.take(page)]
        after = some[-1].sequence
    findings += [Finding(what) for what in refold.compare(db)]
    row = db.execute("select sequence from bookmark where name = 'cloud'").fetchone()
    acknowledged = int(row[0]) if row else 0
    if acknowledged > after:
        findings.append(Finding("the cloud's bookmark is beyond the journal's end"))
    return Report(
        books_agree=not findings,
        facts=refold.facts,
        sales=refold.sales,
        epoch=refold.standing.epoch,
        head=refold.previous,
        acknowledged=acknowledged,
        waiting=max(0, after - acknowledged),
        findings=tuple(findings[:FINDINGS_MAX]),
    )


def _differences(name: str, expected: Mapping[K, V], found: Mapping[K, V]) -> Iterator[str]:
    for key in expected.keys() | found.keys():
        if expected.get(key) != found.get(key):
            yield f"{name} {key}: the book has {found.get(key)}, the pages say {expected.get(key)}"
