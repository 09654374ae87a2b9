"""Wires. Each opens as an asyncio transport, so that data flows into a protocol without awaits.

A link is only a description; every `open` is a new connection. `from_url` makes one of what a
configuration says; `urls` lists what it may say, and each kind is a file. `memory` has wires that
behave like TCP but need no sockets and no time; `descriptor` is for those that the kernel offers
as a file.
"""

from drivers.codec import Kind
from drivers.links.link import Link, Scheme
from drivers.links.memory import MemoryLink, MemoryServer, memory_pair
from drivers.links.serial import SerialLink
from drivers.links.tcp import CONNECT_SECONDS_MAX, TcpLink
from drivers.links.urls import SCHEMES, from_url, scheme

__all__ = [
    "CONNECT_SECONDS_MAX",
    "SCHEMES",
    "Kind",
    "Link",
    "MemoryLink",
    "MemoryServer",
    "Scheme",
    "SerialLink",
    "TcpLink",
    "from_url",
    "memory_pair",
    "scheme",
]
