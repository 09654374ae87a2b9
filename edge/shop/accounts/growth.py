"""Points growth: what points earn by being kept, at a declared rate and for whole periods.

Computed by the points' home once a period is over: on what is left of every lot that was active
on each of its days, never on pending lots nor on debts. What it gives is a lot of its own, active
from the day after the period, so that growth grows in turn.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.accounts.declared import Amount, Declared
from edge.shop.accounts.expiry import EndOfMonth, FixedExpiry, Never, last_day
from edge.shop.accounts.lots import Held, Holdings, Lot, Move
from edge.shop.accounts.points import take_back
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.calendar import plus_days
from edge.shop.ledger import POINTS
from edge.shop.money import BASIS, split


class GrowthPolicy(Declared, frozen=True, kw_only=True):
    """The terms of growth. A rate of 0 is no growth."""

    rate: Annotated[int, Meta(ge=0, le=BASIS)] = 0
    """Basis points per period."""
    period: Literal["month", "year"] = "month"
    rounding: Literal["floor", "carry"] = "floor"
    """What becomes of the part below one point, per member and period: it is dropped, or carried
    into the next period."""
    cap: Amount | None = None
    """The most points one member gets for one period; nothing above it is carried."""
    expiry: FixedExpiry = Never()
    """When growth expires, counted from the day after its period."""
    on_return: Literal["keep", "take_back"] = "keep"
    """What becomes of what points grew by when the goods that earned those points come back."""


class Grown(msgspec.Struct, frozen=True):
    """How one lot grew in one period: what was in it, and its share of the growth."""

    lot: str
    base: int
    points: int


class Reversal(msgspec.Struct, frozen=True):
    """How many of the points in a lot are reversed now, and how many were before."""

    lot: str
    amount: int
    already: int = 0


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What one period brings one member: `points`, and `carry` ten-thousandths of a point."""

    base: int
    points: int
    carry: int
    shares: tuple[Grown, ...]


def bounds(period: str) -> tuple[str, str]:
    """Return the first and the last day of a month (2026-11) or a year (2026)."""
    if "-" not in period:
        return f"{period}-01-01", f"{period}-12-31"
    first = date.fromisoformat(f"{period}-01")
    return first.isoformat(), last_day(EndOfMonth(), first.isoformat())


def base(holdings: Holdings, period: str) -> list[Held]:
    """Return the lots of our own points that grow: active from the first to the last day."""
    first, last = bounds(period)
    return [
        held
        for held in holdings.of(POINTS)
        if held.left > 0
        and held.lot.active_from <= first
        and (not held.lot.expires or held.lot.expires >= last)
    ]


def growth(policy: GrowthPolicy, holdings: Holdings, period: str, carry: int = 0) -> Growth:
    """Return what a member's points grow by in a period.

    `holdings` are those at its end; `carry` is what the period before left over. Computed on the
    sum of all lots, floored once, and shared over the lots by largest remainder.
    """
    assert 0 <= carry < BASIS, "what is carried is below one point"
    lots = base(holdings, period)
    amounts = [held.left for held in lots]
    carried = carry if policy.rounding == "carry" else 0
    points, rest = divmod(sum(amounts) * policy.rate + carried, BASIS)
    if policy.cap is not None and points > policy.cap:
        points, rest = policy.cap, 0
    shares = split(points, amounts)
    return Growth(
        base=sum(amounts),
        points=points,
        carry=rest if policy.rounding == "carry" else 0,
        shares=tuple(
            [Grown(held.lot.id, held.left, share) for held, share in zip(lots, shares, strict=True)]
        ),
    )


def grow(
    policy: GrowthPolicy, brought: Growth, *, period: str, deed: str, member: str, issuer: str
) -> tuple[Move, ...]:
    """Return the move that opens the lot of a period's growth, none if there is none.

    It is active from the day after the period, however late it is computed. It repays no debt.
    """
    if not brought.points:
        return ()
    start = plus_days(bounds(period)[1], 1)
    lot = Lot(
        id=f"{deed}#g1", member=member, unit=POINTS, opened=start, active_from=start,
        expires=last_day(policy.expiry, start), issuer=issuer, terms=period, origin=deed,
        kind="growth",
    )  # fmt: skip
    return (Move(lot=lot.id, amount=brought.points, opens=lot),)


def reverse(
    policy: GrowthPolicy,
    points: PointsPolicy,
    holdings: Holdings,
    grown: Iterable[tuple[Lot, Grown]],
    reversal: Reversal,
    today: str,
    deed: str,
) -> tuple[Move, ...]:
    """Return the moves that take back what reversed points grew by; none unless take_back.

    `grown` are the lots of growth with what each lot brought to them. Of each period, that part
    of the lot's growth goes which the reversed points were of what was in it (floored on all that
    was reversed so far, so that parts sum up exactly). What they had grown by in turn stays. What
    is not there any more is a debt, `deed`#d2 and following.
    """
    if policy.on_return == "keep":
        return ()
    moves: list[Move] = []
    ours = [(into, share) for into, share in grown if share.lot == reversal.lot]
    for number, (into, share) in enumerate(ours, 2):
        after = _grown_by(share, reversal.already + reversal.amount)
        gone = after - _grown_by(share, reversal.already)
        if gone:
            now = holdings.after(moves)
            moves += take_back(points, now, into, gone, today, f"{deed}#d{number}")
    return tuple(moves)


def _grown_by(share: Grown, reversed_points: int) -> int:
    return share.points * min(reversed_points, share.base) // share.base
