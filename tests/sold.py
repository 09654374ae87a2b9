"""Sales made by hand, for what happens to them afterwards."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from edge.shop.accounts.lots import Held, Holdings, Lot, Unit
from edge.shop.basket import Line, Product
from edge.shop.bundle import Bundle
from edge.shop.calendar import moment
from edge.shop.declined import Declined
from edge.shop.earning import Rate, RatedLine, earned
from edge.shop.facts import Deed, ReturnMade, SaleMade, TakenBack
from edge.shop.ledger import COUNTS, Posting
from edge.shop.member import Member
from edge.shop.money import contained
from edge.shop.operations.made import Made
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.operations.sell import sell
from edge.shop.pricing import compile_rules
from edge.shop.sale import (
    Adjustment,
    Basis,
    CouponJudged,
    Given,
    PricedLine,
    Quote,
    Redeemed,
    TaxLine,
)
from edge.shop.tender import Tender, settle

RATES = {"none": 0, "food": 900, "standard": 1300}
MONDAY = 1_795_312_800_000
DAY = 86_400_000
NOTHING = Holdings()


def terms(**more: object) -> Bundle:
    """Return a bundle without rules; `more` is its programme, but for cash_rounding and rules."""
    document = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1, "tax": RATES,
    }  # fmt: skip
    for name in ("cash_rounding", "rules", "groups"):
        if name in more:
            document[name] = more.pop(name)
    return msgspec.convert(document | {"programme": more}, Bundle)


def made(deed: str, day: int = 0, *, store: str = "corner", online: bool = True) -> Made:
    at = moment(MONDAY + day * DAY, "Asia/Shanghai")
    return Made(
        deed=deed, receipt=f"R-{deed}", business_date=at.date, at=at, store=store,
        terminal="till-1", cashier="ann", seller="bob", online=online,
    )  # fmt: skip


def off(
    rule: str, *units: int, stage: int = 3, coupon: str = "", funding: dict[str, int] | None = None
) -> Adjustment:
    """Return an adjustment that took so much (above zero) off each unit."""
    shares = [{"party": party, "share": share} for party, share in (funding or {}).items()]
    return msgspec.convert(
        {
            "rule": rule, "name_zh": rule, "name_en": rule, "amount": -sum(units),
            "units": [-unit for unit in units], "stage": stage, "coupon": coupon,
            "funding": shares,
        },
        Adjustment,
    )  # fmt: skip


def line(
    name: str,
    price: int,
    units: int = 1,
    *cuts: Adjustment,
    tax: str = "none",
    kind: str = "goods",
) -> PricedLine:
    product = Product(id=name, name_zh=name, name_en=name, price=price, tax_class=tax)
    nets = [price + sum(cut.units[n] for cut in cuts) for n in range(units)]
    bought = Line(product=product, code=name, quantity=Decimal(units), unit_price=price)
    return PricedLine(
        line=bought, adjustments=cuts, net=sum(nets), unit_nets=tuple(nets),
        tax_rate=RATES[tax], points=0,
        kind=msgspec.convert(kind, PricedLine.__annotations__["kind"]),
    )  # fmt: skip


def quote(
    *lines: PricedLine,
    member: str = "",
    earns: tuple[int, int] | None = None,
    redeemed: dict[str, int] | None = None,
    coupons: Iterable[CouponJudged] = (),
    gives: Iterable[Given] = (),
) -> Quote:
    """Return the quote of these lines; it `earns` so many points for so many minor units.

    `redeemed` are points by the rule that made them pay, named points-X for a partner X.
    """
    lines, rates = _earning(lines, earns) if earns else (lines, ())
    uses = [
        Redeemed(rule=rule, programme=rule.removeprefix("points").removeprefix("-"), points=points)
        for rule, points in (redeemed or {}).items()
    ]
    total, listed = sum(x.net for x in lines), sum(x.line.list_amount for x in lines)
    tax = []
    for name in dict.fromkeys(x.line.product.tax_class for x in lines):
        gross = sum(x.net for x in lines if x.line.product.tax_class == name)
        part = contained(gross, RATES[name])
        tax.append(TaxLine(tax_class=name, rate=RATES[name], net=gross - part, tax=part))
    return Quote(
        currency="CNY", exponent=2, lines=lines, member=Member(member) if member else None,
        list_total=listed, discount_total=listed - total, total=total, tax=tuple(tax),
        points_earned=sum(x.points for x in lines), rates=rates,
        points_spent=sum(use.points for use in uses if not use.programme), redeemed=tuple(uses),
        coupons=tuple(coupons), gives=tuple(gives), applied=(), not_applied=(),
        bundle="b" * 64, price_book=1, basis=Basis(at_ms=MONDAY, store="corner", online=True),
    )  # fmt: skip


def _earning(
    lines: tuple[PricedLine, ...], earns: tuple[int, int]
) -> tuple[tuple[PricedLine, ...], tuple[Rate, ...]]:
    """Gifts come last and neither earn nor count."""
    earning = [x for x in lines if x.kind != "gift"]
    rated = [RatedLine(n, range(len(x.unit_nets))) for n, x in enumerate(earning)]
    rates = (Rate(points=earns[0], per=earns[1], lines=tuple(rated)),)
    points = [*earned([x.unit_nets for x in earning], rates)]
    points += [(0,) * len(x.unit_nets) for x in lines if x.kind == "gift"]
    return tuple(
        [
            msgspec.structs.replace(x, points=sum(units), unit_points=units)
            for x, units in zip(lines, points, strict=True)
        ]
    ), rates


def sold(
    what: Quote, *tenders: Tender, holdings: Holdings = NOTHING, bundle: Bundle | None = None,
    at: Made | None = None, uses: Sequence[Tender] = (),
) -> SaleMade:  # fmt: skip
    """Return the sale of a quote, paid with `uses` and these tenders or else in cash."""
    bundle, at = bundle or terms(), at or made("S1")
    offered = tenders or (Tender("cash", what.total + 100),)
    paid = settle(
        what.total, offered, holdings, bundle, today=at.at.date, online=at.online, uses=uses
    )
    assert not isinstance(paid, Declined), paid
    sale = sell(what, paid, compile_rules(bundle, "b" * 64), holdings, at)
    assert isinstance(sale, SaleMade), sale
    return sale


def lot(
    name: str, unit: Unit, left: int, *, issuer: str = "hq", expires: str = "", terms: str = ""
) -> Held:
    opened = Lot(
        id=name, member="m-1", unit=unit, opened="2026-01-01", active_from="2026-01-01",
        expires=expires, issuer=issuer, terms=terms, origin="old",
    )  # fmt: skip
    return Held(opened, left)


def card(name: str, plan: str, left: int, money: int, expires: str = "") -> Held:
    """Return a count card, and what is deferred for what is left on it."""
    return Held(lot(name, COUNTS, 0, terms=plan, expires=expires).lot, left, money)


def holding(*lots: Held) -> Holdings:
    return Holdings({held.lot.id: held for held in lots})


def summed(*deeds: Deed) -> dict[tuple[str, str, str], int]:
    """Return what is left by account, party and unit when all these deeds are added up."""
    sums: dict[tuple[str, str, str], int] = {}
    for deed in deeds:
        for leg in deed.postings:
            key = leg.account, leg.party, leg.unit
            sums[key] = sums.get(key, 0) + leg.amount
    return {key: amount for key, amount in sums.items() if amount}


def legs(deed: Deed) -> set[Posting]:
    return set(deed.postings)


# --- and what comes back of them ----------------------------------------------------------------


def ask(sale: SaleMade, *units: Back, home: bool = True) -> ReturnAsked:
    return ReturnAsked(sale=sale.sale, units=units, reason="unwanted", home=home)


def returned(
    sale: SaleMade,
    *units: Back,
    earlier: Sequence[TakenBack] = (),
    bundle: Bundle | None = None,
    holdings: Holdings = NOTHING,
    at: Made | None = None,
) -> ReturnMade:
    asked, at = ask(sale, *units), at or made("T1", 1)
    fact = give_back(asked, sale, earlier, Terms(bundle=bundle or terms()), holdings, at)
    assert isinstance(fact, ReturnMade), fact
    assert not summed_units(fact)
    return fact


def summed_units(fact: ReturnMade) -> dict[str, int]:
    sums: dict[str, int] = {}
    for leg in fact.postings:
        sums[leg.unit] = sums.get(leg.unit, 0) + leg.amount
    return {unit: amount for unit, amount in sums.items() if amount}


def declined(
    sale: SaleMade | ReturnMade,
    *units: Back,
    earlier: Sequence[TakenBack] = (),
    bundle: Bundle | None = None,
    at: Made | None = None,
    home: bool = True,
) -> Declined:
    asked = ReturnAsked(sale=sale.sale, units=units, home=home)
    terms_ = Terms(bundle=bundle or terms())
    fact = give_back(asked, sale, earlier, terms_, Holdings(), at or made("T1", 1))
    assert isinstance(fact, Declined), fact
    return fact


def paid(fact: TakenBack) -> list[tuple[str, int]]:
    return [(refund.kind, refund.amount) for refund in fact.refunds]
