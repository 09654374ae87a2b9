"""What the stories must show: every kind of rule, every word a rule may say, every reason.

A story says what it is about in words; here is counted that none of them is missing. What is
counted is what stories are given: rules, conditions, groups, stages and the bundle's own choices.
The terms of accounts are not counted here.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from edge.shop.bundle import Bundle
from edge.shop.bundle.bundle import AnyRule, CouponChoices, Group, Stage
from edge.shop.bundle.walking import fields_of, walk
from edge.shop.pricing.explain import TEXTS
from edge.story.given import given
from edge.story.page import cut
from tests.test_receipts import STORIES

Place = tuple[type[msgspec.Struct], str]
"""A field: the type that declares it, and its name."""

PRICING_FIELDS = ("rounding", "odd_cent", "running_base")
"""The fields of a bundle itself that say how prices are computed."""

SHOWN_AS_CUTS = {"R-APPLIED"}
"""A rule that took effect stands on the bill and needs no reason."""

# --- choices that good engines make differently ---------------------------------------------------

CHOICES = {
    # what a percentage is of, after another discount
    "a share of what remains": ("p_percent_base", "base remaining"),
    "a share of the list price": ("p_percent_base", "of list"),
    # the order in which rules have their turns
    "stage by stage": ("stages_and_bases", "stage 4"),
    "the highest priority first": ("p_order_of_turns", "order priority_high"),
    "the lowest priority first": ("p_order_of_turns", "order priority_low"),
    "by kind": ("p_order_of_turns", "order kind | kinds [percent_off, amount_off]"),
    "by lane: lines, then the order": ("p_exclusive", "combined with rule Cola 10 alone"),
    "the largest saving first": ("p_order_of_turns", "order largest_saving"),
    "ties by the rule's id": ("p_order_of_turns", "    a-egg -10.00\n    b-egg -9.00"),
    # which promotions win
    "all stack": ("p_groups_stack_and_one_order_wide", "group all all"),
    "the best per line": ("p_groups_by_unit", "group guest best_for_guest scope unit"),
    "one order-wide only": ("p_groups_stack_and_one_order_wide", "group best best_for_guest"),
    "the best combination": ("p_best_combination", "group lamp best_for_guest within club"),
    "the best in the end, not of itself": ("p_best_final_total", "1 radio\n  radio 76.00"),
    "the best beyond a bound": ("p_best_beyond_the_bound", "best-of judged by own_saving"),
    "the best for the shop": ("p_best_for_shop", "group line best_for_shop"),
    "the first": ("p_groups_stack_and_one_order_wide", "group one first"),
    "one code per basket": ("p_coupons_one_code", "set coupons.max 1"),
    # what an exclusive rule excludes
    "the rest of its group": ("p_exclusive", "exclusive group"),
    "the rest of its level": ("p_exclusive", "exclusive level"),
    "everything after it": ("p_exclusive", "exclusive after"),
    "everything": ("p_exclusive", "exclusive everything"),
    "nothing if it did not act": ("p_exclusive", "total 97.00"),
    # who gets the odd cent
    "the largest remainder": ("p_odd_cent_largest_remainder", "set odd_cent largest_remainder"),
    "the first lines": ("p_odd_cent_first", "set odd_cent first"),
    "the last line": ("p_odd_cent_last", "set odd_cent last"),
    "ten lines of 0.10": ("ten_sweets", "TOTAL CNY                   0.95"),
    # how and where is rounded
    "half-up": ("p_rounding_half_up", "total 2.03"),
    "half-even": ("p_rounding_half_even", "total 2.04"),
    "down": ("p_rounding_down", "total 2.06"),
    "per unit": ("p_rounding_place", "unit 1.20 (0.40 + 0.40 + 0.40)"),
    "per line": ("p_rounding_place", "line 1.21 (0.40 + 0.40 + 0.41)"),
    "on the total": ("p_rounding_place", "per-order -0.13"),
    "the price instead of the discount": ("p_rounding_place", "round price"),
    "the running base rounded": ("p_running_base_rounded", "total 0.32"),
    "the running base exact": ("p_running_base_exact", "total 0.33"),
    # buy n, get m
    "the reward out of the basket": ("p_buy_n_get_m_sets", "roll 6.00 (2.00 + 2.00 + 2.00)"),
    "the reward on top": ("p_buy_n_get_m_named", "reward {from: added, product: cup}"),
    "the reward named": ("p_buy_n_get_m_named", "reward {from: named"),
    "the cheapest rewarded": ("p_buy_n_get_m_which", "rank over_set | which cheapest"),
    "the dearest rewarded": ("p_buy_n_get_m_which", "rank over_set | which dearest"),
    "the cheapest of all": ("p_buy_n_get_m_which", "rank over_all | which cheapest"),
    "the dearest of all": ("p_buy_n_get_m_which", "rank over_all | which dearest"),
    "a part of a reward": ("p_buy_n_get_m_parts", "partial true"),
    "only whole rewards": ("p_buy_n_get_m_parts", "partial false"),
    "sets repeat": ("p_buy_n_get_m_sets", "two-three -30.00"),
    "one set only": ("p_buy_n_get_m_parts", "repeats false"),
    "every nth of each product": ("p_every_nth", "across vertical | within product"),
    "every nth of each category": ("p_every_nth", "across vertical | within category"),
    "every nth of all": ("p_every_nth", "across horizontal"),
    # an amount off each
    "off each unit": ("amount_off_three_ways", "1.00 off per unit"),
    "off each line": ("amount_off_three_ways", "2.00 off per line"),
    # where a threshold is measured
    "before discounts": ("threshold_by_base", "at least 100.00 list"),
    "after the lines": ("threshold_by_base", "at least 100.00 after_lines"),
    "as it is payable": ("threshold_by_base", "at least 100.00 payable"),
    "reached at its amount": ("threshold_by_base", "100.00 >= 100.00"),
    "reached above its amount": ("p_conditions_together", "over: target, strict: true"),
    "over the rule's own goods": ("threshold_by_base", "at least 15.00 list over target"),
    # what a floor, a cap or a budget leaves no room for
    "it is lost": ("p_overflow", "overflow lost"),
    "it moves to other lines": ("p_overflow", "overflow moves"),
    "the discount is dropped": ("p_overflow", "overflow drops"),
    "a budget is spent": ("p_limits_over_time", "R-BUDGET-SPENT"),
    # coupons
    "case does not matter": ("p_coupons_kind_till", "coupon TEN | coupon ten"),
    "case matters": ("p_coupons_strict_till", "set coupons.codes exact"),
    "a repeat is ignored": ("p_coupons_kind_till", "coupon TEN | coupon TEN"),
    "a repeat is refused": ("p_coupons_strict_till", "R-COUPON-REPEATED"),
    "a worse coupon is stacked": ("p_coupons_kind_till", "coupon TEN | coupon FOUR"),
    "a worse coupon is refused": ("p_coupons_strict_till", "R-COUPON-WORSE"),
    "no more than so many coupons": ("p_coupons_one_code", "R-COUPON-MAX"),
    # the last day of a date
    "a rule's last day, by the zone": ("p_last_day", "on 2026-10-25 23:59"),
    "a coupon's last day": ("p_coupon_reasons", "valid_until 2026-11-22"),
    # points
    "floored last": ("p_points_floor_last", "earns 47"),
    "floored before factors": ("p_points_floor_first", "points.flooring before_multiplier"),
    "fractions of points": ("p_points_fractional", "points.exponent 2"),
    "factors multiply": ("p_points_floor_last", "1.5 x 3"),
    "factors add": ("p_points_floor_first", "points.multipliers add"),
    "points that pay cut what earns": ("p_points_what_earns", "earns 70"),
    "points that pay do not": ("p_points_what_earns_otherwise", "points: true"),
    "bonus value does not earn": ("p_points_what_earns", "+80 PTS"),
    "bonus value earns": ("p_points_what_earns_otherwise", "bonus: true"),
    "a category sees order discounts": ("p_points_what_earns", "base net"),
    "a category does not see them": ("p_points_what_earns", "base after_lines"),
    # all of them exist
    "the nth order": ("p_how_often", "nth: 3"),
    "unit limits": ("p_limits_in_a_sale", "limits [{max: 2, of: units}]"),
    "application limits": ("p_limits_in_a_sale", "limits [{max: 2, of: uses, per: order}]"),
    "price breaks": ("p_ladder_whole", "over product | per unit | steps [{"),
    "tiered amounts": ("p_ladder_whole", "{at_least: 200.00, off: {is: amount, amount: 25.00}}"),
    "progressive amounts": ("p_ladder_progressive", "mode progressive | by money"),
    "progressive units": ("p_ladder_progressive", "plant 46.00 (10.00 + 10.00 + 8.00"),
    "bundles at a set total": ("p_set_price", "off {is: fixed, amount: 25.00}"),
}  # fmt: skip
"""Each variant with the story that shows it, and words of that story that only show with it."""


@pytest.mark.parametrize("variant", CHOICES)
def test_every_choice_is_told(variant: str) -> None:
    story, words = CHOICES[variant]
    assert words in _texts()[story]


# --- what stories are given -----------------------------------------------------------------------


def test_every_part_of_a_rule_is_given() -> None:
    """Kinds of rules, conditions, targets, benefits: each type occurs in a story."""
    given_types = {type(part) for part in _parts()}
    assert {kind.__name__ for kind in _types() - given_types} == set()


def test_every_word_of_every_field_is_given() -> None:
    """Where a field has so many words to say, each is said in a story."""
    said = _said()
    missing = {
        f"{place[0].__name__}.{place[1]}": sorted(map(str, unsaid))
        for place, words in _words().items()
        if (unsaid := words - said.get(place, set()))
    }
    assert missing == {}


def test_every_field_is_given() -> None:
    """A field that is never said could mean anything."""
    fields = {_place(kind, field.name) for kind in _types() for field in fields_of(kind)}
    given_fields = {
        _place(type(part), field.name)
        for part in _parts()
        for field in fields_of(type(part))
        if field.required or getattr(part, field.name) != _default(field)
    }
    assert {f"{kind.__name__}.{name}" for kind, name in fields - given_fields} == set()


def test_every_group_is_given() -> None:
    modes, scopes = (_words()[Group, name] for name in ("mode", "scope"))
    groups = {(group.mode, group.scope) for bundle in _bundles() for group in bundle.groups}
    assert {(mode, scope) for mode in modes for scope in scopes} - groups == set()


def test_every_reason_is_told() -> None:
    printed = "\n".join(row for text in _texts().values() for row in _printed(text))
    assert {reason for reason in TEXTS if reason not in printed} == SHOWN_AS_CUTS


# --- reading them ---------------------------------------------------------------------------------


@cache
def _texts() -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in STORIES}


def _printed(text: str) -> Iterator[str]:
    for step in cut(text).steps:
        yield from step.printed


@cache
def _bundles() -> tuple[Bundle, ...]:
    return tuple(_bundle(path) for path in STORIES)


def _bundle(path: Path) -> Bundle:
    page = cut(path.read_text("utf-8"))
    return given(page.given, lambda name: (path.parent / name).read_bytes()).rules().bundle


@cache
def _parts() -> tuple[msgspec.Struct, ...]:
    """Return all that has to do with prices in what the stories are given."""
    found: list[msgspec.Struct] = []
    for bundle in _bundles():
        for value in (bundle.rules, bundle.groups, bundle.stages, bundle.coupons):
            found += [part for _, part in walk(value, "$")]
    return tuple(found)


@cache
def _types() -> frozenset[type[msgspec.Struct]]:
    """Return the types of all that could be given."""
    found: set[type[msgspec.Struct]] = set()
    for root in (AnyRule, Group, Stage, CouponChoices):
        found.update(_structs(inspect.type_info(root), found))
    return frozenset(found)


def _structs(kind: inspect.Type, seen: set[type[msgspec.Struct]]) -> set[type[msgspec.Struct]]:
    for part in _flat(kind):
        if isinstance(part, inspect.StructType) and part.cls not in seen:
            seen.add(part.cls)
            for field in part.fields:
                seen |= _structs(field.type, seen)
    return seen


def _flat(kind: inspect.Type) -> Iterable[inspect.Type]:
    """Return a type, or what a union, a list or a table may hold."""
    match kind:
        case inspect.UnionType(types=types):
            return [each for part in types for each in _flat(part)]
        case inspect.VarTupleType(item_type=item) | inspect.DictType(value_type=item):
            return _flat(item)
        case _:
            return [kind]


def _place(kind: type[msgspec.Struct], field: str) -> Place:
    """Return a field under the type that declares it first: what kinds share is one field."""
    return next(
        (base, field)
        for base in reversed(kind.__mro__)
        if issubclass(base, msgspec.Struct) and field in base.__annotations__
    )


@cache
def _words() -> dict[Place, set[object]]:
    """Return what each field may say that has so many words, yes and no included."""
    words: dict[Place, set[object]] = {}
    for kind in _types() | {Bundle}:
        for field in fields_of(kind):
            if kind is Bundle and field.name not in PRICING_FIELDS:
                continue
            for part in _flat(field.type):
                some: tuple[object, ...] = ()
                if isinstance(part, inspect.LiteralType):
                    some = part.values
                elif isinstance(part, inspect.BoolType):
                    some = (True, False)
                if some:
                    words.setdefault(_place(kind, field.name), set()).update(some)
    return words


@cache
def _said() -> dict[Place, set[object]]:
    """Return what stories let each field say."""
    said: dict[Place, set[object]] = {}
    for part in (*_bundles(), *_parts()):
        for field in fields_of(type(part)):
            value = getattr(part, field.name)
            values = value if isinstance(value, tuple) else (value,)
            words = {each for each in values if isinstance(each, (str, bool))}
            if words:
                said.setdefault(_place(type(part), field.name), set()).update(words)
    return said


def _default(field: inspect.Field) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory()
