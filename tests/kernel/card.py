"""A smart card in the virtual machine's reader: the far end of QEMU's `ccid-card-passthru`.

The protocol is libcacard's VSC (vscard_common.h): a header of three 32-bit big-endian numbers
(type, reader, length) before each message.
"""

import asyncio
import struct

from simulators.cards import uid_card

_HEADER = struct.Struct(">III")
_INIT, _ERROR, _READER_ADD, _ATR, _CARD_REMOVE, _APDU = 1, 2, 3, 5, 6, 7
_NOBODY = 0xFFFFFFFF
_VERSION = 2
UID = bytes.fromhex("04a1b2c3d4e5f6")


class CardSlot:
    """Where a hand puts a card in, and takes it out."""

    def __init__(self) -> None:
        self._card = uid_card(UID)
        self._writer: asyncio.StreamWriter | None = None

    def insert(self) -> None:
        """Put a card in."""
        self._card = uid_card(UID)
        self._send(_ATR, self._card.atr)

    def take(self) -> None:
        """Take it out."""
        self._send(_CARD_REMOVE)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to the machine's reader until it is gone."""
        self._writer = writer
        self._send(_INIT, b"VSCD" + struct.pack(">II", _VERSION, 0), _NOBODY)
        while True:
            try:
                kind, _, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                body = await reader.readexactly(length)
            except asyncio.IncompleteReadError:
                return
            if kind == _INIT:
                self._send(_READER_ADD, b"reader\0", _NOBODY)
            elif kind == _APDU:
                answer = self._card.react(body)
                assert isinstance(answer, bytes), "a happy card answers at once"
                self._send(_APDU, answer)

    def _send(self, kind: int, body: bytes = b"", reader: int = 0) -> None:
        assert self._writer is not None, "no machine called yet"
        self._writer.write(_HEADER.pack(kind, reader, len(body)) + body)
