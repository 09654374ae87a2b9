"""What any card is: an answer to reset, and answers."""

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Late:
    """The answer comes after so many seconds."""

    answer: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Pulled:
    """There is no answer: the card left the field at this moment."""


Reaction = bytes | Late | Pulled


class Card(Protocol):
    """A card on a reader, with the pseudo-APDUs that the reader would answer for it."""

    @property
    def atr(self) -> bytes:
        """Its answer to reset."""
        ...

    def reset(self) -> None:
        """Forget what was selected and proven."""
        ...

    def react(self, apdu: bytes) -> Reaction:
        """Answer one command APDU."""
        ...


def contactless_atr(history: bytes) -> bytes:
    """Return the answer to reset that a reader makes up (PC/SC part 3, 3.1.3.2.3)."""
    body = bytes([0x80 | len(history), 0x80, 0x01]) + history
    return b"\x3b" + body + bytes([reduce(xor, body)])


def uid_answer(uid: bytes) -> bytes:
    """Return what a reader answers to FF CA 00 00 00; b"" is a card that has no UID."""
    return uid + b"\x90\x00" if uid else b"\x6a\x81"
