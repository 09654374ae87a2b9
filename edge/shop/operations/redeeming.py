"""Which points pay when a guest wants so many redeemed: those that expire first, whoever's."""

from typing import Literal

from edge.shop.accounts import points
from edge.shop.accounts.lots import Holdings, Unit
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.declined import Declined
from edge.shop.ledger import POINTS
from edge.shop.pricing.asked import PointsAsked


def redeemed(
    policy: PointsPolicy, holdings: Holdings, wanted: int | Literal["max"], today: str
) -> dict[Unit, PointsAsked]:
    """Return how many points of each unit are asked for, and how many there are.

    Of our own and all partners' points, those go first that expire first. What is wanted beyond
    all that is held is asked of our own, so that the price can say what is missing.
    """
    alive = points.alive(policy, holdings, today)
    held = {unit: points.redeemable(alive, unit, today) for unit in policy.units}
    if wanted == "max":
        return {unit: PointsAsked("max", held[unit]) for unit in policy.units}
    possible = min(wanted, sum(held.values()))
    asked = dict.fromkeys(policy.units, 0)
    asked[POINTS] += wanted - possible
    moves = points.spend(alive, policy.units, possible, today)
    assert not isinstance(moves, Declined), "no more is spent than there is"
    for move in moves:
        asked[alive.lot(move).unit] -= move.amount
    return {unit: PointsAsked(asked[unit], held[unit]) for unit in policy.units}


def partners(asked: dict[Unit, PointsAsked]) -> dict[str, PointsAsked]:
    """Return the part of it that is of alliance partners, by partner."""
    return {unit.partition(".")[2]: said for unit, said in asked.items() if "." in unit}
