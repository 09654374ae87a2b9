"""Cards in people's hands: bound, replaced, frozen, lost, activated. A card is no account.

A number names a member as long as its card is active. A frozen card can become active again; one
that was reported lost only by its replacement; a dead number is dead for ever.
"""

from typing import Literal

import msgspec

from edge.shop.accounts.declared import Declared
from edge.shop.declined import Declined

Status = Literal["inactive", "active", "frozen", "lost", "dead"]
"""inactive: pre-printed and not yet handed out · frozen: spends nothing until unfrozen · lost: to
be replaced · dead: replaced."""

Step = Literal["bind", "replace", "freeze", "unfreeze", "report_lost", "activate"]
"""What can be done with a card."""

POSSIBLE: dict[Step, frozenset[Status]] = {
    "bind": frozenset({"active"}),
    "replace": frozenset({"active", "frozen", "lost"}),
    "freeze": frozenset({"active"}),
    "unfreeze": frozenset({"frozen"}),
    "report_lost": frozenset({"active", "frozen"}),
    "activate": frozenset({"inactive"}),
}
"""In which states of a card each step is possible."""


class CardService(Declared, frozen=True, kw_only=True):
    """Who may do what with cards: these steps need a manager's approval, the others do not."""

    approval: tuple[Step, ...] = ("replace", "unfreeze")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card as the box knows it. `member` is "" for one that names nobody yet."""

    number: str
    status: Status
    member: str = ""
    batch: str = ""
    """The print run of a pre-printed card."""
    distributor: str = ""
    """Who hands pre-printed cards out."""


def refusal(
    service: CardService, step: Step, card: Card, approved_by: str | None
) -> Declined | None:
    """Return why a step cannot be done with this card, or None.

    E-NEEDS-APPROVAL where only a manager may, E-CARD-STATE where the card's state forbids it.
    """
    if step in service.approval and not approved_by:
        return Declined("E-NEEDS-APPROVAL")
    if card.status not in POSSIBLE[step]:
        return Declined("E-CARD-STATE", {"card": masked(card.number), "state": card.status})
    return None


def may_spend(card: Card) -> Declined | None:
    """Return E-MEMBER-BLOCKED for a card that is not active: it spends nothing."""
    return None if card.status == "active" else Declined("E-MEMBER-BLOCKED")


def masked(number: str) -> str:
    """Return a card's number as screens may show it: its last 4 characters."""
    return f"*{number[-4:]}"
