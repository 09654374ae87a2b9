"""Rules on prices, amounts and steps, charges and points, calculated by hand."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.bundle.bundle import AnyRule
from edge.shop.money import Rounding
from edge.shop.rules.charge import Charge
from edge.shop.rules.coupon import Coupon
from edge.shop.rules.points_redeem import PointsRedeem, redeem
from edge.shop.rules.rule import NOTHING, Effect, Gift
from edge.shop.rules.running import Picked
from tests.rule_draws import (
    NAMES,
    at_list,
    effect,
    everything,
    goods,
    offs,
    per_unit,
    priced,
    rule,
    runnings,
    selections,
)

TENTH = {"is": "percent", "basis_points": 1_000}


def step(at_least: int, **off: Any) -> dict[str, Any]:
    return {"at_least": at_least, "off": off}


def share(at_least: int, basis_points: int) -> dict[str, Any]:
    return step(at_least, **{"is": "percent", "basis_points": basis_points})


def less(at_least: int, amount: int) -> dict[str, Any]:
    return step(at_least, **{"is": "amount", "amount": amount})


# --- fixed price --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per", "amount", "expected"),
    [
        ("unit", 300, [(200, 200), 0, 150]),  # half a kilogram for 150
        ("line", 300, [(350, 350), 0, 0]),
        ("line", 250, [(375, 375), 50, 50]),
        ("order", 1000, [(188, 187), 113, 112]),  # 600 off 1600: 375 + 112.5 + 112.5
        ("order", 9000, [(0, 0), 0, 0]),
    ],
)
def test_a_fixed_price(per: str, amount: int, expected: list[Any]) -> None:
    basket = at_list(goods("a", 500, "2"), goods("b", 300), goods("c", 600, "0.5"))
    assert offs(basket, "fixed_price", amount=amount, per=per) == expected


# --- coupon and order amounts: allocation -------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("coupon", {"get": {"is": "amount", "amount": 5}}),
        ("spend_threshold", {"amount": 100, "off": {"is": "amount", "amount": 5}}),
        ("coupon", {"get": {"is": "percent", "basis_points": 500}}),
        ("fixed_price", {"amount": 95, "per": "order"}),
    ],
)
def test_five_cents_off_ten_lines_of_ten(kind: str, more: dict[str, Any]) -> None:
    assert offs(priced(*[10] * 10), kind, **more) == [1] * 5 + [0] * 5


def test_an_amount_is_shared_over_lines_and_then_over_units() -> None:
    bakery = at_list(goods("cake", 8880), goods("bread", 665, "3"))
    done = offs(bakery, "coupon", get={"is": "amount", "amount": 1000})
    assert done == [817, (61, 61, 61)]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"get": {"is": "amount", "amount": 100}, "per": "unit"}, [(100, 100), 30]),
        ({"get": {"is": "amount", "amount": 100}, "per": "line"}, [(50, 50), 30]),
        ({"get": {"is": "amount", "amount": 9999}}, [(200, 200), 30]),
        ({"get": TENTH}, [(20, 20), 3]),
        ({"get": {"is": "fixed", "amount": 215}}, [(100, 100), 15]),
        ({"get": {"is": "free", "count": 2}}, [(200, 0), 30]),
        ({"get": {"is": "free", "which": "dearest"}}, [(200, 0), 0]),
    ],
)
def test_what_a_coupon_is_worth(more: dict[str, Any], expected: list[Any]) -> None:
    basket = at_list(goods("a", 200, "2"), goods("b", 30), goods("bag", 0))
    assert offs(basket, "coupon", **more) == [*expected, 0]


def test_a_coupon_may_bring_a_gift() -> None:
    got = effect(priced(100), "coupon", get={"is": "gift", "product": "bag", "count": 2})
    assert got == Effect(gifts=(Gift("bag", 2),))


def test_a_coupon_is_for_one_member_and_once_unless_it_says_so() -> None:
    made = rule("coupon", get={"is": "free"})
    assert isinstance(made, Coupon)
    assert (made.uses, made.valid_days, made.valid_until) == (1, None, None)
    assert (made.transferable, made.off_home) == (False, "ask")


# --- spend threshold ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spent", "more", "off", "times"),
    [
        (9_999, {}, 0, 0),
        (10_000, {}, 2_000, 1),
        (10_000, {"strict": True}, 0, 0),
        (10_001, {"strict": True}, 2_000, 1),
        (39_999, {}, 2_000, 1),
        (39_999, {"every": True}, 6_000, 3),
        (40_000, {"every": True}, 8_000, 4),
        (40_000, {"every": True, "strict": True}, 6_000, 3),
        (10_000, {"off": TENTH}, 1_000, 1),
    ],
)
def test_who_spends_100_saves_20(spent: int, more: dict[str, Any], off: int, times: int) -> None:
    deal: dict[str, Any] = {"amount": 10_000, "off": {"is": "amount", "amount": 2_000}} | more
    done = effect(priced(spent - 100, 100), "spend_threshold", **deal)
    assert (sum(sum(cut.units) for cut in done.cuts), done.times) == (off, times)


def test_every_full_hundred_as_often_as_the_limit_leaves() -> None:
    deal: dict[str, Any] = {
        "amount": 10_000, "every": True, "off": {"is": "amount", "amount": 2_000},
        "gifts": [{"product": "mug", "count": 2}], "coupons": [{"coupon": "next"}],
    }  # fmt: skip
    done = effect(priced(50_000), "spend_threshold", times_max=3, **deal)
    assert (sum(done.cuts[0].units), done.times) == (6_000, 3)
    assert (done.gifts, done.coupons) == ((Gift("mug", 6),), (("next", 3),))


def test_what_is_spent_is_measured_after_earlier_rules_or_at_list() -> None:
    basket = priced(10_000)
    basket.take(effect(basket, "fixed_price", amount=9_000).cuts)
    deal: dict[str, Any] = {"amount": 10_000, "off": {"is": "amount", "amount": 500}}
    assert effect(basket, "spend_threshold", **deal) == NOTHING
    assert offs(basket, "spend_threshold", measured="list", **deal) == [500]


# --- ladder -------------------------------------------------------------------------------------

PRICES = [step(3, **{"is": "fixed", "amount": 450}), step(5, **{"is": "fixed", "amount": 400})]


@pytest.mark.parametrize(
    ("units", "more", "off"),
    [
        (2, {}, 0), (3, {}, 150), (4, {}, 200), (5, {}, 500),
        (3, {"strict": True}, 0), (4, {"strict": True}, 200),
        (5, {"mode": "progressive"}, 0 + 0 + 50 + 50 + 100),
        (5, {"mode": "progressive", "strict": True}, 0 + 0 + 0 + 50 + 50),
    ],
)  # fmt: skip
def test_the_more_units_the_lower_the_price(units: int, more: dict[str, Any], off: int) -> None:
    done = effect(at_list(goods("a", 500, str(units))), "ladder", steps=PRICES, **more)
    assert sum(sum(cut.units) for cut in done.cuts) == off


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ("line", [0, (50, 50, 50), 0]),
        ("product", [50, (50, 50, 50), 0]),
        ("selection", [100, (100, 100, 100), 100]),
    ],
)
def test_over_what_units_are_counted(over: str, expected: list[Any]) -> None:
    basket = at_list(goods("a", 500), goods("a", 500, "3"), goods("b", 500))
    assert offs(basket, "ladder", steps=PRICES, over=over) == expected


def test_the_order_counts_goods_that_the_rule_leaves_alone() -> None:
    basket = priced(500, 9_500)
    deal = rule("ladder", by="money", over="order", steps=[share(10_000, 1_000)])
    done = deal.effect(basket, [Picked(0, range(1))], 1)
    assert per_unit(basket, done.cuts) == [(50,), (0,)]
    alone = msgspec.structs.replace(deal, over="selection")
    assert alone.effect(basket, [Picked(0, range(1))], 1) == NOTHING


@pytest.mark.parametrize(("weight", "off"), [("4.999", 0), ("5.000", 500), ("7.500", 750)])
def test_weighed_goods_count_by_their_weight(weight: str, off: int) -> None:
    rice = at_list(goods("rice", 1_000, weight))
    assert offs(rice, "ladder", steps=[share(5, 1_000)]) == [off]
    assert offs(rice, "ladder", steps=[step(5, **{"is": "fixed", "amount": 900})]) == [off]


MONEY = [share(10_000, 500), share(20_000, 1_000)]


@pytest.mark.parametrize(
    ("spent", "whole", "progressive"),
    [
        (9_999, 0, 0),
        (10_000, 500, 0),
        (19_999, 1_000, 500),  # 5 % of 9999 is 499.95
        (20_000, 2_000, 500),
        (30_000, 3_000, 1_500),
    ],
)
def test_a_ladder_by_money(spent: int, whole: int, progressive: int) -> None:
    basket = priced(spent)
    deal: dict[str, Any] = {"by": "money", "steps": MONEY}
    assert offs(basket, "ladder", **deal) == [whole]
    assert offs(basket, "ladder", mode="progressive", **deal) == [progressive]


def test_how_often_a_step_gives() -> None:
    basket = at_list(goods("a", 500, "2"), goods("b", 1_000))
    deal: dict[str, Any] = {"by": "money", "steps": [less(1_000, 90), less(2_000, 100)]}
    assert offs(basket, "ladder", **deal) == [(100, 100), 100]
    assert offs(basket, "ladder", per="line", **deal) == [(50, 50), 100]
    assert offs(basket, "ladder", per="order", **deal) == [(25, 25), 50]
    assert offs(basket, "ladder", per="order", over="line", **deal) == [(45, 45), 90]


def test_brackets_of_units_go_to_the_dearest_first_unless_it_says_so() -> None:
    basket = priced(500, 900, 700)
    deal: dict[str, Any] = {"mode": "progressive", "steps": [less(3, 100)]}
    assert offs(basket, "ladder", **deal) == [100, 0, 0]
    assert offs(basket, "ladder", order="cheapest_first", **deal) == [0, 100, 0]
    assert offs(basket, "ladder", order="as_entered", **deal) == [0, 0, 100]


# --- charge -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payable", "units", "per", "due"),
    [
        (4_999, 3, "order", 800), (5_000, 3, "order", 300), (9_899, 3, "order", 300),
        (9_900, 3, "order", 0), (100, 0, "order", 0), (100, 3, "unit", 2_400),
        (5_000, 3, "unit", 900), (100, 0, "unit", 0),
    ],
)  # fmt: skip
def test_a_charge_falls_as_the_bill_rises(payable: int, units: int, per: str, due: int) -> None:
    delivery = convert(
        kind="charge", amount=800, tax_class="food", per=per,
        steps=[{"at_least": 5_000, "amount": 300}, {"at_least": 9_900, "amount": 0}],
    )  # fmt: skip
    assert isinstance(delivery, Charge)
    assert delivery.due(payable, units, "half_up") == due


@pytest.mark.parametrize(
    ("payable", "rounding", "due"),
    [
        (0, "half_up", 500), (4_999, "half_up", 500), (5_005, "half_up", 501),
        (5_005, "half_even", 500), (5_005, "down", 500), (5_015, "half_even", 502),
        (29_994, "half_up", 2_999), (30_000, "half_up", 3_000), (90_000, "half_up", 3_000),
    ],
)  # fmt: skip
def test_a_charge_is_a_share_of_the_bill(payable: int, rounding: Rounding, due: int) -> None:
    service = convert(
        kind="charge", tax_class="food",
        amount={"basis_points": 1_000, "minimum": 500, "maximum": 3_000},
    )  # fmt: skip
    assert isinstance(service, Charge)
    assert service.due(payable, 3, rounding) == due
    assert service.due(payable, 0, rounding) == 0


# --- points redeemed ----------------------------------------------------------------------------


def convert(**document: Any) -> AnyRule:
    made: AnyRule = msgspec.json.decode(
        msgspec.json.encode({"id": "r", **NAMES} | document), type=AnyRule
    )
    return made


def redeeming(**more: Any) -> PointsRedeem:
    made = convert(kind="points_redeem", **({"points": 100, "amount": 100} | more))
    assert isinstance(made, PointsRedeem)
    return made


@pytest.mark.parametrize(
    ("more", "asked", "held", "points", "worth"),
    [
        ({}, 100, 119, 100, 100),
        ({}, "max", 119, 119, 119),
        ({}, "max", 9_999, 2_000, 2_000),
        ({"step": 50}, 149, 9_999, 100, 100),
        ({"minimum": 500}, 499, 9_999, 0, 0),
        ({"minimum": 500}, 500, 9_999, 500, 500),
        ({"minimum": 500}, "max", 499, 0, 0),
        ({"cap": 3_333}, "max", 9_999, 666, 666),
        ({"points": 3, "amount": 1}, 100, 9_999, 99, 33),
        ({"points": 3, "amount": 2, "step": 2}, 100, 9_999, 96, 64),
        ({"points": 1, "amount": 300}, "max", 9_999, 6, 1_800),
        ({}, 0, 9_999, 0, 0),
    ],
)
def test_points_pay(more: dict[str, Any], asked: int, held: int, points: int, worth: int) -> None:
    basket = priced(1_500, 500)
    spent, cuts = redeem(redeeming(**more), basket, everything(basket), asked, held)
    assert (spent, sum(sum(cut.units) for cut in cuts)) == (points, worth)


def test_points_are_shared_over_what_they_may_pay_and_never_below_a_floor() -> None:
    basket = at_list(goods("a", 1_500, floor=1_400), goods("b", 500, "2"), goods("c", 9_000))
    payable = everything(basket)[:2]
    spent, cuts = redeem(redeeming(), basket, payable, "max", 9_999)
    assert spent == 1_100
    assert per_unit(basket, cuts) == [(100,), (500, 500), (0,)]
    assert basket.fitting(cuts) == cuts
    # 550 is half of what there is
    assert per_unit(basket, redeem(redeeming(), basket, payable, 550, 9_999)[1]) == [
        (50,), (250, 250), (0,),
    ]  # fmt: skip


@given(st.data())
def test_points_are_worth_exactly_what_they_take_off(data: st.DataObject) -> None:
    running = data.draw(runnings())
    selection = data.draw(selections(running))
    terms = redeeming(
        points=data.draw(st.integers(1, 9)), amount=data.draw(st.integers(1, 9)),
        step=data.draw(st.integers(1, 50)), minimum=data.draw(st.integers(1, 100)),
        cap=data.draw(st.integers(0, 10_000)),
    )  # fmt: skip
    asked: int = data.draw(st.integers(0, 9_000))
    held = data.draw(st.integers(0, 9_000))
    points, cuts = redeem(terms, running, selection, asked, held)
    worth = sum(sum(cut.units) for cut in cuts)
    assert worth * terms.points == points * terms.amount
    assert points % terms.step == 0
    assert points <= held
    assert points == 0 or points >= terms.minimum
    assert points <= asked
    most, _ = redeem(terms, running, selection, "max", held)
    assert most == redeem(terms, running, selection, held, held)[0] >= points
    assert worth * 10_000 <= sum(running.left) * terms.cap
    assert running.fitting(cuts) == cuts


# --- what a bundle may not say ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"kind": "ladder", "steps": [less(2, 1), less(2, 5)]}, "above the one before"),
        (
            {"kind": "ladder", "steps": [less(2, 1)], "mode": "progressive", "over": "order"},
            "measured over the order",
        ),
        (
            {"kind": "ladder", "steps": [less(2, 1)], "mode": "progressive", "per": "line"},
            "leave `per` out",
        ),
        (
            {"kind": "ladder", "steps": [less(2, 1)], "mode": "progressive", "by": "money"},
            "need a percent",
        ),
        (
            {
                "kind": "ladder", "steps": MONEY, "mode": "progressive", "by": "money",
                "measured": "list",
            },
            "need a percent",
        ),
        ({"kind": "spend_threshold", "amount": 5}, "gives nothing"),
        (
            {"kind": "spend_threshold", "amount": 5, "off": TENTH, "every": True},
            "use a ladder",
        ),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(document: dict[str, Any], what: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=what):
        rule(**document)


def test_the_steps_of_a_charge_rise() -> None:
    steps = [{"at_least": 5, "amount": 1}] * 2
    with pytest.raises(msgspec.ValidationError, match="above the one before"):
        convert(kind="charge", amount=5, tax_class="food", steps=steps)
