"""NDEF messages: the first URI or text in one (NFC Forum NDEF 1.0, RTD URI 1.0, RTD Text 1.0)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PREFIXES: Final = (
    "", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:",
    "ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://",
    "ftp://", "dav://", "news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:",
    "sips:", "tftp:", "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://",
    "file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:",
    "urn:nfc:",
)  # fmt: skip
"""RTD URI, table 3: what the first byte stands for."""

_SCHEME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:")
"""RFC 3986, 3.1."""
_WELL_KNOWN, _ABSOLUTE_URI, _UNCHANGED = 1, 3, 6
_BEGIN, _END, _CHUNK, _SHORT, _HAS_ID = 0x80, 0x40, 0x20, 0x10, 0x08


@dataclass(frozen=True, slots=True)
class _Record:
    format: int
    kind: bytes
    payload: bytes


def text_of(message: bytes) -> str | None:
    """Return the message's first URI or text, or None when it holds neither.

    A smart poster counts as its URI. Raises ValueError, for people, when it is no message.
    """
    for record in tuple(_records(message)):
        if record.format == _ABSOLUTE_URI:
            return _absolute(record.kind)
        if record.format != _WELL_KNOWN:
            continue
        if record.kind == b"U":
            return _uri(record.payload)
        if record.kind == b"T":
            return _text(record.payload)
        if record.kind == b"Sp" and (found := _poster(record.payload)):
            return found
    return None


def _records(message: bytes) -> Iterator[_Record]:
    """Cut a message into records, putting the chunks of each together again."""
    at, first, begun = 0, True, None
    while True:
        flags, piece, at = _piece(message, at)
        if bool(flags & _BEGIN) != first:
            raise ValueError("an NDEF message that does not begin where it says")
        if (piece.format == _UNCHANGED) != (begun is not None):
            raise ValueError("an NDEF record whose chunks do not belong together")
        if begun is not None:
            piece = _Record(begun.format, begun.kind, begun.payload + piece.payload)
        begun = piece if flags & _CHUNK else None
        if begun is None:
            yield piece
        if flags & _END:
            break
        first = False
    if begun is not None or at != len(message):
        raise ValueError("an NDEF message that does not end where it says")


def _piece(message: bytes, at: int) -> tuple[int, _Record, int]:
    """Return the flags of the record or chunk at `at`, the record, and where it ends."""
    flags, kind_size = _take(message, at, 2)
    at += 2
    size_bytes = 1 if flags & _SHORT else 4
    size = int.from_bytes(_take(message, at, size_bytes), "big")
    at += size_bytes
    id_size = 0
    if flags & _HAS_ID:
        (id_size,) = _take(message, at, 1)
        at += 1
    kind = _take(message, at, kind_size)
    at += kind_size + id_size
    return flags, _Record(flags & 0x07, kind, _take(message, at, size)), at + size


def _take(message: bytes, at: int, size: int) -> bytes:
    if at + size > len(message):
        raise ValueError("an NDEF message that is cut off")
    return message[at : at + size]


def _uri(payload: bytes) -> str:
    if not payload or payload[0] >= len(_PREFIXES):
        raise ValueError("a URI record with a prefix that is not defined")
    return _PREFIXES[payload[0]] + payload[1:].decode()


def _absolute(kind: bytes) -> str:
    if not _SCHEME.match(kind):
        raise ValueError("a record whose type is not the absolute URI it says it is")
    return kind.decode()


def _text(payload: bytes) -> str:
    if not payload or len(payload) < 1 + (payload[0] & 0x3F):
        raise ValueError("a text record that is cut off")
    text = payload[1 + (payload[0] & 0x3F) :]
    if not payload[0] & 0x80:
        return text.decode()
    # RTD Text 3.4: UTF-16 without a byte order mark is big-endian.
    marked = text.startswith((b"\xfe\xff", b"\xff\xfe"))
    return text.decode("utf-16" if marked else "utf-16-be")


def _poster(payload: bytes) -> str | None:
    for record in tuple(_records(payload)):
        if record.format == _WELL_KNOWN and record.kind == b"U":
            return _uri(record.payload)
    return None
