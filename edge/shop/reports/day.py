"""The day: an X report while it runs, a Z report when it is closed; one fold says both.

A business day is not a calendar day: it begins and ends by facts, and every deed names its own.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from edge.shop.reports.entry import Entry
from edge.shop.reports.tally import Amounts, State, Tally
from edge.shop.reports.trade import Trade


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
    """Return the report of a business day, out of all that was done on it; see `reported`."""
    return reported(Tally(business_date=business_date).after(entries), rates, unsent)


def reported(tally: Tally, rates: Mapping[str, int], unsent: int = 0) -> DayReport:
    """Return the report of a day as far as it was told: Z once it is closed, X before.

    `rates` are those of the tax classes, in basis points, as the bundle declares them; what a fact
    says of its own class goes first, for a class may have changed since, or be gone. A day may be
    closed while facts are unsent; the report says how many.
    """
    closed = tally.closed
    return DayReport(
        business_date=tally.business_date,
        kind="Z" if tally.state == "closed" else "X",
        state=tally.state,
        unsent=unsent,
        unsent_at_close=Amounts(closed.unsent, closed.unsent_amount) if closed else Amounts(),
        trade=tally.trade,
        hours={**tally.hours},
        tills=_tills(tally),
        tax=_by_rate(tally, rates),
        discounts=tally.discounts,
        returns=tally.returns,
        voids=tally.voids,
        top_ups=tally.top_ups,
        card_sales=tally.card_sales,
        rounding=tally.rounding,
    )


def _tills(tally: Tally) -> tuple[Till, ...]:
    """Set what was counted against the books."""
    return tuple(
        [
            Till(account=name, expected=tally.expected.get(name, 0), counted=tally.found.get(name))
            for name in sorted(tally.expected.keys() | tally.found.keys())
        ]
    )


def _by_rate(tally: Tally, rates: Mapping[str, int]) -> dict[int, int]:
    """Return the tax owed by rate; a class of which nobody knows the rate counts as one of 0."""
    known = {**rates, **tally.rates}
    sums = dict(tally.tax)
    for name, owed in tally.unrated.items():
        rate = known.get(name, 0)
        sums[rate] = sums.get(rate, 0) + owed
    return dict(sorted(sums.items()))
