"""The HTTP door: PC tills and cabinets, on the store's own network.

    POST /v1/{operation}           a request of the terminals' vocabulary
    GET  /v1/requests/{key}        what is known of a request key; changes nothing
    GET  /v1/lanes/{lane}/events   the terminal's own lane, as server-sent events
    GET  /v1/health                open to anybody who reaches us
    POST /v1/pair                  so is this, for who brings the code the owner was shown
    GET  /ca.pem                   and this: what to trust
    GET  /phone                    and the till for phones
    POST /v1/scan                  what codes a paired terminal's picture shows
    GET  /docs, /openapi.json, ... the contracts, for this machine or for all (see `docs`)
    GET  /metrics                  Prometheus text

Every refusal is a problem (RFC 9457), in the terminal's language as soon as we know who it is.
"""

import asyncio
import math
import re
import ssl
from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Final, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp_sse import EventSourceResponse

from drivers.camera import PICTURE_BYTES_MAX
from edge import phone
from edge.access import Access, Wait
from edge.config import Http, Terminal
from edge.config.checks import is_loopback
from edge.contracts import documents
from edge.doors import http_guards as guards
from edge.doors.behind import Answer, Desk, Reception
from edge.doors.feeds import Feed
from edge.doors.http_connection import Connection, Server, refused, response
from edge.doors.listening import Entrance
from edge.doors.turns import Turns
from edge.pages import Document
from edge.rates import TokenBuckets, weight
from edge.refusals import Refusal

BURST_SECONDS: Final = 2
"""A terminal may send this many seconds' worth of requests at once."""
SEND_SECONDS_MAX: Final = 10.0
"""How long a watcher of a lane may take to read before it is dropped."""
DRAIN_SECONDS_MAX: Final = 5.0
"""How long requests under way may take when the door closes."""
OWN_FILES_ONLY: Final = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
"""What a page of ours may load: nothing from anywhere else, and no script that stands in it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request on its way through the guards."""

    request: web.BaseRequest
    address: str
    terminal: Terminal | None
    wait: Wait | None
    route: "_Route | None"
    names: tuple[str, ...]

    @property
    def who(self) -> Hashable:
        """Whose time the request takes: a terminal's, or a stranger's address's."""
        return ("address", self.address) if self.terminal is None else self.terminal.id


Served = web.StreamResponse | Refusal


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    path: re.Pattern[str]
    serve: Callable[["HttpDoor", _Visit], Awaitable[Served]]
    is_open: bool = False
    takes: Collection[str] = guards.JSON


