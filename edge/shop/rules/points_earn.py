"""Points earned: for money, for units or for the visit; and the campaigns that multiply them.

Earned by members only. What the rules of a receipt earn is added up exactly and floored once:
`edge.shop.earning` is the arithmetic, these are the rules that declare it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta

from edge.shop.earning import Combining, Rate, RatedLine, Ratio, combined, earned
from edge.shop.money import BASIS
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import Amount, Rule
from edge.shop.rules.running import Picked, Selection
from edge.shop.rules.target import Name

__all__ = ["Campaign", "PointsEarn", "PointsMultiplier", "earned"]

Factor = Annotated[int, Meta(ge=0, le=1_000_000)]
"""Basis points: 20000 is double."""


class PointsEarn(Rule, frozen=True, kw_only=True, tag="points_earn"):
    """`points` for each `per` of what the goods come to, times the factor of the member's tier.

    of: money (`per` minor units of what they cost), unit (`per` pieces; a weighed line is one) or
    visit (once a receipt; `per` does not matter). base says which price: net, what they cost in
    the end, or after_lines, before order promotions and coupons. Below `minimum` (minor units of
    that price, all goods the rule is about together) it gives nothing; it never gives more than
    `cap` points a receipt, factors included.
    """

    points: Annotated[int, Meta(ge=0, le=1_000_000)]
    per: Annotated[int, Meta(gt=0)] = 1
    of: Literal["money", "unit", "visit"] = "money"
    base: Literal["net", "after_lines"] = "net"
    minimum: Amount = 0
    cap: Amount | None = None
    multipliers: Mapping[str, Factor] = {}
    """The factor of each tier; a tier that is not named earns once."""

    def missing(self, nets: Sequence[Sequence[int]], selection: Selection) -> Miss | None:
        """Return R-NEEDS-AMOUNT where the goods do not reach the minimum.

        `nets` is what each unit of each line costs by this rule's base.
        """
        if not self.minimum:
            return None
        counted = sum([nets[picked.line][unit] for picked in selection for unit in picked.units])
        if counted >= self.minimum:
            return None
        return Miss("R-NEEDS-AMOUNT", {"amount": self.minimum, "more": self.minimum - counted})

    def rate(
        self,
        tier: str,
        selection: Selection,
        campaigns: Sequence["Campaign"] = (),
        *,
        how: Combining = "multiply",
        nets: Sequence[Sequence[int]] | None = None,
    ) -> Rate:
        """Return what this rule gives a member of a tier for these units.

        `campaigns` are all that hold, of any rule; `how` is how factors work together; `nets`
        are what units cost by another base than the net.
        """
        own = self.multipliers.get(tier, BASIS)
        plain = combined((own,), how)
        ours = _by_line([c for c in campaigns if not c[0].rules or self.id in c[0].rules])
        lines = [RatedLine(line, units, plain) for line, units in selection]
        if ours:
            ways = [_rated(picked, own, ours[picked.line], how) if picked.line in ours else [each]
                    for picked, each in zip(selection, lines, strict=True)]  # fmt: skip
            lines = [each for some in ways for each in some]
        return Rate(
            points=self.points,
            per=1 if self.of == "visit" else self.per,
            of=self.of,
            lines=tuple(lines),
            nets=nets,
            cap=self.cap,
        )


class PointsMultiplier(Rule, frozen=True, kw_only=True, tag="points_multiplier"):
    """A campaign: what the goods earn, times a factor."""

    factor: Factor
    rules: tuple[Name, ...] = ()
    """The earning rules it multiplies; () is all of them."""


Campaign = tuple[PointsMultiplier, Selection]
"""A campaign that holds, and the units it is about."""


Factors = Sequence[tuple[int, frozenset[int]]]
"""The campaigns on one line: the factor of each, and the units it is about."""


def _by_line(campaigns: Iterable[Campaign]) -> dict[int, Factors]:
    """Return what campaigns give, line by line."""
    found: dict[int, list[tuple[int, frozenset[int]]]] = {}
    for campaign, selection in campaigns:
        for line, units in selection:
            found.setdefault(line, []).append((campaign.factor, frozenset(units)))
    return {**found}


def _rated(picked: Picked, own: int, campaigns: Factors, how: Combining) -> list[RatedLine]:
    """Return the picked units of a line by the factor they earn with."""
    by_factor: dict[Ratio, list[int]] = {}
    for unit in picked.units:
        held = [factor for factor, units in campaigns if unit in units]
        by_factor.setdefault(combined((own, *held), how), []).append(unit)
    return [RatedLine(picked.line, units, factor) for factor, units in by_factor.items()]
