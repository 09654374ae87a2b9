"""Golden stories of a sale: its postings, its moves, and what is left of the member's accounts.

Amounts are fen. Tax is left out of the stories (rate 0), but for the one about tax.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts.lots import COUPON, PRINCIPAL
from edge.shop.basket import Basket
from edge.shop.bundle import decode
from edge.shop.declined import Declined
from edge.shop.facts import SaleMade
from edge.shop.ledger import BONUS, POINTS
from edge.shop.operations.made import flagged
from edge.shop.operations.sell import sell
from edge.shop.pricing import Asked, PointsAsked, compile_rules, price
from edge.shop.sale import CouponShown
from edge.shop.tender import Paid, Tender, Voucher, settle
from tests.selling import (
    AT,
    EARN,
    MADE,
    NOTHING,
    REDEEM,
    TEN_OFF,
    TODAY,
    Shelf,
    goods,
    held,
    holdings,
    posted,
    quoted,
    rules,
    sold,
)
from tests.shop_draws import DOCUMENTS, baskets


def units(fact: SaleMade) -> list[tuple[int, ...]]:
    return [line.unit_points for line in fact.lines]


# --- the stories ----------------------------------------------------------------------------------


def test_story_4_mixed_tender() -> None:
    by = rules(EARN)
    has = holdings(
        held(BONUS, 1_000, "t-1#b", issuer="hq"), held(PRINCIPAL, 5_000, "t-1#p", issuer="hq")
    )
    tenders = Tender("value", 6_000), Tender("cash", 4_000)
    fact = sold(quoted(goods(6_000, 4_000), by), by, *tenders, has=has)
    assert posted(fact) == {
        "cash:pos-1": 4_000, "principal:m @hq": 5_000, "bonus @hq": 1_000, "sales:free": -10_000,
        "member:m BON @hq": -1_000, "programme BON @hq": 1_000,
        "member:m PTS @hq": 90, "programme PTS @hq": -90,
    }  # fmt: skip
    assert units(fact) == [(54,), (36,)]
    assert [(t.kind, t.amount) for t in fact.tenders] == [
        ("bonus", 1_000), ("principal", 5_000), ("cash", 4_000),
    ]  # fmt: skip


def test_story_5_birthday_at_the_bakery() -> None:
    double = {"kind": "points_multiplier", "id": "double", "factor": 20_000}
    by = rules(EARN, double, TEN_OFF)
    has = holdings(held(COUPON, 1, "c-1", terms="ten-off"))
    asked = Asked(coupons=(CouponShown(id="c-1", type="ten-off"),))
    fact = sold(quoted(goods(8_880, (665, 3)), by, asked), by, has=has)
    assert posted(fact) == {
        "cash:pos-1": 9_875, "coupon @hq": 1_000, "sales:free": -10_875,
        "member:m PTS @hq": 197, "programme PTS @hq": -197,
    }  # fmt: skip
    assert [cut.units for line in fact.lines for cut in line.discounts] == [
        (-817,), (-61, -61, -61),
    ]  # fmt: skip
    assert units(fact) == [(161,), (12, 12, 12)]
    assert [judged.coupon for judged in fact.coupons] == ["c-1"]
    assert has.after(fact.moves).balance(COUPON) == 0


def test_story_6_the_bill_after_a_top_up() -> None:
    by = rules(EARN)
    has = holdings(
        held(BONUS, 10_000, "t-1#b", issuer="hq"), held(PRINCIPAL, 100_000, "t-1#p", issuer="hq")
    )
    fact = sold(quoted(goods(33_000), by), by, Tender("value", 33_000), has=has)
    assert posted(fact) == {
        "principal:m @hq": 30_000, "bonus @hq": 3_000, "sales:free": -33_000,
        "member:m BON @hq": -3_000, "programme BON @hq": 3_000,
        "member:m PTS @hq": 300, "programme PTS @hq": -300,
    }  # fmt: skip


def test_story_9_a_silver_price() -> None:
    silver = {
        "kind": "percent_off", "id": "silver", "stage": 2, "basis_points": 500,
        "when": [{"is": "tier", "any_of": ["silver"]}],
    }  # fmt: skip
    by = rules(silver)
    fact = sold(quoted(goods(10_000), by), by)
    assert posted(fact) == {"cash:pos-1": 9_500, "discount:2": 500, "sales:free": -10_000}


def test_story_10_points_pay_and_debts_are_repaid() -> None:
    by = rules(EARN, REDEEM)
    has = holdings(held(POINTS, 100, "s-0#p1", issuer="hq"))
    fact = sold(quoted(goods(2_000), by, Asked(redeem=100, redeemable=100)), by, has=has)
    assert posted(fact) == {
        "cash:pos-1": 1_900, "points @hq": 100, "sales:free": -2_000,
        "member:m PTS @hq": -81, "programme PTS @hq": 81,
    }  # fmt: skip
    assert (fact.points_spent, fact.points_earned) == (100, 19)
    assert has.after(fact.moves).balance(POINTS) == 19


def test_story_10_the_next_earnings_repay_a_debt() -> None:
    by = rules(EARN)
    has = holdings(
        held(POINTS, 19, "s-2#p1", issuer="hq"),
        held(POINTS, -100, "r-1#d1", issuer="hq", kind="debt"),
    )
    for deed, amount, debt, active in (("s-3", 5_000, -50, 19), ("s-4", 8_000, 0, 49)):
        made = msgspec.structs.replace(MADE, deed=deed)
        fact = sold(quoted(goods(amount), by), by, has=has, made=made)
        assert fact.points_earned == amount // 100
        has = has.after(fact.moves)
        assert has.lots["r-1#d1"].left == debt
        assert sum(each.left for each in has.spendable(POINTS, TODAY)) == active


def test_story_11_points_of_two_partners() -> None:
    """X and Z pay 90 fen for each 100 of their points; what is left is the store's promotion."""
    redeeming = [REDEEM | {"id": f"redeem-{name}", "programme": name} for name in ("X", "Z")]
    rate = {"points": 100, "amount": 90}
    programme = {"issuer": "Y", "points": {"partners": {"X": rate, "Z": rate}}}
    by = rules(EARN, *redeeming, programme=programme)
    has = holdings(
        held("PTS.X", 400, "x", issuer="X", expires="2026-12-31"),
        held("PTS.Z", 500, "z", issuer="Z"),
    )
    asked = Asked(partners={"X": PointsAsked(400, 400), "Z": PointsAsked(200, 500)})
    fact = sold(quoted(goods(5_000), by, asked), by, has=has)
    assert posted(fact) == {
        "cash:pos-1": 4_400, "points @X": 360, "points @Z": 180, "points": 60,
        "sales:free": -5_000,
        "member:m PTS.X @X": -400, "programme PTS.X @X": 400,
        "member:m PTS.Z @Z": -200, "programme PTS.Z @Z": 200,
        "member:m PTS @Y": 44, "programme PTS @Y": -44,
    }  # fmt: skip
    assert fact.points_spent == 600


