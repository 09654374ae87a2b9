"""One connection to an MQTT broker: sockets and a clock for the client of `drivers.mqtt`."""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

from drivers.codec import Close, Send
from drivers.mqtt import Client, Message, Publish
from edge.doors.pieces import Pieces

CONNECT_SECONDS_MAX = 10.0
PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
"""Where a broker listens if its URL does not say."""


class Address(NamedTuple):
    """Where a broker is, and whom its certificate has to be signed by; None without TLS."""

    host: str
    port: int
    trust: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str, ca_file: Path | None) -> "Address":
        """Read `mqtt://host:port` or `mqtts://host:port`. Raises OSError for a bad `ca_file`."""
        parts = urlsplit(url)
        assert parts.hostname is not None, url
        if parts.scheme == "mqtt":
            return cls(parts.hostname, parts.port or PORTS["mqtt"], None)
        trust = ssl.create_default_context(cafile=ca_file)
        trust.minimum_version = ssl.TLSVersion.TLSv1_2
        return cls(parts.hostname, parts.port or PORTS["mqtts"], trust)


class Line(asyncio.Protocol):
    """Carries one client's bytes; what the client says goes to `hear`.

    `over` is done when the connection is.
    """

    def __init__(self, client: Client, hear: Callable[[object], None]) -> None:
        self._client, self._hear = client, hear
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._pieces: Pieces | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.over: asyncio.Future[None] = self._loop.create_future()

    @classmethod
    async def open(cls, address: Address, client: Client, hear: Callable[[object], None]) -> "Line":
        """Connect. Raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            _, line = await loop.create_connection(
                lambda: cls(client, hear), address.host, address.port, ssl=address.trust
            )
        return line

    def publish(self, message: Message) -> None:
        """Publish, now or as soon as there is room."""
        self._do(self._client.command(Publish(message), self._loop.time()))

    def close(self) -> None:
        """Leave politely."""
        self._do(self._client.goodbye())

    # --- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._pieces = Pieces(self._transport, self._receive)
        self._do(self._client.start(self._loop.time()))

    def data_received(self, data: bytes) -> None:
        """Take a piece of the stream."""
        assert self._pieces is not None
        self._pieces.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._pieces is not None:
            self._pieces.finish()
        if self._timer is not None:
            self._timer.cancel()
        self._client.lost()
        self.over.set_result(None)

    # --- our side

    def _receive(self, data: bytes) -> None:
        self._do(self._client.receive(data, self._loop.time()))

    def _do(self, outs: Iterable[object]) -> None:
        assert self._transport is not None
        for out in outs:
            if isinstance(out, Send):
                if not self._transport.is_closing():  # uvloop raises, asyncio only logs
                    self._transport.write(out.frame)
            elif isinstance(out, Close):
                self._transport.close()
            else:
                self._hear(out)
        if self._timer is None and self._client.wake_at is not None:
            self._timer = self._loop.call_at(self._client.wake_at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        assert self._transport is not None
        if not self._transport.is_closing():
            self._do(self._client.wake(self._loop.time()))
