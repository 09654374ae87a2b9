"""The day: an X report while it runs, a Z report when it is closed; one fold says both.

A business day is not a calendar day: it begins and ends by facts, and every deed names its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from edge.shop.facts import DayClosed, DayOpened, Deed, EpochOpened, SaleVoided, TakenBack
from edge.shop.facts.day import DrawerCounted
from edge.shop.facts.value import ToppedUp, TopUpCancelled
from edge.shop.reports.entry import Entry
from edge.shop.reports.settlement import is_money
from edge.shop.reports.staff import outside, taken_in
from edge.shop.reports.trade import Trade, trade

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
    """One business day of one store. `unsent` facts the cloud does not know yet."""

    business_date: str
    kind: Literal["X", "Z"]
    state: State
    unsent: int
    trade: Trade
    hours: dict[int, Trade]
    tills: tuple[Till, ...]
    tax: dict[int, int]
    """Tax owed, by rate in basis points; it comes from the books, so it is all there is."""
    discounts: int
    returns: Amounts
    voids: Amounts
    top_ups: Amounts
    """Value paid in, and taken back by cancellation."""
    rounding: int
    """What cash rounding took beyond what was due (+) or let go of (-)."""


def day(
    entries: Iterable[Entry], business_date: str, rates: Mapping[str, int], unsent: int = 0
) -> DayReport:
    """Return the report of a business day: Z once it is closed, X before.

    `rates` are those of the tax classes, in basis points, as the bundle declares them. A day may
    be closed while facts are unsent; the report says how many.
    """
    told = list(entries)
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
        trade=traded.total,
        hours=traded.hours,
        tills=_tills(deeds, counts),
        tax=_by_rate(deeds, rates),
        discounts=sum([_discounts(deed) for deed in deeds]),
        returns=_amounts([d for d in deeds if isinstance(d, TakenBack) and not _is_void(d)]),
        voids=_amounts([d for d in deeds if isinstance(d, SaleVoided)]),
        top_ups=_top_ups(deeds),
        rounding=-sum(
            [leg.amount for deed in deeds for leg in deed.postings if leg.account == "rounding"]
        ),
    )


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
            case Deed(business_date=day) if day == business_date and state == "interrupted":
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


def _by_rate(deeds: Iterable[Deed], rates: Mapping[str, int]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for deed in deeds:
        for leg in deed.postings:
            if leg.account.startswith("tax:"):
                rate = rates[leg.account.removeprefix("tax:")]
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


def _top_ups(deeds: Iterable[Deed]) -> Amounts:
    moved = [deed for deed in deeds if isinstance(deed, ToppedUp | TopUpCancelled)]
    return Amounts(
        sum(isinstance(deed, ToppedUp) for deed in moved), sum(taken_in(deed) for deed in moved)
    )
