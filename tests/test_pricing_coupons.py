"""Coupons, gifts, charges and points at the till: what a guest shows, gets, and pays with."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from edge.shop.basket import Basket
from edge.shop.bundle import decode
from edge.shop.pricing import Asked, PointsAsked, compile_rules, price
from edge.shop.pricing.index import EXPLAINED_MAX
from edge.shop.pricing.preparing import prepare
from edge.shop.sale import CouponShown, Quote
from tests.shop_draws import (
    ASKED,
    AT,
    HASH,
    MORE_DOCUMENTS,
    Shelf,
    basket,
    baskets,
    bundle,
    quote,
    rule,
)


def coupon(name: str, amount: int, **more: Any) -> dict[str, Any]:
    return rule("coupon", name, stage=5, get={"is": "amount", "amount": amount}, **more)


def showing(*coupons: str, **more: Any) -> Asked:
    """Return what is asked by coupons written as id:type."""
    pairs = [each.split(":") for each in coupons]
    return Asked(
        coupons=tuple([CouponShown(id=id, type=kind) for id, kind in pairs]),
        catalogue=Shelf(), **more,
    )  # fmt: skip


def judged(made: Quote) -> list[tuple[str, str, int]]:
    return [(each.coupon, each.reason, each.amount) for each in made.coupons]


# --- coupons --------------------------------------------------------------------------------------


def test_a_coupon_acts_only_if_it_is_shown() -> None:
    document = bundle([coupon("ten", 1_000)])
    made = quote(basket((5, "1")), document)
    assert (made.total, made.coupons, made.not_applied) == (12_345, (), ())
    made = quote(basket((5, "1")), document, more=showing("x1:ten"))
    assert (made.total, judged(made)) == (11_345, [("x1", "R-APPLIED", -1_000)])
    (adjustment,) = made.lines[0].adjustments
    assert (adjustment.coupon, adjustment.stage) == ("x1", 5)


def test_a_coupon_is_shared_over_lines_and_units() -> None:
    """The birthday at the bakery: a cake at 88.80, three breads at 6.65; 817 + 183 (61 each)."""
    ten = coupon(
        "ten", 1_000, when=[{"is": "at_least", "amount": 5_000}],
        funding=[{"party": "hq", "share": 10_000}],
    )  # fmt: skip
    cake, bread = basket((5, "1")).lines[0], basket((0, "3")).lines[0]
    lines = (
        msgspec.structs.replace(cake, unit_price=8_880),
        msgspec.structs.replace(bread, unit_price=665),
    )
    made = quote(Basket(lines), bundle([ten]), more=showing("x:ten"))
    assert [[a.units for a in priced.adjustments] for priced in made.lines] == [
        [(-817,)], [(-61, -61, -61)],
    ]  # fmt: skip
    assert made.total == 9_875
    assert [f.party for f in made.lines[0].adjustments[0].funding] == ["hq"]


def test_every_coupon_shown_is_judged_in_the_order_of_rules_and_then_as_shown() -> None:
    document = bundle(
        [coupon("late", 500), coupon("early", 300, priority=1)],
    )
    asked = showing("x:late", "y:gone", "z:early", "w:late")
    spoiled = CouponShown(id="v", type="late", usable=False, reason="R-COUPON-EXPIRED")
    asked = msgspec.structs.replace(asked, coupons=(*asked.coupons, spoiled))
    made = quote(basket((4, "1")), document, more=asked)
    assert judged(made) == [
        ("x", "R-APPLIED", -500), ("y", "R-COUPON-UNKNOWN", 0), ("z", "R-APPLIED", -300),
        ("w", "R-APPLIED", -199), ("v", "R-COUPON-EXPIRED", 0),
    ]  # fmt: skip
    assert [a.coupon for a in made.lines[0].adjustments] == ["z", "x", "w"]


def test_a_coupon_that_does_not_hold_says_why() -> None:
    big = coupon("big", 1_000, when=[{"is": "at_least", "amount": 20_000}])
    bread = coupon("bread", 10, target={"of": "products", "ids": ["p0"]})
    made = quote(basket((5, "1")), bundle([big, bread]), more=showing("x:big", "y:bread"))
    assert [(each.coupon, each.reason, each.params) for each in made.coupons] == [
        ("x", "R-NEEDS-AMOUNT", {"amount": 20_000, "more": 7_655}),
        ("y", "R-NEEDS-GOODS", {"goods": "p0", "units": 1}),
    ]
    assert made.not_applied == ()


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, [("A1", "R-APPLIED", -100)]),
        ({"repeat": "refused"}, [("A1", "R-APPLIED", -100), ("a1", "R-COUPON-REPEATED", 0)]),
        ({"codes": "exact"}, [("A1", "R-APPLIED", -100), ("a1", "R-APPLIED", -100)]),
        ({"codes": "exact", "max": 1}, [("A1", "R-APPLIED", -100), ("a1", "R-COUPON-MAX", 0)]),
    ],
)
def test_the_bundle_declares_what_becomes_of_a_coupon_shown_again(
    choices: dict[str, Any], expected: list[tuple[str, str, int]]
) -> None:
    document = bundle([coupon("t", 100)], coupons=choices)
    assert judged(quote(basket((5, "1")), document, more=showing("A1:t", "a1:t"))) == expected


def test_a_worse_coupon_of_the_same_group_may_be_refused() -> None:
    rules = [
        coupon("more", 500, priority=1, group="codes"),
        coupon("less", 400, group="codes"),
        coupon("equal", 500, group="codes"),
        coupon("other", 100),
    ]
    groups = [{"id": "codes", "mode": "all"}]
    asked = showing("l:less", "m:more", "e:equal", "o:other")
    for worse, less in (
        ("stacked", ("l", "R-APPLIED", -400)), ("refused", ("l", "R-COUPON-WORSE", 0)),
    ):  # fmt: skip
        document = bundle(rules, groups=groups, coupons={"worse": worse})
        made = quote(basket((5, "1")), document, more=asked)
        rest = [("m", "R-APPLIED", -500), ("e", "R-APPLIED", -500), ("o", "R-APPLIED", -100)]
        assert judged(made) == [less, *rest]


def test_coupons_of_one_type_share_its_limits_in_one_sale() -> None:
    asked = showing("x:t", "y:t", "z:t", counters={"t|uses|day": 3, "t|amount|store": 850})
    uses = coupon("t", 100, limits=[{"max": 5, "of": "uses", "per": "day"}])
    budget = coupon("t", 100, limits=[{"max": 1_000, "of": "amount", "per": "store"}])
    for each, expected in (
        (uses, [("x", "R-APPLIED", -100), ("y", "R-APPLIED", -100), ("z", "R-LIMIT-REACHED", 0)]),
        (budget, [("x", "R-APPLIED", -100), ("y", "R-APPLIED", -50), ("z", "R-BUDGET-SPENT", 0)]),
    ):
        made = quote(basket((5, "1")), bundle([each]), more=asked)
        assert judged(made) == expected
        assert [use.times for use in made.uses] == [2]


@given(baskets(), MORE_DOCUMENTS, ASKED)
def test_every_coupon_is_judged_once_and_redeemed_for_what_it_took(
    bought: Basket, document: dict[str, Any], asked: Asked
) -> None:
    made = quote(bought, document, more=asked)
    assert [each.coupon for each in made.coupons] == [each.id for each in asked.coupons]
    for each in made.coupons:
        taken = [
            adjustment.amount
            for priced in made.lines
            for adjustment in priced.adjustments
            if adjustment.coupon == each.coupon
        ]
        assert each.amount == sum(taken)
        assert (each.reason == "R-APPLIED") == bool(taken)


# --- gifts and coupons that are given -------------------------------------------------------------


def test_a_gift_is_a_line_of_its_own_that_costs_nothing_and_changes_no_tax() -> None:
    threshold = rule(
        "spend_threshold", stage=4, amount=5_000, gifts=[{"product": "p2", "count": 2}]
    )
    plain = quote(basket((5, "1")), bundle())
    made = quote(basket((5, "1")), bundle([threshold]))
    assert (made.total, made.tax) == (plain.total, plain.tax)
    gift = made.lines[-1]
    assert (gift.kind, gift.line.product.id, gift.net, gift.unit_nets) == ("gift", "p2", 0, (0, 0))
    assert [a.units for a in gift.adjustments] == [(-3_590, -3_590)]
    assert (made.list_total, made.discount_total) == (12_345 + 7_180, 7_180)


def test_gifts_never_count_for_later_conditions() -> None:
    rules = [
        rule("spend_threshold", "gift", stage=3, amount=5_000, gifts=[{"product": "p5"}]),
        rule("amount_off", "more", stage=4, amount=1,
             when=[{"is": "at_least", "amount": 12_346, "base": "list"}]),
    ]  # fmt: skip
    made = quote(basket((5, "1")), bundle(rules))
    assert [note.rule for note in made.applied] == ["gift"]


def test_a_gift_nobody_knows_is_not_given() -> None:
    threshold = rule("spend_threshold", stage=4, amount=5_000, gifts=[{"product": "mug"}])
    made = quote(basket((5, "1")), bundle([threshold]))
    assert (made.applied, len(made.lines)) == ((), 1)
    assert [(note.reason, note.params) for note in made.not_applied] == [
        ("R-GIFT-UNKNOWN", {"product": "mug"})
    ]


def test_coupons_are_given_to_members_alone() -> None:
    rules = [
        rule("spend_threshold", stage=4, amount=5_000, coupons=[{"coupon": "next", "count": 2}]),
        coupon("next", 100),
    ]
    made = quote(basket((5, "1"), tier=""), bundle(rules))
    assert [(each.rule, each.coupon, each.count) for each in made.gives] == [("r", "next", 2)]
    made = quote(basket((5, "1")), bundle(rules))
    assert made.gives == ()
    assert [note.reason for note in made.not_applied] == ["R-NEEDS-MEMBER"]


# --- charges --------------------------------------------------------------------------------------


def test_a_charge_is_not_discounted_and_earns_only_if_it_says_so() -> None:
    for earns, points in ((False, 61), (True, 69)):
        document = bundle(
            [
                rule("percent_off", stage=4, basis_points=5_000, per="order"),
                rule("points_earn", "e", points=1, per=100),
                {k: v for k, v in rule("charge", "box").items() if k != "stage"}
                | {"amount": 800, "tax_class": "standard", "earns": earns},
            ]
        )
        made = quote(basket((5, "1"), tier=""), document)
        assert [(each.kind, each.net) for each in made.lines] == [("goods", 6_172), ("charge", 800)]
        assert (made.total, made.points_earned) == (6_972, points)
        assert sum(tax.net + tax.tax for tax in made.tax) == 6_972


# --- points as discount ---------------------------------------------------------------------------


def redeeming(**more: Any) -> dict[str, Any]:
    made = rule("points_redeem", "pay", points=100, amount=100, step=100) | more
    return {k: v for k, v in made.items() if k != "stage"}


@pytest.mark.parametrize(
    ("asked", "spent", "reasons"),
    [
        (Asked(redeem=500, redeemable=900), 500, []),
        (Asked(redeem=550, redeemable=900), 500, ["R-POINTS-REDUCED"]),
        (Asked(redeem="max", redeemable=990), 900, []),
        (Asked(redeem=2_000, redeemable=990), 900, ["R-POINTS-REDUCED"]),
        (Asked(redeem="max", redeemable=99_999), 6_100, []),
        (Asked(redeem=0, redeemable=900), 0, []),
    ],
)
def test_points_pay_as_much_as_is_asked_held_and_allowed(
    asked: Asked, spent: int, reasons: list[str]
) -> None:
    """At most half of 123.45, in steps of 100 points that are worth 1.00."""
    made = quote(basket((5, "1"), tier=""), bundle([redeeming(cap=5_000)]), more=asked)
    assert (made.points_spent, made.total) == (spent, 12_345 - spent)
    assert [note.reason for note in made.not_applied] == reasons
    assert [a.stage for a in made.lines[0].adjustments] == [6] * bool(spent)


def test_partners_points_pay_too_and_nobody_s_pay_twice() -> None:
    """400 of the partner's and 200 of our own for a bill of 50.00."""
    rules = [redeeming(), redeeming(id="x", programme="partner")]
    asked = Asked(redeem=200, redeemable=500, partners={"partner": PointsAsked(400, 400)})
    settled = {"partner": {"points": 100, "amount": 90}}
    document = bundle(rules, programme={"points": {"partners": settled}})
    made = quote(basket((5, "1"), tier=""), document, more=asked)
    assert (made.total, made.points_spent) == (12_345 - 600, 200)
    assert [(each.programme, each.points) for each in made.redeemed] == [
        ("", 200),
        ("partner", 400),
    ]


