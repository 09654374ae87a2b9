"""One client's connection at the MQTT door: bytes and time in, bytes and events out."""

import asyncio
import socket
from collections.abc import Iterable
from typing import Any, Protocol, cast

from drivers.codec import Close, Send
from drivers.mqtt import Connection
from edge.doors.pieces import Pieces

LINGER_SECONDS_MAX = 2.0
"""How long a client may take to read our last words and hang up."""


class Door(Protocol):
    """Whoever knows all connections."""

    def arrived(self, wire: "Wire", address: str) -> Connection | None:
        """Take in a connection; return its machine, or None when there is no room."""

    def departed(self, connection: Connection) -> None:
        """Forget a connection."""

    def happened(self, event: object) -> None:
        """Take note of what a connection says."""


class Wire(asyncio.Protocol):
    """One connection: bytes and time in, bytes and events out."""

    _transport: asyncio.Transport
    _pieces: Pieces

    def __init__(self, door: Door) -> None:
        self._door = door
        self.address = ""
        """Where the client comes from; "" where that has no name."""
        self._connection: Connection | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self.gone = self._loop.create_future()
        """Done when the connection is over."""

    # --- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; without Nagle, or each round trip may cost a delayed acknowledgement."""
        # uvloop has its own, which only looks like one.
        self._transport = cast(asyncio.Transport, transport)
        self._pieces = Pieces(self._transport, self._receive)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._connection = self._door.arrived(self, self.address)
        if self._connection is None:
            self._transport.abort()
            return
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.do(self._connection.start(self._loop.time()))
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Take a piece of the stream."""
        if self._connection is not None:
            self._pieces.feed(data)

    def pause_writing(self) -> None:
        """Read no more from a client that does not read: it cannot make us pile up answers."""
        self._pieces.hold()

    def resume_writing(self) -> None:
        """Read again."""
        self._pieces.release()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._connection is not None:
            self._pieces.finish()
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            reason = "hung up" if exc is None else str(exc)
            self.do(self._connection.lost(self._loop.time(), reason))
            self._door.departed(self._connection)
        self.gone.set_result(None)

    # --- our side

    @property
    def is_strangers(self) -> bool:
        """Whether nobody has logged in here."""
        return self._connection is None or self._connection.terminal is None

    def do(self, outs: Iterable[Any]) -> None:
        """Do what the connection's machine, or another's, wants done here."""
        for out in outs:
            if type(out) is Send:
                if not self._transport.is_closing():  # uvloop raises, asyncio only logs
                    self._transport.write(out.frame)
            elif type(out) is Close:
                self.hang_up()
            else:
                self._door.happened(out)

    def hang_up(self) -> None:
        """Let the client read our last words, and then end, whether it has read them or not.

        A socket that is closed while the client is still sending is reset, and the last words
        are lost: so only our side ends at first, and the rest is read and dropped.
        """
        if self._is_closing:
            return
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_SECONDS_MAX, self._transport.abort)
        if not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
            self._pieces.release()
        except OSError:
            # The client has gone first, and asyncio has not told us yet.
            self._transport.abort()

    def _receive(self, data: bytes) -> None:
        assert self._connection is not None
        self.do(self._connection.receive(data, self._loop.time()))
        self._arm()

    def _arm(self) -> None:
        """See to it that the machine is woken in time; a timer that is early is left alone."""
        wake_at = None if self._connection is None else self._connection.wake_at
        if wake_at is None or self._is_closing:
            return
        if self._timer is not None:
            if self._timer.when() <= wake_at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(wake_at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        assert self._connection is not None
        self.do(self._connection.wake(self._loop.time()))
        self._arm()