# --- other legs -----------------------------------------------------------------------------------


def test_sales_are_at_list_less_the_tax_that_is_really_contained() -> None:
    """90.00 at 13 %, 15.30 off: tax 8.59 of 74.70."""
    line_off = {"kind": "amount_off", "id": "line", "stage": 3, "amount": 700, "per": "line"}
    order_off = {"kind": "amount_off", "id": "order", "stage": 4, "amount": 830, "per": "order"}
    by = rules(line_off, order_off)
    fact = sold(quoted(goods((3_000, 3), tax="standard"), by), by)
    assert posted(fact) == {
        "cash:pos-1": 7_470, "discount:3": 700, "discount:4": 830,
        "sales:standard": -(9_000 - 859), "tax:standard": -859,
    }  # fmt: skip


def test_a_discount_is_borne_by_whoever_funds_it() -> None:
    funding = [{"party": "hq", "share": 6_667}, {"party": "maker", "share": 3_333}]
    off = {"kind": "amount_off", "id": "o", "stage": 4, "amount": 100, "per": "order",
           "funding": funding}  # fmt: skip
    by = rules(off)
    fact = sold(quoted(goods(1_000), by), by)
    assert posted(fact) == {
        "cash:pos-1": 900, "discount:4 @hq": 67, "discount:4 @maker": 33, "sales:free": -1_000,
    }  # fmt: skip


