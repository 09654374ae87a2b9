"""What is wrong with a bundle of the right shape: names that lead nowhere, senseless terms."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache, cached_property
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import inspect

from edge.shop.bundle import prepaid
from edge.shop.bundle.bundle import AnyDiscount, AnyRule, Bundle, Group
from edge.shop.bundle.walking import fields_of, walk
from edge.shop.calendar import is_day
from edge.shop.money import BASIS
from edge.shop.rules.conditions import (
    NESTING_MAX,
    All,
    AnyOf,
    AtLeast,
    Condition,
    Daypart,
    DaysOfMonth,
    HasGoods,
    HasTier,
    Holiday,
    MemberDay,
    Not,
    NthWeekday,
)
from edge.shop.rules.coupon import Coupon
from edge.shop.rules.points_earn import PointsEarn, PointsMultiplier
from edge.shop.rules.rule import Discount, Limit
from edge.shop.sale import Funding

KINDS = tuple(str(kind.__struct_config__.tag) for kind in get_args(AnyDiscount))
"""The kinds of rules that lower a price, as a bundle writes them."""

LEADS = {
    "tier": "tier",
    "tiers": "tier",
    "coupon": "coupon",
    "coupons": "coupon",
    "coupon_prices": "coupon",
    "plan": "plan",
    "cards": "card product",
    "tax_class": "tax class",
    "rule": "rule",
    "programme": "partner",
}
"""What a field leads to, by its name, wherever it stands."""

GROUPS_DEEP_MAX = 16
"""How deep groups may stand inside groups."""


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class BundleError(Exception):
    """A bundle that cannot be used: where (`path`), `what` is wrong, and a `suggestion` or ""."""

    def __init__(self, path: str, what: str, suggestion: str = "") -> None:
        super().__init__(path, what, suggestion)
        self.path, self.what, self.suggestion = path, what, suggestion

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.path}: {self.what}{hint}"


def close(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant, "" for none."""
    return next(iter(get_close_matches(word, list(known), n=1)), "")


def findings(bundle: Bundle) -> Iterator[BundleError]:
    """Yield everything that is wrong with a bundle, in the order of its fields."""
    known = Known(bundle)
    yield from _head(bundle)
    yield from _ids(bundle)
    yield from _stages(bundle)
    yield from _groups(bundle, known)
    for index, rule in enumerate(bundle.rules):
        yield from _rule(rule, f"$.rules[{index}]", known)
    for path, part in walk(bundle.programme, "$.programme"):
        yield from _part(part, path, known)
    for path, what in prepaid.wrong(bundle):
        yield BundleError(path, what)


class Known(msgspec.Struct, dict=True):
    """The names of a bundle that others may lead to."""

    bundle: Bundle

    @cached_property
    def stages(self) -> Mapping[int, str]:
        """The level of each stage by its number."""
        return {stage.number: stage.level for stage in self.bundle.stages}

    @cached_property
    def lines_end(self) -> int:
        """The last stage of level lines, 0 if there is none."""
        return max((n for n, level in self.stages.items() if level == "lines"), default=0)

    @cached_property
    def parents(self) -> Mapping[str, str]:
        """The group around each group, "" for none."""
        return {group.id: group.within for group in self.bundle.groups}

    @cached_property
    def tiers(self) -> Collection[str]:
        """The tiers."""
        return {tier.id for tier in self.bundle.tiers}

    @cached_property
    def earning(self) -> Collection[str]:
        """The rules that give points."""
        return {rule.id for rule in self.bundle.rules if isinstance(rule, PointsEarn)}

    @cached_property
    def names(self) -> Mapping[str, Collection[str]]:
        """What there is of each thing that LEADS leads to."""
        programme = self.bundle.programme
        return {
            "tier": self.tiers,
            "coupon": {rule.id for rule in self.bundle.rules if isinstance(rule, Coupon)},
            "plan": {plan.id for plan in programme.plans},
            "tax class": self.bundle.tax,
            "card product": {product.id for product in programme.card_products},
            "rule": {rule.id for rule in self.bundle.rules},
            "partner": programme.points.partners,
        }


def _head(bundle: Bundle) -> Iterator[BundleError]:
    try:
        ZoneInfo(bundle.zone)
    except (KeyError, ValueError, OSError):
        yield _unknown("$.zone", "time zone", bundle.zone, available_timezones())
    if bundle.valid_until <= bundle.valid_from:
        yield BundleError("$.valid_until", "is not after valid_from")
    for name, days in bundle.holidays.items():
        for index, day in enumerate(days):
            if not is_day(day):
                path = f"$.holidays.{name}[{index}]"
                yield BundleError(path, f"{day!r} is not a day of the calendar")


