"""NDEF messages on cards: type 2 tags through storage reads, type 4 tags as files.

NFC Forum Type 2 Tag 1.1, section 2 and Type 4 Tag 2.0, section 5; the storage read is PC/SC
part 3, 3.2.2.1.8.
"""

from typing import Final

from drivers.cards.apdu import (
    DATA_BYTES_MAX,
    READ_BYTES_MAX,
    Dialogue,
    NotThere,
    Unreadable,
    ask,
    need,
    read_binary,
    select,
    select_file,
)
from drivers.cards.storage import read_block

_APPLICATION: Final = bytes.fromhex("D2760000850101")
_CAPABILITIES: Final = bytes.fromhex("E103")
_CAPABILITY_BYTES: Final = 15
_READ_BYTES_MIN: Final = 15
"""What a type 4 tag gives at least in one answer (MLe)."""

_PAGE_BYTES: Final = 4
_NDEF, _NULL, _TERMINATOR = 0x03, 0x00, 0xFE


def read_type2() -> Dialogue[bytes]:
    """Return the message of a type 2 tag; raises NotThere when the tag carries none."""
    head = yield from read_block(3)
    if head[0] != 0xE1 or head[1] >> 4 != 1:
        raise NotThere("a tag that is not made for NDEF")
    if head[3] >> 4:
        raise Unreadable("the tag's NDEF message may not be read")
    room = min(head[2] * 8, DATA_BYTES_MAX)
    memory = head[_PAGE_BYTES:][:room]
    while True:
        try:
            return message_in(memory)
        except EOFError:
            if len(memory) >= room:
                raise Unreadable("the tag's NDEF message is longer than the tag") from None
        memory += yield from read_block(4 + len(memory) // _PAGE_BYTES)
        memory = memory[:room]


def message_in(memory: bytes) -> bytes:
    """Return the value of the NDEF block (TLV) in a type 2 tag's memory.

    Raises NotThere when there is none, EOFError when the memory ends before that is known.
    """
    at = 0
    while True:
        kind = _byte(memory, at)
        if kind == _TERMINATOR:
            raise NotThere("a tag without an NDEF message")
        at += 1
        if kind == _NULL:
            continue
        size = _byte(memory, at)
        at += 1
        if size == 0xFF:
            size = _byte(memory, at) << 8 | _byte(memory, at + 1)
            at += 2
        if kind == _NDEF:
            if at + size > len(memory):
                raise EOFError
            return memory[at : at + size]
        at += size


def _byte(memory: bytes, at: int) -> int:
    if at >= len(memory):
        raise EOFError
    return memory[at]


def read_type4() -> Dialogue[bytes]:
    """Return the message of a type 4 tag; raises NotThere when the card carries none."""
    selected = yield from ask(select(_APPLICATION))
    if selected.gone:
        raise NotThere("no NDEF application")
    need(selected, "the tag's NDEF application")
    need((yield from ask(select_file(_CAPABILITIES))), "the tag's capabilities")
    capabilities = yield from _read(0, _CAPABILITY_BYTES, _CAPABILITY_BYTES)
    identifier, room, chunk = _ndef_file(capabilities)
    need((yield from ask(select_file(identifier))), "the tag's NDEF file")
    size = int.from_bytes((yield from _read(0, 2, chunk)), "big")
    if size + 2 > min(room, DATA_BYTES_MAX):
        raise Unreadable("the tag's NDEF message is longer than its file")
    return (yield from _read(2, size, chunk))


def _ndef_file(capabilities: bytes) -> tuple[bytes, int, int]:
    """Return identifier, size in bytes and largest read of the NDEF file."""
    kind, size = capabilities[7:9]
    chunk = int.from_bytes(capabilities[3:5], "big")
    if (kind, size) != (0x04, 6) or capabilities[2] >> 4 not in {1, 2, 3}:
        raise Unreadable("the tag's capabilities name no NDEF file")
    if capabilities[13] != 0:
        raise Unreadable("the tag's NDEF message may not be read")
    if chunk < _READ_BYTES_MIN:
        raise Unreadable(f"the tag wants to be read {chunk} bytes at a time")
    room = int.from_bytes(capabilities[11:13], "big")
    return capabilities[9:11], room, min(chunk, READ_BYTES_MAX)


def _read(offset: int, size: int, chunk: int) -> Dialogue[bytes]:
    """Read exactly `size` bytes of the current file."""
    data = b""
    while len(data) < size:
        wanted = min(chunk, size - len(data))
        more = need((yield from read_binary(offset + len(data), wanted)), "reading the tag")
        if not more:
            raise Unreadable("the tag's file ends too early")
        data += more
    return data
