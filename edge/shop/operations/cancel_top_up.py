"""Cancel a top-up: what is left of it goes, with all it gave, and what it is worth is paid out."""

import msgspec

from edge.shop.accounts.counts import Reason
from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.unwinding import Undoing, undo
from edge.shop.declined import Declined
from edge.shop.facts.value import CardSold, Outside, ToppedUp, TopUpCancelled
from edge.shop.ledger import entry
from edge.shop.operations.in_force import InForce, said_back
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import kept, legs, received


class CancelAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which top-up, and why. Money goes back as it came, or by another `tender`."""

    top_up: ToppedUp
    reason: Reason
    tender: Outside | None = None
    cancelled: bool = False
    """Whether it was cancelled before."""
    invoice_voided: bool = False
    """Whether the invoice that was issued for it is void now."""


def cancel_top_up(
    asked: CancelAsked, rules: InForce, holdings: Holdings, made: Made
) -> TopUpCancelled | Declined:
    """Return the fact of a cancelled top-up; the terms of today price it.

    `holdings` are the member's, with the lots of the top-up, empty ones too. What is given back
    later of what had been spent is the member's again: it was paid for. E-TOP-UP-CANCELLED,
    E-INVOICE-ISSUED while its invoice stands, E-TOP-UP-USED where nothing may have been spent.
    """
    fact, bundle = asked.top_up, rules.bundle
    assert fact.member is not None, "only members pay in"
    if asked.cancelled:
        return Declined("E-TOP-UP-CANCELLED", {"receipt": fact.receipt})
    if fact.invoice == "issued" and not asked.invoice_voided:
        return Declined("E-INVOICE-ISSUED", {"receipt": fact.receipt})
    terms = bundle.programme.top_up
    pricing = terms.cancel.by(asked.reason)
    undoing = Undoing(
        top_up=fact.top_up, given=fact.moves, deed=made.deed, today=made.at.date,
        points=bundle.programme.points,
    )  # fmt: skip
    undone = undo(terms, bundle.programme.plans, undoing, holdings, pricing)
    if pricing == "refused" and undone.used:
        return Declined("E-TOP-UP-USED", {"receipt": fact.receipt})
    tender = asked.tender or fact.tender
    clawback = undone.principal - undone.refund
    return TopUpCancelled(
        **said_back(fact, made, rules),
        member=fact.member,
        cancelled=made.deed,
        top_up=fact.top_up,
        card=fact.card if isinstance(fact, CardSold) else "",
        reason=asked.reason,
        pricing=pricing,
        currency=bundle.currency,
        exponent=bundle.exponent,
        tender=tender,
        principal=undone.principal,
        bonus=undone.bonus,
        refund=undone.refund,
        clawback=clawback,
        invoice="voided" if fact.invoice == "issued" else "none",
        moves=undone.moves,
        postings=entry(
            *legs(undone.moves, holdings, fact.member, bundle),
            received(tender, -undone.refund, bundle.currency, made),
            kept("clawback", clawback, bundle),
        ),
    )
