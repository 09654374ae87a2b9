"""`edgebox price`: one JSON object a line in, one JSON answer a line out."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from edge.commands.prices import opened
from edge.price_lines import Answer, Pricing
from edge.price_lines.pricing import BUNDLES_MAX
from edge.shop.basket import Basket
from edge.shop.facts import SaleMade
from edge.shop.pricing import RuleSet
from tests import selling, shop_draws
from tests.price_kit import NOW, TEA, TENTH, answer, asked, rules
from tests.selling import BOX, EARN, MUG, OFF, POINTS_PAY, VOUCHER

# --- what is asked --------------------------------------------------------------------------------


def test_a_basket_is_priced_and_explained() -> None:
    said = answer(asked() | {"basket": [{"product": TEA, "quantity": "3"}]})
    assert (said["list_total"], said["discount_total"], said["total"]) == (1_500, 150, 1_350)
    (line,) = said["lines"]
    assert (line["net"], line["unit_nets"]) == (1_350, [450, 450, 450])
    assert line["discounts"] == [
        {"rule": "tenth", "stage": 3, "amount": -150, "units": [-50, -50, -50]}
    ]
    assert said["tax"] == [{"tax_class": "food", "rate": 900, "net": 1_239, "tax": 111}]
    (why,) = said["applied"]
    assert (why["rule"], why["text"]) == ("tenth", "took 1.50 off")


def test_products_may_be_named() -> None:
    basket = [{"product": "tea"}, {"product": "tea", "unit_price": 300, "quantity": 2}]
    said = answer({"basket": basket, "now": 1_795_312_800_000, "products": [TEA]})
    assert [line["list_amount"] for line in said["lines"]] == [500, 600]


@pytest.mark.parametrize("now", [NOW, "2026-11-22T02:00:00Z", 1_795_312_800_000])
def test_time_is_said_in_many_ways(now: object) -> None:
    night = TENTH | {"when": [{"is": "daypart", "from": "09:00", "until": "10:01"}]}
    assert answer(asked(now=now), rules(night))["total"] == 450


def test_a_coupon_says_whether_it_can_be_used() -> None:
    coupon = {"kind": "coupon", "id": "c", "stage": 5, "get": {"is": "amount", "amount": 100}}
    shown = [
        {"id": "1", "type": "c", "usable": False, "reason": "R-COUPON-EXPIRED"},
        {"id": "2", "type": "c"},
        {"id": "3", "type": "other"},
    ]
    said = answer(asked(coupons=shown), rules(coupon))
    assert said["total"] == 400
    assert [(c["coupon"], c["accepted"], c["reason"]) for c in said["coupons"]] == [
        ("1", False, "R-COUPON-EXPIRED"), ("2", True, "R-APPLIED"),
        ("3", False, "R-COUPON-UNKNOWN"),
    ]  # fmt: skip
    assert said["coupons"][0]["text"] == "the coupon has expired"
    assert {coupon["name"] for coupon in said["coupons"]} == {"Rule", ""}
    assert said["lines"][0]["discounts"][0]["coupon"] == "2"


def test_gifts_charges_and_coupons_to_come() -> None:
    spend = MUG | {"amount": 500, "coupons": [{"coupon": "ten-off", "count": 2}]}
    again = spend | {"id": "again", "gifts": []}
    by = rules(spend, again, OFF, BOX)
    mug = {"id": "mug", "price": 1_500, "tax_class": "free"}
    said = answer(asked(products=[mug], member={"id": "m"}), by)
    assert [(line["kind"], line["product"], line["net"]) for line in said["lines"]] == [
        ("goods", "tea", 500), ("gift", "mug", 0), ("charge", "box", 104),
    ]  # fmt: skip
    assert said["gives"] == {"ten-off": 4}
    assert answer(asked(member={"id": "m"}), by)["not_applied"][0]["reason"] == "R-GIFT-UNKNOWN"


AIR = {"points": {"partners": {"air": {"points": 10, "amount": 90}}}}


def test_points_pay_those_of_partners_too() -> None:
    theirs = POINTS_PAY | {"id": "miles", "programme": "air", "points": 10, "amount": 100}
    more = {"member": {"id": "m", "points": 1_000}, "redeem": "max"}
    said = answer(asked(**more, partners={"air": {"points": 20, "held": 25}}),
                  rules(theirs, POINTS_PAY, programme=AIR))  # fmt: skip
    assert (said["total"], said["points_spent"]) == (0, 300)
    assert said["redeemed"] == [
        {"rule": "miles", "programme": "air", "points": 20},
        {"rule": "redeem", "programme": "", "points": 300},
    ]


def test_limits_go_on_from_sale_to_sale() -> None:
    limited = TENTH | {"limits": [{"max": 2, "of": "uses", "per": "member_day"}]}
    said = answer(asked(member={"id": "m"}), rules(limited))
    assert said["uses"] == [{"rule": "tenth", "times": 1, "units": 1, "amount": 50}]
    counters = {"tenth|uses|member_day": 2}
    said = answer(asked(member={"id": "m"}, counters=counters), rules(limited))
    assert (said["total"], said["not_applied"][0]["reason"]) == (500, "R-LIMIT-REACHED")


# --- how it is paid -------------------------------------------------------------------------------

ROUNDED = {"cash_rounding": {"step": 10, "mode": "half_up"}}


def test_the_tender_without_an_amount_pays_what_is_left() -> None:
    goods = TEA | {"price": 506}
    said = answer(asked(goods, tenders=[{"kind": "cash"}]), rules(**ROUNDED))
    assert said["settled"] == {
        "tenders": [{"kind": "cash", "amount": 510}], "handed": 510, "change": 0, "rounding": 4,
    }  # fmt: skip
    said = answer(asked(goods, tenders=[{"kind": "card", "amount": 200}, {"kind": "wallet"}]))
    assert [t["amount"] for t in said["settled"]["tenders"]] == [200, 255]


def test_every_kind_of_tender() -> None:
    voucher = msgspec.to_builtins(VOUCHER) | {"face": 100}
    tenders = [
        {"kind": "cash", "amount": 200}, {"kind": "value", "amount": 30},
        {"kind": "voucher", "voucher": voucher, "amount": 100}, {"kind": "card", "amount": 50},
        {"kind": "wallet", "amount": 70}, {"kind": "transfer", "amount": 60},
    ]  # fmt: skip
    member = {"id": "m", "principal": 200, "bonus": 100}
    said = answer(asked(tenders=tenders, member=member), rules())["settled"]
    assert {t["kind"]: t["amount"] for t in said["tenders"]} == {
        "bonus": 10, "principal": 20, "voucher": 100, "card": 50, "wallet": 70, "transfer": 60,
        "cash": 190,
    }  # fmt: skip
    assert (said["handed"], said["change"]) == (510, 10)


@pytest.mark.parametrize(
    ("tenders", "online", "code"),
    [
        ([{"kind": "cash", "amount": 1}], True, "E-TENDER-SHORT"),
        ([{"kind": "card", "amount": 9_999}], True, "E-TENDER-OVER"),
        ([{"kind": "value"}], True, "E-VALUE-SHORT"),
        ([{"kind": "voucher", "voucher": msgspec.to_builtins(VOUCHER)}], False, "E-NEEDS-CLOUD"),
        ([{"kind": "cash"}, {"kind": "card"}], True, "E-MALFORMED"),
        ([{"kind": "voucher"}], True, "E-MALFORMED"),
        ([{"kind": "cash", "voucher": msgspec.to_builtins(VOUCHER)}], True, "E-MALFORMED"),
        (
            [{"kind": "voucher", "amount": 1_001, "voucher": msgspec.to_builtins(VOUCHER)}],
            True,
            "E-MALFORMED",
        ),
    ],
)
def test_what_does_not_pay_the_bill(tenders: object, online: bool, code: str) -> None:
    said = answer(asked(tenders=tenders, online=online))
    assert said["error"] == code
    assert said["path"].startswith("$.tenders")


# --- one answer for one question ------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(shop_draws.MORE_DOCUMENTS, shop_draws.baskets(), shop_draws.ASKED)
def test_an_answer_says_what_the_engine_says(
    document: dict[str, Any], basket: Basket, more: Any
) -> None:
    raw = msgspec.json.encode(_asked(basket, more) | {"bundle": document})
    first, good = Pricing(opened).line(raw)
    assert first == Pricing(opened).line(raw)[0]
    assert good
    quote = shop_draws.quote(basket, document, more=more)
    said = msgspec.json.decode(first)
    assert (said["total"], said["points_earned"] if quote.points_earned else 0) == (
        quote.total, quote.points_earned,
    )  # fmt: skip
    assert sum(line["net"] for line in said["lines"]) == said["total"]
    for line in said["lines"]:
        assert sum(line["unit_nets"]) == line["net"]
        assert line["list_amount"] + sum(cut["amount"] for cut in line["discounts"]) == line["net"]


def _asked(basket: Basket, more: Any) -> dict[str, Any]:
    """Return a basket as it is written down."""
    member = basket.member
    return {
        "now": shop_draws.AT.at_ms,
        "products": [_goods(product) for product in shop_draws.PRODUCTS],
        "basket": [
            {"product": line.product.id, "quantity": str(line.quantity), "code": line.code}
            for line in basket.lines
        ],
        "member": member and {"id": member.id, "tier": member.tier, "points": more.redeemable},
        "coupons": [msgspec.to_builtins(coupon) for coupon in more.coupons],
        "redeem": more.redeem,
        "counters": dict(more.counters),
        "online": more.online,
        "channel": more.channel,
        "store": more.store,
        "region": more.region,
    }


def _goods(product: Any) -> dict[str, Any]:
    return dict(msgspec.to_builtins(product))


def test_the_hash_is_the_one_that_receipts_know_the_bundle_by(tmp_path: Path) -> None:
    """However a bundle is spelled, whether it comes by path, in the line or to the command."""
    document = rules(TENTH)
    spelled = json.dumps(dict(reversed(document.items())), indent=2).encode()
    path = tmp_path / "rules.json"
    path.write_bytes(spelled)
    hashes = {
        answer(asked(), document)["bundle"],
        answer(asked(bundle=json.loads(spelled)))["bundle"],
        answer(asked(bundle=str(path)))["bundle"],
        opened(spelled).hash,
    }
    assert len(hashes) == 1


def test_compiled_bundles_are_kept_but_not_without_end() -> None:
    compiled: list[str | bytes] = []

    def counted(bundle: str | bytes) -> RuleSet:
        compiled.append(bundle)
        return opened(msgspec.json.encode(rules(TENTH)))

    pricing = Pricing(counted)
    names = [f"rules-{number}.json" for number in range(BUNDLES_MAX + 1)]
    for name in [*names[:-1], names[0], names[-1], names[0], names[1]]:
        pricing.line(msgspec.json.encode(asked(bundle=name)))
    # The first was used again before there was one too many, so that the second had to go.
    assert compiled == [*names, names[1]]


def test_a_receipt_can_be_replayed() -> None:
    """Goods, a gift, a charge, a coupon, points, and four kinds of tender."""
    fact = selling.everything()
    by = selling.rules(
        EARN, POINTS_PAY, OFF, MUG, BOX, cash_rounding={"step": 10, "mode": "half_up"}
    )
    goods = [line for line in fact.lines if line.kind == "goods"]
    mug = msgspec.to_builtins(selling.Shelf().product("mug"))
    line = {
        "now": selling.AT.at_ms,
        "basket": [
            {
                "product": {"id": sold.product, "price": sold.unit_price,
                            "tax_class": sold.tax_class},
                "quantity": str(sold.quantity), "code": sold.code,
            }
            for sold in goods
        ],
        "products": [mug],
        "member": {"id": "m", "tier": "silver", "points": 1_000, "bonus": 10_000,
                   "principal": 100_000},
        "coupons": [{"id": coupon.coupon, "type": coupon.rule} for coupon in fact.coupons],
        "redeem": fact.points_spent,
        "tenders": _handed(fact),
    }  # fmt: skip
    said = Pricing(lambda _: by, by).answer(msgspec.json.encode(line))
    assert isinstance(said, Answer), said
    assert (said.quote, said.bundle) == (fact.quote, fact.bundle)
    assert (said.total, said.list_total, said.currency) == (
        fact.total, fact.list_total, fact.currency,
    )  # fmt: skip
    assert (said.points_earned, said.points_spent) == (fact.points_earned, fact.points_spent)
    assert said.gives == {given.coupon: given.count for given in fact.gives}
    assert said.uses == fact.uses
    for priced, sold in zip(said.lines, fact.lines, strict=True):
        assert (priced.kind, priced.product, priced.net) == (sold.kind, sold.product, sold.net)
        assert (priced.unit_nets, priced.unit_points) == (sold.unit_nets, sold.unit_points)
        assert [(d.rule, d.coupon, d.amount, d.units) for d in priced.discounts] == [
            (d.rule, d.coupon, d.amount, d.units) for d in sold.discounts
        ]
    assert [(t.tax_class, t.rate, t.net, t.tax) for t in said.tax] == [
        (t.tax_class, t.rate, t.net, t.tax) for t in fact.tax
    ]
    assert said.settled is not None
    assert [(t.kind, t.amount) for t in said.settled.tenders] == [
        (t.kind, t.amount) for t in fact.tenders
    ]
    assert (said.settled.handed, said.settled.change, said.settled.rounding) == (
        fact.handed, fact.change, fact.rounding,
    )  # fmt: skip


def _handed(fact: SaleMade) -> list[dict[str, Any]]:
    """Return what was offered for a sale, from what counted of it."""
    value = sum(t.amount for t in fact.tenders if t.kind in {"bonus", "principal"})
    offered: list[dict[str, Any]] = [{"kind": "value", "amount": value}]
    for tender in fact.tenders:
        if tender.kind == "voucher":
            voucher = msgspec.to_builtins(tender.voucher)
            offered.append({"kind": "voucher", "amount": tender.amount, "voucher": voucher})
        elif tender.kind == "cash":
            offered.append({"kind": "cash", "amount": tender.amount + fact.change})
    return offered