class HttpDoor:
    """Listens once `open` returns and until `close` does."""

    def __init__(
        self,
        settings: Http,
        desk: Desk,
        access: Access,
        subscribe: Callable[[str], Feed],
        metrics: Callable[[], bytes],
        reception: Reception,
        tls: ssl.SSLContext | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._access = access
        self._subscribe = subscribe
        self._metrics = metrics
        self._reception, self._tls = reception, tls
        self._eyes = phone.Eyes()
        rate = settings.requests_per_second_max
        self._buckets = TokenBuckets(rate, rate * BURST_SECONDS)
        self._patience = TokenBuckets(rate, rate)
        self._turns = turns or Turns()
        self._feeds: dict[Feed, _Visit] = {}
        self._at_work: set[asyncio.Task[Answer | Refusal]] = set()
        self._connections: Server | None = None
        self._entrance: Entrance | None = None
        access.on_end(self.dismiss)

    async def open(self) -> None:
        """Start to listen; raises OSError when the address is taken."""
        self._connections = Server(self._serve, self._settings)
        self._entrance = Entrance(self._connections, self._settings, self._tls)
        await self._entrance.open()

    @property
    def address(self) -> tuple[str, int]:
        """Where we listen: the host and the real port."""
        assert self._entrance is not None
        return self._entrance.address

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return 0 if self._connections is None else self._connections.admitted

    async def close(self) -> None:
        """Let nobody else in, finish what is under way, and hang up."""
        if self._entrance is None or self._connections is None:
            return
        self._connections.admit_nobody()
        await self._entrance.stop()
        for feed in tuple(self._feeds):
            feed.close()
        self._connections.pre_shutdown()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=DRAIN_SECONDS_MAX)
        await self._connections.shutdown(DRAIN_SECONDS_MAX)
        await self._entrance.wait_closed()
        self._entrance = None

    def dismiss(self, terminal_id: str) -> None:
        """Cut the event streams of a terminal that may not come in any more."""
        for feed, visit in tuple(self._feeds.items()):
            assert visit.terminal is not None
            if visit.terminal.id == terminal_id:
                feed.close()
                if visit.request.transport is not None:
                    visit.request.transport.abort()

    # --- through the guards -----------------------------------------------------------------------

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        visit = self._receive(request)
        lang = visit.terminal.lang if visit.terminal else guards.language(request.headers)
        try:
            await self._turns.mine(visit.who)
            served = self._refuse(visit) or await self._route(visit)
        except ConnectionError:
            raise
        except Exception:
            log.exception("http_failed")
            served = Refusal("E-INTERNAL")
        reply = refused(served, lang) if isinstance(served, Refusal) else served
        if not request.content.is_eof() or self._is_rude(visit, served):
            reply.force_close()
        return reply

    def _is_rude(self, visit: _Visit, served: Served) -> bool:
        """Tell whether to hang up on who asks too fast: coming again takes longer.

        A stranger is never waited for; a terminal that was told so may try that often again.
        """
        if not isinstance(served, Refusal) or served.entry.status != 429:
            return False
        now = asyncio.get_running_loop().time()
        return visit.terminal is None or not self._patience.take(visit.who, now)

    def _receive(self, request: web.BaseRequest) -> _Visit:
        path = request.rel_url.raw_path
        address = request.remote or ""
        who = self._login(request, address)
        terminal, wait = (None, who) if isinstance(who, Wait) else (who, None)
        found = [(route, match) for route in _ROUTES if (match := route.path.fullmatch(path))]
        for route, match in found:
            if route.method == request.method:
                return _Visit(request, address, terminal, wait, route, match.groups())
        methods = tuple(route.method for route, _ in found)
        return _Visit(request, address, terminal, wait, None, methods)

    def _login(self, request: web.BaseRequest, address: str) -> Terminal | Wait | None:
        terminal_id, token = guards.credentials(request.headers)
        if not (terminal_id or token):
            return None  # a stranger, who has guessed nothing
        return self._access.login(terminal_id, token, address, asyncio.get_running_loop().time())

    def _refuse(self, visit: _Visit) -> Refusal | None:
        headers = visit.request.headers
        return (
            guards.refuse_host(headers, self._settings.hosts)
            or guards.refuse_origin(headers)
            or self._refuse_haste(visit)
            or self._refuse_stranger(visit)
            or (self._refuse_post(visit) if visit.request.method == "POST" else None)
            or self._refuse_address(visit)
        )

    def _refuse_post(self, visit: _Visit) -> Refusal | None:
        headers = visit.request.headers
        taken = guards.JSON if visit.route is None else visit.route.takes
        return guards.refuse_media(headers, taken) or guards.refuse_old(
            headers, self._reception.now()
        )

    def _refuse_stranger(self, visit: _Visit) -> Refusal | None:
        is_open = visit.route is not None and visit.route.is_open
        if is_open or visit.terminal:
            return None
        if visit.wait is not None:
            return Refusal("E-LOGIN-DELAYED", retry_after=math.ceil(visit.wait.seconds))
        return Refusal("E-UNAUTHORIZED")

    def _refuse_address(self, visit: _Visit) -> Refusal | None:
        if visit.route is not None:
            return None
        if not visit.names:
            return Refusal("E-NOT-FOUND")
        return Refusal("E-METHOD", {"allow": ", ".join(visit.names)})

    def _refuse_haste(self, visit: _Visit) -> Refusal | None:
        if not self._buckets.take(visit.who, asyncio.get_running_loop().time()):
            return Refusal("E-RATE-LIMITED", retry_after=self._buckets.retry_after(visit.who))
        if visit.terminal is not None:
            cast(Connection, visit.request.protocol).welcome(visit.terminal.id)
        return None

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
        self._buckets.charge(visit.who, weight(len(payload)) - 1)
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
            await self._turns.mine(terminal.id)
            return await self._desk.handle(terminal, operation, payload, key)
        except Exception:
            log.exception("request_failed", terminal=terminal.id, operation=operation)
            return Refusal("E-INTERNAL")

    async def _read(
        self, request: web.BaseRequest, bytes_max: int | None = None
    ) -> bytes | Refusal:
        limit = bytes_max or self._settings.body_bytes_max
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

    async def _pair(self, visit: _Visit) -> Served:
        payload = await self._read(visit.request)
        if isinstance(payload, Refusal):
            return payload
        lang = guards.language(visit.request.headers)
        return _reply(self._reception.pair(payload, visit.address, lang))

    async def _trust(self, visit: _Visit) -> Served:
        ca_pem = self._reception.ca_pem()
        if not ca_pem:
            return Refusal("E-NOT-FOUND")
        return response(200, ca_pem, "application/x-pem-file")

    async def _document(self, visit: _Visit) -> Served:
        if visit.terminal is None and not self._may_read(visit.address):
            return Refusal("E-UNAUTHORIZED")
        made = await asyncio.to_thread(documents)
        return _file(made.get(visit.request.rel_url.raw_path))

    async def _shell(self, visit: _Visit) -> Served:
        reply = _file(phone.shell().get(visit.request.rel_url.raw_path))
        if isinstance(reply, web.Response):
            reply.headers["Service-Worker-Allowed"] = "/phone"
        return reply

    async def _see(self, visit: _Visit) -> Served:
        picture = await self._read(visit.request, PICTURE_BYTES_MAX)
        if isinstance(picture, Refusal):
            return picture
        seen = await self._eyes.see(picture)
        return seen if isinstance(seen, Refusal) else response(200, seen, "application/json")

    def _may_read(self, address: str) -> bool:
        return self._settings.docs == "open" or is_loopback(address)

    async def _measure(self, visit: _Visit) -> Served:
        return response(200, self._metrics(), "text/plain; version=0.0.4; charset=utf-8")

    async def _watch(self, visit: _Visit) -> Served:
        assert visit.terminal is not None
        if visit.terminal.lane != visit.names[0]:
            return Refusal("E-FORBIDDEN")
        stream = EventSourceResponse(send_timeout=SEND_SECONDS_MAX)
        with self._subscribe(visit.names[0]) as feed:
            self._feeds[feed] = visit
            try:
                await stream.prepare(visit.request)
                async with stream:
                    async for kind, data in feed:
                        await stream.send(data.decode(), event=kind)
            except (TimeoutError, ConnectionError):
                log.warning("lane_reader_lost", terminal=visit.terminal.id, lane=visit.names[0])
            finally:
                self._feeds.pop(feed, None)
        return stream


