"""The end of a day or a shift: what was sold, and what is really in the drawers.

A report reads a whole day, so that it is made beside the loop. Whatever closes on it asks whether
anything was placed meanwhile, and if so for a new one: the last look, and the facts, are one step.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.book import Book
from edge.config import Store
from edge.days import Day, behind, read_day, sheet_of
from edge.desk.placing import OURSELVES, Placing
from edge.journal import Journal
from edge.refusals import Refusal
from edge.shop.facts import DrawerCounted
from edge.shop.facts.day import Counted
from edge.shop.reports.day import Amounts
from edge.shop.reports.sheet import Sheet
from edge.shop.reports.staff import outside

TRIES_MAX = 50
"""How often a day's report is made again because something was sold meanwhile."""


class Count(NamedTuple):
    """What somebody found: minor units by account, "" for the only drawer.

    `change_money` was in the drawer in the morning; only where one drawer was counted.
    """

    counted: Mapping[str, int]
    change_money: int = 0
    cashier: str = ""


class Closing(NamedTuple):
    """The open day, its sheet, the facts of what was counted, and what the cloud has not yet."""

    day: Day
    sheet: Sheet
    counts: Sequence[DrawerCounted]
    unsent: Amounts

    @property
    def closed(self) -> Sheet:
        """The sheet as it is once the day is closed."""
        day = msgspec.structs.replace(
            self.sheet.day, kind="Z", state="closed", unsent_at_close=self.unsent
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

    async def sheet(self) -> Sheet | Refusal:
        """Return how the open day goes, or E-DAY-CLOSED."""
        if no := self._closed():
            return no
        day = await asyncio.to_thread(read_day, self._path, self._store)
        assert day is not None, "a day is open"
        return sheet_of(day, self._store)

    async def counted(self, count: Count) -> Closing | Refusal:
        """Return the open day with what was counted, as it is in this very turn of the loop.

        E-DAY-CLOSED, E-DRAWER, and E-BUSY where no moment is quiet enough.
        """
        return await self._quiet(count, self._closed)

    async def closing(self, count: Count) -> Closing | Refusal:
        """Return the same for a day that is to be closed: E-BASKETS-OPEN, too."""
        return await self._quiet(count, self._unable_to_close)

    async def _quiet(self, count: Count, unable: Callable[[], Refusal | None]) -> Closing | Refusal:
        for _ in range(TRIES_MAX):
            if no := unable():
                return no
            made = await asyncio.to_thread(self._report, count)
            if isinstance(made, Refusal):
                return made
            if made.day.sequence == self._journal.head.sequence and not unable():
                return made
        return Refusal("E-BUSY", retry_after=1)

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

    def _report(self, count: Count) -> Closing | Refusal:
        """Return what closes the open day (blocking)."""
        day = read_day(self._path, self._store)
        assert day is not None, "a day is open"
        tills = {till.account for till in sheet_of(day, self._store).day.tills}
        counts = self._counts(count, day.business_date, sorted(tills))
        if isinstance(counts, Refusal):
            return counts
        return Closing(day, sheet_of(day, self._store, counts), counts, behind(self._path))

    def _counts(
        self, count: Count, business_date: str, tills: Sequence[str]
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
                counted=tuple(counted),
            )
            for terminal, counted in found.items()
        ]  # fmt: skip
