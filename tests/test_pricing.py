"""Pricing: what holds for every basket and every bundle, and the choices at the borders."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.basket import Basket
from edge.shop.pricing import Asked, Moment, moment
from edge.shop.pricing.state import NOT_APPLIED_MAX
from edge.shop.sale import PricedLine, Quote
from tests.shop_draws import (
    ASKED,
    DOCUMENTS,
    MORE_DOCUMENTS,
    MORE_EFFECTS,
    basket,
    baskets,
    bundle,
    quote,
    rule,
)
from tests.test_explain import why

# --- what holds for all of them -------------------------------------------------------------------


@given(baskets(), MORE_DOCUMENTS, ASKED)
def test_nothing_falls_below_zero_or_its_floor_and_every_sum_is_exact(
    bought: Basket, document: dict[str, Any], asked: Asked
) -> None:
    made = quote(bought, document, more=asked)
    assert made.list_total == sum(priced.line.list_amount for priced in made.lines)
    assert made.total == made.list_total - made.discount_total
    assert made.total == sum(priced.net for priced in made.lines)
    assert made.total == sum(tax.net + tax.tax for tax in made.tax)
    assert made.discount_total == -sum(note.amount for note in made.applied)
    goods = [priced for priced in made.lines if priced.kind == "goods"]
    assert tuple(priced.line for priced in goods) == bought.lines
    for priced in made.lines:
        assert priced.net == priced.line.list_amount + sum(a.amount for a in priced.adjustments)
        assert sum(priced.unit_nets) == priced.net >= 0
        assert sum(priced.unit_points) == priced.points
        assert len(priced.unit_points) == len(priced.unit_nets) == priced.line.units
        for adjustment in priced.adjustments:
            assert sum(adjustment.units) == adjustment.amount <= 0
            assert all(unit <= 0 for unit in adjustment.units)
            assert len(adjustment.units) == len(priced.unit_nets)
    for priced in goods:
        least = min(priced.line.product.floor or 0, priced.line.unit_price)
        assert all(unit >= least for unit in priced.unit_nets)
        assert all(a.amount < 0 for a in priced.adjustments)
        lowered = [a for a in priced.adjustments if a.stage < 6]
        assert priced.line.product.discountable or not lowered


@given(baskets(), DOCUMENTS)
def test_tax_is_rounded_once_per_rate_and_sums_to_the_total(
    bought: Basket, document: dict[str, Any]
) -> None:
    made = quote(bought, document)
    assert sum(tax.net + tax.tax for tax in made.tax) == made.total
    for rate in {tax.rate for tax in made.tax}:
        gross = sum(priced.net for priced in made.lines if priced.tax_rate == rate)
        true = Fraction(gross * rate, 10_000 + rate)
        assert abs(sum(tax.tax for tax in made.tax if tax.rate == rate) - true) <= Fraction(1, 2)


@given(baskets(), DOCUMENTS)
def test_points_are_floored_once_and_belong_to_members(
    bought: Basket, document: dict[str, Any]
) -> None:
    made = quote(bought, document)
    assert made.points_earned == sum(priced.points for priced in made.lines)
    if bought.member is None:
        assert made.points_earned == 0
        return
    exact = Fraction(0)
    for earn in (r for r in document["rules"] if r["kind"] == "points_earn"):
        factor = earn["multipliers"]["gold"] if bought.member.tier == "gold" else 10_000
        for priced in made.lines:
            product, target = priced.line.product, earn["target"]
            if target["of"] == "all" or {product.id, product.category} & set(target["ids"]):
                exact += Fraction(priced.net * earn["points"] * factor, earn["per"] * 10_000)
    assert made.points_earned == int(exact)


@given(baskets(), MORE_DOCUMENTS, ASKED, st.data())
def test_the_place_in_the_file_never_matters(
    bought: Basket, document: dict[str, Any], asked: Asked, data: st.DataObject
) -> None:
    shuffled = document | {
        "rules": data.draw(st.permutations(document["rules"])),
        "groups": data.draw(st.permutations(document["groups"])),
    }
    before, after = quote(bought, document, more=asked), quote(bought, shuffled, more=asked)
    assert msgspec.json.encode(before) == msgspec.json.encode(after)


@given(baskets(), DOCUMENTS, st.data())
def test_the_order_of_scanning_never_changes_what_is_paid(
    bought: Basket, document: dict[str, Any], data: st.DataObject
) -> None:
    """Equal lines are ties and may swap their odd cents; distinct ones keep theirs."""
    lines = data.draw(st.permutations(bought.lines))
    before, after = quote(bought, document), quote(Basket(tuple(lines), bought.member), document)
    assert before.list_total == after.list_total
    if not any(r.get("per") == "order" for r in document["rules"]):
        assert (before.total, before.tax) == (after.total, after.tax)


@given(baskets(), MORE_DOCUMENTS, ASKED, MORE_EFFECTS)
def test_a_rule_that_cannot_match_changes_no_byte(
    bought: Basket, document: dict[str, Any], asked: Asked, effect: dict[str, Any]
) -> None:
    other = {"of": "products", "ids": ["other"]}
    stranger = rule("", "a-first", priority=9, target=other) | effect
    elsewhere = rule("", "z-last", target={"of": "categories", "ids": ["elsewhere"]}) | effect
    grouped = rule("", "in-group", group="g-guest", target=other) | effect
    shared = rule("", "in-units", group="u-guest", target=other) | effect
    alone = rule("", "alone", exclusive="everything", target=other) | effect
    unseen = rule("coupon", "unseen", stage=5, get={"is": "amount", "amount": 900})
    earn = rule("points_earn", "stray", points=1, per=7, target=other)
    strange = [stranger, elsewhere, grouped, shared, alone, unseen, earn]
    more = document | {"rules": [*strange[:3], *document["rules"], *strange[3:]]}
    before, after = quote(bought, document, more=asked), quote(bought, more, more=asked)
    assert msgspec.json.encode(before) == msgspec.json.encode(after)
    assert before.fingerprint == after.fingerprint


# --- choices and borders --------------------------------------------------------------------------


def test_the_best_for_the_guest_saves_most_and_the_best_for_the_shop_least() -> None:
    rules = [
        rule("amount_off", name, group="g", amount=amount, per="order")
        for name, amount in (("a", 500), ("b", 700), ("c", 100), ("d", 700))
    ]
    for mode, chosen in (("best_for_guest", "b"), ("best_for_shop", "c"), ("first", "a")):
        document = bundle(rules, groups=[{"id": "g", "mode": mode}])
        made = quote(basket((5, "1")), document)
        assert [note.rule for note in made.applied] == [chosen]
        assert {note.reason for note in made.not_applied} == {"R-EXCLUDED-BY-GROUP"}
        assert len(made.not_applied) == 3


def test_a_rule_without_effect_excludes_nobody() -> None:
    nothing = rule("amount_off", "a", group="g-first", priority=9, amount=0)
    something = rule("amount_off", "b", group="g-first", amount=5)
    made = quote(basket((5, "1")), bundle([nothing, something]))
    assert [note.rule for note in made.applied] == ["b"]
    assert [(note.rule, note.reason) for note in made.not_applied] == [("a", "R-NOTHING-LEFT")]


def test_each_unit_carries_its_own_price() -> None:
    """Three at 6.65 with 1.00 off the order: 34 + 33 + 33, so that a return of one is exact."""
    made = quote(basket((0, "3")), bundle([rule("amount_off", amount=10, per="order")]))
    (priced,) = made.lines
    assert priced.unit_nets == (6, 7, 7)
    assert priced.adjustments[0].units == (-4, -3, -3)


def test_a_percentage_of_the_whole_order_names_its_base_too() -> None:
    first = rule("amount_off", "a", priority=1, amount=1345, per="order")
    for base, off in (("remaining", 1100), ("list", 1235)):
        tenth = rule("percent_off", "b", basis_points=1000, per="order", base=base)
        made = quote(basket((5, "1")), bundle([first, tenth]))
        assert made.discount_total == 1345 + off


def test_goods_named_twice_are_discounted_once() -> None:
    twice = {"of": "products", "ids": ["p1", "p1"]}
    made = quote(basket((1, "1")), bundle([rule("amount_off", amount=5, target=twice)]))
    assert made.discount_total == 5


def test_reduced_goods_are_discounted_unless_the_rule_spares_them() -> None:
    for spare, off in (({}, 40), ({"spare_reduced": True}, 0)):
        tenth = rule("percent_off", basis_points=1000) | spare
        assert quote(basket((7, "1")), bundle([tenth])).discount_total == off


def test_hints_are_nearest_first_and_bounded() -> None:
    far = {"is": "at_least", "amount": 90_000, "base": "list"}
    near = {"is": "at_least", "amount": 1_000, "base": "list"}
    rules = [
        rule("percent_off", f"far-{i}", basis_points=1, when=[far | {"amount": 90_000 + i}])
        for i in range(30)
    ]
    rules += [
        rule("percent_off", "both", basis_points=1, when=[{"is": "member"}, near]),
        rule("percent_off", "club", basis_points=1, when=[{"is": "member"}]),
        rule("percent_off", "near", basis_points=1, when=[near]),
    ]
    hints = quote(basket((1, "1")), bundle(rules)).not_applied
    assert len(hints) == NOT_APPLIED_MAX
    assert [note.rule for note in hints[:3]] == ["near", "far-0", "far-1"]
    made = quote(basket((1, "1")), bundle(rules[-3:]))
    everything = made.not_applied
    assert [note.rule for note in everything] == ["near", "club", "both"]
    assert why(made, rules[-3:], "en")["near"] == "needs 3.35 more"
    assert why(made, rules[-3:], "zh")["near"] == "再消费 3.35 即可享受"


def test_the_last_day_counts_as_a_whole_in_the_store_s_zone() -> None:
    document = bundle(
        [
            rule(
                "amount_off",
                amount=5,
                when=[{"is": "dates", "from": "2026-11-22", "until": "2026-11-22"}],
            )
        ]
    )
    midnight = 1_795_276_800_000
    for at_ms, off in ((-1, 0), (0, 5), (86_399_999, 5), (86_400_000, 0)):
        at = moment(midnight + at_ms, "Asia/Shanghai")
        assert quote(basket((1, "1")), document, at).discount_total == off


def test_a_moment_is_local() -> None:
    said = Moment(at_ms=1_795_312_800_000, date="2026-11-22", minute=600, weekday=7)
    assert moment(1_795_312_800_000, "Asia/Shanghai") == said
    assert moment(said.at_ms, "America/New_York").date == "2026-11-21"


def _one_more_point(made: Quote) -> Iterator[PricedLine]:
    for priced in made.lines:
        yield msgspec.structs.replace(priced, points=priced.points + 1)


def test_the_fingerprint_covers_what_is_paid_and_earned_and_nothing_else() -> None:
    document = bundle(
        [rule("percent_off", basis_points=1000), rule("points_earn", "e", points=1, per=100)]
    )
    bought = basket((1, "1"), (5, "2"), tier="gold")
    made = quote(bought, document)
    print_ = made.fingerprint
    assert len(print_) == 64
    assert quote(bought, document).fingerprint == print_
    assert quote(bought, document, moment(0, "UTC")).fingerprint == print_
    assert (
        msgspec.structs.replace(made, price_book=8, not_applied=made.applied).fingerprint == print_
    )
    others = [
        quote(basket((1, "1"), (5, "3"), tier="gold"), document),
        quote(basket((1, "1"), (5, "2")), document),
        quote(bought, bundle([rule("percent_off", basis_points=1001)])),
        msgspec.structs.replace(made, bundle="c" * 64),
        msgspec.structs.replace(made, points_earned=made.points_earned + 1),
        msgspec.structs.replace(made, lines=tuple(_one_more_point(made))),
    ]
    assert len({print_, *(other.fingerprint for other in others)}) == 1 + len(others)


def test_declared_rounding_is_used() -> None:
    half = [rule("percent_off", basis_points=1000)]
    bought = basket((5, "1"))
    offs = [
        quote(bought, bundle(half, rounding=rounding)).discount_total
        for rounding in ("half_up", "half_even", "down")
    ]
    assert offs == [1235, 1234, 1234]
