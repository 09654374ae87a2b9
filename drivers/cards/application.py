"""Our own application on a processor card: selected by name, then one file or data object read."""

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
)

_END_OF_FILE: Final = 0x6282
_BEYOND_THE_END: Final = 0x6B00


def open_application(name: bytes) -> Dialogue[None]:
    """Select the application; raises NotThere when this card does not have it."""
    response = yield from ask(select(name))
    if response.gone:
        raise NotThere("no member application")
    need(response, "selecting the member application")


def read_file(short_file: int) -> Dialogue[bytes]:
    """Read a file to its end: by its short identifier, or with 0 the one that is current."""
    data = b""
    while True:
        response = yield from read_binary(len(data), READ_BYTES_MAX, 0 if data else short_file)
        data += response.data
        if response.status in {_END_OF_FILE, _BEYOND_THE_END}:
            return data
        if len(need(response, "reading the member application")) < READ_BYTES_MAX:
            return data
        if len(data) > DATA_BYTES_MAX:
            raise Unreadable(f"the member application's file has more than {DATA_BYTES_MAX} bytes")


def read_object(tag: bytes) -> Dialogue[bytes]:
    """Return the value of a data object (GET DATA), whether or not it comes in its TLV."""
    command = bytes([0x00, 0xCA]) + tag.rjust(2, b"\x00") + b"\x00"
    data = need((yield from ask(command)), "reading the member application")
    return _value(data, tag)


def _value(data: bytes, tag: bytes) -> bytes:
    """Take a data object's tag and length off, if they are there (ISO/IEC 8825-1, 8.1.3)."""
    rest = data.removeprefix(tag)
    head = 2 if rest[:1] == b"\x81" else 1
    wrapped = len(data) - len(rest) == len(tag) and len(rest) >= head
    return rest[head:] if wrapped and rest[head - 1] == len(rest) - head else data
