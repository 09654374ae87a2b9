"""Cards in trouble, each around a healthy one or instead of it."""

import random
from dataclasses import dataclass, field

from simulators.cards.card import Card, Late, Pulled, Reaction
from simulators.cards.storage import StorageCard


@dataclass
class Torn:
    """Pulled out of the field before its answer number `after`, counted from 0."""

    card: Card
    after: int
    _answered: int = field(default=0, init=False)

    @property
    def atr(self) -> bytes:
        """The card's."""
        return self.card.atr

    def reset(self) -> None:
        """Reset the card."""
        self.card.reset()

    def react(self, apdu: bytes) -> Reaction:
        """Answer until it is pulled."""
        if self._answered == self.after:
            return Pulled()
        self._answered += 1
        return self.card.react(apdu)


@dataclass
class Slow:
    """Takes so many seconds for each answer."""

    card: Card
    seconds: float

    @property
    def atr(self) -> bytes:
        """The card's."""
        return self.card.atr

    def reset(self) -> None:
        """Reset the card."""
        self.card.reset()

    def react(self, apdu: bytes) -> Reaction:
        """Answer late."""
        answer = self.card.react(apdu)
        return Late(answer, self.seconds) if isinstance(answer, bytes) else answer


@dataclass
class Garbled:
    """Answers noise instead, from its luck, or always `noise` when that is given."""

    card: Card
    luck: random.Random
    noise: bytes | None = None

    @property
    def atr(self) -> bytes:
        """The card's."""
        return self.card.atr

    def reset(self) -> None:
        """Reset the card."""
        self.card.reset()

    def react(self, apdu: bytes) -> Reaction:
        """Answer nonsense."""
        return self.luck.randbytes(self.luck.randint(0, 300)) if self.noise is None else self.noise


class Collision(StorageCard):
    """More than one card in the field, and a reader that says so."""

    def __init__(self, word: bytes = b"\x6f\x18") -> None:
        super().__init__(b"")
        self._word = word

    def react(self, apdu: bytes) -> Reaction:
        """Say so."""
        return self._word
