"""Kinds of rules in a whole price: with coupons, gifts, charges and points, line by line."""

from typing import Any

import msgspec

from edge.shop.basket import Basket, Line, Product
from edge.shop.bundle import decode
from edge.shop.member import Member
from edge.shop.pricing import Asked, compile_rules, moment, price
from edge.shop.sale import CouponShown, Quote
from tests.rule_draws import NAMES, goods

AT = moment(1_795_312_800_000, "Asia/Shanghai")


def rule(kind: str, name: str, stage: int = 3, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "id": name, "stage": stage, **NAMES, **more}


def quote(lines: list[Line], *rules: dict[str, Any], **asked: Any) -> Quote:
    document = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
        "tax": {"food": 900}, "rules": rules,
    }  # fmt: skip
    compiled = compile_rules(decode(msgspec.json.encode(document)), "b" * 64)
    basket = Basket(tuple(lines), Member("m-1"))
    return price(basket, compiled, AT, "pc_pos", 7, more=Asked(**asked))


class Shelf:
    """A catalogue that knows cups only."""

    def product(self, id: str) -> Product | None:
        return goods("cup", 1_200).product if id == "cup" else None


def test_rules_follow_each_other_and_every_unit_has_its_price() -> None:
    # 3 for 2: 600 off in three 200s. The coupon then shares 100 over 1200 and 800: 60 and 40.
    done = quote(
        [goods("mug", 600, "3"), goods("pot", 800)],
        rule("buy_n_get_m", "3-for-2", buy=2, get=1, target={"of": "products", "ids": ["mug"]}),
        rule("coupon", "hundred", 5, get={"is": "amount", "amount": 100}),
        coupons=(CouponShown(id="c-1", type="hundred"),),
    )
    assert [line.unit_nets for line in done.lines] == [(380, 380, 380), (760,)]
    assert [(note.rule, note.amount) for note in done.applied] == [
        ("3-for-2", -600), ("hundred", -100),
    ]  # fmt: skip
    assert (done.total, done.coupons[0].reason) == (1_900, "R-APPLIED")


def test_a_coupon_nobody_shows_does_nothing() -> None:
    coupon = rule("coupon", "hundred", 5, get={"is": "amount", "amount": 100})
    assert quote([goods("mug", 600)], coupon).total == 600


def test_a_limit_counts_sets_from_sale_to_sale() -> None:
    pair = rule(
        "set_price", "pair", components=[{"target": {"of": "all"}, "count": 2}],
        off={"is": "fixed", "amount": 1_000}, limits=[{"max": 5, "per": "member"}],
    )  # fmt: skip
    done = quote([goods("mug", 600, "7")], pair, counters={"pair|uses|member": 3})
    assert done.lines[0].unit_nets == (500,) * 4 + (600,) * 3
    assert [(use.rule, use.times, use.units, use.amount) for use in done.uses] == [
        ("pair", 2, 4, 400)
    ]


def test_a_threshold_brings_a_gift_and_a_coupon_for_next_time() -> None:
    mug = rule(
        "spend_threshold", "mug", 4, amount=10_000, every=True,
        gifts=[{"product": "cup"}], coupons=[{"coupon": "next"}],
    )  # fmt: skip
    coming = rule("coupon", "next", 5, get={"is": "free"})
    done = quote([goods("pot", 20_000)], mug, coming, catalogue=Shelf())
    gift = done.lines[1]
    assert (gift.kind, gift.line.product.id, gift.line.units, gift.net) == ("gift", "cup", 2, 0)
    assert [(given.coupon, given.count) for given in done.gives] == [("next", 2)]
    assert done.total == 20_000


def test_delivery_is_measured_on_what_is_payable_in_the_end() -> None:
    delivery = {
        "kind": "charge", "id": "delivery", "amount": 800, "tax_class": "food", **NAMES,
        "steps": [{"at_least": 5_000, "amount": 300}, {"at_least": 9_900, "amount": 0}],
    }  # fmt: skip
    ladder = rule(
        "ladder", "more", 4, by="money",
        steps=[{"at_least": 10_000, "off": {"is": "percent", "basis_points": 200}}],
    )  # fmt: skip
    assert [quote([goods("pot", amount)], ladder, delivery).total for amount in (
        4_999, 5_000, 9_900, 10_000, 10_103,
    )] == [5_799, 5_300, 9_900, 10_100, 9_901]  # fmt: skip


def test_points_pay_last() -> None:
    # 1000 + 950 after 5 % off every second unit; 100 points pay 51.28 and 48.72 of them.
    terms = {"kind": "points_redeem", "id": "points", "points": 100, "amount": 100, **NAMES}
    second = rule("every_nth", "second", n=2, off={"is": "percent", "basis_points": 500})
    done = quote([goods("mug", 1_000, "2")], second, terms, redeem=100, redeemable=119)
    assert (done.total, done.points_spent) == (1_850, 100)
    assert [(each.rule, each.stage, each.units) for each in done.lines[0].adjustments] == [
        ("second", 3, (0, -50)), ("points", 6, (-51, -49)),
    ]  # fmt: skip
