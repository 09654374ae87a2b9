"""The bill: lines with all that changed them, gifts and charges as lines of their own, and tax."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from operator import neg

from edge.shop.basket import Line, Product
from edge.shop.bundle import AnyDiscount, Bundle
from edge.shop.earning import UnitPoints
from edge.shop.money import contained, split
from edge.shop.pricing.redeeming import STAGE, Spent
from edge.shop.pricing.state import Applied, Fee, State
from edge.shop.rules.points_redeem import PointsRedeem
from edge.shop.rules.rule import Gift
from edge.shop.sale import Adjustment, PricedLine, TaxLine


def goods(state: State, spent: Iterable[Spent], points: UnitPoints) -> list[PricedLine]:
    """Return the lines the guest took."""
    running, tax = state.running, state.occasion.rules.bundle.tax
    adjustments = _adjustments(state, spent)
    return [
        PricedLine(
            line=line, adjustments=tuple(adjustments.get(i, ())), net=running.left[i],
            unit_nets=running.units[i], tax_rate=tax[line.product.tax_class],
            points=sum(points[i]), unit_points=points[i],
        )
        for i, line in enumerate(running.lines)
    ]  # fmt: skip


def _adjustments(state: State, spent: Iterable[Spent]) -> dict[int, list[Adjustment]]:
    """Return what every rule took off each line, in the order in which it was taken."""
    adjustments: dict[int, list[Adjustment]] = {}
    for applied in state.applied:
        rule = applied.rule
        for cut in applied.effect.cuts:
            made = _adjustment(rule, cut.units, rule.stage, applied.coupon)
            adjustments.setdefault(cut.line, []).append(made)
    for redeemed in spent:
        for cut in redeemed.cuts:
            made = _adjustment(redeemed.rule, cut.units, STAGE)
            adjustments.setdefault(cut.line, []).append(made)
    return adjustments


def _adjustment(
    rule: AnyDiscount | PointsRedeem, units: tuple[int, ...], stage: int, coupon: str = ""
) -> Adjustment:
    return Adjustment(
        rule=rule.id, name_zh=rule.name_zh, name_en=rule.name_en,
        amount=-sum(units), units=tuple(map(neg, units)),
        stage=stage, coupon=coupon, funding=rule.funding,
    )  # fmt: skip


def gifts(state: State) -> Iterator[PricedLine]:
    """Yield a line for each gift: at list price, all of it taken off by the rule that gives it."""
    for applied in state.applied:
        for gift in applied.effect.gifts:
            yield _given(state, applied, _line(state, gift))


def worth(state: State, applied: Applied) -> int:
    """Return what the gifts of a rule cost at list."""
    return sum([_line(state, gift).list_amount for gift in applied.effect.gifts])


def _line(state: State, gift: Gift) -> Line:
    product = state.occasion.known(gift.product)
    assert product is not None, "only known gifts come true"
    return Line(
        product=product, code=product.gtins[0] if product.gtins else product.id,
        quantity=Decimal(gift.count), unit_price=product.price,
        rounding=state.occasion.rules.bundle.rounding,
    )  # fmt: skip


def _given(state: State, applied: Applied, line: Line) -> PricedLine:
    rule, product = applied.rule, line.product
    each = line.unit_price if line.units > 1 else line.list_amount
    off = _adjustment(rule, (each,) * line.units, rule.stage, applied.coupon)
    nothing = (0,) * line.units
    return PricedLine(
        line=line, adjustments=(off,), net=0, unit_nets=nothing,
        tax_rate=state.occasion.rules.bundle.tax[product.tax_class], points=0,
        unit_points=nothing, kind="gift",
    )  # fmt: skip


def charge(fee: Fee, amount: int, bundle: Bundle, points: Sequence[int]) -> PricedLine:
    """Return the line of a charge, under the names of its rule."""
    rule = fee.rule
    product = Product(
        id=rule.id, name_zh=rule.name_zh, name_en=rule.name_en, price=amount,
        tax_class=rule.tax_class, discountable=False,
    )  # fmt: skip
    return PricedLine(
        line=Line(product=product, code=rule.id, quantity=Decimal(1), unit_price=amount),
        adjustments=(), net=amount, unit_nets=(amount,), tax_rate=bundle.tax[rule.tax_class],
        points=sum(points), unit_points=tuple(points), kind="charge",
    )  # fmt: skip


def taxes(bundle: Bundle, lines: Iterable[PricedLine]) -> tuple[TaxLine, ...]:
    """Compute the tax once per rate; classes that share a rate share its tax exactly."""
    gross: dict[str, int] = {}
    for priced in lines:
        if priced.kind != "gift":
            name = priced.line.product.tax_class
            gross[name] = gross.get(name, 0) + priced.net
    ordered = sorted((bundle.tax[name], name) for name in gross)
    taxed: list[TaxLine] = []
    for rate, members in groupby(ordered, key=lambda item: item[0]):
        names = [name for _, name in members]
        weights = [gross[name] for name in names]
        parts = split(contained(sum(weights), rate, bundle.rounding), weights)
        for name, tax in zip(names, parts, strict=True):
            taxed.append(TaxLine(tax_class=name, rate=rate, net=gross[name] - tax, tax=tax))
    return tuple(taxed)
