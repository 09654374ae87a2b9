"""What the guest keeps, priced again as if nothing else had been bought."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from edge.shop.basket import Line
from edge.shop.declined import Declined
from edge.shop.facts import SoldLine
from edge.shop.money import split
from edge.shop.operations.replay import bought, price_again
from edge.shop.operations.returns.taking import Taking
from edge.shop.pricing import Asked
from edge.shop.sale import CouponShown, Quote


def price_of_kept(taking: Taking) -> dict[str, int] | Declined:
    """Return what the units cost that stay with the guest, by tax class; without charged gifts.

    Priced under the rules, at the moment and place and with the coupons and counters of the sale;
    points that paid for a unit still do, and so do uses of count cards: what they pay for is priced
    with the rest, and left out. Where no goods are kept, charges cost what they did.
    E-NOT-READY if the rules of the sale are not known any more.
    """
    sale, rules = taking.sale, taking.terms.rules
    if rules is None or rules.hash != sale.bundle:
        return Declined("E-NOT-READY", {"what": "the rules of the sale"})
    lines = _kept_lines(taking)
    if not lines:
        return _charges(taking)
    redeemed = tuple([CouponShown(id=judged.coupon, type=judged.rule) for judged in sale.coupons])
    quote = price_again(sale, lines, Asked(coupons=redeemed), rules)
    gross = {tax.tax_class: tax.net + tax.tax for tax in quote.tax}
    for name, paid in _by_uses(taking, quote):
        gross[name] -= paid
    by_points = sum([share.points_paid for _, share in taking.kept if share.worth is None])
    return lowered(gross, sum(gross.values()) - by_points)


def _by_uses(taking: Taking, quote: Quote) -> Iterator[tuple[str, int]]:
    """Yield by tax class what uses still pay for of a quote: the dearest units of their lines."""
    used = Counter([line for (line, _), share in taking.kept if share.worth is not None])
    for number, priced in zip(_kept_numbers(taking), quote.lines, strict=False):
        dearest = sorted(priced.unit_nets, reverse=True)[: used[number]]
        yield priced.line.product.tax_class, sum(dearest)


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


def _kept_lines(taking: Taking) -> list[Line]:
    sold = taking.sale.lines
    return [
        bought(sold[number], part_of(sold[number], units))
        for number, units in _kept_numbers(taking).items()
    ]


def _kept_numbers(taking: Taking) -> Counter[int]:
    """Return how many units of which lines of goods are kept, in the order of the lines."""
    sold = taking.sale.lines
    return Counter([line for (line, _), _ in taking.kept if sold[line].kind == "goods"])


def part_of(sold: SoldLine, units: int) -> Decimal:
    """Return how much of a line so many of its units are; a weighed line is one unit."""
    return sold.quantity if len(sold.unit_nets) == 1 else Decimal(units)
