"""A bundle made ready for pricing: its rules in the order of their turns, and found by an index."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from edge.shop.bundle import AnyDiscount, Bundle, Group, Stage
from edge.shop.bundle.looking import Looking, looking
from edge.shop.pricing.gates import Gate
from edge.shop.pricing.index import Index, index
from edge.shop.rules.charge import Charge
from edge.shop.rules.conditions import AnyCondition
from edge.shop.rules.coupon import Coupon
from edge.shop.rules.points_earn import PointsEarn, PointsMultiplier
from edge.shop.rules.points_redeem import PointsRedeem
from edge.shop.rules.rule import Discount, Limit, Rule
from edge.shop.rules.target import Pick

IN_SALE = frozenset({"unit", "line", "order"})
"""What a limit counts that begins anew with every sale."""


class Step(msgspec.Struct, frozen=True):
    """One step down the tree of groups: a group, and which of its children leads to the rule."""

    group: Group
    child: str

    @property
    def best(self) -> bool:
        """Whether the group weighs its children against each other."""
        return self.group.mode in {"best_for_guest", "best_for_shop"}


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in its place: `steps` lead to it from the root of the tree of groups."""

    rule: AnyDiscount
    stage: Stage
    top: str
    """The rule or group at the root of the tree that it is, or is inside of."""
    steps: tuple[Step, ...]
    weighed: bool
    """Whether one of the groups around it is a best-of."""
    claims: tuple[Step, ...]
    """The steps through groups that share out units to whoever comes first."""
    fixed: tuple[AnyCondition, ...]
    """The conditions that do not look at prices which rules change."""
    moving: tuple[AnyCondition, ...]
    """The conditions that do."""
    limits: Mapping[str, tuple[Limit, ...]]
    """The rule's limits by what they count."""
    counted: bool
    """Whether one of its limits goes on counting from sale to sale."""
    pick: Pick | None
    plain: bool
    """Whether nothing is declared that its turn has to heed: no coupon, group, limit or
    exclusion."""
    idle: bool
    """Whether nothing depends on its turn once it is known that it will do nothing."""
    gate: Gate
    """The conditions of the gate it stands behind, () if it stands behind none."""


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle made ready for pricing. `hash` is the hash of the bundle's bytes."""

    bundle: Bundle
    hash: str
    discounts: tuple[Placed, ...]
    """All but coupons, in the order of their turns."""
    discount_index: Index
    gates: tuple[Gate, ...]
    """What the gates of the index ask, by their numbers."""
    coupons: Mapping[str, Placed]
    """The coupons' rules by the type of the coupon."""
    turns: Mapping[str, int]
    """The place of every discount and coupon in the order of turns."""
    earning: tuple[PointsEarn, ...]
    earning_index: Index
    campaigns: tuple[PointsMultiplier, ...]
    campaign_index: Index
    charges: tuple[Charge, ...]
    charge_index: Index
    redeeming: tuple[PointsRedeem, ...]
    lines_stage_last: int
    """The number of the last stage of level `lines`, 0 for none."""
    looking: Looking
    """What of a member the rules look at."""


def compile_rules(bundle: Bundle, bundle_hash: str) -> RuleSet:
    """Index a bundle's rules and put them in the order of their turns."""
    earning = _of(bundle, PointsEarn)
    campaigns = _of(bundle, PointsMultiplier)
    charges = _of(bundle, Charge)
    placed = _in_turn(bundle, [rule for rule in bundle.rules if isinstance(rule, Discount)])
    discounts = tuple([item for item in placed if not isinstance(item.rule, Coupon)])
    gates = (*dict.fromkeys([(), *[item.gate for item in discounts]]),)
    numbers = {gate: number for number, gate in enumerate(gates)}
    return RuleSet(
        bundle=bundle,
        hash=bundle_hash,
        discounts=discounts,
        discount_index=index(
            [item.rule for item in discounts], [numbers[item.gate] for item in discounts]
        ),
        gates=gates,
        coupons={item.rule.id: item for item in placed if isinstance(item.rule, Coupon)},
        turns={item.rule.id: place for place, item in enumerate(placed)},
        earning=earning,
        earning_index=index(earning),
        campaigns=campaigns,
        campaign_index=index(campaigns),
        charges=charges,
        charge_index=index(charges),
        redeeming=_of(bundle, PointsRedeem),
        lines_stage_last=max((s.number for s in bundle.stages if s.level == "lines"), default=0),
        looking=looking(bundle.rules),
    )