def test_a_gift_is_sold_at_list_and_taken_off_and_a_coupon_is_given() -> None:
    threshold = {
        "kind": "spend_threshold", "id": "mug", "stage": 4, "amount": 5_000,
        "gifts": [{"product": "mug"}], "coupons": [{"coupon": "ten-off", "count": 2}],
    }  # fmt: skip
    by = rules(threshold, TEN_OFF, EARN)
    fact = sold(quoted(goods(5_000), by, Asked(catalogue=Shelf())), by)
    assert posted(fact) == {
        "cash:pos-1": 5_000, "discount:4": 1_500, "sales:free": -6_500,
        "member:m PTS @hq": 50, "programme PTS @hq": -50,
    }  # fmt: skip
    assert [(line.kind, line.net, line.points) for line in fact.lines] == [
        ("goods", 5_000, 50), ("gift", 0, 0),
    ]  # fmt: skip
    given_ = [move.opens for move in fact.moves if move.opens and move.opens.unit == COUPON]
    assert [(lot.id, lot.terms, lot.expires, lot.home) for lot in given_] == [
        ("s-1#1", "ten-off", "2026-12-22", "y"), ("s-1#2", "ten-off", "2026-12-22", "y"),
    ]  # fmt: skip
    assert [(each.coupon, each.count, each.name_en) for each in fact.gives] == [
        ("ten-off", 2, "ten-off")
    ]


def test_a_charge_is_a_sale_of_its_tax_class_and_earns_nothing() -> None:
    charge = {"kind": "charge", "id": "box", "amount": 113, "tax_class": "standard"}
    by = rules(charge, EARN)
    fact = sold(quoted(goods(1_000), by), by)
    assert posted(fact) == {
        "cash:pos-1": 1_113, "sales:free": -1_000, "sales:standard": -100, "tax:standard": -13,
        "member:m PTS @hq": 10, "programme PTS @hq": -10,
    }  # fmt: skip


def test_cash_rounding_has_its_own_account() -> None:
    by = rules(cash_rounding={"step": 10, "mode": "half_up"})
    fact = sold(quoted(goods(9_876), by, member=None), by, Tender("cash", 10_000))
    assert posted(fact) == {"cash:pos-1": 9_880, "sales:free": -9_876, "rounding": -4}
    assert (fact.rounding, fact.change) == (4, 120)


def test_a_voucher_is_worth_what_it_is_settled_at() -> None:
    by = rules()
    voucher = Voucher(id="v", issuer="platform", face=5_000, paid=3_900, settlement=3_700)
    tenders = Tender("voucher", 5_000, voucher), Tender("card", 1_000)
    fact = sold(quoted(goods(6_000), by, member=None), by, *tenders)
    assert posted(fact) == {
        "bank:voucher": 3_700, "voucher": 1_300, "bank:card": 1_000, "sales:free": -6_000,
    }  # fmt: skip


