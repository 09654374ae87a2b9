"""A TCP connection without TCP: two transports that hand bytes to each other on the loop.

Nothing here reads a clock or touches a socket, so a conversation over it is deterministic and
runs in virtual time. What a protocol sees is what asyncio documents for stream transports.
"""

import asyncio
from collections import deque
from typing import Any, Final

BUFFER_BYTES_MAX: Final = 64 * 1024
"""Above this much unread data the writer's `pause_writing` is called, as asyncio does."""


class MemoryTransport(asyncio.Transport):
    """One end. Each write arrives in one piece, a turn of the loop later, and in order.

    `close` delivers what was written and then ends both ends with `connection_lost(None)`.
    `abort` drops it, and the other end sees ConnectionResetError.
    """

    def __init__(self, protocol: asyncio.Protocol, peername: str) -> None:
        super().__init__({"peername": peername, "sockname": "memory"})
        self.peer = self
        self._loop = asyncio.get_running_loop()
        self._protocol: Any = protocol
        self._unread: deque[bytes] = deque()
        self._unread_bytes = 0
        self._high, self._low = BUFFER_BYTES_MAX, BUFFER_BYTES_MAX // 4
        self._delivering = self._writing_paused = self._reading_paused = False
        self._closing = self._over = False

    # --- writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a copy of `data`; after the end it is dropped without a word."""
        if self._closing or not data:
            return
        self._unread.append(bytes(data))
        self._unread_bytes += len(data)
        self._deliver_soon()
        if self._unread_bytes > self._high and not self._writing_paused:
            self._writing_paused = True
            self._protocol.pause_writing()

    def _deliver_soon(self) -> None:
        if self._unread and not self._delivering and not self.peer._reading_paused:
            self._delivering = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._delivering = False
        if self._over or not self._unread or self.peer._reading_paused:
            return
        data = self._unread.popleft()
        self._unread_bytes -= len(data)
        self.peer._take(data)
        self._deliver_soon()
        if self._writing_paused and self._unread_bytes <= self._low:
            self._writing_paused = False
            self._protocol.resume_writing()
        if self._closing and not self._unread:
            self._hang_up()

    def _take(self, data: bytes) -> None:
        if self._closing:
            return
        try:
            self._protocol.data_received(data)
        except Exception as error:
            # As asyncio's own transports do: tell the loop, and end the connection.
            self._loop.call_exception_handler(
                {
                    "message": "protocol.data_received() call failed.",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )
            self._end(error)
            self.peer._end(ConnectionResetError("far end failed"))

    def can_write_eof(self) -> bool:
        """Answer no: this wire is closed in both directions or in none."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the other end has not read yet."""
        return self._unread_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the low and the high water mark, in bytes."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the water marks, in bytes, with asyncio's defaults."""
        if high is None:
            high = BUFFER_BYTES_MAX if low is None else 4 * low
        low = high // 4 if low is None else low
        if not high >= low >= 0:
            raise ValueError(f"high ({high}) must be >= low ({low}) must be >= 0")
        self._high, self._low = high, low

    # --- reading

    def is_reading(self) -> bool:
        """Tell whether data is being delivered to our protocol."""
        return not self._reading_paused and not self._closing

    def pause_reading(self) -> None:
        """Deliver nothing until `resume_reading`; the far writer fills up meanwhile."""
        self._reading_paused = True

    def resume_reading(self) -> None:
        """Deliver again."""
        self._reading_paused = False
        self.peer._deliver_soon()

    # --- the end

    def is_closing(self) -> bool:
        """Tell whether the end has begun."""
        return self._closing

    def close(self) -> None:
        """Deliver what was written, then end."""
        if not self._closing:
            self._closing = True
            if not self._unread:
                self._loop.call_soon(self._hang_up)

    def abort(self) -> None:
        """End now."""
        self._end(None)
        self.peer._end(ConnectionResetError("connection reset by the far end"))

    def _hang_up(self) -> None:
        if not self._over:
            self._end(None)
            if not self.peer._closing:
                self.peer._protocol.eof_received()
            self.peer._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self._over:
            self._over = self._closing = True
            self._unread.clear()
            self._unread_bytes = 0
            self._loop.call_soon(self._protocol.connection_lost, error)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is listening here."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let someone else listen."""
        self._protocol = protocol


def connect(
    server: asyncio.Protocol, client: asyncio.Protocol, peername: str = "memory"
) -> tuple[MemoryTransport, MemoryTransport]:
    """Join two protocols; `connection_made` has been called on both, the server's first."""
    a, b = MemoryTransport(server, peername), MemoryTransport(client, "memory")
    a.peer, b.peer = b, a
    server.connection_made(a)
    client.connection_made(b)
    return a, b
