"""Virtual cards: what a card answers to APDUs, behind a simulated reader or a real PC/SC."""

from simulators.cards.card import Card, Late, Pulled, Reaction
from simulators.cards.made import card_for, uid_card
from simulators.cards.processor import Application, ProcessorCard, payment_card
from simulators.cards.storage import StorageCard, tag
from simulators.cards.unhappy import Collision, Garbled, Slow, Torn

__all__ = [
    "Application",
    "Card",
    "Collision",
    "Garbled",
    "Late",
    "ProcessorCard",
    "Pulled",
    "Reaction",
    "Slow",
    "StorageCard",
    "Torn",
    "card_for",
    "payment_card",
    "tag",
    "uid_card",
]
