"""The card wire: what a reader's link and its driver say to each other, one message a frame.

The first byte of a frame is its kind, written at each message below; the rest is its fields in
the order in which they stand: a byte for `ref` and `slot`, and all that follows for the others.

The link promises: messages come in the order in which things happened at the reader. After
`Inserted` or `Removed` comes no answer of an earlier card.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Inserted:
    """01, to the driver: a card is there and powered; its answer to reset (ISO/IEC 7816-3)."""

    atr: bytes


@dataclass(frozen=True, slots=True)
class Removed:
    """02, to the driver: the reader is empty again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """03, to the driver: the response APDU to the question `ref`."""

    ref: int
    apdu: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """04, to the driver: this card cannot be talked to any more; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Transmit:
    """11, to the link: put this command APDU to the card, or the reader, and give an Answer."""

    ref: int
    apdu: bytes


@dataclass(frozen=True, slots=True)
class LoadKey:
    """12, to the link: load the key that only the link knows into this slot of the reader.

    The Answer is the reader's to LOAD KEY (PC/SC part 3, 3.2.2.1.4). So a key is in no frame, and
    in no record of frames.
    """

    ref: int
    slot: int


@dataclass(frozen=True, slots=True)
class Escape:
    """13, to the link: a command to the reader itself, card or not; there is no Answer."""

    command: bytes


@dataclass(frozen=True, slots=True)
class Release:
    """14, to the link: we are done with this card; others may use it."""


Inward = Inserted | Removed | Answer | Failed
Outward = Transmit | LoadKey | Escape | Release

_KINDS: Final = {
    Inserted: 0x01,
    Removed: 0x02,
    Answer: 0x03,
    Failed: 0x04,
    Transmit: 0x11,
    LoadKey: 0x12,
    Escape: 0x13,
    Release: 0x14,
}


def encode(message: Inward | Outward) -> bytes:
    """Return the frame of a message."""
    return bytes([_KINDS[type(message)]]) + _fields(message)


def _fields(message: Inward | Outward) -> bytes:
    match message:
        case Inserted(atr):
            return atr
        case Answer(ref, apdu) | Transmit(ref, apdu):
            return bytes([ref]) + apdu
        case LoadKey(ref, slot):
            return bytes([ref, slot])
        case Escape(command):
            return command
        case Failed(reason):
            return reason.encode()
        case Removed() | Release():
            return b""


def decode(frame: bytes) -> Inward | Outward | None:
    """Return the message of a frame; None when it is none."""
    kind, rest = frame[:1], frame[1:]
    match kind:
        case b"\x01":
            return Inserted(rest)
        case b"\x02" if not rest:
            return Removed()
        case b"\x03" if rest:
            return Answer(rest[0], rest[1:])
        case b"\x04":
            return Failed(rest.decode("utf-8", "replace"))
        case b"\x11" if rest:
            return Transmit(rest[0], rest[1:])
        case b"\x12" if len(rest) == 2:
            return LoadKey(rest[0], rest[1])
        case b"\x13":
            return Escape(rest)
        case b"\x14" if not rest:
            return Release()
        case _:
            return None
