"""A stream taken in small pieces, one in each turn of the event loop.

A socket gives up to 256 KB at once, which may be thousands of packets. Whoever sends so much is
read no further until that is dealt with, and others are read and answered in between.
"""

import asyncio
from collections.abc import Callable
from typing import Final

PIECE_BYTES: Final = 4096
"""Some thirty small requests, or a small part of a large one."""


class Pieces:
    """Reads `transport` for `take`, which is given at most `PIECE_BYTES` at a time, in order."""

    def __init__(self, transport: asyncio.Transport, take: Callable[[bytes], None]) -> None:
        self._transport, self._take = transport, take
        self._rest = b""
        self._is_held, self._is_reading = False, True
        self._next: asyncio.Handle | None = None

    def feed(self, data: bytes) -> None:
        """Take in what was read: at once if it is little and nothing is before it."""
        if len(data) <= PIECE_BYTES and not (self._rest or self._is_held):
            self._take(data)
        else:
            self._rest += data
            self._go_on()

    def hold(self) -> None:
        """Take and read no more for now."""
        self._is_held = True
        self._go_on()

    def release(self) -> None:
        """Take and read on."""
        self._is_held = False
        self._go_on()

    def finish(self) -> None:
        """Take all that is left: the connection is lost, and nothing more will be read."""
        if self._next is not None:
            self._next.cancel()
        rest, self._rest = self._rest, b""
        if rest:
            self._take(rest)

    def _go_on(self) -> None:
        """Read if nothing is left to take; until then take a piece in the next turn."""
        is_reading = not (self._rest or self._is_held)
        if is_reading != self._is_reading and not self._transport.is_closing():  # uvloop raises
            self._is_reading = is_reading
            (self._transport.resume_reading if is_reading else self._transport.pause_reading)()
        if self._rest and not self._is_held and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._take_one)

    def _take_one(self) -> None:
        self._next = None
        if self._is_held:
            return
        piece, self._rest = self._rest[:PIECE_BYTES], self._rest[PIECE_BYTES:]
        self._take(piece)
        self._go_on()