def _file(found: Document | None) -> Served:
    if not found:
        return Refusal("E-NOT-FOUND")
    reply = response(200, found.body, found.kind)
    reply.headers["Content-Security-Policy"] = OWN_FILES_ONLY
    return reply


def _reply(answer: Answer) -> web.Response:
    kind = "application/problem+json" if answer.status >= 400 else "application/json"
    return response(answer.status, answer.body, kind)


_ROUTES: Final = (
    _Route("GET", re.compile("/v1/health"), HttpDoor._health, is_open=True),
    _Route("POST", re.compile("/v1/pair"), HttpDoor._pair, is_open=True),
    _Route("GET", re.compile("/ca.pem"), HttpDoor._trust, is_open=True),
    _Route("GET", re.compile(r"/docs(?:/.*)?|/[a-z]+\.json"), HttpDoor._document, is_open=True),
    _Route("GET", re.compile("/pair|/phone(?:/.*)?"), HttpDoor._shell, is_open=True),
    _Route("POST", re.compile("/v1/scan"), HttpDoor._see, takes=phone.PICTURES),
    _Route("GET", re.compile("/metrics"), HttpDoor._measure),
    _Route("GET", re.compile(f"/v1/requests/({guards.KEY})"), HttpDoor._known),
    _Route("GET", re.compile("/v1/lanes/([a-z0-9-]{1,32})/events"), HttpDoor._watch),
    _Route("POST", re.compile("/v1/([a-z0-9_]{1,32})"), HttpDoor._operate),
)
