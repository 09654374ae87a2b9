"""The day's sheet: all that an X or a Z report shows, and the digest that a Z close puts down.

What happened in training is in no journal that reports read.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.shop.facts import CountUsed, Deed, SaleMade, TakenBack
from edge.shop.facts.counts import CountReturned
from edge.shop.facts.coupons import PointsExchanged
from edge.shop.reports.day import Amounts, DayReport, day
from edge.shop.reports.entry import Entry, real
from edge.shop.reports.staff import Person, staff


class Points(msgspec.Struct, frozen=True):
    """Points of the day, net of what returns took back and gave back."""

    earned: int
    spent: int


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
    entries: Iterable[Entry],
    business_date: str,
    rates: Mapping[str, int],
    *,
    unsent: int = 0,
    store: str,
    currency: str,
    exponent: int,
) -> Sheet:
    """Return the sheet of a business day: see `day` for `rates` and `unsent`."""
    told = real(entries)
    mine = [entry for entry in told if _is_of(entry, business_date)]
    deeds = [entry.fact for entry in mine if isinstance(entry.fact, Deed)]
    people = staff(mine)
    return Sheet(
        store=store,
        currency=currency,
        exponent=exponent,
        day=day(told, business_date, rates, unsent),
        tenders=_tenders(deeds),
        points=Points(sum(map(_earned, deeds)), sum(map(_spent, deeds))),
        enrolments=_enrolments(people),
        cashiers=tuple([person for person in people if person.role == "cashier"]),
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


def _is_of(entry: Entry, business_date: str) -> bool:
    return isinstance(entry.fact, Deed) and entry.fact.business_date == business_date


def _tenders(deeds: Iterable[Deed]) -> dict[str, Amounts]:
    sums: dict[str, Amounts] = {}
    for deed in deeds:
        parts = deed.tenders if isinstance(deed, SaleMade) else ()
        back = deed.refunds if isinstance(deed, TakenBack) else ()
        for kind, amount in [*((p.kind, p.amount) for p in parts),
                             *((p.kind, -p.amount) for p in back)]:  # fmt: skip
            before = sums.get(kind, Amounts(0, 0))
            sums[kind] = Amounts(before.count + (amount > 0), before.amount + amount)
    return dict(sorted(sums.items()))


def _enrolments(people: Sequence[Person]) -> int:
    """Return how many became members at a till."""
    return sum(
        person.work["enrolments"].count
        for person in people
        if person.role == "cashier" and "enrolments" in person.work
    )


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
