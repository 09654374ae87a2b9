"""Wires. Each opens as an asyncio transport, so that data flows into a protocol without awaits.

`SerialLink` (RS-232, USB-serial, ptys), `TcpLink` (a serial server on the LAN), and in-memory
wires that behave like TCP but need no sockets and no time: `memory_pair`, `MemoryServer`.
A link is only a description; every `open` is a new connection.
"""

import asyncio
import errno
import os
import re
import socket
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Final, Literal, Protocol

import serialx

from drivers.codec import BadSettings, LinkLost
from drivers.memory import MemoryTransport, connect

CONNECT_SECONDS_MAX: Final = 2.0
"""How long a TCP connection may take to open; with the pump's back-off, back within 5 s."""

BAUD_MIN, BAUD_MAX = 50, 4_000_000


class Link(Protocol):
    """Something that can be opened, lost, and opened again."""

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Connect `protocol` to a new transport.

        `connection_made` has been called when this returns. Raises LinkLost when opening
        again may help, BadSettings when it will not. If it raises, or is cancelled, whatever
        it had opened is closed by itself, and `connection_lost` may never be called.
        """
        ...


@dataclass(frozen=True, slots=True)
class SerialLink:
    """A serial port, by its path: a tty, a pty, or a name below /dev/serial/by-id.

    `exclusive` takes a lock (flock) so that a second program with manners stays away.
    Raises BadSettings, in words for people, when the settings make no sense.
    """

    path: str
    baud: int = 9600
    data_bits: int = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: int = 1
    exclusive: bool = True

    def __post_init__(self) -> None:
        """Refuse what no port can do before any port is touched."""
        _check(self.path.startswith("/"), f"path {self.path!r} must start with /")
        _check(
            type(self.baud) is int and BAUD_MIN <= self.baud <= BAUD_MAX,
            f"baud must be a whole number from {BAUD_MIN} to {BAUD_MAX}, not {self.baud!r}",
        )
        _one_of("data_bits", self.data_bits, (5, 6, 7, 8))
        _one_of("parity", self.parity, ("none", "even", "odd"))
        _one_of("stop_bits", self.stop_bits, (1, 2))
        _one_of("exclusive", self.exclusive, (True, False))

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`. What the port had buffered before is discarded."""
        try:
            transport, _ = await serialx.create_serial_connection(
                asyncio.get_running_loop(),
                lambda: protocol,
                self.path,
                self.baud,
                serialx.Parity[self.parity.upper()],
                serialx.StopBits(self.stop_bits),
                exclusive=self.exclusive,
                byte_size=self.data_bits,
            )
        except serialx.UnsupportedSetting as error:
            raise BadSettings(f"{self.path}: {error}") from error
        except (OSError, termios.error) as error:
            raise _serial_failure(self.path, error) from error
        return transport


@dataclass(frozen=True, slots=True)
class TcpLink:
    """A byte stream over TCP, such as a serial server; nothing is delayed (TCP_NODELAY).

    A peer that vanished without a word is noticed within 2 s by keep-alive probes.
    """

    host: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what cannot be dialled."""
        _check(bool(self.host), "a TCP link needs a host, as in socket://192.168.1.20:4001")
        _check(0 < self.port < 65536, f"port must be from 1 to 65535, not {self.port}")

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                transport, _ = await loop.create_connection(lambda: protocol, self.host, self.port)
        except TimeoutError as error:
            raise LinkLost(f"{self.host}:{self.port} does not answer") from error
        except OSError as error:
            raise LinkLost(f"{self.host}:{self.port}: {_reason(error)}") from error
        _stay_awake(transport.get_extra_info("socket"))
        return transport


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


_SOCKET_URL = re.compile(r"socket://(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\[\]]+):(?P<port>\d{1,5})/?")


def from_url(url: str, **wire: object) -> Link:
    """Return the link that `url` names: an absolute path, or `socket://host:port`.

    `wire` are SerialLink's settings. Over TCP they are checked and then left alone, since the
    serial server has its own. Raises BadSettings in words for people.
    """
    known = [field.name for field in fields(SerialLink) if field.name != "path"]
    for name in wire:
        _one_of("a wire setting", name, known)
    if "://" not in url:
        return SerialLink(url, **wire)  # type: ignore[arg-type] # checked in __post_init__
    SerialLink("/", **wire)  # type: ignore[arg-type] # only its checks are wanted
    match = _SOCKET_URL.fullmatch(url)
    if match is None:
        raise BadSettings(f"{url!r} is neither a path such as /dev/ttyUSB0 nor socket://host:port")
    return TcpLink(match["host"].strip("[]"), int(match["port"]))


def _check(good: bool, otherwise: str) -> None:
    if not good:
        raise BadSettings(otherwise)


def _one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    # 1 and True are equal in Python, but not in a configuration file.
    good = any(type(value) is type(one) and value == one for one in allowed)
    _check(good, f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")


def _serial_failure(path: str, error: OSError | termios.error) -> LinkLost | BadSettings:
    # Rights are not settings: udev hands a new port to its group a moment after it appears.
    number = error.args[0] if error.args else None
    if number in {errno.ENOTTY, errno.EISDIR, errno.ENOTDIR}:
        return BadSettings(f"{path} is not a serial port")
    if number == errno.EINVAL:
        return BadSettings(f"{path} cannot do these settings")
    if number == errno.EBUSY:
        return LinkLost(f"{path} is in use by another program")
    return LinkLost(f"{path}: {_reason(error)}")


def _reason(error: OSError | termios.error) -> str:
    number = error.args[0] if error.args else None
    return os.strerror(number) if isinstance(number, int) and number > 0 else str(error)


def _stay_awake(sock: socket.socket) -> None:
    """Probe an idle peer after 1 s and give up on it 1 s later."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
        with suppress(OSError):  # the peer may be gone already: connection_lost will say so
            sock.setsockopt(socket.IPPROTO_TCP, option, 1)
