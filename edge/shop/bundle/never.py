"""Rules of a bundle that can never apply, as far as the bundle alone can tell."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from edge.shop.bundle.bundle import AnyRule, Bundle, Stage
from edge.shop.rules.amount_off import AmountOff
from edge.shop.rules.conditions import All, Condition, Dates, HasTier, Holiday, InStore
from edge.shop.rules.percent_off import PercentOff
from edge.shop.rules.rule import Discount
from edge.shop.rules.target import Target


class Warn(msgspec.Struct, frozen=True):
    """Why a rule can never apply: a stable code, and a sentence in either language."""

    code: str
    zh: str
    en: str


def warnings(
    bundle: Bundle, rule: AnyRule, today: str, shadows: Mapping[str, str]
) -> Iterator[Warn]:
    """Yield why a rule can never apply from `today` on, a date of ISO 8601.

    `shadows` are those of the rule's stage.
    """
    conditions = list(_needed(rule.when))
    for condition in conditions:
        match condition:
            case Dates(until=until) if until < today:
                yield Warn("W-OVER", f"已于 {until} 结束", f"was over on {until}")
            case Holiday(any_of=names) if _past(bundle, names, today):
                yield Warn("W-OVER", "所列节日均已过去", "its holidays are all in the past")
            case InStore(any_of=stores) if bundle.store not in stores:
                yield Warn("W-OTHER-STORE", "不含本门店", "is not for this bundle's store")
            case _:
                pass
    tiers = [set(condition.any_of) for condition in conditions if isinstance(condition, HasTier)]
    if tiers and not set.intersection(*tiers):
        yield Warn("W-NO-TIER", "没有会员同时属于这些等级", "nobody has all of these tiers")
    if rule.id in shadows:
        other = shadows[rule.id]
        yield Warn("W-SHADOWED", f"总被 {other} 排除", f"is always excluded by {other}")


def _needed(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """Yield conditions that must all hold, those inside `all` too."""
    for condition in conditions:
        if isinstance(condition, All):
            yield from _needed(condition.of)
        else:
            yield condition


def _past(bundle: Bundle, names: Sequence[str], today: str) -> bool:
    return all(day < today for name in names for day in bundle.holidays[name])


# --- shadows --------------------------------------------------------------------------------------


def shadowed(bundle: Bundle, stage: Stage, rules: Sequence[Discount]) -> Mapping[str, str]:
    """Return the rules that another one of their stage excludes whenever they could apply.

    `rules` are those of the stage in the order of judging. The other one has its turn before, is
    about the same goods under no further conditions, takes something off whatever costs
    something, and stands alone. Where the basket decides about the order nothing is certain.
    """
    if stage.order == "largest_saving":
        return {}
    modes = {group.id: (group.mode, group.scope, group.within) for group in bundle.groups}
    alone = {
        group for group, (mode, scope, _) in modes.items() if (mode, scope) == ("first", "order")
    }
    sure = {
        group
        for group, (mode, _, within) in modes.items()
        if mode in {"all", "first"} and not within
    }
    before: dict[Target, list[Discount]] = {}
    shadows: dict[str, str] = {}
    for rule in rules:
        for other in before.get(rule.target, ()):
            if _excludes(other, rule, alone) and set(other.when) <= set(rule.when):
                shadows[rule.id] = other.id
                break
        if _certain(rule) and (not rule.group or rule.group in sure):
            before.setdefault(rule.target, []).append(rule)
    return shadows


def _excludes(other: Discount, rule: Discount, alone: set[str]) -> bool:
    together = bool(rule.group) and other.group == rule.group
    if together and (rule.group in alone or other.exclusive == "group"):
        return True
    return other.exclusive in {"level", "after", "everything"}


def _certain(rule: Discount) -> bool:
    """Tell whether a rule takes something off whatever still costs something."""
    takes = (isinstance(rule, PercentOff) and rule.basis_points > 0) or (
        isinstance(rule, AmountOff) and rule.amount > 0
    )
    return takes and not (rule.limits or rule.spare_reduced or rule.overflow == "drops")
