"""A business day as far as it has been added up: it goes on from any fact, some facts at a time.

So that a day can be closed in a shop that never pauses: most of it is added up beforehand.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from edge.shop.bundle.commission import Work
from edge.shop.facts import (
    CountUsed,
    DayClosed,
    DayOpened,
    Deed,
    EpochOpened,
    Fact,
    Recovered,
    SaleMade,
    SaleVoided,
    TakenBack,
)
from edge.shop.facts.counts import CountReturned
from edge.shop.facts.coupons import PointsExchanged
from edge.shop.facts.day import DrawerCounted
from edge.shop.ledger import Posting
from edge.shop.reports.entry import Entry, real
from edge.shop.reports.settlement import is_money
from edge.shop.reports.staff import Person, outside, staff, together, work
from edge.shop.reports.trade import Trade, sold, trade

K = TypeVar("K", bound=Hashable)
State = Literal["open", "closing", "interrupted", "closed"]
"""open · closing: drawers are being counted · interrupted: the journal began anew while the day
was open, and nothing has been done since · closed, or not begun."""


class Amounts(msgspec.Struct, frozen=True):
    """How many, and how much in minor units."""

    count: int = 0
    amount: int = 0

    def plus(self, count: int, amount: int) -> "Amounts":
        """Return so many more, and so much more."""
        return Amounts(self.count + count, self.amount + amount)


def unsent(facts: Iterable[Fact]) -> Amounts:
    """Return how many facts these are and what they sold, less what they took back.

    What was lost and came back is not among them: it came from the cloud.
    """
    those = [fact for fact in facts if not isinstance(fact, Recovered)]
    return Amounts(len(those), sum(map(sold, those)))


class Points(msgspec.Struct, frozen=True):
    """Points of the day, net of what returns took back and gave back."""

    earned: int
    spent: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What the facts told so far come to on one business day. Money is minor units."""

    business_date: str
    state: State = "closed"
    exponent: int | None = None
    """How many digits of money stand behind the point, once any fact has said so."""
    closed: DayClosed | None = None
    trade: Trade = Trade()
    hours: Mapping[int, Trade] = {}
    expected: Mapping[str, int] = {}
    """Money in hand by account, as the books have it."""
    found: Mapping[str, int] = {}
    """The same as it was counted last."""
    tax: Mapping[int, int] = {}
    """Tax owed, by rate in basis points, as far as the facts say their own rates."""
    unrated: Mapping[str, int] = {}
    """The rest of the tax owed, by tax class."""
    rates: Mapping[str, int] = {}
    """The rate of each tax class in basis points, as it was said last."""
    discounts: int = 0
    returns: Amounts = Amounts()
    voids: Amounts = Amounts()
    top_ups: Amounts = Amounts()
    card_sales: Amounts = Amounts()
    rounding: int = 0
    tenders: Mapping[str, Amounts] = {}
    points: Points = Points(0, 0)
    people: Sequence[Person] = ()

    def after(self, entries: Iterable[Entry]) -> "Tally":
        """Return the tally after these facts of any days, too, practice left out."""
        told = real(entries)
        mine = [entry for entry in told if is_of(entry, self.business_date)]
        deeds = [entry.fact for entry in mine if isinstance(entry.fact, Deed)]
        traded, rates = trade(mine), rates_of(deeds)
        tax, unrated = _taxes(deeds)
        returns = [d for d in deeds if isinstance(d, TakenBack) and not isinstance(d, SaleVoided)]
        voids = [d for d in deeds if isinstance(d, SaleVoided)]
        return Tally(
            business_date=self.business_date,
            state=_state(told, self.business_date, self.state),
            exponent=_exponent(told) if self.exponent is None else self.exponent,
            closed=_closed(told, self.business_date) or self.closed,
            trade=self.trade.plus(traded.total),
            hours=_hours(self.hours, traded.hours),
            expected=_summed(self.expected, _in_hand(deeds)),
            found={**self.found, **_found(told, self.business_date)},
            tax=_summed(self.tax, tax),
            unrated=_summed(self.unrated, unrated),
            rates={**self.rates, **rates},
            discounts=self.discounts + sum([_discounts(deed) for deed in deeds]),
            returns=self.returns.plus(len(returns), sum([fact.total for fact in returns])),
            voids=self.voids.plus(len(voids), sum([fact.total for fact in voids])),
            top_ups=worked(self.top_ups, deeds, "top_ups"),
            card_sales=worked(self.card_sales, deeds, "card_sales"),
            rounding=self.rounding - sum([leg.amount for leg in _on(deeds, "rounding")]),
            tenders=tendered(self.tenders, deeds),
            points=Points(
                self.points.earned + sum(map(_earned, deeds)),
                self.points.spent + sum(map(_spent, deeds)),
            ),
            people=together(self.people, staff(mine)),
        )


