"""Freeze a card, unfreeze it, or report it lost. The member's accounts stay as they are."""

from typing import Literal

from edge.shop.accounts import cards
from edge.shop.accounts.cards import Card, Status
from edge.shop.declined import Declined
from edge.shop.facts.members import CardStateChanged
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made

STATES: dict[Literal["freeze", "unfreeze", "report_lost"], Status] = {
    "freeze": "frozen",
    "unfreeze": "active",
    "report_lost": "lost",
}
"""What state each step leaves a card in."""


def freeze_card(
    step: Literal["freeze", "unfreeze", "report_lost"],
    card: Card,
    reason: str,
    rules: InForce,
    made: Made,
) -> CardStateChanged | Declined:
    """Return the fact that a card's state changed, or E-NEEDS-APPROVAL or E-CARD-STATE."""
    refused = cards.refusal(rules.bundle.programme.cards, step, card, made.approved_by)
    if refused:
        return refused
    return CardStateChanged(
        **said(made, rules),
        member=card.member or None,
        card=card.number,
        step=step,
        state=STATES[step],
        reason=reason,
        batch=card.batch,
        distributor=card.distributor,
        postings=(),
    )
