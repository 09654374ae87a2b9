"""A device behind a serial server."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from drivers.codec import Codec
from drivers.links import Link, from_url
from simulators.far_end.hand import FarEnd


class OnTcp(FarEnd):
    """A device behind a serial server: it listens on loopback, for one host at a time."""

    def __init__(
        self, codec_factory: Callable[[], Codec[bytes]], say: Callable[[Any], None]
    ) -> None:
        super().__init__(codec_factory, say)
        self.port = 0
        """Chosen by the system at the first `plug`, and kept."""
        self._server: asyncio.Server | None = None
        self._transport: asyncio.Transport | None = None

    def link(self, **options: object) -> Link:
        """Return the way to its port."""
        return from_url(f"socket://127.0.0.1:{self.port}", **options)

    async def plug(self) -> None:
        """Listen."""
        assert self._server is None, "already plugged in"
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Tcp(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Cut the connection and stop listening."""
        self._end()
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self._take(None)
            await server.wait_closed()

    def _take(self, transport: asyncio.Transport | None) -> None:
        """Let the newest host win; a cut one sees a reset."""
        if self._transport is not None:
            self._transport.abort()
        self._transport = transport
        if transport is not None:
            self._begin(transport.write)


class _Tcp(asyncio.Protocol):
    def __init__(self, far: OnTcp) -> None:
        self._far = far
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are, but do not inherit
        self._far._take(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._far._transport is self._transport:
            self._far._hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._far._transport is self._transport:
            self._far._transport = None
            self._far._end()
