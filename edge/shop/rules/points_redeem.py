"""Points redeemed: points pay a part of the bill, as its last discount."""

from math import gcd, lcm
from typing import Annotated, Literal

from msgspec import Meta

from edge.shop.money import percent, split
from edge.shop.rules.rule import Rule, Share
from edge.shop.rules.running import Cut, Picked, Running, Selection
from edge.shop.sale import Funding

Points = Annotated[int, Meta(ge=1, le=10**9)]


class PointsRedeem(Rule, frozen=True, kw_only=True, tag="points_redeem"):
    """`points` points pay `amount` minor units of the goods the rule is about.

    They come in multiples of `step`, and only as many as are worth whole minor units; at least
    `minimum`; worth at most `cap` basis points of the bill (all lines as they are payable when
    points are redeemed, the cap rounded down), and at most what the goods still cost above
    their floors. `programme` names whose points: "" is our own, else an alliance partner.

        {"kind": "points_redeem", "id": "points", "points": 100, "amount": 100, "minimum": 500,
         "step": 100, "cap": 5000, "target": {"of": "all", "without_categories": ["tobacco"]}, ...}
    """

    points: Points
    amount: Annotated[int, Meta(ge=1, le=10**12)]
    minimum: Points = 1
    step: Points = 1
    cap: Share = 10_000
    programme: Annotated[str, Meta(max_length=64)] = ""
    funding: tuple[Funding, ...] = ()


def redeem(
    rule: PointsRedeem, running: Running, selection: Selection, asked: int | Literal["max"],
    held: int,
) -> tuple[int, tuple[Cut, ...]]:  # fmt: skip
    """Return how many points are redeemed, and the cuts they pay for.

    The most that is asked for, `held` and allowed, down to the step; (0, ()) if that is below
    the minimum. The cuts sum to what the points are worth; it is shared over lines and then
    over units by how far each may still fall: to its floor, or to nothing.
    """
    rooms = [_room(running, picked) for picked in selection]
    weights = [sum(room) for room in rooms]
    most = min(sum(weights), percent(sum(running.left), rule.cap, "down"))
    wanted = min(held, most * rule.points // rule.amount)
    wanted = wanted if asked == "max" else min(wanted, asked)
    step = lcm(rule.step, rule.points // gcd(rule.points, rule.amount))
    points = wanted // step * step
    if points < rule.minimum:
        return 0, ()
    parts = split(points * rule.amount // rule.points, weights, running.odd_cent)
    return points, tuple(
        [
            running.cut(picked, split(part, room, running.odd_cent))
            for picked, part, room in zip(selection, parts, rooms, strict=True)
            if part
        ]
    )


def _room(running: Running, picked: Picked) -> list[int]:
    """Return how far each picked unit may still fall."""
    room = running.room(picked.line, running.units[picked.line])
    return [room[place] for place in picked.units]