def _ids(bundle: Bundle) -> Iterator[BundleError]:
    """Rules and groups share one space of names: both stand beside each other in a group."""
    seen: set[str] = set()
    for field, named in (("groups", bundle.groups), ("rules", bundle.rules)):
        for index, item in enumerate(named):
            if item.id in seen:
                yield BundleError(f"$.{field}[{index}].id", f"{item.id!r} is used twice")
            seen.add(item.id)
    for field, values in (
        ("stages", [stage.number for stage in bundle.stages]),
        ("tiers", [tier.id for tier in bundle.tiers]),
    ):
        if len(set(values)) < len(values):
            yield BundleError(f"$.{field}", "one of them is declared twice")


# --- stages and groups ----------------------------------------------------------------------------


def _stages(bundle: Bundle) -> Iterator[BundleError]:
    for index, stage in enumerate(bundle.stages):
        path = f"$.stages[{index}]"
        if stage.order == "kind" and not stage.kinds:
            yield BundleError(f"{path}.kinds", "an order by kind needs the kinds in their order")
        if stage.kinds and stage.order != "kind":
            yield BundleError(f"{path}.kinds", f"are not used in the order {stage.order}", "kind")
        for place, kind in enumerate(stage.kinds):
            if kind not in KINDS:
                yield _unknown(f"{path}.kinds[{place}]", "kind of rule", kind, KINDS)


def _groups(bundle: Bundle, known: Known) -> Iterator[BundleError]:
    spans = _spans(bundle, known)
    for index, group in enumerate(bundle.groups):
        path = f"$.groups[{index}]"
        yield from _within(group, f"{path}.within", known)
        stages = spans.get(group.id, ())
        if outer := _around(group, bundle):
            what = f"an order is not weighed inside group {outer}, which goes unit by unit"
            yield BundleError(f"{path}.scope", what, "unit")
        if group.scope == "unit" and len(stages) > 1:
            named = ", ".join(str(stage) for stage in sorted(stages))
            what = f"units are weighed inside one stage; this group's rules are in {named}"
            yield BundleError(f"{path}.scope", what, "order")


def _around(group: Group, bundle: Bundle) -> str:
    """Return the group of scope unit around a best-of of scope order, "" if there is none."""
    if group.scope == "unit" or not group.mode.startswith("best_for"):
        return ""
    groups = {one.id: one for one in bundle.groups}
    name, seen = group.within, set[str]()
    while name in groups and name not in seen:
        if groups[name].scope == "unit":
            return name
        seen.add(name)
        name = groups[name].within
    return ""


def _within(group: Group, path: str, known: Known) -> Iterator[BundleError]:
    """Follow the groups around a group outwards: each exists, and none is met twice."""
    seen, name = [group.id], group.within
    while name:
        if name not in known.parents:
            if name == group.within:
                yield _unknown(path, "group", name, known.parents)
            return
        if name in seen:
            yield BundleError(path, f"{group.id!r} is inside itself")
            return
        seen.append(name)
        name = known.parents[name]
    if len(seen) > GROUPS_DEEP_MAX:
        yield BundleError(path, f"groups stand at most {GROUPS_DEEP_MAX} deep in each other")


def _spans(bundle: Bundle, known: Known) -> Mapping[str, set[int]]:
    """Return the stages of the rules in each group, those of its inner groups included."""
    spans: dict[str, set[int]] = {}
    for rule in bundle.rules:
        name = rule.group if isinstance(rule, Discount) else ""
        seen: set[str] = set()
        while isinstance(rule, Discount) and name in known.parents and name not in seen:
            seen.add(name)
            spans.setdefault(name, set()).add(rule.stage)
            name = known.parents[name]
    return spans


# --- rules ----------------------------------------------------------------------------------------


def _rule(rule: AnyRule, path: str, known: Known) -> Iterator[BundleError]:
    if isinstance(rule, Discount):
        if rule.stage not in known.stages:
            numbers = [str(number) for number in known.stages]
            what = f"no stage has the number {rule.stage}"
            yield BundleError(f"{path}.stage", what, close(str(rule.stage), numbers))
        if rule.group and rule.group not in known.parents:
            yield _unknown(f"{path}.group", "group", rule.group, known.parents)
        if rule.exclusive == "group" and not rule.group:
            yield BundleError(f"{path}.exclusive", "there is no group to stand alone in", "level")
        yield from _limits(rule.limits, f"{path}.limits")
    if isinstance(rule, PointsEarn):
        yield from _named(rule.multipliers, f"{path}.multipliers", "tier", known.tiers)
    if isinstance(rule, PointsMultiplier):
        yield from _named(rule.rules, f"{path}.rules", "earning rule", known.earning)
    lines_over = not isinstance(rule, Discount) or rule.stage > known.lines_end
    for where, part in walk(rule, path):
        yield from _part(part, where, known)
        if isinstance(part, AtLeast) and part.base == "after_lines" and not lines_over:
            what = "after_lines is not known yet in a stage of level lines"
            yield BundleError(f"{where}.base", what, "payable")
    for index, condition in enumerate(rule.when):
        if _depth(condition) > NESTING_MAX:
            what = f"conditions stand at most {NESTING_MAX} deep in each other"
            yield BundleError(f"{path}.when[{index}]", what)


