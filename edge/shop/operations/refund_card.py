"""Refund a card: an account of stored value is closed, and paid out by its refund route."""

import msgspec

from edge.shop.accounts.counts import Reason
from edge.shop.accounts.lots import PRINCIPAL, Holdings, Move
from edge.shop.accounts.unwinding import Undoing, Undone, undo
from edge.shop.bundle import Bundle
from edge.shop.declined import Declined
from edge.shop.facts.value import CardRefunded, Outside, ToppedUp
from edge.shop.ledger import BONUS, COUNTS, entry
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import card_product, kept, legs, received


class RefundCardAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account is closed and why.

    `card` is its card product ("" for none), `top_ups` are all its top-ups that were not
    cancelled. `tender` is how it was paid: where the route is `original` it goes back that way.
    """

    member: str
    card: str = ""
    top_ups: tuple[ToppedUp, ...]
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
    stay. E-UNKNOWN-CARD-PRODUCT, E-NO-REFUND where the product's route says so or a top-up that
    was used may not be undone, E-INVOICE-ISSUED, E-COUNTS-LEFT while count cards that were paid
    for are not given back.
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
    clawback = undone.principal - undone.refund
    return CardRefunded(
        **said(made, rules),
        member=asked.member,
        refunded=made.deed,
        card=asked.card,
        top_ups=tuple([fact.top_up for fact in asked.top_ups]),
        reason=asked.reason,
        approved_by=made.approved_by,
        currency=bundle.currency,
        exponent=bundle.exponent,
        tender=tender,
        principal=undone.principal,
        bonus=undone.bonus,
        refund=undone.refund,
        clawback=clawback,
        moves=undone.moves,
        postings=entry(
            *legs(undone.moves, holdings, asked.member, bundle),
            received(tender, -undone.refund, bundle.currency, made),
            kept("clawback", clawback, bundle),
        ),
    )


def _open(asked: RefundCardAsked, holdings: Holdings) -> Declined | None:
    """Return what must be settled before the account can be closed, or None."""
    for fact in asked.top_ups:
        if fact.invoice == "issued" and not asked.invoices_voided:
            return Declined("E-INVOICE-ISSUED", {"receipt": fact.receipt})
    paid_for = sum(held.left for held in holdings.of(COUNTS) if held.money)
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
