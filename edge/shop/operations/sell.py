"""Sell: a quote that was accepted and paid becomes the fact of a sale.

The entry shows sales at list, less only the tax that is really contained; what rules took off
are legs of their own, on the books of whoever bears them. A gift is sold at list and taken off
entirely, so that what it cost can be seen. Tender stands against it as it counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

import msgspec

from edge.shop.accounts import coupons, points
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.accounts.points_policy import PointsPolicy, partner_unit
from edge.shop.declined import Declined
from edge.shop.earning import UnitPoints, earned
from edge.shop.facts import SaleMade, SoldLine
from edge.shop.ledger import POINTS, Posting, entry
from edge.shop.operations.covering import counted, earning, rated, taxed
from edge.shop.operations.funding import POINTS_STAGE, borne, contra
from edge.shop.operations.in_force import coupon_kinds, said
from edge.shop.operations.made import Made
from edge.shop.operations.tendered import paid_legs
from edge.shop.pricing import RuleSet
from edge.shop.sale import (
    Basis,
    Buyer,
    Channel,
    CouponJudged,
    Given,
    PricedLine,
    Quote,
    Redeemed,
    RuleUse,
    TaxLine,
)
from edge.shop.tender import Paid, Tender


def sell(
    quote: Quote, paid: Paid, rules: RuleSet, holdings: Holdings, made: Made
) -> SaleMade | Declined:
    """Return the fact of a sale: a quote, how it was settled, and its circumstances.

    `rules` are those of the quote; `holdings` what its member holds before the sale, and the
    coupons of others that are redeemed. Declined, because something was spent since the quote:
    E-POINTS-SHORT, or E-PRICE-CHANGED for a coupon.
    """
    assert paid.due == quote.total, "what was settled is what was quoted"
    redeemed = [judged for judged in quote.coupons if judged.reason == "R-APPLIED"]
    if not all(_is_left(judged, holdings) for judged in redeemed):
        return Declined("E-PRICE-CHANGED")
    policy, today = rules.bundle.programme.points, made.at.date
    spent = _redeemed(quote, rules, points.alive(policy, holdings, today), today)
    if isinstance(spent, Declined):
        return spent
    member = quote.member.id if quote.member else ""
    lines = _lines(quote, unit_points(quote, paid, policy))
    tax = taxed(quote, paid.uses, rules.bundle)
    points_moves = (*spent.moves, *_earned(lines, rules, holdings, member, made))
    used = [coupons.use(holdings.lots[judged.coupon]) for judged in redeemed]
    gives = _named(quote.gives, rules)
    return SaleMade(
        **said(made, rules),
        **_priced(quote, tax, rules, made),
        sale=made.deed,
        member=member or None,
        lines=lines,
        tenders=paid.tenders,
        handed=paid.handed,
        change=paid.change,
        rounding=paid.rounding,
        points_earned=sum([line.points for line in lines]),
        points_spent=-sum([move.amount for move in spent.moves]),
        coupons=tuple(redeemed),
        gives=gives,
        postings=entry(
            *_money(quote, tax, paid, holdings, made),
            *spent.legs,
            *points.legs(holdings, points_moves, member),
        ),
        moves=(*paid.moves, *points_moves, *used, *_issued(gives, rules, member, made)),
    )


class _Priced(TypedDict):
    """The fields of a sale that say what it cost, and of the circumstances that priced it."""

    terminal_kind: str
    channel: Channel
    region: str
    online: bool
    tier: str
    buyer: Buyer | None
    basis: Basis
    redeemed: tuple[Redeemed, ...]
    currency: str
    exponent: int
    list_total: int
    total: int
    tax: tuple[TaxLine, ...]
    uses: tuple[RuleUse, ...]
    quote: str
    price_book: int


def _priced(quote: Quote, tax: tuple[TaxLine, ...], rules: RuleSet, made: Made) -> _Priced:
    return _Priced(
        terminal_kind=made.terminal_kind,
        channel=quote.channel,
        region=quote.region,
        online=made.online,
        tier=quote.member.tier if quote.member else "",
        buyer=rules.looking.at(quote.member) if quote.member else None,
        basis=quote.basis,
        redeemed=quote.redeemed,
        currency=quote.currency,
        exponent=quote.exponent,
        list_total=quote.list_total,
        total=quote.total,
        tax=tax,
        uses=quote.uses,
        quote=quote.fingerprint,
        price_book=quote.price_book,
    )


# --- the entry ------------------------------------------------------------------------------------


def _money(
    quote: Quote, tax: Sequence[TaxLine], paid: Paid, holdings: Holdings, made: Made
) -> Iterator[Posting]:
    """Yield the legs of what paid, what was taken off, and what was sold."""
    member = quote.member.id if quote.member else ""
    yield from paid_legs(paid, holdings, member, quote.currency, made.terminal)
    yield from _taken_off(quote)
    yield from _revenue(quote, tax)


def _taken_off(quote: Quote) -> Iterator[Posting]:
    """Yield what rules took off, but for points: who bears those depends on whose they were."""
    for line in quote.lines:
        for adjustment in line.adjustments:
            if adjustment.stage != POINTS_STAGE:
                for party, amount in borne(adjustment):
                    yield Posting(contra(adjustment), quote.currency, amount, party)


def _revenue(quote: Quote, tax: Sequence[TaxLine]) -> Iterator[Posting]:
    """Yield sales at list less the contained tax, and the tax, class by class."""
    taxes = {one.tax_class: one.tax for one in tax}
    lists = dict.fromkeys(taxes, 0)
    for priced in quote.lines:
        name = priced.line.product.tax_class
        lists[name] = lists.get(name, 0) + priced.line.list_amount
    for name, amount in lists.items():
        owed = taxes.get(name, 0)
        yield Posting(f"sales:{name}", quote.currency, owed - amount)
        yield Posting(f"tax:{name}", quote.currency, -owed)


# --- points ---------------------------------------------------------------------------------------


class _Redeemed(msgspec.Struct, frozen=True):
    """Points that paid: the lots they come out of, and who bears what they took off."""

    moves: tuple[Move, ...]
    legs: tuple[Posting, ...]


def _redeemed(quote: Quote, rules: RuleSet, holdings: Holdings, today: str) -> _Redeemed | Declined:
    """Spend the points that were redeemed, rule by rule."""
    programme = rules.bundle.programme
    moves: list[Move] = []
    legs: list[Posting] = []
    cuts = [cut for line in quote.lines for cut in line.adjustments]
    for used in quote.redeemed:
        worth = -sum([cut.amount for cut in cuts if cut.rule == used.rule])
        unit = partner_unit(used.programme) if used.programme else POINTS
        spent = points.spend(holdings, unit, used.points, today)
        if isinstance(spent, Declined):
            return spent
        moves += spent
        costs = points.costs(programme.points, holdings, spent, worth, programme.issuer)
        legs += [Posting("points", quote.currency, cost.amount, cost.party) for cost in costs]
        holdings = holdings.after(spent)
    return _Redeemed(tuple(moves), tuple(legs))


def unit_points(quote: Quote, paid: Paid, policy: PointsPolicy) -> UnitPoints:
    """Return what each unit really earns: bonus value, say, pays and does not earn."""
    bonus, principal, uses = paid.by("bonus"), paid.by("principal"), paid.uses
    money = quote.total - bonus - principal - (paid.by("uses") if uses else 0)
    share = policy.earn_on.paid_share(money=money, principal=principal, bonus=bonus)
    if share[0] == share[1] and not uses:
        return tuple([line.unit_points for line in quote.lines])
    nets: Sequence[Sequence[int]] = [
        _earning_nets(line, policy) for line in quote.lines if line.kind != "gift"
    ]
    rates = quote.rates
    if uses:
        worth = earning(uses)
        nets, rates = counted(nets, worth, share), tuple([rated(r, worth, share) for r in rates])
        share = 1, share[1]
    units = iter(earned(nets, rates, paid_share=share, flooring=policy.flooring))
    return tuple([line.unit_points if line.kind == "gift" else next(units) for line in quote.lines])


def points_beside(quote: Quote, uses: Sequence[Tender], policy: PointsPolicy) -> int:
    """Return what a quote earns of which uses pay a part, and money the rest."""
    return sum([sum(units) for units in unit_points_beside(quote, uses, policy)])


def unit_points_beside(quote: Quote, uses: Sequence[Tender], policy: PointsPolicy) -> UnitPoints:
    """Return what each unit of such a quote earns."""
    used = tuple([tender.uses for tender in uses if tender.uses])
    paid = Paid(due=quote.total, tenders=tuple(uses), handed=quote.total, change=0, uses=used)
    return unit_points(quote, paid, policy)


def _earning_nets(line: PricedLine, policy: PointsPolicy) -> Sequence[int]:
    if not policy.earn_on.points:
        return line.unit_nets
    return [net - off for net, off in zip(line.unit_nets, _by_points(line), strict=True)]


def _by_points(line: PricedLine) -> Sequence[int]:
    """Return what points took off each unit, below zero."""
    offs = [cut.units for cut in line.adjustments if cut.stage == POINTS_STAGE]
    return [sum(units) for units in zip(*offs, strict=True)] or [0] * len(line.unit_nets)


def _earned(
    lines: Iterable[SoldLine], rules: RuleSet, holdings: Holdings, member: str, made: Made
) -> tuple[Move, ...]:
    programme = rules.bundle.programme
    return points.earn(
        programme.points,
        deed=made.deed,
        member=member,
        points=sum([line.points for line in lines]),
        today=made.at.date,
        issuer=programme.issuer,
        holdings=holdings,
    )


# --- coupons --------------------------------------------------------------------------------------


def _is_left(judged: CouponJudged, holdings: Holdings) -> bool:
    held = holdings.lots.get(judged.coupon)
    return held is not None and held.left > 0


def _named(gives: Iterable[Given], rules: RuleSet) -> tuple[Given, ...]:
    """Give the coupons the names of their type, so that a receipt can be printed from the fact."""
    kinds = coupon_kinds(rules.bundle) if gives else {}
    named = [(given, kinds[given.coupon]) for given in gives]
    return tuple(
        [
            msgspec.structs.replace(given, name_zh=kind.name_zh, name_en=kind.name_en)
            for given, kind in named
        ]
    )


def _issued(gives: Iterable[Given], rules: RuleSet, member: str, made: Made) -> Iterator[Move]:
    """Yield one lot for each coupon the sale gives; this store is its home."""
    kinds = coupon_kinds(rules.bundle) if gives else {}
    types = [kinds[given.coupon] for given in gives for _ in range(given.count)]
    for number, kind in enumerate(types, 1):
        yield coupons.issue(kind, made.deed, number, member, made.at.date, home=made.store)


# --- the lines ------------------------------------------------------------------------------------


def _lines(quote: Quote, unit_points: UnitPoints) -> tuple[SoldLine, ...]:
    return tuple(
        [_sold(priced, mine) for priced, mine in zip(quote.lines, unit_points, strict=True)]
    )


def _sold(priced: PricedLine, unit_points: tuple[int, ...]) -> SoldLine:
    line = priced.line
    return SoldLine(
        product=line.product.id,
        code=line.code,
        name_zh=line.product.name_zh,
        name_en=line.product.name_en,
        category=line.product.category,
        unit=line.product.unit,
        quantity=line.quantity,
        unit_price=line.unit_price,
        price_source=line.price_source,
        list_amount=line.list_amount,
        discounts=priced.adjustments,
        net=priced.net,
        unit_nets=priced.unit_nets,
        tax_class=line.product.tax_class,
        tax_rate=priced.tax_rate,
        points=sum(unit_points),
        unit_points=unit_points,
        kind=priced.kind,
        rounding=line.rounding,
        discountable=line.product.discountable,
        reduced=line.product.reduced,
        floor=line.product.floor,
    )