def _funding(funding: Collection[Funding], path: str) -> Iterator[BundleError]:
    if not funding:
        return
    total = sum(part.share for part in funding)
    if total != BASIS or any(part.share <= 0 for part in funding):
        yield BundleError(path, f"shares are above zero and sum to {BASIS}, not to {total}")
    if len({part.party for part in funding}) < len(funding):
        yield BundleError(path, "a party is named twice")


def _limits(limits: Collection[Limit], path: str) -> Iterator[BundleError]:
    seen: set[tuple[str, str]] = set()
    for index, limit in enumerate(limits):
        where = f"{path}[{index}]"
        if limit.per in {"unit", "line"} and limit.of != "amount":
            yield BundleError(
                f"{where}.per", f"{limit.of} are not counted per {limit.per}", "order"
            )
        if limit.max == 0:
            yield BundleError(f"{where}.max", "a rule with this limit never takes effect")
        if (limit.of, limit.per) in seen:
            yield BundleError(where, f"{limit.of} per {limit.per} are limited twice")
        seen.add((limit.of, limit.per))


def _depth(condition: Condition) -> int:
    match condition:
        case All(of=parts) | AnyOf(of=parts):
            return 1 + max(_depth(part) for part in parts)
        case Not(of=part):
            return 1 + _depth(part)
        case _:
            return 1


# --- parts that may stand anywhere ----------------------------------------------------------------


def _part(part: msgspec.Struct, path: str, known: Known) -> Iterator[BundleError]:
    yield from _funding(getattr(part, "funding", ()), f"{path}.funding")
    yield from _leads(part, path, known)
    match part:
        case HasTier():
            yield from _named(part.any_of, f"{path}.any_of", "tier", known.tiers)
        case Holiday():
            yield from _named(part.any_of, f"{path}.any_of", "holiday", known.bundle.holidays)
        case HasGoods() if part.target.pick:
            what = "picks no units: goods are in the basket or not"
            yield BundleError(f"{path}.target.pick", what)
        case Daypart() if part.start == part.until:
            yield BundleError(f"{path}.until", "is the same as from: leave the condition out")
        case DaysOfMonth() | MemberDay() if 0 in part.days:
            yield BundleError(f"{path}.days", "a month has no day 0; -1 is its last")
        case NthWeekday(nth=0):
            yield BundleError(f"{path}.nth", "nth counts from 1; -1 is a month's last")
        case _:
            pass


def _leads(part: msgspec.Struct, path: str, known: Known) -> Iterator[BundleError]:
    """Follow the fields whose name says what they lead to, and look at days and ids."""
    for field, name, leads_to in _telling(type(part)):
        value, where = getattr(part, field), f"{path}.{name}"
        if isinstance(value, str):
            if _DAY.fullmatch(value):
                yield from _day(part, field, value, where)
            value = (value,) if value else ()
        elif not value:
            continue
        if leads_to:
            words = [word for word in value if isinstance(word, str)]
            yield from _named(words, where, leads_to, known.names[leads_to])
        ids = [item.id for item in value if hasattr(item, "id")]
        if len(set(ids)) < len(ids):
            yield BundleError(where, "an id is used twice")


@cache
def _telling(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, str], ...]:
    """Return the fields of a type that lead somewhere, are days, or hold things with an id."""
    telling = []
    for field in fields_of(kind):
        texts = [part for part in _parts(field.type) if isinstance(part, inspect.StrType)]
        items = field.type.item_type if isinstance(field.type, inspect.VarTupleType) else None
        ids = isinstance(items, inspect.StructType) and hasattr(items.cls, "id")
        named = isinstance(field.type, (inspect.StrType, inspect.VarTupleType, inspect.DictType))
        leads_to = LEADS.get(field.name, "") if named else ""
        if leads_to or ids or any(text.pattern and r"\d{4}-" in text.pattern for text in texts):
            telling.append((field.name, field.encode_name, leads_to))
    return tuple(telling)


def _parts(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _day(part: msgspec.Struct, field: str, day: str, path: str) -> Iterator[BundleError]:
    if not is_day(day):
        yield BundleError(path, f"{day!r} is not a day of the calendar")
    if field == "until" and day < getattr(part, "start", ""):
        yield BundleError(path, "is before from")


def _named(
    names: Iterable[str], path: str, what: str, known: Collection[str]
) -> Iterator[BundleError]:
    for name in names:
        if name not in known:
            yield _unknown(path, what, name, known)


def _unknown(path: str, what: str, name: str, known: Iterable[str]) -> BundleError:
    return BundleError(path, f"no {what} is called {name!r}", close(name, known))
