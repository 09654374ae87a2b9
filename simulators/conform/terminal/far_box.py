"""Both doors of a box that does to each request what a case wants done to it."""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from aiohttp import web

from drivers.codec import Close, Send
from drivers.mqtt import (
    Connection,
    Elsewhere,
    Endpoint,
    Message,
    Requested,
    Settings,
    Topics,
)
from simulators.conform.terminal.brain import Brain, encode
from simulators.conform.terminal.moves import (
    Arrival,
    Garbage,
    Lost,
    Move,
    Refused,
    Restarted,
    Richer,
    Stray,
    Twice,
    Unheard,
)

STORE, TERMINAL, TOKEN = "s1", "tested", "a-token-for-conformance"
JSON, PROBLEM = "application/json", "application/problem+json"


class Login:
    """The terminal under test."""

    id = TERMINAL


class FarBox:
    """Listens on loopback for MQTT and HTTP. `choose` says what happens to each request."""

    def __init__(self, choose: Callable[[Arrival], Move]) -> None:
        self.brain = Brain()
        self.arrivals: list[Arrival] = []
        self.choose = choose
        self.mqtt_port = self.http_port = 0
        self._topics = Topics(STORE, TERMINAL)
        self._wires: set[_Wire] = set()
        self._requests: list[web.Request] = []
        self._arrived = asyncio.Event()
        self._mqtt: asyncio.Server | None = None
        self._http: web.AppRunner | None = None

    # --- opening and closing

    async def open(self) -> None:
        """Open both doors; the second time at the ports of the first."""
        self.endpoint = Endpoint(Settings(store=STORE), _login)
        loop = asyncio.get_running_loop()
        self._mqtt = await loop.create_server(
            lambda: _Wire(self), "127.0.0.1", self.mqtt_port, reuse_address=True
        )
        self.mqtt_port = self._mqtt.sockets[0].getsockname()[1]
        app = web.Application()
        app.router.add_post("/v1/{operation}", self._post)
        self._http = web.AppRunner(app, handler_cancellation=True, access_log=None)
        await self._http.setup()
        site = web.TCPSite(self._http, "127.0.0.1", self.http_port, reuse_address=True)
        await site.start()
        self.http_port = self._http.addresses[0][1]

    async def close(self) -> None:
        """Close both, cutting whoever is inside."""
        for wire in list(self._wires):
            wire.cut()
        for request in list(self._requests):
            _cut(request)
        if self._mqtt is not None:
            self._mqtt.close()
            await self._mqtt.wait_closed()
        if self._http is not None:
            await self._http.cleanup()

    async def restart(self) -> None:
        """Go away without a word, and come back with everything that was done, but no session."""
        await self.close()
        await self.open()

    async def until(self, count: int) -> None:
        """Wait until `count` requests have arrived."""
        while len(self.arrivals) < count:
            self._arrived.clear()
            await self._arrived.wait()

    # --- what happens to a request

    def take(self, arrival: Arrival) -> Move:
        """Note a request, and return what happens to it."""
        self.arrivals.append(arrival)
        self._arrived.set()
        return self.choose(arrival)

    def answer(self, arrival: Arrival, move: Move) -> tuple[int, dict[str, Any]]:
        """Do what is asked, and return what should be said."""
        if isinstance(move, Refused):
            key = _key_of(arrival)
            return self.brain.refusal(move.code, key, move.retry_after)
        status, body = self.brain.answer(arrival)
        return (
            (status, {**body, "a_later_field": {"of": [1, 2]}})
            if isinstance(move, Richer)
            else (status, body)
        )

    # --- HTTP

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self._requests.append(request)
        try:
            return await self._http_move(request)
        finally:
            self._requests.remove(request)

    async def _http_move(self, request: web.Request) -> web.StreamResponse:
        arrival = Arrival(
            "http", request.match_info["operation"], await request.read(), _now(),
            key_header=request.headers.get("Idempotency-Key"),
        )  # fmt: skip
        if request.headers.get("Authorization") != f"Bearer {TERMINAL}:{TOKEN}":
            return _response(*self.brain.refusal("E-UNAUTHORIZED"))
        match move := self.take(arrival):
            case Garbage(body, status, content_type):
                return web.Response(body=body, status=status, content_type=content_type)
            case Unheard():
                _cut(request)
            case Lost(sent):
                status, answer = self.answer(arrival, move)
                await self._half(request, status, encode(answer), sent)
            case Restarted(done):
                if done:
                    self.answer(arrival, move)
                asyncio.get_running_loop().create_task(self.restart())
                await asyncio.Event().wait()
        return _response(*self.answer(arrival, move))

    async def _half(self, request: web.Request, status: int, body: bytes, sent: float) -> None:
        response = web.StreamResponse(status=status, headers={"Content-Length": str(len(body))})
        if sent:
            await response.prepare(request)
            with suppress(ConnectionError):
                await response.write(body[: int(len(body) * sent)])
        _cut(request)

    # --- MQTT

    def requested(self, asked: Requested, wire: "_Wire") -> None:
        """Do with one request what the case wants."""
        arrival = Arrival(
            "mqtt", asked.operation, asked.payload, _now(), asked.response_topic,
            asked.correlation, asked.qos, asked.retained,
        )  # fmt: skip
        match move := self.take(arrival):
            case Garbage(body, _, content_type):
                self._reply(arrival, body, content_type)
            case Unheard():
                wire.cut()
            case Lost(sent, hang_up):
                self._lose(arrival, move, sent)
                if hang_up:
                    wire.cut()
            case Restarted(done):
                if done:
                    self.answer(arrival, move)
                asyncio.get_running_loop().create_task(self.restart())
            case _:
                self._say(arrival, move)

    def _lose(self, arrival: Arrival, move: Move, sent: float) -> None:
        _, body = self.answer(arrival, move)
        if sent:
            raw = encode(body)
            self._reply(arrival, raw[: int(len(raw) * sent)], JSON)

    def _say(self, arrival: Arrival, move: Move) -> None:
        if isinstance(move, Stray):
            self._reply(arrival, move.body, JSON, correlation=b"somebody else's")
        status, body = self.answer(arrival, move)
        for _ in range(2 if isinstance(move, Twice) else 1):
            self._reply(arrival, encode(body), PROBLEM if status >= 400 else JSON)

    def _reply(
        self, arrival: Arrival, body: bytes, content_type: str, correlation: bytes | None = None
    ) -> None:
        message = Message(
            topic=arrival.response_topic or self._topics.response(arrival.operation),
            payload=body, qos=arrival.qos, content_type=content_type,
            correlation=correlation or arrival.correlation,
        )  # fmt: skip
        self.elsewhere(self.endpoint.deliver(TERMINAL, message, _now()))

    def elsewhere(self, outs: Iterable[Elsewhere]) -> None:
        """Do what the endpoint wants done on other connections."""
        for out in outs:
            for wire in list(self._wires):
                if wire.connection is out.connection:
                    wire.do(out.outs)


