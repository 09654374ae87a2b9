"""When what a member holds expires: declared as a mode, resolved to a last day.

A last day is an ISO date in the programme's zone, "" for never. That day still counts as a
whole; what is left is gone when the next one begins.
"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from edge.shop.accounts.declared import Declared
from edge.shop.accounts.lots import Held, Move
from edge.shop.calendar import end_of_month, end_of_year, plus_days, plus_months

DaysAhead = Annotated[int, Meta(ge=1, le=36_500)]


class _Mode(Declared, frozen=True, kw_only=True, tag_field="is"):
    """Base of the modes of expiry."""


class Never(_Mode, frozen=True, kw_only=True, tag="never"):
    """It stays good."""


class Days(_Mode, frozen=True, kw_only=True, tag="days"):
    """So many days after it became active."""

    days: DaysAhead


class EndOfMonth(_Mode, frozen=True, kw_only=True, tag="end_of_month"):
    """At the end of the month, so many months after the one in which it became active."""

    months: Annotated[int, Meta(ge=0, le=1_200)] = 0


class EndOfYear(_Mode, frozen=True, kw_only=True, tag="end_of_year"):
    """At the end of the year, so many years after the one in which it became active."""

    years: Annotated[int, Meta(ge=0, le=100)] = 0


class Activity(_Mode, frozen=True, kw_only=True, tag="activity"):
    """All of it at once, so many days after the member last earned or spent anything."""

    days: DaysAhead


FixedExpiry = Never | Days | EndOfMonth | EndOfYear
Expiry = FixedExpiry | Activity


def last_day(expiry: Expiry, start: str) -> str:
    """Return the last day of a lot that becomes active on `start`, "" if it has none.

    Activity sets none for a lot: it is the member who was active, or was not.
    """
    match expiry:
        case Days(days=days):
            return plus_days(start, days)
        case EndOfMonth(months=months):
            return end_of_month(plus_months(start, months))
        case EndOfYear(years=years):
            return end_of_year(plus_months(start, 12 * years))
        case Never() | Activity():
            return ""


def is_over(held: Held, today: str) -> bool:
    """Tell whether a lot's last day has passed."""
    return bool(held.lot.expires) and held.lot.expires < today


def lapse(lots: Iterable[Held]) -> tuple[Move, ...]:
    """Return the moves by which all that is left in these lots lapses. Debts stay."""
    return tuple(
        [
            Move(lot=held.lot.id, amount=-held.left, lapsed=held.left)
            for held in lots
            if held.left > 0
        ]
    )
