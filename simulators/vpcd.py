"""A hand that lays virtual cards into a reader of a real PC/SC, through vsmartcard's vpcd.

vpcd is a reader driver of pcscd that listens on a port; a connection to it is a card in the
reader. Each way, a message is its length in two bytes, big-endian, and its bytes. From vpcd one
byte is 0 power off, 1 power on, 2 reset, 4 what is your answer to reset; all else is an APDU.
https://frankmorgner.github.io/vsmartcard/virtualsmartcard/api.html
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, cast

from simulators.cards import Card, Late, Pulled
from simulators.pcsc_reader import SIGNALS

PORT: Final = 35963
"""Where vpcd's first reader listens by default; the next is at the next port."""

_OFF, _ON, _RESET, _ATR = b"\x00", b"\x01", b"\x02", b"\x04"


class VirtualSlot:
    """One of vpcd's readers on this machine; `say` is told the beeps and lamps it would make."""

    def __init__(self, port: int, say: Callable[[object], None]) -> None:
        self._port, self._say = port, say
        self._inside: _Inside | None = None

    async def lay(self, card: Card) -> None:
        """Put a card in; raises OSError when vpcd does not listen."""
        assert self._inside is None, "there is a card in this reader"
        loop = asyncio.get_running_loop()
        _, self._inside = await loop.create_connection(
            lambda: _Inside(card, self._say), "127.0.0.1", self._port
        )

    async def take(self) -> None:
        """Pull the card out, if it is there."""
        inside, self._inside = self._inside, None
        if inside is not None:
            await inside.leave()


class _Inside(asyncio.Protocol):
    """A card in the reader: a connection."""

    def __init__(self, card: Card, say: Callable[[object], None]) -> None:
        self._card, self._say = card, say
        self._heard = b""
        self._late: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    async def leave(self) -> None:
        self._transport.abort()
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are, but do not inherit
        self._hurry()

    def data_received(self, data: bytes) -> None:
        self._hurry()
        self._heard += data
        while len(self._heard) >= 2:
            size = 2 + int.from_bytes(self._heard[:2], "big")
            if len(self._heard) < size:
                return
            message, self._heard = self._heard[2:size], self._heard[size:]
            self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        self._gone.set()

    def _take(self, message: bytes) -> None:
        if message in {_OFF, _ON, _RESET}:
            self._card.reset()
        elif message == _ATR:
            self._send(self._card.atr)
        elif message in SIGNALS:
            # A virtual reader has no lamps, so what is for them comes through to the card.
            self._say(SIGNALS[message])
            self._send(b"\x90\x00")
        else:
            self._react(message)

    def _react(self, apdu: bytes) -> None:
        match self._card.react(apdu):
            case Pulled():
                self._transport.abort()
            case Late(answer, seconds):
                loop = asyncio.get_running_loop()
                self._late = loop.call_later(seconds, partial(self._send, answer))
            case answer:
                self._send(answer)

    def _send(self, answer: bytes) -> None:
        assert answer, "vpcd waits for ever after an empty message"
        self._transport.write(len(answer).to_bytes(2, "big") + answer)

    def _hurry(self) -> None:
        # vpcd writes length and bytes apart: without this, Nagle and our delayed acknowledgement
        # wait for each other for 40 ms at each of them.
        with suppress(OSError):
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
