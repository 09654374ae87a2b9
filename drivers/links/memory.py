"""Wires in memory that behave like TCP but need no sockets and no time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from drivers.codec import LinkLost
from drivers.links.link import Link
from drivers.memory import MemoryTransport, connect


class MemoryLink:
    """One end of a null-modem cable in memory; made in pairs by `memory_pair`.

    `open` waits until the other end opens too. When one end closes, the other is lost, and
    both may be opened again.
    """

    def __init__(self) -> None:
        self._peer = self
        self._waiting: tuple[asyncio.Protocol, asyncio.Future[asyncio.Transport]] | None = None

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`. Raises LinkLost when this end is open, or being opened, already."""
        if self._waiting is not None:
            raise LinkLost("this end is being opened already")
        if self._peer._waiting is None:
            return await self._wait(protocol)
        far_protocol, far_waiter = self._peer._waiting
        self._peer._waiting = None
        far, near = connect(far_protocol, protocol)
        far_waiter.set_result(far)
        return near

    async def _wait(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        waiter: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self._waiting = (protocol, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._waiting = None
            if waiter.done() and not waiter.cancelled():
                waiter.result().abort()
            raise


def memory_pair() -> tuple[MemoryLink, MemoryLink]:
    """Return the two ends of one wire."""
    a, b = MemoryLink(), MemoryLink()
    a._peer, b._peer = b, a
    return a, b


class MemoryServer:
    """Listens in memory: each `link().open()` meets a new protocol from `protocol_factory`.

    `unplug` cuts every connection as a pulled plug does and refuses new ones until `plug`.
    """

    def __init__(self, protocol_factory: Callable[[], asyncio.Protocol]) -> None:
        self._protocol_factory = protocol_factory
        self._transports: list[MemoryTransport] = []
        self._plugged = True

    def link(self, name: str = "memory") -> Link:
        """Return a link to this server; `name` is what the server sees as `peername`."""
        return _ToMemoryServer(self, name)

    def unplug(self) -> None:
        """Cut all connections; the far ends see ConnectionResetError."""
        self._plugged = False
        while self._transports:
            self._transports.pop().abort()

    def plug(self) -> None:
        """Take connections again."""
        self._plugged = True

    def _accept(self, protocol: asyncio.Protocol, name: str) -> asyncio.Transport:
        if not self._plugged:
            raise LinkLost("unplugged")
        server, client = connect(self._protocol_factory(), protocol, peername=name)
        self._transports = [t for t in self._transports if not t.is_closing()] + [server]
        return client


@dataclass(frozen=True, slots=True)
class _ToMemoryServer:
    server: MemoryServer
    name: str

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        return self.server._accept(protocol, self.name)
