"""What the guest keeps, priced again as if nothing else had been bought."""

from collections.abc import Mapping
from decimal import Decimal

from edge.shop.basket import Basket, Line
from edge.shop.declined import Declined
from edge.shop.facts import SoldLine
from edge.shop.money import split
from edge.shop.operations.returns.taking import Taking
from edge.shop.operations.returns.terms import Priced
from edge.shop.pricing import Asked, price
from edge.shop.sale import CouponShown


def price_of_kept(taking: Taking) -> dict[str, int] | Declined:
    """Return what the units cost that stay with the guest, by tax class; without charged gifts.

    Priced under the rules, at the moment and place and with the coupons of the sale, as if
    counters stood at nothing; points that paid for a unit still do. Where no goods are kept,
    charges cost what they did. E-NOT-READY if the rules of the sale are not known any more,
    E-UNKNOWN-PRODUCT if one of the goods is not.
    """
    sale, priced = taking.sale, taking.terms.priced
    if priced is None:
        return Declined("E-NOT-READY", {"what": "the rules of the sale"})
    lines = _kept_lines(taking, priced)
    if isinstance(lines, Declined):
        return lines
    if not lines:
        return _charges(taking)
    shown = [CouponShown(id=judged.coupon, type=judged.rule) for judged in sale.coupons]
    quote = price(
        Basket(lines, priced.member),
        priced.rules,
        priced.at,
        sale.terminal_kind,
        sale.price_book,
        more=Asked(
            coupons=tuple(shown),
            catalogue=priced.catalogue,
            store=sale.store,
            region=sale.region,
            channel=sale.channel,
            online=sale.online,
        ),
    )
    gross = {tax.tax_class: tax.net + tax.tax for tax in quote.tax}
    by_points = sum([share.points_paid for _, share in taking.kept])
    return lowered(gross, quote.total - by_points)


def lowered(gross: Mapping[str, int], most: int) -> dict[str, int]:
    """Return these amounts as they are, or shared anew where they sum to more than `most`."""
    total = sum(gross.values())
    if total <= most:
        return dict(gross)
    return dict(zip(gross, split(max(0, most), list(gross.values())), strict=True))


def _charges(taking: Taking) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (line, _), share in taking.kept:
        if taking.sale.lines[line].kind == "charge":
            sums[share.tax_class] = sums.get(share.tax_class, 0) + share.net
    return sums


def _kept_lines(taking: Taking, priced: Priced) -> tuple[Line, ...] | Declined:
    kept: dict[int, int] = {}
    for (line, _), _ in taking.kept:
        kept[line] = kept.get(line, 0) + 1
    lines: list[Line] = []
    for number, units in kept.items():
        sold = taking.sale.lines[number]
        if sold.kind != "goods":
            continue
        product = priced.catalogue.product(sold.product)
        if product is None:
            return Declined("E-UNKNOWN-PRODUCT", {"code": sold.code})
        lines.append(
            Line(
                product=product,
                code=sold.code,
                quantity=part_of(sold, units),
                unit_price=sold.unit_price,
                rounding=priced.rules.bundle.rounding,
            )
        )
    return tuple(lines)


def part_of(sold: SoldLine, units: int) -> Decimal:
    """Return how much of a line so many of its units are; a weighed line is one unit."""
    return sold.quantity if len(sold.unit_nets) == 1 else Decimal(units)
