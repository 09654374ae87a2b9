"""What happened at the tills of late, for the watches against fraud to count."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from edge import letters
from edge.journal import Journal, Page
from edge.shop.accounts.fraud import MINUTE_MS, FraudRules, Happening, Operation
from edge.shop.facts import (
    Deed,
    Fact,
    MemberEnrolled,
    ReturnMade,
    SaleMade,
    SaleVoided,
    ToppedUp,
    TopUpCancelled,
)

PAGES_MAX = 20_000
"""How far back it is looked at the most: the first look after a start must not hold up the till."""
PAGES_AT_ONCE = 500


class _Kind(NamedTuple):
    operation: Operation
    amount: str


KINDS: dict[type[Fact], _Kind] = {
    SaleMade: _Kind("sell", "total"),
    ReturnMade: _Kind("return", "total"),
    SaleVoided: _Kind("void", "total"),
    ToppedUp: _Kind("top_up", "amount"),
    TopUpCancelled: _Kind("cancel_top_up", "refund"),
    MemberEnrolled: _Kind("enrol", ""),
}
"""What each kind of deed is to the watches, and where it says its amount."""
_LETTERS = {letters.KINDS[kind] for kind in KINDS}


class Watching:
    """Reads along in the journal, as far back as the watches in force look."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read = -1
        self._seen: deque[Happening] = deque()

    def recent(self, rules: FraudRules, now: int) -> Sequence[Happening]:
        """Return what happened within the longest window of the watches; durable facts alone."""
        minutes = max((getattr(watch, "minutes", 0) for watch in rules.watches), default=0)
        since = now - minutes * MINUTE_MS
        if self._read < 0:
            self._read = self._before(since)
        while pages := self._journal.after(self._read, PAGES_AT_ONCE):
            self._seen += [one for page in pages if (one := _happened(page)) is not None]
            self._read = pages[-1].sequence
        while self._seen and self._seen[0].at_ms < since:
            self._seen.popleft()
        return self._seen

    def _before(self, since: int) -> int:
        """Return the last page before a time (ms since 1970 UTC); times never fall."""
        last = self._journal.committed
        pages = range(max(0, last - PAGES_MAX) + 1, last + 1)
        found = bisect_right(pages, since, key=lambda at: self._journal.after(at - 1, 1)[0].at)
        return pages.start - 1 + found


def _happened(page: Page) -> Happening | None:
    if page.kind not in _LETTERS:
        return None
    fact = letters.read(page.body)
    if not isinstance(fact, Deed):
        return None
    kind = KINDS[type(fact)]
    return Happening(
        at_ms=page.at, operation=kind.operation, terminal=fact.terminal, cashier=fact.cashier,
        member=fact.member, amount=getattr(fact, kind.amount) if kind.amount else 0,
    )  # fmt: skip
