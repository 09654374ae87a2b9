"""Byte streams over TCP, such as from a serial server on the LAN."""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from drivers.codec import BadSettings, LinkLost
from drivers.links.link import STREAM_OPTIONS, Link, Scheme, check, reason
from drivers.links.serial import check_stream_options

CONNECT_SECONDS_MAX: Final = 2.0
"""How long a TCP connection may take to open; with the pump's back-off, back within 5 s."""

_URL = re.compile(r"socket://(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\[\]]+):(?P<port>\d{1,5})/?")


@dataclass(frozen=True, slots=True)
class TcpLink:
    """A byte stream over TCP, such as a serial server; nothing is delayed (TCP_NODELAY).

    A peer that vanished without a word is noticed within 2 s by keep-alive probes.
    """

    host: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what cannot be dialled."""
        check(bool(self.host), "a TCP link needs a host, as in socket://192.168.1.20:4001")
        check_host(self.host)
        check(0 < self.port < 65536, f"port must be from 1 to 65535, not {self.port}")

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`."""
        return await connect(self.host, self.port, protocol)


async def connect(
    host: str, port: int, protocol: asyncio.Protocol, trust: ssl.SSLContext | None = None
) -> asyncio.Transport:
    """Connect, encrypted if `trust` says whom to believe. Raises LinkLost.

    `protocol` hears of the connection once the other end has shown who it is.
    """
    loop, where = asyncio.get_running_loop(), f"{host}:{port}"
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=trust)
    except TimeoutError as error:
        raise LinkLost(f"{where} does not answer") from error
    except ssl.SSLCertVerificationError as error:
        raise LinkLost(f"{where} is not to be trusted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise LinkLost(f"{where} does not speak TLS with us: {error.reason}") from error
    except OSError as error:
        raise LinkLost(f"{where}: {reason(error) or type(error).__name__}") from error
    stay_awake(transport.get_extra_info("socket"))
    return transport


def check_host(host: str) -> None:
    """Raise BadSettings for what can be the name of no computer (RFC 3490)."""
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise BadSettings(f"{host!r} cannot be the name of a computer") from error


def stay_awake(sock: socket.socket) -> None:
    """Delay nothing, probe an idle peer after 1 s, and give up on it 1 s later."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
        with suppress(OSError):  # the peer may be gone already: connection_lost will say so
            sock.setsockopt(socket.IPPROTO_TCP, option, 1)


def dial(url: str, wire: Mapping[str, object]) -> Link:
    """Return the link that `socket://host:port` names.

    Serial options are checked and then left alone: the serial server has its own.
    """
    check_stream_options(wire)
    match = _URL.fullmatch(url)
    if match is None:
        raise BadSettings(f"{url!r} is neither a path such as /dev/ttyUSB0 nor socket://host:port")
    return TcpLink(match["host"].strip("[]"), int(match["port"]))


SCHEME = Scheme(
    example="socket://192.168.1.20:4001", carries=("stream",), options=STREAM_OPTIONS, link=dial
)
