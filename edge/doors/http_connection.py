"""Connections of the HTTP door: how many, how slow, and what broken ones are told.

aiohttp itself closes no client that is slow to finish its headers, and answers broken HTTP
with its own words; both are mended here, and its banner is taken off.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, cast

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from drivers import terminal
from edge.config import Http
from edge.doors.listening import arrivals
from edge.refusals import Language, Refusal, problem

IDLE_SECONDS_MAX: Final = 60.0
"""How long a connection may stay open between two requests."""
TERMINAL_CONNECTIONS: Final = 8
"""How many connections of a terminal have places of their own: a browser opens six or seven."""
LINGERING_SECONDS_MAX: Final = 1.0
"""How long the rest of a refused body is read, so that the refusal can be read."""

Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
log = structlog.get_logger(__name__)


def response(status: int, body: bytes, media: str) -> web.Response:
    """Return an answer that nobody stores and no browser reinterprets."""
    return web.Response(
        status=status,
        body=body,
        headers={
            "Content-Type": media,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def refused(refusal: Refusal, lang: Language) -> web.Response:
    """Return the answer that says `refusal`."""
    reply = response(
        refusal.entry.status,
        terminal.encode(problem(refusal, lang)),
        "application/problem+json",
    )
    if refusal.code == "E-UNAUTHORIZED":
        reply.headers["WWW-Authenticate"] = 'Bearer realm="edge"'
    if refusal.code == "E-METHOD":
        reply.headers["Allow"] = str(refusal.params["allow"])
    if refusal.retry_after is not None:
        reply.headers["Retry-After"] = str(refusal.retry_after)
    return reply


def _last_words(refusal: Refusal) -> bytes:
    """Return `refusal` as raw HTTP, for a connection that never came to a request."""
    status = HTTPStatus(refusal.entry.status)
    body = terminal.encode(problem(refusal, "zh"))
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


class Request(web.BaseRequest):
    """A request whose answer does not say what software we run."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        del response.headers["Server"]


class Connection(web.RequestHandler):
    """One client's connection, with a time limit on every request's head."""

    def __init__(self, server: "Server", header_seconds_max: float) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # None is documented: no access log
            auto_decompress=False,
            keepalive_timeout=IDLE_SECONDS_MAX,
            lingering_time=LINGERING_SECONDS_MAX,
        )
        self._server = server
        self._header_seconds_max = header_seconds_max
        self._address: str | None = None
        self._terminal: str | None = None
        self._serving = False
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, or tell it why not."""
        wire = cast(asyncio.Transport, transport)
        peer = wire.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if (refusal := self._server.admit(address)) is not None:
            wire.write(_last_words(refusal))
            wire.close()
            return
        self._address = address
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place to somebody else."""
        self.head_arrived()
        if self._address is not None:
            self._server.leave(self._address, self._terminal)
            self._address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; the first ones of a new request start its clock."""
        if not self._serving and self._head_timer is None:
            self._expect_head()
        super().data_received(data)

    async def serve(self, request: web.BaseRequest, answer: Serve) -> web.StreamResponse:
        """Serve a request whose head is complete."""
        self._serving = True
        self.head_arrived()
        try:
            return await answer(request)
        finally:
            self._serving = False

    def welcome(self, terminal: str) -> None:
        """Take note that a terminal is here, which was not too fast."""
        if self._address is not None and self._server.welcome(
            self._address, terminal, is_new=self._terminal is None
        ):
            self._terminal = terminal

    def head_arrived(self) -> None:
        """Stop the clock."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP, and close."""
        if status < 500:
            said = (message or "").strip().partition("\n")[0][:100] or "not HTTP"
            refusal = Refusal("E-MALFORMED", {"path": "HTTP", "cause": "other", "said": said})
        else:
            log.error("http_failed", exc_info=exc)
            refusal = Refusal("E-INTERNAL")
        reply = refused(refusal, "zh")
        reply.force_close()
        return reply

    def _expect_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._head_timer = loop.call_later(self._header_seconds_max, self._give_up)

    def _give_up(self) -> None:
        self._head_timer = None
        if self.transport is not None:
            self.transport.write(_last_words(Refusal("E-TIMEOUT")))
            self.force_close()


class Server(web.Server):
    """Makes connections, and counts them."""

    def __init__(self, serve: Serve, settings: Http) -> None:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await cast(Connection, request.protocol).serve(request, serve)

        # A client that hangs up ends its event stream; the door shields what must go on.
        super().__init__(handle, request_factory=self._make, handler_cancellation=True)
        self._settings = settings
        self._by_address: Counter[str] = Counter()
        self._by_terminal: Counter[str] = Counter()
        self._arrivals = arrivals(settings.requests_per_second_max)
        self._is_stopping = False

    def __call__(self) -> Connection:
        """Return the protocol for a new connection."""
        return Connection(self, self._settings.header_seconds_max)

    @property
    def admitted(self) -> int:
        """How many connections there are."""
        return self._by_address.total() + self._by_terminal.total()

    def admit(self, address: str) -> Refusal | None:
        """Take a place for `address`, or say why there is none."""
        if self._is_stopping:
            return Refusal("E-STOPPING")
        if (
            self.admitted >= self._settings.connections_max
            or self._by_address[address] >= self._settings.connections_per_address_max
        ):
            return Refusal("E-BUSY", retry_after=1)
        now = asyncio.get_running_loop().time()
        if address and not self._arrivals.take(address, now):  # a Unix socket has none
            return Refusal("E-BUSY", retry_after=1)
        self._by_address[address] += 1
        return None

    def welcome(self, address: str, terminal: str, *, is_new: bool) -> bool:
        """Take note that a terminal is there: it may connect as often as it likes to ask.

        A few connections of each do not count for its address, which a whole shop may share: tell
        whether this one, that `is_new`, is one of them.
        """
        self._arrivals.give_back(address)
        if not is_new or self._by_terminal[terminal] >= TERMINAL_CONNECTIONS:
            return False
        self._by_terminal[terminal] += 1
        self._leave_address(address)
        return True

    def admit_nobody(self) -> None:
        """Refuse whoever comes from now on; those who are in stay."""
        self._is_stopping = True

    def leave(self, address: str, terminal: str | None) -> None:
        """Give a place back: the address's, or the terminal's if it had one of its own."""
        if terminal is None:
            self._leave_address(address)
        else:
            self._by_terminal[terminal] -= 1

    def _leave_address(self, address: str) -> None:
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    @staticmethod
    def _make(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> Request:
        loop = asyncio.get_running_loop()
        return Request(message, payload, protocol, writer, task, loop)