def is_of(entry: Entry, business_date: str) -> bool:
    """Tell whether this is a deed of that business day."""
    return isinstance(entry.fact, Deed) and entry.fact.business_date == business_date


def _state(entries: Iterable[Entry], business_date: str, state: State) -> State:
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


def _exponent(entries: Iterable[Entry]) -> int | None:
    said = (getattr(entry.fact, "exponent", None) for entry in entries)
    return next((exponent for exponent in said if exponent is not None), None)


def _closed(entries: Iterable[Entry], business_date: str) -> DayClosed | None:
    closed: DayClosed | None = None
    for _, fact, _ in entries:
        if isinstance(fact, DayClosed) and fact.business_date == business_date:
            closed = fact
    return closed


def _summed(before: Mapping[K, int], more: Iterable[tuple[K, int]]) -> dict[K, int]:
    sums = dict(before)
    for name, amount in more:
        sums[name] = sums.get(name, 0) + amount
    return sums


def _hours(before: Mapping[int, Trade], more: Mapping[int, Trade]) -> dict[int, Trade]:
    hours = dict(before)
    for hour, traded in more.items():
        hours[hour] = hours.get(hour, Trade()).plus(traded)
    return dict(sorted(hours.items()))


def _on(deeds: Iterable[Deed], account: str) -> Iterator[Posting]:
    return (leg for deed in deeds for leg in deed.postings if leg.account == account)


def _in_hand(deeds: Iterable[Deed]) -> Iterator[tuple[str, int]]:
    for deed in deeds:
        for leg in deed.postings:
            if outside(leg.account) and is_money(leg.unit):
                yield leg.account, leg.amount


def _found(entries: Iterable[Entry], business_date: str) -> dict[str, int]:
    """Return what was counted; the last count of an account is the one.

    What was counted for a shift alone says nothing about the day: see `shifts`.
    """
    found: dict[str, int] = {}
    for _, count, _ in entries:
        if (
            isinstance(count, DrawerCounted)
            and count.business_date == business_date
            and not count.shift
        ):
            for one in count.counted:
                drawer = one.account == f"cash:{count.terminal}"
                found[one.account] = one.amount - (count.change_money if drawer else 0)
    return found


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


def _taxes(deeds: Iterable[Deed]) -> tuple[list[tuple[int, int]], list[tuple[str, int]]]:
    """Return tax owed by rate, and by class where the deed itself does not say the rate."""
    rated: list[tuple[int, int]] = []
    unrated: list[tuple[str, int]] = []
    for deed in deeds:
        taxes = [leg for leg in deed.postings if leg.account.startswith("tax:")]
        mine = rates_of([deed]) if taxes else {}
        for leg in taxes:
            name = leg.account.removeprefix("tax:")
            if name in mine:
                rated.append((mine[name], -leg.amount))
            else:
                unrated.append((name, -leg.amount))
    return rated, unrated


def _discounts(deed: Deed) -> int:
    """Return what rules took off, less what came back of it; what points paid is not among it."""
    return sum(
        [
            leg.amount
            for leg in deed.postings
            if leg.account == "coupon" or leg.account.startswith("discount:")
        ]
    )


def worked(before: Amounts, deeds: Iterable[Deed], kind: Work) -> Amounts:
    """Return how much of a kind of work was done by now, less what of it was undone."""
    done = [piece[1] for deed in deeds if (piece := work(deed)) and piece[0] == kind]
    return before.plus(sum([part.count for part in done]), sum([part.amount for part in done]))


def tendered(before: Mapping[str, Amounts], deeds: Iterable[Deed]) -> dict[str, Amounts]:
    """Return what sales were paid with by now, less what went back that way, by kind."""
    sums = dict(before)
    for deed in deeds:
        parts = deed.tenders if isinstance(deed, SaleMade) else ()
        back = deed.refunds if isinstance(deed, TakenBack) else ()
        for kind, amount in [*((p.kind, p.amount) for p in parts),
                             *((p.kind, -p.amount) for p in back)]:  # fmt: skip
            sums[kind] = sums.get(kind, Amounts()).plus(amount > 0, amount)
    return dict(sorted(sums.items()))


def _earned(deed: Deed) -> int:
    match deed:
        case SaleMade():
            return deed.points_earned
        case CountUsed():
            return deed.points
        case TakenBack():
            return -deed.points_taken
        case CountReturned():
            return -deed.points
        case _:
            return 0


def _spent(deed: Deed) -> int:
    match deed:
        case SaleMade():
            return deed.points_spent
        case PointsExchanged():
            return deed.points
        case TakenBack():
            return -deed.points_back
        case _:
            return 0