def test_what_was_spent_since_the_quote_is_declined() -> None:
    by = rules(TEN_OFF, REDEEM)
    asked = Asked(coupons=(CouponShown(id="c-1", type="ten-off"),))
    quote = quoted(goods(6_000), by, asked)
    paid = settle(quote.total, [Tender("cash", 5_000)], NOTHING, by.bundle, today=TODAY)
    assert isinstance(paid, Paid)
    used_up = holdings(held(COUPON, 0, "c-1", terms="ten-off"))
    for has in (NOTHING, used_up):
        assert sell(quote, paid, by, has, MADE) == Declined("E-PRICE-CHANGED")
    quote = quoted(goods(6_000), by, Asked(redeem=500, redeemable=500))
    paid = settle(quote.total, [Tender("cash", 5_500)], NOTHING, by.bundle, today=TODAY)
    assert isinstance(paid, Paid)
    short = sell(quote, paid, by, holdings(held(POINTS, 499, "s-0#p1")), MADE)
    assert isinstance(short, Declined)
    assert (short.code, short.params["points"]) == ("E-POINTS-SHORT", 499)


# --- whatever is sold -----------------------------------------------------------------------------


@given(
    bought=baskets(),
    document=DOCUMENTS,
    step=st.sampled_from([1, 10]),
    value=st.integers(0, 100_000),
    bonus=st.integers(0, 100_000),
    card=st.integers(0, 100_000),
)
def test_every_sale_holds_together(
    bought: Basket, document: dict[str, Any], step: int, value: int, bonus: int, card: int
) -> None:
    if bought.member:
        bought = Basket(bought.lines, msgspec.structs.replace(bought.member, id="m"))
    document = document | {"cash_rounding": {"step": step, "mode": "half_up"}}
    by = compile_rules(decode(msgspec.json.encode(document)), "b" * 64)
    quote = price(bought, by, AT, "pc_pos", 1)
    has = holdings(held(BONUS, bonus, "b", issuer="hq"), held(PRINCIPAL, value, "v", issuer="hq"))
    by_value = min(quote.total, value + bonus) if bought.member else 0
    by_card = min(quote.total - by_value, card)
    tenders = Tender("value", by_value), Tender("card", by_card), Tender("cash", quote.total + 9)
    fact = sold(quote, by, *tenders, has=has)
    assert fact.points_earned <= quote.points_earned
    if not fact.total or not any(t.kind == "bonus" for t in fact.tenders):
        assert units(fact) == [line.unit_points for line in quote.lines]


def test_a_sale_says_how_it_was_priced_and_why_it_is_flagged() -> None:
    """From its fact alone it can be priced again, and whoever looks at flags finds it."""
    by, somewhere = rules(), Asked(channel="delivery", region="north")
    phone = msgspec.structs.replace(MADE, terminal_kind="phone", online=False)
    fact = sold(quoted(goods(100), by, somewhere), by, made=flagged(phone, "split", "overdraft"))
    assert (fact.terminal_kind, fact.channel, fact.region) == ("phone", "delivery", "north")
    assert (fact.online, fact.tier, fact.flags) == (False, "silver", ("split", "overdraft"))
    nobody = sold(quoted(goods(100), by, member=None), by)
    assert (nobody.channel, nobody.region, nobody.online) == ("till", "", True)
    assert (nobody.tier, nobody.flags) == ("", ())


@pytest.mark.parametrize("pays", ["bonus", "principal", "points"])
def test_the_programme_declares_what_earns(pays: str) -> None:
    """50.00 of 100.00 are paid one way, which earns only if it is declared to."""
    for earns in (False, True):
        by = rules(EARN, REDEEM, programme={"points": {"earn_on": {pays: earns}}})
        unit = {"bonus": BONUS, "principal": PRINCIPAL, "points": POINTS}[pays]
        has = holdings(held(unit, 5_000, "lot", issuer="hq"))
        redeem = 5_000 if pays == "points" else 0
        quote = quoted(goods(10_000), by, Asked(redeem=redeem, redeemable=redeem))
        value = 0 if redeem else 5_000
        fact = sold(quote, by, Tender("value", value), Tender("cash", 5_000), has=has)
        assert fact.points_earned == (100 if earns else 50)
