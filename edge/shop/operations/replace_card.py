"""Replace a card: a new number names the member, and the old one is dead for ever."""

from edge.shop.accounts import cards
from edge.shop.accounts.cards import Card
from edge.shop.declined import Declined
from edge.shop.facts.members import CardReplaced
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made


def replace_card(old: Card, new: Card, rules: InForce, made: Made) -> CardReplaced | Declined:
    """Return the fact of a replacement.

    Declined: E-CARD-TAKEN for a new number that names somebody already, E-CARD-STATE for a new
    card that is not active or an old one that is dead, inactive or names nobody,
    E-NEEDS-APPROVAL.
    """
    if new.member or new.number == old.number:
        return Declined("E-CARD-TAKEN", {"card": cards.masked(new.number)})
    service = rules.bundle.programme.cards
    refused = cards.refusal(service, "replace", old, made.approved_by) or cards.refusal(
        service, "bind", new, made.approved_by
    )
    if refused:
        return refused
    if not old.member:
        return Declined("E-CARD-STATE", {"card": cards.masked(old.number), "state": "unbound"})
    return CardReplaced(
        **said(made, rules),
        member=old.member,
        old=old.number,
        new=new.number,
        postings=(),
    )
