"""Replay: a sale is priced again from its fact and the rules of its bundle, and nothing else.

Any box comes to the very quote that was accepted, years later: tags, birthday, counters, coupons
and points are in the fact as they were.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from edge.shop.basket import Basket, Line, Product
from edge.shop.calendar import moment
from edge.shop.facts import SaleMade, SoldLine
from edge.shop.member import Member
from edge.shop.pricing import Asked, PointsAsked, RuleSet, price
from edge.shop.sale import Quote


def replay(sale: SaleMade, rules: RuleSet) -> Quote:
    """Return the quote of a sale, made again by the rules it names.

    Its fingerprint is `sale.quote`. Hints about rules that did nothing may differ: coupons that
    were to be had and points that were not asked for are not in a fact.
    """
    assert rules.hash == sale.bundle, "a sale is priced again by its own rules"
    points = {used.programme: 0 for used in sale.redeemed}
    for used in sale.redeemed:
        points[used.programme] += used.points
    own = points.pop("", 0)
    asked = Asked(
        coupons=sale.basis.shown,
        redeem=own,
        redeemable=own,
        partners={name: PointsAsked(count, count) for name, count in points.items()},
    )
    lines = [bought(line, line.quantity) for line in sale.lines if line.kind == "goods"]
    return price_again(sale, lines, asked, rules)


def price_again(sale: SaleMade, lines: Iterable[Line], asked: Asked, rules: RuleSet) -> Quote:
    """Return what some lines would have cost in the place of a sale: then, there, for its member.

    `asked` says which coupons and points pay; counters stand where they stood before the sale.
    """
    basis = sale.basis
    there = msgspec.structs.replace(
        asked,
        counters=basis.counters,
        catalogue=Gifts(sale, rules),
        store=basis.store,
        region=sale.region,
        channel=sale.channel,
        online=basis.online,
    )
    basket = Basket(tuple(lines), buyer(sale))
    at = moment(basis.at_ms, rules.bundle.zone)
    return price(basket, rules, at, sale.terminal_kind, sale.price_book, more=there)


def buyer(sale: SaleMade) -> Member | None:
    """Return the member of a sale as its rules saw them; None for a guest."""
    if sale.member is None or sale.buyer is None:
        return None
    seen = sale.buyer
    return Member(
        sale.member,
        tier=sale.tier,
        tags=seen.tags,
        birthday=seen.birthday,
        adult=seen.adult,
        partner=seen.partner,
        purchases=seen.purchases,
    )


def bought(sold: SoldLine, quantity: Decimal) -> Line:
    """Return so much of a line as it went into the basket."""
    return Line(
        product=_product(sold),
        code=sold.code,
        quantity=quantity,
        unit_price=sold.unit_price,
        price_source=sold.price_source,
        rounding=sold.rounding,
    )


def _product(sold: SoldLine) -> Product:
    return Product(
        id=sold.product,
        gtins=(sold.code,),
        name_zh=sold.name_zh,
        name_en=sold.name_en,
        category=sold.category,
        unit=sold.unit,
        price=sold.unit_price,
        tax_class=sold.tax_class,
        discountable=sold.discountable,
        reduced=sold.reduced,
        floor=sold.floor,
    )


class Gifts:
    """What a sale could give away: its gifts as they were, and stand-ins for all others.

    Of a gift that was weighed against something else and not given, a price depends only on
    whether it was to be had.
    """

    def __init__(self, sale: SaleMade, rules: RuleSet) -> None:
        self._given = {line.product: line for line in sale.lines if line.kind == "gift"}
        self._unknown = sale.basis.unknown
        self._tax_class = next(iter(rules.bundle.tax), "")

    def product(self, id: str) -> Product | None:
        """Return the product with this id, None if it was not to be had."""
        if id in self._unknown:
            return None
        if id in self._given:
            return _product(self._given[id])
        return Product(id=id, name_zh=id, name_en=id, price=0, tax_class=self._tax_class)
