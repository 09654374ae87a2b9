"""Grow: the points' home gives a member what their points earned by being kept for a period."""

import msgspec

from edge.shop.accounts import growth, points
from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.facts.points import PointsGrown
from edge.shop.ledger import entry
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made


class GrowAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose points, and for which month (2026-11) or year (2026).

    `grown_until` is the last period that was done for this member, and `carry` what it left over.
    """

    member: str
    period: str
    grown_until: str = ""
    carry: int = 0


def grow(
    asked: GrowAsked, rules: InForce, holdings: Holdings, made: Made, *, trusted: bool
) -> PointsGrown | Declined:
    """Return the fact of a period's growth; `holdings` are those at its end.

    Declined: E-CLOCK-UNKNOWN where the clock is not `trusted`; E-NOTHING-DUE where the period is
    not over, was done before, is not of the declared length, or changes nothing.
    """
    if not trusted:
        return Declined("E-CLOCK-UNKNOWN")
    programme = rules.bundle.programme
    brought = growth.growth(programme.growth, holdings, asked.period, asked.carry)
    idle = not brought.points and brought.carry == asked.carry
    if idle or not _is_due(asked, programme.growth, made.at.date):
        return Declined("E-NOTHING-DUE", {"member": asked.member})
    moves = growth.grow(
        programme.growth,
        brought,
        period=asked.period,
        deed=made.deed,
        member=asked.member,
        issuer=programme.issuer,
    )
    return PointsGrown(
        **said(made, rules),
        member=asked.member,
        period=asked.period,
        base=brought.base,
        rate=programme.growth.rate,
        points=brought.points,
        carry=brought.carry,
        shares=brought.shares,
        postings=entry(*points.legs(holdings, moves, asked.member)),
        moves=moves,
    )


def _is_due(asked: GrowAsked, policy: growth.GrowthPolicy, today: str) -> bool:
    is_month = "-" in asked.period
    declared = is_month == (policy.period == "month")
    return declared and asked.period > asked.grown_until and growth.bounds(asked.period)[1] < today
