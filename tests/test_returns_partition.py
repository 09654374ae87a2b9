"""Any sale, taken back in any parts, in any order: in the end it never happened."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.shop.accounts.lots import COUPON, PRINCIPAL, Holdings
from edge.shop.basket import Basket, Line, Product
from edge.shop.bundle import Bundle, decode
from edge.shop.declined import Declined
from edge.shop.facts import ReturnMade, SaleMade
from edge.shop.ledger import BONUS, COUNTS, POINTS
from edge.shop.operations.covering import cover
from edge.shop.operations.replay import buyer
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.operations.returns.units import Place, everything
from edge.shop.operations.sell import sell
from edge.shop.pricing import Asked, compile_rules, price
from edge.shop.sale import CouponJudged, CouponShown, PricedLine, Quote
from edge.shop.tender import Paid, Tender, UsesAsked, settle
from tests.shop_draws import AT, DOCUMENTS, HASH, PRODUCTS, baskets, rule
from tests.sold import card, holding, line, lot, made, off, quote, sold, summed, terms

FUNDED = [{"party": "hq", "share": 5000}, {"party": "brand", "share": 5000}]
PARTIES: Any = [{}, {"hq": 10_000}, {"hq": 3333, "brand": 3334, "": 3333}]


@st.composite
def priced_lines(draw: st.DrawFn, number: int) -> PricedLine:
    """Draw a line with discounts of every stage, never below zero; points pay last."""
    units = draw(st.integers(1, 4))
    price = draw(st.integers(0, 2000))
    left = [price] * units
    cuts = []
    for name, stage, coupon in [("r3", 3, ""), ("r4", 4, ""), ("c", 5, "C#1"), ("points", 6, "")]:
        offs = [draw(st.integers(0, room)) if draw(st.booleans()) else 0 for room in left]
        left = [room - part for room, part in zip(left, offs, strict=True)]
        if any(offs):
            shares = {} if stage == 6 else draw(st.sampled_from(PARTIES))
            cuts.append(off(name, *offs, stage=stage, coupon=coupon, funding=shares))
    tax = draw(st.sampled_from(["none", "food", "standard"]))
    kind = draw(st.sampled_from(["goods", "goods", "goods", "charge"]))
    return line(f"p{number}", price, units, *cuts, tax=tax, kind=kind)


@st.composite
def gifts(draw: st.DrawFn) -> list[PricedLine]:
    price, units = draw(st.integers(1, 900)), draw(st.integers(1, 2))
    cut = off("r4", *[price] * units, stage=4, funding=draw(st.sampled_from(PARTIES)))
    return draw(st.sampled_from([[], [line("gift", price, units, cut, tax="food", kind="gift")]]))


REDEEM = {
    "kind": "points_redeem", "id": "points", "name_zh": "p", "name_en": "p",
    "points": 3, "amount": 2,
}  # fmt: skip


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    return terms(
        rules=[REDEEM],
        cash_rounding={"step": draw(st.sampled_from([1, 5, 10]))},
        returns={"gift_kept": draw(st.sampled_from(["charge", "keep"]))},
        value={"spend_order": draw(st.sampled_from(["proportional", "bonus_first"]))},
        points={"debt": draw(st.sampled_from(["next_earnings", "net_lots"]))},
        plans=PLANS,
    )


PLANS = [
    {
        "id": name, "name_zh": name, "name_en": name, "uses": 9, "price": 900, "list_price": 100,
        "products": products, "earns": earns, "on_expired_return": late,
    }
    for name, products, earns, late in [
        ("odd", ["p1", "p3"], True, {"is": "reinstate", "days": 5}),
        ("even", ["p0", "p2"], False, {"is": "forfeit"}),
    ]
]  # fmt: skip
"""Which lines of `sales` may be paid by a use of which card."""


@st.composite
def covering(draw: st.DrawFn, what: Quote, bundle: Bundle, held: Holdings) -> Sequence[Tender]:
    """Draw uses that pay for some units of a quote, for as many as there are at most."""
    asked: list[UsesAsked] = []
    goods = [number for number, one in enumerate(what.lines) if one.kind == "goods"]
    for number in draw(st.lists(st.sampled_from(goods), max_size=3)) if goods else ():
        more = UsesAsked(line=number, uses=draw(st.integers(1, 2)))
        if not isinstance(cover([*asked, more], what, bundle, held, AT.date), Declined):
            asked.append(more)
    covered = cover(asked, what, bundle, held, AT.date)
    assert not isinstance(covered, Declined)
    return covered


@st.composite
def sales(draw: st.DrawFn) -> tuple[SaleMade, Holdings, Bundle]:
    """Draw a sale of anything, paid with anything, and what its member held before it."""
    bundle = draw(bundles())
    lines = [draw(priced_lines(n)) for n in range(draw(st.integers(1, 4)))] + draw(gifts())
    cuts = [cut for one in lines for cut in one.adjustments]
    paid_in_points = -sum(cut.amount for cut in cuts if cut.stage == 6)
    used = any(cut.coupon for cut in cuts)
    before = holding(
        lot("C#1", COUPON, 1), lot("old", POINTS, 700, expires="2026-12-31"),
        lot("new", POINTS, 20_000), lot("b1", BONUS, 300), lot("b2", BONUS, 5000),
        lot("p", PRINCIPAL, draw(st.integers(0, 5000))), card("K1", "odd", 3, 1000),
        card("K2", "even", 7, 5), card("K3", "odd", 9, 13, expires=AT.date),
    )  # fmt: skip
    judged = [CouponJudged(coupon="C#1", rule="c", reason="R-APPLIED")] if used else []
    spent = paid_in_points * 3 // 2
    what = quote(
        *lines, member="m-1", earns=(draw(st.integers(0, 7)), 100), redeemed={"points": spent},
        coupons=judged,
    )  # fmt: skip
    uses = draw(covering(what, bundle, before))
    due = what.total - sum(tender.amount for tender in uses)
    value = min(due, draw(st.integers(0, 4000)), 5300)
    bank = draw(st.integers(0, due - value))
    offered = [Tender("value", value), Tender("card", bank)]
    tenders = [tender for tender in offered if tender.amount]
    if bank + value < due or not tenders:
        tenders.append(Tender("cash", due + 100))
    sale = sold(what, *tenders, holdings=before, bundle=bundle, uses=uses)
    return sale, before, bundle


@st.composite
def partitions(draw: st.DrawFn, sale: SaleMade) -> list[list[Place]]:
    """Draw an order of all units, cut into one to many returns."""
    units = draw(st.permutations(everything(sale)))
    cuts = draw(st.lists(st.integers(1, max(1, len(units) - 1)), max_size=5, unique=True))
    edges = [0, *sorted(cuts), len(units)]
    parts = [list(units[a:b]) for a, b in pairwise(edges)]
    return [part for part in parts if part]


def back(units: Sequence[Place]) -> tuple[Back, ...]:
    return tuple([Back(line=number, units=(unit,)) for number, unit in units])


def take_apart(
    sale: SaleMade, parts: list[list[Place]], terms_: Terms, held: Holdings
) -> tuple[list[ReturnMade], Holdings]:
    """Return the returns, after checking that nothing is ever negative or more than there was."""
    earlier: list[ReturnMade] = []
    for number, units in enumerate(parts):
        asked = ReturnAsked(sale=sale.sale, units=back(units))
        fact = give_back(asked, sale, earlier, terms_, held, made(f"T{number}", number % 3))
        assert isinstance(fact, ReturnMade), fact
        earlier.append(fact)
        held = held.after(fact.moves)
        assert_sane(sale, earlier, held)
    return earlier, held


def assert_sane(sale: SaleMade, earlier: list[ReturnMade], held: Holdings) -> None:
    assert not any(by_unit(earlier[-1]).values()), "every return balances"
    assert all(x.left >= 0 for x in held.lots.values() if x.lot.kind != "debt")
    assert earlier[-1].total >= 0
    assert sum(r.amount for r in earlier[-1].refunds) == earlier[-1].total + earlier[-1].rounding
    for number, tender in enumerate(sale.tenders):
        refunds = [r.amount for f in earlier for r in f.refunds if r.tender == number]
        assert all(amount > 0 for amount in refunds)
        assert sum(refunds) <= tender.amount
    for tax_class in ("none", "food", "standard"):
        said = sum(tax.tax for tax in earlier[-1].tax if tax.tax_class == tax_class)
        legs = earlier[-1].postings
        assert said == sum(leg.amount for leg in legs if leg.account == f"tax:{tax_class}")
    beyond = sum(leg.amount for leg in earlier[-1].postings if leg.account == "uses")
    assert sum(tax.net + tax.tax for tax in earlier[-1].tax) == earlier[-1].total + beyond
    assert_uses_go_back(sale, earlier[-1])
    owned = {"discount:3", "discount:4", "coupon", "bonus"}
    for (account, _, _), amount in summed(sale, *earlier).items():
        if account in owned:
            assert amount >= 0, "no more comes back than was given"
        if account.startswith(("sales:", "tax:")):
            assert amount <= 0
    gone = sum(len(line.units) for fact in earlier for line in fact.lines)
    assert earlier[-1].complete == (gone == len(everything(sale)))


def assert_uses_go_back(sale: SaleMade, fact: ReturnMade) -> None:
    """Whatever a use paid for gives that use back, and no money; nothing else gives one back."""
    gone = {(line.line, unit) for line in fact.lines for unit in line.units}
    expected = [
        (number, len(units), sum(sale.lines[tender.uses.line].unit_nets[unit] for unit in units))
        for number, tender in enumerate(sale.tenders)
        if tender.uses
        and (units := [unit for unit in tender.uses.units if (tender.uses.line, unit) in gone])
    ]
    refunds = [refund for refund in fact.refunds if refund.kind == "uses"]
    assert sorted((one.tender, one.uses, one.amount) for one in refunds) == expected
    order = [one.tender for one in fact.refunds]
    assert order == sorted(order, reverse=True), "the last tender first"


def by_unit(fact: ReturnMade) -> dict[str, int]:
    sums: dict[str, int] = {}
    for leg in fact.postings:
        sums[leg.unit] = sums.get(leg.unit, 0) + leg.amount
    return sums


def assert_undone(
    sale: SaleMade, facts: list[ReturnMade], before: Holdings, after: Holdings
) -> None:
    assert summed(sale, *facts) == {}
    for unit in (POINTS, BONUS, PRINCIPAL, COUPON, COUNTS):
        assert after.balance(unit) == before.balance(unit), unit
    others = [name for name, lot_ in before.lots.items() if lot_.lot.unit != COUNTS]
    assert all(after.lots[name].left == before.lots[name].left for name in others)
    assert by_plan(after) == by_plan(before), "a card that ended meanwhile goes on as another"
    assert sum(fact.points_taken for fact in facts) == sale.points_earned
    assert sum(fact.points_back for fact in facts) == sale.points_spent
    assert sum(fact.rounding for fact in facts) == sale.rounding
    charged = sum(gift.amount for fact in facts for gift in fact.gifts)
    assert sum(fact.total for fact in facts) == sale.total
    returned = sum(one.net for fact in facts for one in fact.lines)
    assert returned == sale.total + charged
    for tax in sale.tax:
        taken = [t for f in facts for t in f.tax if t.tax_class == tax.tax_class]
        assert sum(t.tax for t in taken) == tax.tax
        assert sum(t.net for t in taken) == tax.net


def by_plan(held: Holdings) -> dict[str, tuple[int, int]]:
    """Return the uses of each plan, and what is deferred for them."""
    sums: dict[str, tuple[int, int]] = {}
    for one in held.of(COUNTS):
        left, money = sums.get(one.lot.terms, (0, 0))
        sums[one.lot.terms] = left + one.left, money + one.money
    return sums


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_partition_sums_to_zero(data: st.DataObject) -> None:
    sale, before, bundle = data.draw(sales())
    parts = data.draw(partitions(sale))
    facts, after = take_apart(sale, parts, Terms(bundle=bundle), before.after(sale.moves))
    assert_undone(sale, facts, before, after)


# --- sales as they are really priced --------------------------------------------------------------


class Shelf:
    """All products of the small shop."""

    def product(self, id: str) -> Product | None:
        return next((product for product in PRODUCTS if product.id == id), None)


EXTRA = [
    rule("coupon", "ten-off", stage=5, get={"is": "amount", "amount": 700}, funding=FUNDED),
    rule("buy_n_get_m", "two-one", stage=3, buy=2, get=1, funding=FUNDED),
    rule("spend_threshold", "bag", stage=4, amount=5000, gifts=[{"product": "p4"}]),
    rule("spend_threshold", "next", stage=4, amount=3000, coupons=[{"coupon": "ten-off"}]),
]  # fmt: skip


WIDE = PLANS[0] | {"id": "wide", "uses": 30, "products": [product.id for product in PRODUCTS]}


@st.composite
def rung_up(draw: st.DrawFn, policy: str) -> tuple[SaleMade, Holdings, Terms]:
    """Draw a sale as the till makes it, and the terms under which it may come back."""
    document = draw(DOCUMENTS)
    document["rules"] += [EXTRA[0], *draw(st.lists(st.sampled_from(EXTRA[1:]), unique_by=str))]
    document["rules"] += draw(st.sampled_from([[], [REDEEM]]))
    returns = {"policy": policy, "gift_kept": "charge"}
    document["programme"] = {"returns": returns, "plans": [WIDE]}
    bundle = decode(msgspec.json.encode(document))
    rules, chosen = compile_rules(bundle, HASH), draw(baskets())
    before = holding(
        lot("C#1", COUPON, 1, terms="ten-off"),
        lot("pts", POINTS, 90, expires="2026-12-31"),
        lot("more", POINTS, 8910), card("K1", "wide", 30, 2001),
    )  # fmt: skip
    shown = (CouponShown(id="C#1", type="ten-off", usable=True),)
    asked = Asked(coupons=shown, redeem="max", redeemable=9000, catalogue=Shelf())
    asked = asked if chosen.member else Asked(catalogue=Shelf())
    what = price(chosen, rules, AT, "pc_pos", 7, more=asked)
    uses = draw(covering(what, bundle, before)) if what.member else ()
    cash = [Tender("cash", what.total + 5)]
    paid = settle(what.total, cash, before, bundle, today=AT.date, uses=uses)
    assert isinstance(paid, Paid)
    sale = sell(what, paid, rules, before, made("S1"))
    assert isinstance(sale, SaleMade)
    return sale, before, Terms(bundle=bundle, rules=rules)


@pytest.mark.parametrize("policy", ["unit_net", "reprice_kept"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_the_till_sold_comes_back(policy: str, data: st.DataObject) -> None:
    sale, before, terms_ = data.draw(rung_up(policy))
    parts = data.draw(partitions(sale))
    facts, after = take_apart(sale, parts, terms_, before.after(sale.moves))
    assert_undone(sale, facts, before, after)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_kept_costs_its_own_price(data: st.DataObject) -> None:
    """What the shop still holds of the payment is the price of what the guest still has.

    What count cards paid for stays paid, the dearest units of a line first, and its use goes back.
    """
    sale, before, terms_ = data.draw(rung_up("reprice_kept"))
    assert terms_.rules is not None
    parts = data.draw(partitions(sale))
    facts, _ = take_apart(sale, parts[:1], terms_, before.after(sale.moves))
    kept = set(everything(sale)) - set(parts[0])
    lines, free = [], 0
    numbers = sorted({number for number, _ in kept})
    for number in numbers:
        one = sale.lines[number]
        units = sum(place[0] == number for place in kept)
        assume(one.kind == "goods")
        product = Shelf().product(one.product)
        assert product is not None
        quantity = one.quantity if len(one.unit_nets) == 1 else Decimal(units)
        lines.append(
            Line(product=product, code=one.code, quantity=quantity, unit_price=one.unit_price)
        )
    assume(sale.points_spent == 0)
    shown = tuple([CouponShown(id=c.coupon, type=c.rule) for c in sale.coupons])
    what = price(
        Basket(tuple(lines), buyer(sale)), terms_.rules, AT, "pc_pos", 7,
        more=Asked(coupons=shown, catalogue=Shelf()),
    )  # fmt: skip
    uses = [tender for tender in sale.tenders if tender.uses]
    used = {(t.uses.line, unit) for t in uses if t.uses for unit in t.uses.units}
    covered = Counter([number for number, _ in kept & used])
    for number, priced in zip(numbers, what.lines, strict=False):
        dearest = sorted(priced.unit_nets, reverse=True)[: covered[number]]
        free += sum(dearest)
    back = sum(refund.amount for refund in facts[0].refunds if refund.kind == "uses")
    in_money = sale.total - sum(tender.amount for tender in uses)
    assert facts[0].total == back + max(0, in_money - (what.total - free))
