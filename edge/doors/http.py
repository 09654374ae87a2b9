"""The HTTP door: PC tills and cabinets, on the store's own network.

    POST /v1/{operation}           a request of the terminals' vocabulary
    GET  /v1/requests/{key}        what is known of a request key; changes nothing
    GET  /v1/lanes/{lane}/events   the terminal's own lane, as server-sent events
    GET  /v1/health                open to anybody who reaches us
    GET  /metrics                  Prometheus text

Every refusal is a problem (RFC 9457), in the terminal's language as soon as we know who it is.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp_sse import EventSourceResponse

from edge.access import Access
from edge.config import Http, Terminal
from edge.doors import http_guards as guards
from edge.doors.feeds import Feed
from edge.doors.http_connection import Server, refused, response
from edge.doors.listening import stop_listening
from edge.rates import TokenBucket
from edge.refusals import Refusal

BURST_SECONDS: Final = 2
"""A terminal may send this many seconds' worth of requests at once."""
SEND_SECONDS_MAX: Final = 10.0
"""How long a watcher of a lane may take to read before it is dropped."""
DRAIN_SECONDS_MAX: Final = 5.0
"""How long requests under way may take when the door closes."""

log = structlog.get_logger(__name__)


class Answer(Protocol):
    """What a desk says: an HTTP status and a JSON text."""

    @property
    def status(self) -> int:
        """A problem from 400 on."""

    @property
    def body(self) -> bytes:
        """A reply of the vocabulary."""


class Desk(Protocol):
    """Whoever answers terminals. Bad input is answered, never raised."""

    def handle(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None = None
    ) -> Awaitable[Answer]:
        """Do what is asked; durable before it is answered."""

    def known(self, terminal: Terminal, key: str) -> Answer:
        """Say what is known of a request key."""

    def health(self) -> Answer:
        """Say how the box is."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request on its way through the guards."""

    request: web.BaseRequest
    terminal: Terminal | None
    route: "_Route | None"
    names: tuple[str, ...]


Served = web.StreamResponse | Refusal


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    path: re.Pattern[str]
    serve: Callable[["HttpDoor", _Visit], Awaitable[Served]]
    is_open: bool = False


