"""The end of a day or a shift: what was sold, and what is really in the drawers.

A report adds up a whole day, so that most of it is done beside the loop. What was placed meanwhile
is added to it until that is little; the rest, the last look, and the facts are one step, so that a
day can be closed in a shop that never pauses.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.book import Book
from edge.config import Store
from edge.days import Day, go_on, read_on, read_so_far, sheet_of, shifts_of
from edge.desk.placing import OURSELVES, Placing
from edge.journal import Journal
from edge.refusals import Refusal
from edge.shop.calendar import moment
from edge.shop.facts import DayClosed, DrawerCounted
from edge.shop.facts.day import Counted
from edge.shop.reports.sheet import Sheet, totals
from edge.shop.reports.shifts import Shift, to_the_minute
from edge.shop.reports.staff import outside
from edge.shop.reports.tally import Amounts

FEW_PAGES = 64
"""So many are added to a report on the loop, which takes about as long as two sales.

With each further round it is twice as many: it ends, however much is sold meanwhile.
"""


class Count(NamedTuple):
    """What somebody found: minor units by account, "" for the only drawer.

    `change_money` was in the drawer in the morning; only where one drawer was counted.
    """

    counted: Mapping[str, int]
    change_money: int = 0
    cashier: str = ""


class Closing(NamedTuple):
    """The sheet of the open day, the facts of what was counted, and the one that closes the day."""

    sheet: Sheet
    counts: Sequence[DrawerCounted]
    fact: DayClosed
    shifts: Sequence[Shift]
    zone: str

    def shift(self, terminal: str, at_ms: int) -> Shift:
        """Return the shift that was counted, which ends as its fact is placed."""
        *_, found = [shift for shift in self.shifts if shift.terminal == terminal]
        return msgspec.structs.replace(found, ends=to_the_minute(moment(at_ms, self.zone)))

    @property
    def closed(self) -> Sheet:
        """The sheet as it is once the day is closed."""
        unsent = Amounts(self.fact.unsent, self.fact.unsent_amount)
        day = msgspec.structs.replace(
            self.sheet.day, kind="Z", state="closed", unsent_at_close=unsent
        )
        return msgspec.structs.replace(self.sheet, day=day)


class Days:
    """The reports of a running box. `baskets` names the lanes with goods that are not paid for."""

    def __init__(
        self,
        store: Store,
        path: Path,
        placing: Placing,
        journal: Journal,
        book: Book,
        baskets: Callable[[], Sequence[str]],
    ) -> None:
        self._store, self._path, self._placing = store, path, placing
        self._journal, self._book, self._baskets = journal, book, baskets

    async def sheet(self) -> tuple[Sheet, Sequence[Shift]] | Refusal:
        """Return how the open day and its shifts go, or E-DAY-CLOSED."""
        if no := self._closed():
            return no
        business_date = self._book.standing.day
        assert business_date is not None, "a day is open"
        day = await asyncio.to_thread(read_so_far, self._path, self._store, business_date)
        return sheet_of(day, self._store), day.shifts.shifts

    async def counted(self, count: Count) -> Closing | Refusal:
        """Return the open day with what was counted at the end of a shift.

        It is as in this very turn of the loop. E-DAY-CLOSED or E-DRAWER.
        """
        return await self._closing(count, self._closed, shift=True)

    async def closing(self, count: Count) -> Closing | Refusal:
        """Return the same for a day that is to be closed: E-BASKETS-OPEN, too."""
        return await self._closing(count, self._unable_to_close, shift=False)

    async def _closing(
        self, count: Count, unable: Callable[[], Refusal | None], *, shift: bool
    ) -> Closing | Refusal:
        if no := unable():
            return no
        business_date = self._book.standing.day
        assert business_date is not None, "a day is open"
        day = await self._caught_up(business_date)
        if no := unable():
            return no
        if self._book.standing.day != business_date:
            return Refusal("E-DAY-CLOSED", {"day": business_date})
        with self._journal.guard():
            fact = self._placing.day_closed()
        day = msgspec.structs.replace(day, unsent=fact.unsent)
        tills = {till.account for till in sheet_of(day, self._store).day.tills}
        counts = self._counts(count, business_date, sorted(tills), shift=shift)
        if isinstance(counts, Refusal):
            return counts
        sheet, shifts = sheet_of(day, self._store, counts), shifts_of(day, self._store, counts)
        closed = msgspec.structs.replace(fact, totals=totals(sheet))
        return Closing(sheet, counts, closed, shifts, self._store.zone.key)

    async def _caught_up(self, business_date: str) -> Day:
        """Return a day up to the fact placed last, in this same turn of the loop."""
        few = FEW_PAGES
        with self._journal.guard():
            day = await asyncio.to_thread(read_so_far, self._path, self._store, business_date)
            while self._journal.head.sequence - day.sequence > few:
                day = await asyncio.to_thread(read_on, self._path, self._store, day)
                few *= 2
            return go_on(day, self._store, self._journal.since(day.sequence))

    def _unable_to_close(self) -> Refusal | None:
        if no := self._placing.blocked(closing=True) or self._closed():
            return no
        if lanes := self._baskets():
            return Refusal("E-BASKETS-OPEN", {"lanes": ", ".join(lanes)})
        return None

    def _closed(self) -> Refusal | None:
        standing = self._book.standing
        if standing.day is None:
            return Refusal("E-DAY-CLOSED", {"day": standing.last_day or "-"})
        return None

    def _counts(
        self, count: Count, business_date: str, tills: Sequence[str], *, shift: bool
    ) -> Sequence[DrawerCounted] | Refusal:
        """Return one count for each drawer named; bank accounts go with the first."""
        drawers = [name for name in tills if name.startswith("cash:")]
        found: dict[str, list[Counted]] = {}
        for name, amount in sorted(count.counted.items(), reverse=True):  # cash before bank
            account = drawers[0] if name == "" and len(drawers) == 1 else name
            earned = amount - (count.change_money if account.startswith("cash:") else 0)
            if not outside(account) or (account not in tills and earned):
                known = ", ".join(tills) or "-"
                return Refusal("E-DRAWER", {"account": account or "-", "accounts": known})
            terminal = account.removeprefix("cash:") if account.startswith("cash:") else OURSELVES
            found.setdefault(terminal, []).append(Counted(account, amount))
        return [
            DrawerCounted(
                business_date=business_date, store=self._store.id, terminal=terminal,
                cashier=count.cashier, currency=self._store.currency,
                change_money=count.change_money if terminal != OURSELVES else 0,
                counted=tuple(counted), shift=shift,
            )
            for terminal, counted in found.items()
        ]  # fmt: skip
