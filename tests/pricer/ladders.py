"""Ladders: the more is bought, the larger the benefit."""

from collections.abc import Sequence
from fractions import Fraction

from tests.pricer.arithmetic import BASIS, rounded
from tests.pricer.benefits import Prices, off, off_each
from tests.pricer.effect import Effect
from tests.pricer.goods import Data, Offs, Unit
from tests.pricer.targets import ordered


def ladder(rule: Data, prices: Prices, units: Sequence[Unit], _: int) -> Effect:
    """Give each part of the goods that is measured together what its steps say."""
    offs: Offs = {}
    for part in _parts(rule, prices, units):
        if rule.get("mode", "whole") == "whole":
            offs |= _whole(rule, prices, part)
        elif rule.get("by", "quantity") == "quantity":
            offs |= _unit_by_unit(rule, prices, part)
        else:
            offs |= _bracket_by_bracket(rule, prices, part)
    return Effect(offs)


def _parts(rule: Data, prices: Prices, units: Sequence[Unit]) -> list[list[Unit]]:
    over = rule.get("over", "selection")
    parts: dict[object, list[Unit]] = {}
    for unit in units:
        key = {"line": unit[0], "product": prices.goods.product(unit)["id"]}.get(over, "")
        parts.setdefault(key, []).append(unit)
    return list(parts.values())


def _reached(rule: Data, measure: Fraction | int) -> Data | None:
    """Return the benefit of the highest step that is reached."""
    strict = rule.get("strict", False)
    benefit = None
    for step in rule["steps"]:
        if measure > step["at_least"] or (measure == step["at_least"] and not strict):
            benefit = step["off"]
    return benefit


def _whole(rule: Data, prices: Prices, part: Sequence[Unit]) -> Offs:
    measured = prices.goods.units if rule.get("over", "selection") == "order" else part
    if rule.get("by", "quantity") == "quantity":
        benefit = _reached(rule, sum((prices.goods.quantity(u) for u in measured), Fraction(0)))
    else:
        benefit = _reached(rule, prices.sum(measured, rule.get("measured", "remaining")))
    if benefit is None:
        return {}
    undeclared = "line" if benefit["is"] == "percent" else "unit"
    return off(benefit, rule.get("per") or undeclared, prices, part)


def _unit_by_unit(rule: Data, prices: Prices, part: Sequence[Unit]) -> Offs:
    offs, counted = Offs(), Fraction(0)
    for unit in ordered(part, prices.now, rule.get("order", "dearest_first")):
        counted += prices.goods.quantity(unit)
        benefit = _reached(rule, counted)
        if benefit is not None:
            offs |= off_each(benefit, prices, [unit])
    return offs


def _bracket_by_bracket(rule: Data, prices: Prices, part: Sequence[Unit]) -> Offs:
    money = prices.sum(part, rule.get("measured", "remaining"))
    starts = [step["at_least"] for step in rule["steps"]]
    taken = Fraction(0)
    for step, end in zip(rule["steps"], [*starts[1:], money], strict=True):
        between = max(0, min(money, end) - step["at_least"])
        taken += Fraction(between * step["off"]["basis_points"], BASIS)
    return prices.share(part, rounded(taken, prices.goods.rounding))