class HttpDoor:
    """Listens once `open` returns and until `close` does."""

    def __init__(
        self,
        settings: Http,
        desk: Desk,
        access: Access,
        subscribe: Callable[[str], Feed],
        metrics: Callable[[], bytes],
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._access = access
        self._subscribe = subscribe
        self._metrics = metrics
        self._buckets: dict[str, TokenBucket] = {}
        self._feeds: set[Feed] = set()
        self._at_work: set[asyncio.Task[Answer | Refusal]] = set()
        self._connections: Server | None = None
        self._listener: asyncio.Server | None = None

    async def open(self) -> None:
        """Start to listen; raises OSError when the address is taken."""
        self._connections = Server(self._serve, self._settings)
        self._listener = await asyncio.get_running_loop().create_server(
            self._connections, self._settings.host, self._settings.port
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where we listen: the host and the real port."""
        assert self._listener is not None
        host, port, *_ = self._listener.sockets[0].getsockname()
        return host, port

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return 0 if self._connections is None else self._connections.admitted

    async def close(self) -> None:
        """Let nobody else in, finish what is under way, and hang up."""
        if self._listener is None or self._connections is None:
            return
        self._connections.admit_nobody()
        await stop_listening(self._listener)
        for feed in tuple(self._feeds):
            feed.close()
        self._connections.pre_shutdown()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=DRAIN_SECONDS_MAX)
        await self._connections.shutdown(DRAIN_SECONDS_MAX)
        await self._listener.wait_closed()
        self._listener = None

    # --- through the guards -----------------------------------------------------------------------

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        visit = self._receive(request)
        lang = visit.terminal.lang if visit.terminal else guards.language(request.headers)
        try:
            served = self._refuse(visit) or await self._route(visit)
        except ConnectionError:
            raise
        except Exception:
            log.exception("http_failed")
            served = Refusal("E-INTERNAL")
        reply = refused(served, lang) if isinstance(served, Refusal) else served
        if not request.content.is_eof():
            reply.force_close()
        return reply

    def _receive(self, request: web.BaseRequest) -> _Visit:
        path = request.rel_url.raw_path
        terminal = self._access.login(*guards.credentials(request.headers))
        found = [(route, match) for route in _ROUTES if (match := route.path.fullmatch(path))]
        for route, match in found:
            if route.method == request.method:
                return _Visit(request, terminal, route, match.groups())
        return _Visit(request, terminal, None, tuple(route.method for route, _ in found))

    def _refuse(self, visit: _Visit) -> Refusal | None:
        headers = visit.request.headers
        return (
            guards.refuse_host(headers, self._settings.hosts)
            or guards.refuse_origin(headers)
            or self._refuse_stranger(visit)
            or (guards.refuse_media(headers) if visit.request.method == "POST" else None)
            or self._refuse_address(visit)
            or self._refuse_haste(visit)
        )

    def _refuse_stranger(self, visit: _Visit) -> Refusal | None:
        is_open = visit.route is not None and visit.route.is_open
        return None if is_open or visit.terminal else Refusal("E-UNAUTHORIZED")

    def _refuse_address(self, visit: _Visit) -> Refusal | None:
        if visit.route is not None:
            return None
        if not visit.names:
            return Refusal("E-NOT-FOUND")
        return Refusal("E-METHOD", {"allow": ", ".join(visit.names)})

    def _refuse_haste(self, visit: _Visit) -> Refusal | None:
        if visit.terminal is None:
            return None
        bucket = self._buckets.get(visit.terminal.id)
        if bucket is None:
            rate = self._settings.requests_per_second_max
            bucket = self._buckets[visit.terminal.id] = TokenBucket(rate, rate * BURST_SECONDS)
        if bucket.take(asyncio.get_running_loop().time()):
            return None
        return Refusal("E-RATE-LIMITED", retry_after=1)

    async def _route(self, visit: _Visit) -> Served:
        assert visit.route is not None
        return await visit.route.serve(self, visit)

    # --- what the routes do -----------------------------------------------------------------------

    async def _operate(self, visit: _Visit) -> Served:
        assert visit.terminal is not None
        key = guards.idempotency_key(visit.request.headers)
        if isinstance(key, Refusal):
            return key
        payload = await self._read(visit.request)
        if isinstance(payload, Refusal):
            return payload
        work = asyncio.create_task(self._work(visit.terminal, visit.names[0], payload, key))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        # A client that hangs up does not stop a sale half way: it asks again with its key.
        answer = await asyncio.shield(work)
        return answer if isinstance(answer, Refusal) else _reply(answer)

    async def _work(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None
    ) -> Answer | Refusal:
        try:
            return await self._desk.handle(terminal, operation, payload, key)
        except Exception:
            log.exception("request_failed", terminal=terminal.id, operation=operation)
            return Refusal("E-INTERNAL")

    async def _read(self, request: web.BaseRequest) -> bytes | Refusal:
        limit = self._settings.body_bytes_max
        too_large = Refusal("E-TOO-LARGE", {"limit": limit})
        if (request.content_length or 0) > limit:
            return too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_seconds_max):
                while chunk := await request.content.readany():
                    body += chunk
                    if len(body) > limit:
                        return too_large
        except TimeoutError:
            return Refusal("E-TIMEOUT")
        except (web.RequestPayloadError, HttpProcessingError):
            return Refusal("E-MALFORMED", {"path": "HTTP", "cause": "body"})
        return bytes(body)

    async def _known(self, visit: _Visit) -> Served:
        assert visit.terminal is not None
        return _reply(self._desk.known(visit.terminal, visit.names[0]))

    async def _health(self, visit: _Visit) -> Served:
        return _reply(self._desk.health())

    async def _measure(self, visit: _Visit) -> Served:
        return response(200, self._metrics(), "text/plain; version=0.0.4; charset=utf-8")

    async def _watch(self, visit: _Visit) -> Served:
        assert visit.terminal is not None
        if visit.terminal.lane != visit.names[0]:
            return Refusal("E-FORBIDDEN")
        stream = EventSourceResponse(send_timeout=SEND_SECONDS_MAX)
        with self._subscribe(visit.names[0]) as feed:
            self._feeds.add(feed)
            try:
                await stream.prepare(visit.request)
                async with stream:
                    async for kind, data in feed:
                        await stream.send(data.decode(), event=kind)
            except (TimeoutError, ConnectionError):
                log.warning("lane_reader_lost", terminal=visit.terminal.id, lane=visit.names[0])
            finally:
                self._feeds.discard(feed)
        return stream


def _reply(answer: Answer) -> web.Response:
    kind = "application/problem+json" if answer.status >= 400 else "application/json"
    return response(answer.status, answer.body, kind)


_ROUTES: Final = (
    _Route("GET", re.compile("/v1/health"), HttpDoor._health, is_open=True),
    _Route("GET", re.compile("/metrics"), HttpDoor._measure),
    _Route("GET", re.compile(f"/v1/requests/({guards.KEY})"), HttpDoor._known),
    _Route("GET", re.compile("/v1/lanes/([a-z0-9-]{1,32})/events"), HttpDoor._watch),
    _Route("POST", re.compile("/v1/([a-z0-9_]{1,32})"), HttpDoor._operate),
)
