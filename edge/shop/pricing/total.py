"""The bill: lines with all that changed them, gifts and charges as lines of their own, and tax."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count, groupby
from operator import neg

from edge.shop.basket import Line, Product
from edge.shop.bundle import AnyDiscount, Bundle
from edge.shop.earning import UnitPoints
from edge.shop.money import contained, split
from edge.shop.pricing.redeeming import STAGE, Spent
from edge.shop.pricing.state import Applied, Fee, State
from edge.shop.rules.points_redeem import PointsRedeem
from edge.shop.rules.rule import Gift
from edge.shop.rules.running import Cut
from edge.shop.sale import Adjustment, PricedLine, TaxLine


def goods(state: State, spent: Iterable[Spent], points: UnitPoints) -> list[PricedLine]:
    """Return the lines the guest took."""
    running, tax = state.running, state.occasion.rules.bundle.tax
    adjustments = _adjustments(state, spent)
    return [
        PricedLine(
            line=line, adjustments=tuple(adjustments[i]) if i in adjustments else (),
            net=net, unit_nets=units, tax_rate=tax[line.product.tax_class],
            points=sum(earned), unit_points=earned,
        )
        for i, line, net, units, earned in zip(
            count(), running.lines, running.left, running.units, points, strict=False
        )
    ]  # fmt: skip


def _adjustments(state: State, spent: Iterable[Spent]) -> dict[int, list[Adjustment]]:
    """Return what every rule took off each line, in the order in which it was taken."""
    made: defaultdict[int, list[Adjustment]] = defaultdict(list)
    for applied in state.applied:
        _adjust(made, applied.effect.cuts, applied.rule, applied.rule.stage, applied.coupon)
    for redeemed in spent:
        _adjust(made, redeemed.cuts, redeemed.rule, STAGE)
    return made


def _adjust(
    made: Mapping[int, list[Adjustment]],
    cuts: Iterable[Cut],
    rule: AnyDiscount | PointsRedeem,
    stage: int,
    coupon: str = "",
) -> None:
    """Note on each line what a rule took off it."""
    id, zh, en, funding = rule.id, rule.name_zh, rule.name_en, rule.funding
    for cut in cuts:
        units = cut.units
        taken = (-units[0],) if len(units) == 1 else tuple(map(neg, units))
        one = Adjustment(
            rule=id, name_zh=zh, name_en=en, amount=sum(taken), units=taken, stage=stage,
            coupon=coupon, funding=funding,
        )  # fmt: skip
        made[cut.line].append(one)


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
    off: defaultdict[int, list[Adjustment]] = defaultdict(list)
    _adjust(off, [Cut(0, (each,) * line.units)], rule, rule.stage, applied.coupon)
    nothing = (0,) * line.units
    return PricedLine(
        line=line, adjustments=tuple(off[0]), net=0, unit_nets=nothing,
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
    gross: defaultdict[str, int] = defaultdict(int)
    for priced in lines:
        if priced.kind != "gift":
            gross[priced.line.product.tax_class] += priced.net
    ordered = sorted([(bundle.tax[name], name) for name in gross])
    taxed: list[TaxLine] = []
    for rate, members in groupby(ordered, key=lambda item: item[0]):
        names = [name for _, name in members]
        weights = [gross[name] for name in names]
        parts = split(contained(sum(weights), rate, bundle.rounding), weights)
        for name, tax in zip(names, parts, strict=True):
            taxed.append(TaxLine(tax_class=name, rate=rate, net=gross[name] - tax, tax=tax))
    return tuple(taxed)
