"""Two wires with as little in them as can be: MQTT 5 and HTTP/1.1, for callers and for echoes.

Callers share the cores with what they measure, so nothing here is checked that the far end
does not get wrong: `drivers.mqtt` and aiohttp are for real life.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple, Protocol, Self, cast

RESPONSE_TOPIC, CORRELATION = 0x08, 0x09
EXPIRY, CONTENT_TYPE = 0x02, 0x03


class Message(NamedTuple):
    """What arrived: its payload, and where an answer goes (MQTT only)."""

    payload: bytes
    response_topic: bytes = b""


Heard = Callable[[Message], None]


class Caller(Protocol):
    """A terminal with one request in flight."""

    def ask(self, operation: str, payload: bytes) -> "asyncio.Future[bytes]":
        """Send a request; the future completes with the answer's body."""

    def close(self) -> None:
        """Hang up."""


class _Wire(asyncio.Protocol):
    """Bytes without Nagle; what is asked is answered by the next message that comes."""

    transport: asyncio.Transport

    def __init__(self, heard: Heard | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = heard or self._answered
        self._rest = b""
        self._answer: asyncio.Future[bytes] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop has its own kind
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the far end hung up"))
            self._answer.exception()

    def close(self) -> None:
        self.transport.close()

    def _expect(self) -> "asyncio.Future[bytes]":
        self._answer = self._loop.create_future()
        return self._answer

    def _answered(self, message: Message) -> None:
        if not self._answer.done():
            self._answer.set_result(message.payload)


class MqttWire(_Wire):
    """A client (MQTT Version 5.0): CONNECT, SUBSCRIBE, PUBLISH and PUBACK at QoS 1, no more."""

    def __init__(self, requests: str, responses: str, heard: Heard | None = None) -> None:
        super().__init__(heard)
        self._requests, self._responses = requests, responses
        self._ready: asyncio.Future[bytes] = self._loop.create_future()
        self._packet_id = 0

    @classmethod
    async def connect(
        cls,
        address: tuple[str, int],
        login: tuple[str, str],
        topics: tuple[str, str],
        heard: Heard | None = None,
    ) -> Self:
        """Log in and listen. `topics` are where requests go and where answers come from."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(*topics, heard), *address)
        name, token = (_text(word.encode()) for word in login)
        # Connect flags: user name, password, clean start. Property: receive maximum 65535.
        wire._send(0x10, b"\0\4MQTT\5\xc2" + struct.pack("!H", 600) + b"\3\x21\xff\xff",
                   name, name, token)  # fmt: skip
        await wire._ready
        wire._ready = loop.create_future()
        wire._send(0x82, b"\0\1\0", _text(f"{topics[1]}+".encode()), b"\1")
        await wire._ready
        return wire

    def ask(self, operation: str, payload: bytes) -> "asyncio.Future[bytes]":
        """Publish a request and expect its answer."""
        answer = self._expect()
        response = bytes([RESPONSE_TOPIC]) + _text(f"{self._responses}{operation}".encode())
        self.publish(
            f"{self._requests}{operation}".encode(), payload,
            response + bytes([CORRELATION]) + _text(b"1"),
        )  # fmt: skip
        return answer

    def publish(self, topic: bytes, payload: bytes, properties: bytes = b"") -> None:
        """Publish at QoS 1."""
        self._packet_id = self._packet_id % 65_535 + 1
        packet_id = struct.pack("!H", self._packet_id)
        self._send(0x32, _text(topic), packet_id, _length(len(properties)), properties, payload)

    def _send(self, kind: int, *parts: bytes) -> None:
        body = b"".join(parts)
        self.transport.write(bytes([kind]) + _length(len(body)) + body)

    def data_received(self, data: bytes) -> None:
        data, at = self._rest + data, 0
        while len(data) - at >= 2:
            length, start = _varint(data, at + 1)
            end = start + length
            if start == 0 or end > len(data):
                break
            kind = data[at] >> 4
            if kind == 3:
                self._published(data[at], data[start:end])
            elif kind in (2, 9):  # CONNACK and SUBACK: the code is the last that matters
                assert data[start + 1 if kind == 2 else end - 1] < 0x80, data[start:end]
                self._ready.set_result(b"")
            at = end
        self._rest = data[at:]

    def _published(self, first: int, body: bytes) -> None:
        at = 2 + struct.unpack_from("!H", body)[0]
        if first & 0x06:
            self.transport.write(b"\x40\2" + body[at : at + 2])
            at += 2
        length, at = _varint(body, at)
        end = at + length
        self._heard(Message(body[end:], _response_topic(body, at, end)))


class HttpWire(_Wire):
    """Either end of a connection that stays open: a head, Content-Length, a body."""

    head = b""

    @classmethod
    async def connect(cls, address: tuple[str, int], login: tuple[str, str]) -> Self:
        """Connect as a till that has its token."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(cls, *address)
        wire.head = (
            f"Host: {address[0]}:{address[1]}\r\nAuthorization: Bearer {login[0]}:{login[1]}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        return wire

    def ask(self, operation: str, payload: bytes) -> "asyncio.Future[bytes]":
        """Post a request and expect its answer."""
        answer = self._expect()
        self.transport.write(
            b"POST /v1/%s HTTP/1.1\r\n%s%d\r\n\r\n%s"
            % (operation.encode(), self.head, len(payload), payload)
        )
        return answer

    def get(self, path: str) -> "asyncio.Future[bytes]":
        """Get something."""
        answer = self._expect()
        self.transport.write(b"GET %s HTTP/1.1\r\n%s0\r\n\r\n" % (path.encode(), self.head))
        return answer

    def reply(self, payload: bytes) -> None:
        """Answer, as a server."""
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (len(payload), payload)
        )

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while (at := data.find(b"\r\n\r\n")) >= 0:
            name = data[:at].lower().rindex(b"content-length:")
            length = int(data[name + 15 : at].split(b"\r\n", 1)[0])
            end = at + 4 + length
            if end > len(data):
                break
            self._heard(Message(data[at + 4 : end]))
            data = data[end:]
        self._rest = data


def _text(text: bytes) -> bytes:
    return struct.pack("!H", len(text)) + text


def _length(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a variable byte integer and where it ends; 0 and 0 while it is incomplete."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
        shift += 7
    return 0, 0


def _response_topic(body: bytes, at: int, end: int) -> bytes:
    """Return the response topic among the properties from `at`, b"" for none."""
    while at < end:
        name, at = body[at], at + 1
        if name == EXPIRY:
            at += 4
            continue
        length = struct.unpack_from("!H", body, at)[0]
        if name == RESPONSE_TOPIC:
            return body[at + 2 : at + 2 + length]
        assert name in (CORRELATION, CONTENT_TYPE), f"a property nobody sends here: {name}"
        at += 2 + length
    return b""