def test_two_rules_for_the_same_points_share_what_is_asked_and_held() -> None:
    """One pays for goods at 9.99 alone, the other for the rest."""
    one = redeeming(id="a", target={"of": "products", "ids": ["p4"]})
    for asked, spent in (
        (Asked(redeem="max", redeemable=1_500), [("a", 900), ("b", 600)]),
        (Asked(redeem=1_100, redeemable=1_500), [("a", 900), ("b", 200)]),
        (Asked(redeem=900, redeemable=1_500), [("a", 900)]),
    ):
        document = bundle([one, redeeming(id="b")])
        made = quote(basket((4, "1"), (5, "1"), tier=""), document, more=asked)
        assert [(each.rule, each.points) for each in made.redeemed] == spent


def test_a_guest_has_no_points() -> None:
    made = quote(basket((5, "1")), bundle([redeeming()]), more=Asked(redeem="max", redeemable=900))
    assert made.points_spent == 0
    assert [note.reason for note in made.not_applied] == ["R-NEEDS-MEMBER"]


# --- what is looked at ----------------------------------------------------------------------------


def test_rules_that_cannot_hold_here_are_not_even_looked_at() -> None:
    """A thousand rules for the whole order, elsewhere or for others: twenty are explained."""
    elsewhere: list[dict[str, Any]] = [
        {"is": "terminal", "kinds": ["lane"]}, {"is": "tag", "any_of": ["staff"]},
        {"is": "store", "any_of": ["airport"]}, {"is": "partner", "any_of": ["hotel"]},
        {"is": "region", "any_of": ["north"]}, {"is": "tier", "any_of": ["silver"]},
        {"is": "channel", "any_of": ["delivery"]},
    ]  # fmt: skip
    others = [
        rule("amount_off", f"o{i:04}", amount=1, when=[{"is": "member"}, elsewhere[i % 7]])
        for i in range(1_000)
    ]
    both = {"is": "terminal", "kinds": ["pc_pos", "lane"]}
    mine = rule("amount_off", "z", amount=7, when=[{"is": "member"}, both])
    rules = compile_rules(decode(msgspec.json.encode(bundle([*others, mine]))), HASH)
    ready = prepare(basket((5, "1"), tier="gold"), rules, AT, "pc_pos", Asked())
    assert [turn.placed.rule.id for turn in ready.turns] == ["z"]
    assert len(ready.missed) == EXPLAINED_MAX
    made = price(basket((5, "1"), tier="gold"), rules, AT, "pc_pos", 7)
    assert [note.rule for note in made.applied] == ["z"]
    assert len(made.not_applied) == EXPLAINED_MAX


def test_a_guest_still_learns_what_is_for_members() -> None:
    club = rule("amount_off", "club", amount=1, when=[{"is": "tier", "any_of": ["gold"]}])
    made = quote(basket((5, "1")), bundle([club]))
    assert [(note.rule, note.reason) for note in made.not_applied] == [("club", "R-NEEDS-MEMBER")]
