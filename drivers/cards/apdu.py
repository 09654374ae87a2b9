"""Commands to a card and its answers (ISO/IEC 7816-4), in short form only.

A dialogue is a generator: it yields questions, is sent the answers, and returns what it learned.
It raises Unreadable when the card cannot be read, and NotThere when it can, but does not hold what
was looked for.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeVar

from drivers.cards.status import OK, in_words

DATA_BYTES_MAX: Final = 1024
"""More than this of one file, message or answer is nothing of ours."""

READ_BYTES_MAX: Final = 255
"""Of one READ BINARY; 256 would be Le 00, which some old cards do not know."""

GONE: Final = frozenset({0x6A81, 0x6A82, 0x6A83, 0x6A88, 0x6999, 0x6D00, 0x6E00})
"""No such file, application, record or data object, or a card that does not know the command."""

_SHORT_ANSWER_BYTES_MAX: Final = 256 + 2


class Unreadable(Exception):
    """The card cannot be read; `str()` is for people, and holds nothing that was on the card."""


class NotThere(Exception):
    """The card does not hold what was looked for; `str()` says what, for people."""


@dataclass(frozen=True, slots=True)
class KeySlot:
    """The question that is no APDU: load the key into this slot of the reader."""

    slot: int


T = TypeVar("T")
Question = bytes | KeySlot
Dialogue = Generator[Question, bytes, T]


@dataclass(frozen=True, slots=True)
class Response:
    """What a card answered: its data, and the status word SW1-SW2 as one number."""

    data: bytes
    status: int

    @property
    def ok(self) -> bool:
        """The command was carried out."""
        return self.status == OK

    @property
    def gone(self) -> bool:
        """The card does not have what was asked for."""
        return self.status in GONE


def ask(question: Question) -> Dialogue[Response]:
    """Put one question; 6Cxx is asked again with that Le, and 61xx fetched by GET RESPONSE."""
    response = _parse((yield question))
    if response.status >> 8 == 0x6C and isinstance(question, bytes) and _ends_with_le(question):
        response = _parse((yield question[:-1] + bytes([response.status & 0xFF])))
    data = response.data
    while response.status >> 8 == 0x61:
        response = _parse((yield bytes([0x00, 0xC0, 0x00, 0x00, response.status & 0xFF])))
        data += response.data
        if not response.data or len(data) > DATA_BYTES_MAX:
            raise Unreadable("the card announces more data and does not come to an end")
    return Response(data, response.status)


def read_binary(offset: int, size: int, short_file: int = 0) -> Dialogue[Response]:
    """Read from the current file, or, from its beginning, the file with this short identifier."""
    assert 1 <= size <= READ_BYTES_MAX
    where = bytes([0x80 | short_file, offset]) if short_file else offset.to_bytes(2, "big")
    response = yield from ask(bytes([0x00, 0xB0]) + where + bytes([size]))
    if len(response.data) > size:
        raise Unreadable("the card gave more than it was asked for")
    return response


def select(name: bytes) -> bytes:
    """Return the command that selects an application by its name (AID)."""
    return bytes([0x00, 0xA4, 0x04, 0x00, len(name)]) + name + b"\x00"


def select_file(identifier: bytes) -> bytes:
    """Return the command that selects a file by its two-byte identifier, wanting no answer."""
    return bytes([0x00, 0xA4, 0x00, 0x0C, len(identifier)]) + identifier


def need(response: Response, what: str) -> bytes:
    """Return the data of an answer that has to be good, or raise Unreadable."""
    if not response.ok:
        raise Unreadable(f"{what}: {in_words(response.status)}")
    return response.data


def _parse(answer: bytes) -> Response:
    if not 2 <= len(answer) <= _SHORT_ANSWER_BYTES_MAX:
        raise Unreadable(f"an answer of {len(answer)} bytes, which no card gives")
    status = int.from_bytes(answer[-2:], "big")
    # ISO/IEC 7816-3, 10.3.3: SW1 is 6X or 9X, and not 60.
    if status >> 12 not in {0x6, 0x9} or status >> 8 == 0x60:
        raise Unreadable(f"{status:04X} is no status word: the card or the reader talks nonsense")
    return Response(answer[:-2], status)


def _ends_with_le(command: bytes) -> bool:
    return len(command) == 5 or len(command) == 5 + command[4] + 1
