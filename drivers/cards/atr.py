"""What an answer to reset tells about a card (ISO/IEC 7816-3, 8; PC/SC part 3, 3.1.3.2.3)."""

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

PCSC_RID: Final = bytes.fromhex("A000000306")
"""The PC/SC workgroup's own: the reader speaks for a card that has no processor."""

ULTRALIGHT: Final = frozenset({0x0003, 0x003A})
"""Type 2 tags: MIFARE Ultralight (NTAG reports itself as one) and Ultralight C."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A card that only stores: the standard it follows (SS) and the card's name (NN)."""

    standard: int
    name: int


def historical(atr: bytes) -> bytes:
    """Return the historical bytes; raises ValueError when this is no answer to reset."""
    if len(atr) < 2 or atr[0] not in {0x3B, 0x3F}:
        raise ValueError("no answer to reset")
    following, count, at, protocols = atr[1] >> 4, atr[1] & 0x0F, 2, set[int]()
    while following:
        at += following.bit_count()
        if at > len(atr):
            raise ValueError("an answer to reset that is cut off")
        if not following & 0x8:
            break
        following, protocol = atr[at - 1] >> 4, atr[at - 1] & 0x0F
        protocols.add(protocol)
    end = at + count
    check = bool(protocols - {0})
    if len(atr) != end + check:
        raise ValueError("an answer to reset of the wrong length")
    if check and reduce(xor, atr[1:]) != 0:
        raise ValueError("an answer to reset with a wrong check byte")
    return atr[at:end]


def contactless(atr: bytes) -> bool:
    """Tell whether a reader made this up for a contactless card: TD1 80, TD2 01."""
    return atr[1] >> 4 == 0x8 and atr[2:4] == b"\x80\x01"


def storage(history: bytes) -> Storage | None:
    """Return what kind of storage card these historical bytes name; None for a processor."""
    if history[:3] != b"\x80\x4f\x0c" or history[3:8] != PCSC_RID or len(history) != 15:
        return None
    return Storage(history[8], int.from_bytes(history[9:11], "big"))
