"""Refund a card: an account of stored value is closed, and paid out by its refund route."""

import msgspec

from edge.shop.accounts import points
from edge.shop.accounts.counts import Reason
from edge.shop.accounts.lots import PRINCIPAL, Holdings, Move
from edge.shop.accounts.unwinding import Undoing, Undone, undo
from edge.shop.bundle import Bundle
from edge.shop.declined import Declined
from edge.shop.facts.coupons import PointsExchanged
from edge.shop.facts.value import CardRefunded, CardSold, Outside, ToppedUp
from edge.shop.ledger import BONUS, COUNTS, Posting, entry
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import card_product, kept, legs, received
from edge.shop.operations.undo_exchange import issuer


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange by which uses were bought with points; `points_back` went back of it before."""

    exchange: PointsExchanged
    points_back: int = 0


class RefundCardAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account is closed and why.

    `card` is its card product ("" for none), `top_ups` are all its top-ups that were not
    cancelled, `bought` all exchanges of points for uses. `tender` is how it was paid: where the
    route is `original` it goes back that way.
    """

    member: str
    card: str = ""
    top_ups: tuple[ToppedUp, ...]
    bought: tuple[Bought, ...] = ()
    reason: Reason
    tender: Outside
    invoices_voided: bool = False
    """Whether the invoices that were issued for the top-ups are void now."""


def refund_card(
    asked: RefundCardAsked, rules: InForce, holdings: Holdings, made: Made
) -> CardRefunded | Declined:
    """Return the fact of a closed account.

    Each top-up is undone as if it were cancelled for the same reason; principal of no such
    top-up is paid out as it stands, other bonus is gone. Points and coupons that were earned
    stay. Uses that were bought with points go back for their share of the points and of the
    cash, both rounded down. E-UNKNOWN-CARD-PRODUCT, E-NO-REFUND where the product's route says so
    or a top-up that was used may not be undone, E-INVOICE-ISSUED, E-COUNTS-LEFT while count cards
    that were paid for are not given back.
    """
    bundle = rules.bundle
    card = card_product(asked.card, bundle)
    if asked.card and card is None:
        return Declined("E-UNKNOWN-CARD-PRODUCT", {"card": asked.card})
    route = card.refund if card else "original"
    undone = _undone(asked, bundle, holdings, made)
    if route == "none" or undone is None:
        return Declined("E-NO-REFUND", {"card": asked.card})
    if no := _open(asked, holdings):
        return no
    tender = asked.tender if route == "original" else route
    return _closed(asked, undone, tender, rules, holdings, made)


def _closed(
    asked: RefundCardAsked, undone: Undone, tender: Outside, rules: InForce, holdings: Holdings,
    made: Made,
) -> CardRefunded:  # fmt: skip
    bundle = rules.bundle
    clawback = undone.principal - undone.refund
    uses = _uses_back(asked, bundle, holdings.after(undone.moves), made)
    sold = [fact.tier for fact in asked.top_ups if isinstance(fact, CardSold) and fact.tier]
    return CardRefunded(
        **said(made, rules),
        member=asked.member,
        refunded=made.deed,
        card=asked.card,
        top_ups=tuple([fact.top_up for fact in asked.top_ups]),
        reason=asked.reason,
        currency=bundle.currency,
        exponent=bundle.exponent,
        tender=tender,
        principal=undone.principal,
        bonus=undone.bonus,
        refund=undone.refund,
        clawback=clawback,
        uses=uses.uses,
        points=uses.points,
        cash=uses.cash,
        tier=sold[-1] if sold else "",
        moves=(*undone.moves, *uses.moves),
        postings=entry(
            *legs(undone.moves, holdings, asked.member, bundle),
            *legs(uses.moves, holdings.after(uses.moves), asked.member, bundle),
            *uses.legs,
            received(tender, -undone.refund - uses.cash, bundle.currency, made),
            kept("clawback", clawback, bundle),
        ),
    )


