"""Points earned: so many points for so much money, times the tier's factor.

Earned by members only. All earning rules of a receipt add up as exact fractions; the sum is
floored once per receipt and then shared over its lines by largest remainder.
"""

from collections.abc import Mapping, Sequence
from math import lcm
from typing import Annotated

from msgspec import Meta

from edge.shop.money import BASIS, split
from edge.shop.rules.rule import Rule


class PointsEarn(Rule, frozen=True, kw_only=True, tag="points_earn"):
    """`points` for each `per` minor units paid, times the tier's `multipliers` in basis points."""

    points: Annotated[int, Meta(ge=0, le=1_000_000)]
    per: Annotated[int, Meta(gt=0)]
    multipliers: Mapping[str, Annotated[int, Meta(ge=0, le=1_000_000)]] = {}

    def rate(self, tier: str) -> tuple[int, int]:
        """Return numerator and denominator of the points one minor unit earns."""
        return self.points * self.multipliers.get(tier, BASIS), self.per * BASIS


def earned(
    nets: Sequence[int], rates: Sequence[tuple[Sequence[int], tuple[int, int]]]
) -> list[int]:
    """Return each line's points: `nets` are paid per line, `rates` say which lines earn what."""
    whole = lcm(*(denominator for _, (_, denominator) in rates))
    weights = [0] * len(nets)
    for lines, (numerator, denominator) in rates:
        for i in lines:
            weights[i] += nets[i] * numerator * (whole // denominator)
    points = sum(weights) // whole
    return split(points, weights)
