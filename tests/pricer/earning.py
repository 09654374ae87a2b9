"""Points earned: exact fractions until the last floor, then shared over units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from tests.pricer.arithmetic import BASIS, split
from tests.pricer.conditions import Sight, misses
from tests.pricer.goods import Data, Unit
from tests.pricer.targets import ALL, about, picked
from tests.pricer.way import Way

Points = dict[Unit, int]
Exact = dict[Unit, Fraction]


@dataclass(frozen=True)
class Paid:
    """What earns: the units of goods, and of charges that earn, at what they cost by each base."""

    way: Way
    net: Mapping[Unit, int]
    after_lines: Mapping[Unit, int]
    charges: Sequence[Unit]

    def base(self, rule: Data) -> Mapping[Unit, int]:
        return self.after_lines if rule.get("base", "net") == "after_lines" else self.net

    def about(self, rule: Data) -> list[Unit]:
        """Return the units a rule is about; if it is about the whole order, charges, too."""
        target = rule.get("target", ALL)
        units = picked(target, about(target, self.way.sale.goods), self.way.now)
        whole = target["of"] == "all" and target.get("pick") is None
        return [*units, *(self.charges if units and whole else ())]

    def holds(self, rule: Data) -> bool:
        sight: Sight = self.way.sight(rule)
        return not misses(rule.get("when", ()), sight)


def earned(paid: Paid) -> Points:
    """Return the points that each unit earns; `paid_share` is the part that earning money pays."""
    sale = paid.way.sale
    share = Fraction(*sale.context.get("paid_share", (1, 1)))
    policy = sale.document.get("programme", {}).get("points", {})
    rules = sorted(sale.document.get("rules", ()), key=lambda rule: str(rule["id"]))
    campaigns = [r for r in rules if r["kind"] == "points_multiplier" and paid.holds(r)]
    total: Exact = {}
    for rule in rules:
        if sale.member is None or rule["kind"] != "points_earn" or not paid.holds(rule):
            continue
        units = paid.about(rule)
        if not units or sum(paid.base(rule)[u] for u in units) < rule.get("minimum", 0):
            continue
        for unit, points in _rule(rule, units, campaigns, paid, policy).items():
            total[unit] = total.get(unit, Fraction(0)) + points * share
    return _floored(total)


def _rule(
    rule: Data, units: Sequence[Unit], campaigns: Sequence[Data], paid: Paid, policy: Data
) -> Exact:
    """Return what one rule gives each unit, exactly."""
    each = _base(rule, units, paid.base(rule))
    if policy.get("flooring", "last") == "before_multiplier":
        each = {unit: Fraction(points) for unit, points in _floored(each).items()}
    for unit in units:
        each[unit] *= _factor(rule, unit, campaigns, paid, policy.get("multipliers", "multiply"))
    cap, points = rule.get("cap"), sum(each.values(), Fraction(0))
    if cap is not None and points > cap:
        each = {unit: share * cap / points for unit, share in each.items()}
    return each


def _base(rule: Data, units: Sequence[Unit], prices: Mapping[Unit, int]) -> Exact:
    match rule.get("of", "money"):
        case "money":
            rate = Fraction(rule["points"], rule.get("per", 1))
            return {unit: prices[unit] * rate for unit in units}
        case "unit":
            return {unit: Fraction(rule["points"], rule.get("per", 1)) for unit in units}
        case _:
            weights = {unit: prices[unit] for unit in units}
            if not any(weights.values()):
                weights = dict.fromkeys(units, 1)
            total = sum(weights.values())
            return {unit: Fraction(rule["points"] * weights[unit], total) for unit in units}


def _factor(
    rule: Data, unit: Unit, campaigns: Sequence[Data], paid: Paid, combining: str
) -> Fraction:
    """Return the factor of the member's tier and of all campaigns that cover a unit, as one."""
    member = paid.way.sale.member
    assert member is not None
    factors = [rule.get("multipliers", {}).get(member.get("tier", ""), BASIS)]
    for campaign in campaigns:
        named = campaign.get("rules") or [rule["id"]]
        if rule["id"] in named and unit in paid.about(campaign):
            factors.append(campaign["factor"])
    shares = [Fraction(factor, BASIS) for factor in factors]
    if combining == "add":
        return max(Fraction(0), 1 + sum((share - 1 for share in shares), Fraction(0)))
    product = Fraction(1)
    for share in shares:
        product *= share
    return product


def _floored(exact: Exact) -> Points:
    """Floor the sum once, and share it over the units in proportion to what each earned."""
    units = sorted(exact)
    total = sum(exact.values(), Fraction(0))
    whole = lcm(*[exact[unit].denominator for unit in units])
    weights = [int(exact[unit] * whole) for unit in units]
    return dict(zip(units, split(int(total), weights), strict=True))