def _open(asked: RefundCardAsked, holdings: Holdings) -> Declined | None:
    """Return what must be settled before the account can be closed, or None."""
    for fact in asked.top_ups:
        if fact.invoice == "issued" and not asked.invoices_voided:
            return Declined("E-INVOICE-ISSUED", {"receipt": fact.receipt})
    exchanged = {one.exchange.exchange for one in asked.bought}
    paid_for = sum(
        held.left for held in holdings.of(COUNTS) if held.money and held.lot.origin not in exchanged
    )
    return Declined("E-COUNTS-LEFT", {"uses": paid_for}) if paid_for else None


def _undone(
    asked: RefundCardAsked, bundle: Bundle, holdings: Holdings, made: Made
) -> Undone | None:
    """Return what undoing all of it comes to, or None if something used may not be undone."""
    terms = bundle.programme.top_up
    pricing = terms.cancel.by(asked.reason)
    parts: list[Undone] = []
    for fact in asked.top_ups:
        undoing = Undoing(
            top_up=fact.top_up, given=fact.moves, deed=made.deed, today=made.at.date,
            points=bundle.programme.points, first=1 + sum(len(part.moves) for part in parts),
        )  # fmt: skip
        parts.append(undo(terms, bundle.programme.plans, undoing, holdings, pricing))
        holdings = holdings.after(parts[-1].moves)
    if pricing == "refused" and any(part.used for part in parts):
        return None
    parts.append(_rest(asked, holdings))
    return Undone(
        principal=sum(part.principal for part in parts),
        bonus=sum(part.bonus for part in parts),
        refund=sum(part.refund for part in parts),
        used=any(part.used for part in parts),
        moves=tuple([move for part in parts for move in part.moves]),
    )


def _rest(asked: RefundCardAsked, holdings: Holdings) -> Undone:
    """Return what comes of value that belongs to none of the top-ups."""
    named = {fact.top_up for fact in asked.top_ups}
    rest = [
        held for held in holdings.of(PRINCIPAL, BONUS) if held.left and held.lot.origin not in named
    ]
    principal = sum(held.left for held in rest if held.lot.unit == PRINCIPAL)
    moves = tuple([Move(lot=held.lot.id, amount=-held.left) for held in rest])
    bonus = sum(held.left for held in rest) - principal
    return Undone(principal=principal, bonus=bonus, refund=principal, used=False, moves=moves)


# --- uses that were bought with points ------------------------------------------------------------


class _Uses(msgspec.Struct, frozen=True):
    """Uses that go back: how many, for how many points and how much cash, and the moves."""

    uses: int
    points: int
    cash: int
    moves: tuple[Move, ...]
    legs: tuple[Posting, ...]


def _uses_back(asked: RefundCardAsked, bundle: Bundle, holdings: Holdings, made: Made) -> _Uses:
    """Return what the uses that are left of exchanges come to, exchange by exchange.

    What their issuer paid the store for the points goes back to it, all but the cash.
    """
    uses, given, cash = 0, 0, 0
    moves: list[Move] = []
    books: list[Posting] = []
    for one in asked.bought:
        of = one.exchange
        now = holdings.after(moves)
        cards = [held for held in now.of(COUNTS) if held.lot.origin == of.exchange and held.left]
        left, money = sum(held.left for held in cards), sum(held.money for held in cards)
        whole = of.count * of.gives.uses
        points_part, cash_part = of.points * left // whole, of.cash * left // whole
        back = points.give_back(
            bundle.programme.points, now, of.moves, points_part, made.at.date, made.deed,
            already=one.points_back, first=1 + len(moves),
        )  # fmt: skip
        moves += [Move(lot=held.lot.id, amount=-held.left, money=-held.money) for held in cards]
        moves += back
        books.append(Posting("points", bundle.currency, cash_part - money, issuer(of)))
        uses, given, cash = uses + left, given + points_part, cash + cash_part
    return _Uses(uses, given, cash, tuple(moves), tuple(books))
