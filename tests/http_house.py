"""A door on an ephemeral port with a counting desk behind it, and raw clients for it."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from structlog.testing import capture_logs

from drivers import terminal as words
from edge.access import Access
from edge.config import Http, Terminal
from edge.doors.feeds import Feeds
from edge.doors.http import HttpDoor
from edge.refusals import Refusal, problem
from tests.fake_desk import FakeReception

KEY = "01890a5d-ac96-774b-bcce-b302099a8057"
TOKEN = "correct-horse"
TILL = Terminal(
    id="till-1",
    kind="pc_pos",
    token_sha256=sha256(TOKEN.encode()).hexdigest(),
    lang="en",
    lane="lane-1",
)
LOGIN = {"Authorization": f"Bearer till-1:{TOKEN}"}
ASK = json.dumps({"key": KEY}).encode()
METRICS = b"edge_up 1\n"


PLAIN = {"Host": "localhost", "Content-Type": "application/json", **LOGIN}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass
class CountingDesk:
    """Reads requests as the real desk does, and counts those it would carry out."""

    free: asyncio.Event
    started: asyncio.Event = field(default_factory=asyncio.Event)
    done: list[tuple[str, str, str | None]] = field(default_factory=list)

    async def handle(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None = None
    ) -> Answer:
        try:
            request = words.decode(operation, payload)
        except words.Malformed as error:
            said = problem(Refusal(error.code, error.params), terminal.lang)
            return Answer(said.status, words.encode(said))
        if operation == "balance":
            raise RuntimeError("a defect in the desk")
        self.started.set()
        await self.free.wait()
        self.done.append((terminal.id, operation, key))
        return Answer(200, words.encode(request))

    def known(self, terminal: Terminal, key: str) -> Answer:
        return Answer(200, words.encode(words.Known(key=key, state="unknown")))

    def health(self) -> Answer:
        return Answer(200, b'{"state":"selling"}')


@dataclass
class House:
    """A door on an ephemeral port and everything behind it."""

    door: HttpDoor
    desk: CountingDesk
    feeds: Feeds

    @property
    def url(self) -> str:
        host, port = self.door.address
        return f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def house(**settings: Any) -> AsyncIterator[House]:
    free = asyncio.Event()
    free.set()
    desk, feeds = CountingDesk(free), Feeds(waiting_max=4)
    chosen: dict[str, Any] = {"listen": "127.0.0.1:0", "requests_per_second_max": 1000}
    http = Http(**(chosen | settings))
    access = Access({TILL.id: TILL})
    door = HttpDoor(http, desk, access, feeds.subscribe, lambda: METRICS, FakeReception())
    await door.open()
    try:
        yield House(door, desk, feeds)
    finally:
        free.set()
        await door.close()


@contextlib.contextmanager
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    """Nothing a client does is worth a traceback; tests of our own defects clear the list."""
    with capture_logs() as logs:
        yield logs
    assert not [line for line in logs if line["log_level"] in {"error", "critical"}]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


async def talk(door: HttpDoor, raw: bytes, *, hang_up: bool = False) -> bytes:
    """Send bytes and return what comes until the door closes the connection."""
    reader, writer = await asyncio.open_connection(*door.address)
    try:
        writer.write(raw)
        await writer.drain()
        if hang_up:
            return b""
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def http(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def reply_of(raw: bytes) -> tuple[int, dict[str, str], Any]:
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, json.loads(body)


def good(body: bytes = ASK, **headers: str) -> bytes:
    own = {"Host": "127.0.0.1", "Content-Type": "application/json", **LOGIN}
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return http("POST", "/v1/ask", own | renamed, body)


async def assert_still_open(house: House) -> None:
    before = len(house.desk.done)
    status, _, _ = reply_of(await talk(house.door, good()))
    assert status == 200
    assert len(house.desk.done) == before + 1
