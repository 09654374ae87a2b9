"""Shifts: what each cashier did at each till, and whether the drawer was right after it.

A shift begins when somebody signs on, or with their first deed, and ends when they sign off, when
somebody else goes on there, or when the drawer is counted at the end of it. A drawer that nobody
counted holds what the next shift will be asked for, too.
"""

from collections.abc import Iterable, Sequence

import msgspec

from edge.shop.calendar import Moment
from edge.shop.facts import DayClosed, Deed, SaleVoided, SignedOff, SignedOn, TakenBack
from edge.shop.facts.day import DrawerCounted
from edge.shop.reports.entry import Entry, real
from edge.shop.reports.settlement import is_money
from edge.shop.reports.tally import Amounts, is_of, tendered, worked
from edge.shop.reports.trade import Trade, trade


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One cashier at one till. Money is minor units; times are local, ISO 8601, "" for not yet.

    `cash` came into the drawer in this shift. `expected` is what it should hold beyond what it
    held when it was counted last; `counted` is what was found, less what was there then.
    """

    terminal: str
    cashier: str
    begins: str
    ends: str = ""
    trade: Trade = Trade()
    tenders: dict[str, Amounts] = {}
    returns: Amounts = Amounts()
    voids: Amounts = Amounts()
    top_ups: Amounts = Amounts()
    """Value paid in, less what was cancelled."""
    card_sales: Amounts = Amounts()
    cash: int = 0
    expected: int = 0
    counted: int | None = None

    @property
    def over(self) -> int:
        """What is over (+) or short (-); 0 until it was counted."""
        return 0 if self.counted is None else self.counted - self.expected


class Shifts(msgspec.Struct, frozen=True, kw_only=True):
    """The shifts of a business day as far as it was told, in the order in which they began."""

    business_date: str
    shifts: tuple[Shift, ...] = ()
    is_over: bool = False

    def after(self, entries: Iterable[Entry]) -> "Shifts":
        """Return the shifts after these facts of any days, too, practice left out."""
        book = _Book(self)
        for entry in real(entries):
            book.take(entry)
        return book.written()

    @property
    def found(self) -> dict[str, int]:
        """What was counted in each drawer over the day's shifts, by its account."""
        found: dict[str, int] = {}
        for shift in self.shifts:
            if shift.counted is not None:
                account = f"cash:{shift.terminal}"
                found[account] = found.get(account, 0) + shift.counted
        return found


class _Book:
    """Shifts that are being told: whose is what comes next."""

    def __init__(self, before: Shifts) -> None:
        self._date, self._is_over = before.business_date, before.is_over
        self._shifts = [*before.shifts]
        self._deeds: list[list[Entry]] = [[] for _ in self._shifts]
        self._last = {shift.terminal: place for place, shift in enumerate(self._shifts)}

    def take(self, entry: Entry) -> None:
        match entry.fact:
            case DayClosed(business_date=day) if day == self._date:
                self._is_over = True
                for terminal in self._last:
                    self._end(terminal, entry.at)
            case SignedOn(terminal=terminal, cashier=cashier) if not self._is_over:
                self._at(terminal, cashier, entry.at)
            case SignedOff(terminal=terminal) if not self._is_over:
                self._end(terminal, entry.at)
            case DrawerCounted(business_date=day, shift=True) as count if day == self._date:
                self._count(count, entry.at)
            case Deed(terminal=where, cashier=cashier) if cashier and is_of(entry, self._date):
                self._deeds[self._at(where, cashier, entry.at)].append(entry)
            case _:
                pass

    def written(self) -> Shifts:
        held: dict[str, int] = {}  # what nobody has counted yet
        for place, deeds in enumerate(self._deeds):
            shift = _with(self._shifts[place], deeds) if deeds else self._shifts[place]
            expected = held.get(shift.terminal, 0) + shift.cash
            held[shift.terminal] = expected if shift.counted is None else 0
            self._shifts[place] = msgspec.structs.replace(shift, expected=expected)
        return Shifts(
            business_date=self._date, shifts=tuple(self._shifts), is_over=self._is_over
        )  # fmt: skip

    def _at(self, terminal: str, cashier: str, at: Moment | None) -> int:
        """Return the place of the shift in which somebody works at a terminal now."""
        place = self._last.get(terminal)
        if place is not None and not self._shifts[place].ends:
            if self._shifts[place].cashier == cashier:
                return place
            self._end(terminal, at)
        self._last[terminal] = len(self._shifts)
        self._shifts.append(Shift(terminal=terminal, cashier=cashier, begins=to_the_minute(at)))
        self._deeds.append([])
        return self._last[terminal]

    def _end(self, terminal: str, at: Moment | None) -> None:
        place = self._last.get(terminal)
        if place is not None and not self._shifts[place].ends:
            self._shifts[place] = msgspec.structs.replace(
                self._shifts[place], ends=to_the_minute(at)
            )

    def _count(self, count: DrawerCounted, at: Moment | None) -> None:
        """End a shift with what was found; who counts again without a deed between corrects it."""
        place = self._last.get(count.terminal)
        if place is None or self._is_another(self._shifts[place], count.cashier):
            place = self._at(count.terminal, count.cashier, at)
        drawer = f"cash:{count.terminal}"
        amount = sum(one.amount for one in count.counted if one.account == drawer)
        self._shifts[place] = msgspec.structs.replace(
            self._shifts[place], ends=to_the_minute(at), counted=amount - count.change_money
        )

    @staticmethod
    def _is_another(shift: Shift, cashier: str) -> bool:
        return shift.counted is not None and shift.cashier != cashier


def _with(shift: Shift, entries: Sequence[Entry]) -> Shift:
    """Return a shift with more of its deeds."""
    deeds = [entry.fact for entry in entries if isinstance(entry.fact, Deed)]
    drawer = f"cash:{shift.terminal}"
    legs = [leg for deed in deeds for leg in deed.postings if leg.account == drawer]
    voids = [deed for deed in deeds if isinstance(deed, SaleVoided)]
    returns = [d for d in deeds if isinstance(d, TakenBack) and not isinstance(d, SaleVoided)]
    return msgspec.structs.replace(
        shift,
        trade=shift.trade.plus(trade(entries).total),
        tenders=tendered(shift.tenders, deeds),
        returns=shift.returns.plus(len(returns), sum([fact.total for fact in returns])),
        voids=shift.voids.plus(len(voids), sum([fact.total for fact in voids])),
        top_ups=worked(shift.top_ups, deeds, "top_ups"),
        card_sales=worked(shift.card_sales, deeds, "card_sales"),
        cash=shift.cash + sum([leg.amount for leg in legs if is_money(leg.unit)]),
    )


def to_the_minute(at: Moment | None) -> str:
    """Return a local time (ISO 8601); "-" for one that nobody noted."""
    return "-" if at is None else f"{at.date}T{at.minute // 60:02}:{at.minute % 60:02}"
