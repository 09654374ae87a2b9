"""Exchange: points become goods, a service, a coupon or uses of a count card, with part cash."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from edge.shop.accounts import counts, points, rewards
from edge.shop.accounts import exchange as terms
from edge.shop.accounts.exchange import Gives, Offer, Price
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.accounts.rewards import Counts, Reward
from edge.shop.declined import Declined
from edge.shop.facts.coupons import Handed, PointsExchanged
from edge.shop.ledger import POINTS, Posting, entry
from edge.shop.member import Member
from edge.shop.operations.in_force import InForce, coupon_kinds, said, taxed
from edge.shop.operations.made import Made
from edge.shop.operations.tendered import paid_legs
from edge.shop.sale import TaxLine
from edge.shop.tender import Paid, Tender, settle


class ExchangeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of an offer, and what is offered for the part that is cash."""

    offer: str
    count: int = 1
    tenders: tuple[Tender, ...] = ()


def exchange(
    asked: ExchangeAsked, member: Member, rules: InForce, holdings: Holdings, made: Made
) -> PointsExchanged | Declined:
    """Return the fact of an exchange, or why not.

    The points' issuer pays the store what they are worth; that and the cash together are revenue,
    or for uses of a count card deferred until they are used. Declined: E-UNKNOWN-OFFER,
    E-NOT-ON-OFFER {offer}, E-QUANTITY for no piece at all, E-UNCONFIRMED, E-POINTS-SHORT {points},
    and whatever stands in the way of a tender.
    """
    offer = rules.bundle.programme.exchange.offer(asked.offer)
    refused = terms.refusal(offer, member.tier, made.at.date)
    if offer is None or refused or member.unconfirmed:
        return refused or Declined("E-UNCONFIRMED")
    if asked.count < 1:
        return Declined("E-QUANTITY", {"code": offer.id, "quantity": str(asked.count)})
    price = terms.price(offer, asked.count)
    alive = points.alive(rules.bundle.programme.points, holdings, made.at.date)
    spent = points.spend(alive, POINTS, price.points, made.at.date)
    if isinstance(spent, Declined):
        return spent
    paid = settle(
        price.cash, asked.tenders, holdings, rules.bundle, today=made.at.date, online=made.online
    )
    if isinstance(paid, Declined):
        return paid
    given = _given(offer, asked.count, member.id, rules, made)
    return _made(asked, offer, member, _Settled(price, paid, (*spent, *given), given), rules,
                 holdings, made)  # fmt: skip


class _Settled(NamedTuple):
    """What an exchange costs, how the cash was paid, and the moves of points and of lots given."""

    price: Price
    paid: Paid
    moves: tuple[Move, ...]
    given: tuple[Move, ...]


def _made(
    asked: ExchangeAsked, offer: Offer, member: Member, settled: _Settled, rules: InForce,
    holdings: Holdings, made: Made,
) -> PointsExchanged:  # fmt: skip
    price, paid, moves, given = settled
    tax = None if offer.deferred else taxed(price.cash + price.worth, offer.tax_class, rules.bundle)
    return PointsExchanged(
        **said(made, rules),
        member=member.id,
        exchange=made.deed,
        offer=offer.id,
        name_zh=offer.name_zh,
        name_en=offer.name_en,
        gives=_handed(offer.gives),
        count=asked.count,
        currency=rules.bundle.currency,
        exponent=rules.bundle.exponent,
        points=price.points,
        cash=price.cash,
        worth=price.worth,
        tenders=paid.tenders,
        handed=paid.handed,
        change=paid.change,
        rounding=paid.rounding,
        tax=(tax,) if tax else (),
        postings=entry(
            *paid_legs(paid, holdings, member.id, rules.bundle.currency, made.terminal),
            *_revenue(price, tax, rules),
            *counts.legs(given, holdings, member.id, rules.bundle.currency),
            *rewards.legs(moves, holdings),
        ),
        moves=(*paid.moves, *moves),
    )


def _handed(gives: Gives) -> Handed:
    match gives:
        case terms.Goods(product=product):
            return Handed(kind="goods", id=product)
        case terms.Service(name=name):
            return Handed(kind="service", id=name)
        case terms.Coupon(coupon=kind):
            return Handed(kind="coupon", id=kind)
        case terms.Uses(plan=plan, uses=uses):
            return Handed(kind="uses", id=plan, uses=uses)


def _given(offer: Offer, count: int, member: str, rules: InForce, made: Made) -> tuple[Move, ...]:
    """Return the lots the exchange opens: one a piece for coupons and count cards."""
    match offer.gives:
        case terms.Coupon(coupon=kind):
            reward = Reward(coupons={kind: count})
        case terms.Uses(plan=plan, uses=uses, valid_days=days):
            reward = Reward(counts=(Counts(plan=plan, uses=uses, valid_days=days),) * count)
        case _:
            return ()
    giving = rewards.Giving(
        deed=made.deed,
        member=member,
        today=made.at.date,
        kinds=coupon_kinds(rules.bundle),
        kind="ordinary",
        issuer=rules.bundle.programme.issuer,
        home=made.store,
    )
    worth = offer.cash + offer.worth if offer.deferred else 0
    return tuple(
        [msgspec.structs.replace(move, money=worth) for move in rewards.give(reward, giving)]
    )


def _revenue(price: Price, tax: TaxLine | None, rules: InForce) -> Iterator[Posting]:
    """Yield what the points cost their issuer, and the revenue that makes of it and of the cash."""
    money = rules.bundle.currency
    yield Posting("points", money, price.worth, rules.bundle.programme.issuer)
    if tax:
        yield Posting(f"sales:{tax.tax_class}", money, -tax.net)
        yield Posting(f"tax:{tax.tax_class}", money, -tax.tax)
