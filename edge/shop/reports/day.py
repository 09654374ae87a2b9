"""The day: an X report while it runs, a Z report when it is closed; one fold says both.

A business day is not a calendar day: it begins and ends by facts, and every deed names its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from edge.shop.bundle.commission import Work
from edge.shop.facts import (
    DayClosed,
    DayOpened,
    Deed,
    EpochOpened,
    Fact,
    SaleVoided,
    TakenBack,
)
from edge.shop.facts.counts import CountReturned, CountUsed
from edge.shop.facts.day import DrawerCounted
from edge.shop.reports.entry import Entry, real
from edge.shop.reports.settlement import is_money
from edge.shop.reports.staff import outside, work
from edge.shop.reports.trade import TRADED, Trade, of, trade

State = Literal["open", "closing", "interrupted", "closed"]
"""open · closing: drawers are being counted · interrupted: the journal began anew while the day
was open, and nothing has been done since · closed, or not begun."""


class Till(msgspec.Struct, frozen=True, kw_only=True):
    """Money in hand on one account, in minor units: what the books expect, what was counted.

    `over` is what was counted beyond that, below zero what is short; 0 until it was counted.
    """

    account: str
    expected: int
    counted: int | None = None

    @property
    def over(self) -> int:
        """What is over (+) or short (-)."""
        return 0 if self.counted is None else self.counted - self.expected


class Amounts(msgspec.Struct, frozen=True):
    """How many, and how much in minor units."""

    count: int
    amount: int


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """One business day of one store. `unsent` facts the cloud does not know yet.

    `unsent_at_close` is how many it did not know when the day was closed, and what they came to.
    """

    business_date: str
    kind: Literal["X", "Z"]
    state: State
    unsent: int
    unsent_at_close: Amounts
    trade: Trade
    hours: dict[int, Trade]
    tills: tuple[Till, ...]
    tax: dict[int, int]
    """Tax owed, by rate in basis points; it comes from the books, so it is all there is."""
    discounts: int
    returns: Amounts
    voids: Amounts
    top_ups: Amounts
    """Value paid in, less what was cancelled."""
    card_sales: Amounts
    """Stored-value cards and count cards sold, less those cancelled or given back."""
    rounding: int
    """What cash rounding took beyond what was due (+) or let go of (-)."""


def day(
    entries: Iterable[Entry], business_date: str, rates: Mapping[str, int], unsent: int = 0
) -> DayReport:
    """Return the report of a business day: Z once it is closed, X before.

    `rates` are those of the tax classes, in basis points, as the bundle declares them; what a fact
    says of its own class goes first, for a class may have changed since, or be gone. A day may be
    closed while facts are unsent; the report says how many.
    """
    told = real(entries)
    state = _state(told, business_date)
    mine = [
        entry
        for entry in told
        if isinstance(entry.fact, Deed) and entry.fact.business_date == business_date
    ]
    deeds = [entry.fact for entry in mine if isinstance(entry.fact, Deed)]
    counts = [
        entry.fact
        for entry in told
        if isinstance(entry.fact, DrawerCounted) and entry.fact.business_date == business_date
    ]
    traded = trade(mine)
    return DayReport(
        business_date=business_date,
        kind="Z" if state == "closed" else "X",
        state=state,
        unsent=unsent,
        unsent_at_close=_at_close(told, business_date),
        trade=traded.total,
        hours=traded.hours,
        tills=_tills(deeds, counts),
        tax=_by_rate(deeds, rates),
        discounts=sum([_discounts(deed) for deed in deeds]),
        returns=_amounts([d for d in deeds if isinstance(d, TakenBack) and not _is_void(d)]),
        voids=_amounts([d for d in deeds if isinstance(d, SaleVoided)]),
        top_ups=_worked(deeds, "top_ups"),
        card_sales=_worked(deeds, "card_sales"),
        rounding=-sum(
            [leg.amount for deed in deeds for leg in deed.postings if leg.account == "rounding"]
        ),
    )


def unsent(facts: Iterable[Fact]) -> Amounts:
    """Return how many facts these are, and what they sold, less what they took back."""
    those = list(facts)
    sold = [of(fact).sales for fact in those if isinstance(fact, TRADED)]
    return Amounts(len(those), sum(sold))


def _at_close(entries: Iterable[Entry], business_date: str) -> Amounts:
    closed = [
        entry.fact
        for entry in entries
        if isinstance(entry.fact, DayClosed) and entry.fact.business_date == business_date
    ]
    return Amounts(closed[-1].unsent, closed[-1].unsent_amount) if closed else Amounts(0, 0)


def _is_void(fact: TakenBack) -> bool:
    return isinstance(fact, SaleVoided)


def _state(entries: Iterable[Entry], business_date: str) -> State:
    state: State = "closed"
    for _, fact, _ in entries:
        match fact:
            case DayOpened(business_date=day) if day == business_date:
                state = "open"
            case DayClosed(business_date=day) if day == business_date:
                state = "closed"
            case DrawerCounted(business_date=day) if day == business_date:
                state = "closing"
            case EpochOpened() if state != "closed":
                state = "interrupted"
            case Deed(business_date=day) if day == business_date and state != "closed":
                state = "open"
            case _:
                pass
    return state


def _tills(deeds: Iterable[Deed], counts: Iterable[DrawerCounted]) -> tuple[Till, ...]:
    """Set what was counted against the books; the last count of an account is the one."""
    expected: dict[str, int] = {}
    for deed in deeds:
        for leg in deed.postings:
            if outside(leg.account) and is_money(leg.unit):
                expected[leg.account] = expected.get(leg.account, 0) + leg.amount
    found: dict[str, int] = {}
    for count in counts:
        for one in count.counted:
            drawer = one.account == f"cash:{count.terminal}"
            found[one.account] = one.amount - (count.change_money if drawer else 0)
    return tuple(
        [
            Till(account=name, expected=expected.get(name, 0), counted=found.get(name))
            for name in sorted(expected.keys() | found.keys())
        ]
    )


def rates_of(deeds: Iterable[Deed]) -> dict[str, int]:
    """Return the rate of each tax class, in basis points, as these deeds name them."""
    rates: dict[str, int] = {}
    for deed in deeds:
        if isinstance(deed, CountUsed | CountReturned):
            rates[deed.tax_class] = deed.tax_rate
        told = getattr(deed, "tax", ())
        for tax in told if isinstance(told, tuple) else ():
            rates[tax.tax_class] = tax.rate
    return rates


def _by_rate(deeds: Sequence[Deed], rates: Mapping[str, int]) -> dict[int, int]:
    """Return the tax owed by rate; a class of which nobody knows the rate counts as one of 0."""
    known = {**rates, **rates_of(deeds)}
    sums: dict[int, int] = {}
    for deed in deeds:
        taxes = [leg for leg in deed.postings if leg.account.startswith("tax:")]
        mine = rates_of([deed]) if taxes else {}
        for leg in taxes:
            name = leg.account.removeprefix("tax:")
            rate = mine.get(name, known.get(name, 0))
            sums[rate] = sums.get(rate, 0) - leg.amount
    return dict(sorted(sums.items()))


def _discounts(deed: Deed) -> int:
    """Return what rules took off, less what came back of it; what points paid is not among it."""
    return sum(
        [
            leg.amount
            for leg in deed.postings
            if leg.account == "coupon" or leg.account.startswith("discount:")
        ]
    )


def _amounts(facts: Sequence[TakenBack]) -> Amounts:
    return Amounts(len(facts), sum(fact.total for fact in facts))


def _worked(deeds: Iterable[Deed], kind: Work) -> Amounts:
    """Return how much of a kind of work was done, less what of it was undone."""
    done = [piece[1] for deed in deeds if (piece := work(deed)) and piece[0] == kind]
    return Amounts(sum([part.count for part in done]), sum([part.amount for part in done]))
