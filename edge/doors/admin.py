"""The admin door: HTTP over a Unix socket, for the owner's commands on this machine.

    POST /v1/{operation}   z_close, import, terminals_list, ...
    GET  /v1/health        how the box is

Who may write to the socket is who may read the books: the file is the box's own user's (mode
0600, in the state folder of mode 0700), so that no token is needed. Requests are bounded as at
the HTTP door, and refusals are the same problems (RFC 9457).
"""

import asyncio
import os
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

import structlog
from aiohttp import web

from edge.config import Http
from edge.doors import http_guards as guards
from edge.doors.behind import Answer
from edge.doors.http_connection import Server, refused, response
from edge.doors.listening import stop_listening
from edge.refusals import Refusal

SOCKET_FILE: Final = "admin.sock"
LIMITS: Final = Http(
    body_bytes_max=4 << 20, connections_max=8, connections_per_address_max=8,
)  # fmt: skip
"""Commands are few, and an import sends some hundred rows at once."""
DRAIN_SECONDS_MAX: Final = 10.0
"""How long a day that is being closed, or a batch of rows, may take when the door closes."""

log = structlog.get_logger(__name__)


class Office(Protocol):
    """Whoever answers the owner's commands. Bad input is answered, never raised."""

    def handle(self, operation: str, payload: bytes) -> Awaitable[Answer]:
        """Do what is asked; durable before it is answered."""


class AdminDoor:
    """Listens once `open` returns and until `close` does.

    `rooms` answer operations of their own, by name; the office answers all others.
    """

    def __init__(
        self,
        folder: Path,
        office: Office,
        health: Callable[[], Answer],
        rooms: Mapping[str, Office] | None = None,
    ) -> None:
        self._folder, self._office, self._health = folder, office, health
        self._rooms = dict(rooms or {})
        self._connections: Server | None = None
        self._listener: asyncio.Server | None = None
        self._at_work: set[asyncio.Future[Answer]] = set()

    def add_room(self, operations: Iterable[str], room: Office) -> None:
        """Let `room` answer these operations."""
        self._rooms.update(dict.fromkeys(operations, room))

    @property
    def path(self) -> Path:
        """The socket's file."""
        return self._folder / SOCKET_FILE

    async def open(self) -> None:
        """Start to listen. A file that a killed box left is replaced.

        Only who holds the journal's lock comes here, so the file is nobody else's.
        """
        self._connections = Server(self._serve, LIMITS)
        self._listener = await asyncio.get_running_loop().create_unix_server(
            self._connections, sock=_bound(self._folder)
        )

    async def close(self) -> None:
        """Let nobody else in, finish what is under way, and take the file away."""
        if self._listener is None or self._connections is None:
            return
        self._connections.admit_nobody()
        await stop_listening(self._listener)
        self._connections.pre_shutdown()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=DRAIN_SECONDS_MAX)
        await self._connections.shutdown(DRAIN_SECONDS_MAX)
        await self._listener.wait_closed()
        self.path.unlink(missing_ok=True)
        self._listener = None

    # --- requests ---------------------------------------------------------------------------------

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        served = await self._answer(request)
        if isinstance(served, Refusal):
            reply = refused(served, guards.language(request.headers))
        else:
            kind = "application/problem+json" if served.status >= 400 else "application/json"
            reply = response(served.status, served.body, kind)
        if not request.content.is_eof():
            reply.force_close()
        return reply

    async def _answer(self, request: web.BaseRequest) -> Answer | Refusal:
        path = request.rel_url.raw_path
        named = re.fullmatch(r"/v1/([a-z_]{1,32})", path)
        if named is None:
            return Refusal("E-NOT-FOUND")
        if named[1] == "health":
            return self._health() if request.method == "GET" else _wrong_method("GET")
        if request.method != "POST":
            return _wrong_method("POST")
        payload = await _read(request)
        if isinstance(payload, Refusal):
            return payload
        room = self._rooms.get(named[1], self._office)
        work = asyncio.ensure_future(room.handle(named[1], payload))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        try:
            # A command that is interrupted leaves no half a batch behind.
            return await asyncio.shield(work)
        except ConnectionError:
            raise
        except Exception:
            log.exception("admin_failed", operation=named[1])
            return Refusal("E-INTERNAL")


def _wrong_method(allow: str) -> Refusal:
    return Refusal("E-METHOD", {"allow": allow})


async def _read(request: web.BaseRequest) -> bytes | Refusal:
    if no := guards.refuse_media(request.headers):
        return no
    too_large = Refusal("E-TOO-LARGE", {"limit": LIMITS.body_bytes_max})
    if (request.content_length or 0) > LIMITS.body_bytes_max:
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(LIMITS.body_seconds_max):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > LIMITS.body_bytes_max:
                    return too_large
    except TimeoutError:
        return Refusal("E-TIMEOUT")
    return bytes(body)


def _bound(folder: Path) -> socket.socket:
    """Return a socket bound to the file in this folder, which only its owner can open.

    The folder is named by a descriptor, because the address of a Unix socket has no more than
    107 bytes (unix(7)) and a path may have more.
    """
    (folder / SOCKET_FILE).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(f"/proc/self/fd/{descriptor}/{SOCKET_FILE}")
        (folder / SOCKET_FILE).chmod(0o600)  # before anybody can connect: it does not listen yet
    except BaseException:
        sock.close()
        raise
    finally:
        os.close(descriptor)
    return sock