_R = TypeVar("_R", bound=Rule)


def _of(bundle: Bundle, kind: type[_R]) -> tuple[_R, ...]:
    """Return the rules of one kind by their ids."""
    rules = [rule for rule in bundle.rules if isinstance(rule, kind)]
    return tuple(sorted(rules, key=lambda rule: rule.id))


class _Turn(NamedTuple):
    """Where one item stands among its siblings: what the stage orders by, then its id."""

    first: int
    second: int
    id: str


def _in_turn(bundle: Bundle, rules: Sequence[AnyDiscount]) -> list[Placed]:
    """Order rules by stage, and in it as a walk through the tree of groups."""
    groups = {group.id: group for group in bundle.groups}
    stages = {stage.number: stage for stage in bundle.stages}
    walk: list[tuple[int, tuple[_Turn, ...], Placed]] = []
    for rule in rules:
        stage, above = stages[rule.stage], _above(rule, groups)
        turns = tuple([_turn(stage, item) for item in (*above, rule)])
        walk.append((stage.number, turns, _placed(rule, stage, above)))
    walk.sort(key=lambda item: item[:2])
    return [placed for _, _, placed in walk]


def _above(rule: AnyDiscount, groups: Mapping[str, Group]) -> list[Group]:
    """Return the groups around a rule, outermost first."""
    above: list[Group] = []
    name = rule.group
    while name:
        above.insert(0, groups[name])
        name = groups[name].within
    return above


def _kind(stage: Stage, item: AnyDiscount | Group) -> int:
    """Return the place of a rule's kind in the order of the stage, 0 if that does not matter."""
    if stage.order != "kind":
        return 0
    kind = None if isinstance(item, Group) else type(item).__struct_config__.tag
    return stage.kinds.index(str(kind)) if kind in stage.kinds else len(stage.kinds)


def _turn(stage: Stage, item: AnyDiscount | Group) -> _Turn:
    low_first = stage.order == "priority_low"
    return _Turn(_kind(stage, item), item.priority if low_first else -item.priority, item.id)


def _placed(rule: AnyDiscount, stage: Stage, above: Sequence[Group]) -> Placed:
    names = [*[group.id for group in above], rule.id]
    steps = tuple([Step(group, child) for group, child in zip(above, names[1:], strict=True)])
    limits: dict[str, tuple[Limit, ...]] = {}
    for limit in rule.limits:
        limits[limit.of] = (*limits.get(limit.of, ()), limit)
    shown = isinstance(rule, Coupon)
    weighed = any(step.best for step in steps)
    counted = any(limit.per not in IN_SALE for limit in rule.limits)
    moving = tuple([condition for condition in rule.when if not condition.static])
    idle = not (weighed or counted or moving or shown)
    gated = idle and not rule.target.sparing and all(each.common for each in rule.when)
    return Placed(
        rule=rule,
        stage=stage,
        top=names[0],
        steps=steps,
        weighed=weighed,
        claims=tuple([s for s in steps if s.group.scope == "unit" and s.group.mode == "first"]),
        fixed=tuple([condition for condition in rule.when if condition.static]),
        moving=moving,
        limits=limits,
        counted=counted,
        pick=rule.target.pick,
        plain=not (above or rule.limits or rule.target.pick or shown)
        and rule.overflow == "lost"
        and rule.exclusive == "no",
        idle=idle,
        gate=rule.when if gated else (),
    )