class _Wire(asyncio.Protocol):
    """One MQTT connection."""

    def __init__(self, box: FarBox) -> None:
        self._box, self.connection = box, Connection(box.endpoint)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._box._wires.add(self)
        self.do(self.connection.start(_now()))

    def data_received(self, data: bytes) -> None:
        self.do(self.connection.receive(data, _now()))

    def connection_lost(self, exc: Exception | None) -> None:
        self._box._wires.discard(self)
        self.connection.lost(_now(), "gone")

    def do(self, outs: Iterable[object]) -> None:
        """Do what the connection's machine wants."""
        for out in outs:
            match out:
                case Send(frame):
                    self._transport.write(frame)
                case Close():
                    self._transport.close()
                case Requested():
                    self._box.requested(out, self)
                case Elsewhere():
                    self._box.elsewhere((out,))

    def cut(self) -> None:
        """Pull the plug."""
        self._transport.abort()


def _login(name: str, password: bytes) -> Login | None:
    return Login() if (name, password) == (TERMINAL, TOKEN.encode()) else None


def _response(status: int, body: dict[str, Any]) -> web.Response:
    kind = PROBLEM if status >= 400 else JSON
    return web.Response(body=encode(body), status=status, content_type=kind)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _key_of(arrival: Arrival) -> str | None:
    try:
        body = json.loads(arrival.body)
    except ValueError:
        return None
    return body.get("key") if isinstance(body, dict) else None


def _now() -> float:
    return asyncio.get_running_loop().time()
