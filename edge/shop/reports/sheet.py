"""The day's sheet: all that an X or a Z report shows, and the digest that a Z close puts down.

What happened in training is in no journal that reports read.
"""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from edge.shop.reports.day import DayReport, reported
from edge.shop.reports.staff import Person
from edge.shop.reports.tally import Amounts, Points, Tally


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One business day. Money is minor units of `currency`, whose digits `exponent` counts."""

    store: str
    currency: str
    exponent: int
    day: DayReport
    tenders: dict[str, Amounts]
    """By kind, what sales were paid with less what went back that way."""
    points: Points
    enrolments: int
    cashiers: tuple[Person, ...]


def sheet(
    tally: Tally,
    rates: Mapping[str, int],
    *,
    unsent: int = 0,
    store: str,
    currency: str,
    exponent: int,
) -> Sheet:
    """Return the sheet of a day as far as it was told; `rates`, `unsent`: see `reported`."""
    return Sheet(
        store=store,
        currency=currency,
        exponent=exponent,
        day=reported(tally, rates, unsent),
        tenders={**tally.tenders},
        points=tally.points,
        enrolments=_enrolments(tally.people),
        cashiers=tuple([person for person in tally.people if person.role == "cashier"]),
    )


def totals(found: Sheet) -> str:
    """Return the digest of a day's totals: SHA-256 over the JSON of its sheet, fields in order.

    It is the same before and after the day is closed, and whatever the cloud knows.
    """
    settled = msgspec.structs.replace(
        found.day, kind="Z", state="closed", unsent=0, unsent_at_close=Amounts(0, 0)
    )
    closed = msgspec.structs.replace(found, day=settled)
    return hashlib.sha256(msgspec.json.encode(closed)).hexdigest()


def _enrolments(people: Sequence[Person]) -> int:
    """Return how many became members at a till."""
    return sum(
        person.work["enrolments"].count
        for person in people
        if person.role == "cashier" and "enrolments" in person.work
    )
