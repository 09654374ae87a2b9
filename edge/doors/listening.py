"""How a door listens: with or without TLS, bounded before anybody is known, and how it stops.

Over TLS a client reaches the protocol only when it has shaken hands; until then it costs a place
of its own, by address and in all, and a few seconds at most.
"""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from edge.config import Listener
from edge.rates import TokenBuckets

BACKLOG: Final = 128
PAUSE_SECONDS: Final = 0.2
"""After a failed accept: out of descriptors, most likely."""
ARRIVALS_BURST_MIN, BURST_SECONDS = 64, 2
SHUTDOWN_SECONDS_MAX: Final = 2.0
"""How long a client may take to end TLS politely."""

log = structlog.get_logger(__name__)


def arrivals(requests_per_second_max: int) -> TokenBuckets:
    """Return how often each address may connect: as often as one terminal may ask.

    Some tills connect for each request; who only knocks is soon not listened to.
    """
    burst = max(ARRIVALS_BURST_MIN, BURST_SECONDS * requests_per_second_max)
    return TokenBuckets(requests_per_second_max, burst)


class Entrance:
    """Lets clients in from `open` until `stop`; each meets a protocol that `make` makes."""

    def __init__(
        self,
        make: Callable[[], asyncio.Protocol],
        settings: Listener,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._make, self._settings, self._tls = make, settings, tls
        self._plain: asyncio.Server | None = None
        self._secured: _Secured | None = None

    async def open(self) -> None:
        """Start to listen; raises OSError when the address is taken."""
        host, port = self._settings.host, self._settings.port
        if self._tls is None:
            loop = asyncio.get_running_loop()
            self._plain = await loop.create_server(self._make, host, port)
        else:
            self._secured = _Secured(self._make, self._settings, self._tls)

    @property
    def address(self) -> tuple[str, int]:
        """Where we listen: the host and the real port."""
        if self._secured is not None:
            return self._secured.address
        assert self._plain is not None
        host, port, *_ = self._plain.sockets[0].getsockname()
        return host, port

    async def stop(self) -> None:
        """Let nobody else in; whoever came before has reached the protocol when this returns."""
        if self._plain is not None:
            await stop_listening(self._plain)
        if self._secured is not None:
            await self._secured.stop()

    async def wait_closed(self) -> None:
        """Wait until the last client of a stopped entrance is gone."""
        if self._plain is not None:
            await self._plain.wait_closed()


class _Secured:
    """Accepts by hand, because asyncio counts nobody who is still shaking hands."""

    def __init__(
        self, make: Callable[[], asyncio.Protocol], settings: Listener, tls: ssl.SSLContext
    ) -> None:
        self._make, self._settings, self._tls = make, settings, tls
        self._listener = _listener(settings.host, settings.port)
        self._shaking: Counter[str] = Counter()
        self._arrivals: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    @property
    def address(self) -> tuple[str, int]:
        host, port, *_ = self._listener.getsockname()
        return host, port

    async def stop(self) -> None:
        tasks = {self._accepting, *self._arrivals}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, peer = await loop.sock_accept(self._listener)
            except OSError as error:
                log.warning("accept_failed", number=error.errno)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            address = str(peer[0])
            if self._is_full(address):
                client.close()
                continue
            self._shaking[address] += 1
            task = loop.create_task(self._shake_hands(client, address))
            self._arrivals.add(task)
            task.add_done_callback(self._arrivals.discard)

    def _is_full(self, address: str) -> bool:
        return (
            self._shaking.total() >= self._settings.handshakes_max
            or self._shaking[address] >= self._settings.handshakes_per_address_max
        )

    async def _shake_hands(self, client: socket.socket, address: str) -> None:
        seconds = self._settings.handshake_seconds_max
        handed_over = False
        try:
            with suppress(OSError, ConnectionError, TimeoutError):  # its own affair
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await asyncio.get_running_loop().connect_accepted_socket(
                    self._make, client, ssl=self._tls, ssl_handshake_timeout=seconds,
                    ssl_shutdown_timeout=SHUTDOWN_SECONDS_MAX,
                )  # fmt: skip
                handed_over = True
        finally:
            self._shaking[address] -= 1
            if not self._shaking[address]:
                del self._shaking[address]
            if not handed_over:
                client.close()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.setblocking(False)
    return listener


async def stop_listening(listener: asyncio.Server) -> None:
    """Let nobody else in; whoever came before has reached the protocol when this returns.

    asyncio takes a connection from the kernel one turn before it makes a transport of it, and
    two before it tells the protocol. A listener closed in between (CPython gh-109564) leaves a
    socket that nobody knows or closes: its client waits in vain. uvloop takes one turn less.
    """
    loop = asyncio.get_running_loop()
    for sock in listener.sockets:
        loop.remove_reader(sock)
    await asyncio.sleep(0)  # what was taken becomes a transport
    listener.close()
    await asyncio.sleep(0)  # and its protocol hears of it
