"""A shop of one member for tests of sales: rules, goods, what is held, and a sale checked."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from edge.shop.accounts.lots import COUPON, PRINCIPAL, Held, Holdings, Lot
from edge.shop.basket import Basket, Line, Product
from edge.shop.bundle import decode
from edge.shop.facts import SaleMade
from edge.shop.ledger import BONUS, POINTS, balanced
from edge.shop.member import Member
from edge.shop.operations.made import Made
from edge.shop.operations.sell import sell
from edge.shop.pricing import Asked, RuleSet, compile_rules, moment, price
from edge.shop.sale import CouponShown, Quote
from edge.shop.tender import Paid, Tender, Voucher, settle

AT = moment(1_795_312_800_000, "Asia/Shanghai")
TODAY = AT.date
MADE = Made(
    deed="s-1", receipt="1-000001", business_date=TODAY, at=AT, store="y", terminal="pos-1",
    cashier="li",
)  # fmt: skip
MEMBER = Member("m", tier="silver")
EARN = {"kind": "points_earn", "id": "earn", "points": 1, "per": 100}
REDEEM = {"kind": "points_redeem", "id": "redeem", "points": 100, "amount": 100}
HQ = [{"party": "hq", "share": 10_000}]
TEN_OFF = {
    "kind": "coupon", "id": "ten-off", "stage": 5, "get": {"is": "amount", "amount": 1_000},
    "when": [{"is": "at_least", "amount": 5_000}], "funding": HQ, "valid_days": 30,
}  # fmt: skip


def rules(*some: dict[str, Any], **more: Any) -> RuleSet:
    stages = [(2, "lines"), (3, "lines"), (4, "order"), (5, "order")]
    document = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "y", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
        "tax": {"free": 0, "standard": 1_300},
        "stages": [{"number": n, "name": f"stage {n}", "level": level} for n, level in stages],
        "tiers": [{"id": "silver", "name_zh": "银卡", "name_en": "Silver"}],
        "rules": [{"name_zh": rule["id"], "name_en": rule["id"]} | rule for rule in some],
    } | more  # fmt: skip
    return compile_rules(decode(msgspec.json.encode(document)), "b" * 64)


def goods(*amounts: int | tuple[int, int], tax: str = "free") -> tuple[Line, ...]:
    """Return lines of goods at these prices, or (price, quantity)."""
    pairs = [amount if isinstance(amount, tuple) else (amount, 1) for amount in amounts]
    return tuple(
        Line(
            product=Product(id=f"p{n}", name_zh="品", name_en="P", price=price, tax_class=tax),
            code=f"c{n}", quantity=Decimal(quantity), unit_price=price,
        )
        for n, (price, quantity) in enumerate(pairs)
    )  # fmt: skip


def held(unit: str, left: int, name: str, **more: Any) -> Held:
    lot = Lot(id=name, member="m", unit=unit, opened=TODAY, active_from=TODAY, **more)
    return Held(lot, left)


def holdings(*lots: Held) -> Holdings:
    return Holdings({each.lot.id: each for each in lots})


NOTHING = Holdings()
PLAIN = Asked()


def quoted(
    lines: Sequence[Line], by: RuleSet, asked: Asked = PLAIN, member: Member | None = MEMBER
) -> Quote:
    return price(Basket(tuple(lines), member), by, AT, "pc_pos", 1, more=asked)


def sold(
    quote: Quote, by: RuleSet, *tenders: Tender, has: Holdings = NOTHING, made: Made = MADE
) -> SaleMade:
    offered = tenders or (Tender("cash", quote.total),)
    paid = settle(quote.total, offered, has, by.bundle, today=TODAY, online=True)
    assert isinstance(paid, Paid), paid
    fact = sell(quote, paid, by, has, made)
    assert isinstance(fact, SaleMade), fact
    check(fact, has)
    return fact


def check(fact: SaleMade, has: Holdings) -> None:
    """Hold a fact to what is true of every sale."""
    assert balanced(fact.postings)
    assert sum(t.amount for t in fact.tenders) == fact.total + fact.rounding
    assert fact.handed == fact.total + fact.rounding + fact.change
    assert sum(line.net for line in fact.lines) == fact.total
    assert sum(line.points for line in fact.lines) == fact.points_earned
    for line in fact.lines:
        assert sum(line.unit_nets) == line.net
        assert sum(line.unit_points) == line.points
        assert line.list_amount + sum(cut.amount for cut in line.discounts) == line.net
    after = has.after(fact.moves)
    for unit in {leg.unit for leg in fact.postings} - {fact.currency}:
        legs = [p.amount for p in fact.postings if p.unit == unit and p.account == "member:m"]
        assert sum(legs) == after.balance(unit) - has.balance(unit)
    owed = [p.amount for p in fact.postings if p.account == "principal:m"]
    assert sum(owed) == has.balance(PRINCIPAL) - after.balance(PRINCIPAL)


def posted(fact: SaleMade) -> Mapping[str, int]:
    """Return the entry: `account` in money, `account unit` otherwise, `@party` where not ours."""
    return {
        p.account
        + (f" {p.unit}" if p.unit != fact.currency else "")
        + (f" @{p.party}" if p.party else ""): p.amount
        for p in fact.postings
    }


class Shelf:
    """A catalogue of one mug."""

    def product(self, id: str) -> Product | None:
        return Product(id=id, name_zh="杯", name_en="Mug", price=1_500, tax_class="free")


# --- one sale with everything ---------------------------------------------------------------------

MUG = {
    "kind": "spend_threshold", "id": "mug", "name_zh": "满额赠杯", "name_en": "A mug", "stage": 4,
    "amount": 5_000, "gifts": [{"product": "mug"}], "coupons": [{"coupon": "ten-off"}],
}  # fmt: skip
BOX = {
    "kind": "charge", "id": "box", "name_zh": "打包费", "name_en": "Packaging", "amount": 104,
    "tax_class": "standard",
}  # fmt: skip
OFF = TEN_OFF | {"name_zh": "立减十元", "name_en": "10.00 off"}
POINTS_PAY = REDEEM | {"name_zh": "积分抵现", "name_en": "Points"}
VOUCHER = Voucher(id="v", issuer="platform", face=1_000, paid=800, settlement=700)


def everything() -> SaleMade:
    """Sell 80.00 with a coupon, a gift, a charge and 200 points, paid in four ways.

    The goods cost 68.00 in the end; all but 5.00 of the bill of 69.04 earns: 63.07 points.
    """
    by = rules(EARN, POINTS_PAY, OFF, MUG, BOX, cash_rounding={"step": 10, "mode": "half_up"})
    has = holdings(
        held(COUPON, 1, "c-1", terms="ten-off"), held(POINTS, 1_000, "p"),
        held(BONUS, 10_000, "b", issuer="hq"), held(PRINCIPAL, 100_000, "v", issuer="hq"),
    )  # fmt: skip
    asked = Asked(
        coupons=(CouponShown(id="c-1", type="ten-off"),), catalogue=Shelf(), redeem=200,
        redeemable=1_000,
    )  # fmt: skip
    quote = quoted(goods(8_000), by, asked)
    assert quote.total == 8_000 - 1_000 + 104 - 200
    tenders = Tender("value", 5_500), Tender("voucher", 1_000, VOUCHER), Tender("cash", 500)
    return sold(quote, by, *tenders, has=has)
