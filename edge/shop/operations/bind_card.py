"""Bind a card: a number names a member from now on; a pre-printed card is activated first."""

import msgspec

from edge.shop.accounts import cards
from edge.shop.accounts.cards import Card
from edge.shop.declined import Declined
from edge.shop.facts.members import CardBound, CardStateChanged
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made


class ActivateAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A pre-printed card that is handed out: who says so and of which print run it is."""

    batch: str
    distributor: str


def bind_card(member: str, card: Card, rules: InForce, made: Made) -> CardBound | Declined:
    """Return the fact that an active card names a member.

    A number nobody ever saw is an active card without a member. Declined: E-CARD-TAKEN when it
    names another member (or this one already), E-NEEDS-APPROVAL, E-CARD-STATE.
    """
    if card.member:
        return Declined("E-CARD-TAKEN", {"card": cards.masked(card.number)})
    refused = cards.refusal(rules.bundle.programme.cards, "bind", card, made.approved_by)
    if refused:
        return refused
    return CardBound(**said(made, rules), member=member, card=card.number, postings=())


def activate_card(
    asked: ActivateAsked, card: Card, rules: InForce, made: Made
) -> CardStateChanged | Declined:
    """Return the fact that a pre-printed card may be used from now on.

    Its print run and its distributor must be those it was printed for, else E-CARD-BATCH;
    E-NEEDS-APPROVAL, E-CARD-STATE for one that is not inactive.
    """
    refused = cards.refusal(rules.bundle.programme.cards, "activate", card, made.approved_by)
    if refused:
        return refused
    if (asked.batch, asked.distributor) != (card.batch, card.distributor):
        return Declined("E-CARD-BATCH", {"card": cards.masked(card.number)})
    return CardStateChanged(
        **said(made, rules),
        member=card.member or None,
        card=card.number,
        step="activate",
        state="active",
        batch=asked.batch,
        distributor=asked.distributor,
        postings=(),
    )
