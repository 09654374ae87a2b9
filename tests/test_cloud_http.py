"""The bridge and its wire over real HTTP on loopback: storms, strangers and silence."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from cloud_bridge.bridge import Settings
from cloud_bridge.courier import Pace, WireAnswer
from cloud_bridge.http import HttpWire, Unreachable
from simulators.cloud import CLEAR, STORM, CloudServer, CloudTwin, Sky
from tests.cloud_scene import CLOUD, scene

QUICK = Settings(
    pace=Pace(
        batch_count_max=20,
        delay_seconds_min=0.001,
        delay_seconds_base=0.005,
        delay_seconds_max=0.02,
        retry_after_seconds_max=0.01,
    ),
    request_seconds_max=0.5,
    changes_seconds=0.1,
    bundle_seconds=0.1,
)


@pytest.mark.parametrize(
    ("name", "sky"),
    [
        ("clear", CLEAR),
        ("storm", replace(STORM, latency_seconds_max=0.005, stalled=0.01)),
        ("lost_answer", Sky(lost_answer=0.5)),
        ("garbage", Sky(garbage=0.6)),
        ("alien", Sky(alien=0.5)),
    ],
)
async def test_all_facts_arrive_over_real_http(name: str, sky: Sky) -> None:
    luck, late = random.Random(name), Late()
    async with (
        scene(luck, sky, settings=QUICK, far=lambda *_: late) as s,
        CloudServer(s.twin, weather=s.weather) as server,
        HttpWire(server.url) as wire,
    ):
        late.wire = wire
        for _ in range(10):
            s.sell(luck, 10)
            await asyncio.sleep(0.01)
        async with asyncio.timeout(60):
            await s.drained()
        s.assert_books_agree()
        assert len(s.outbox.pages) == 100
        await s.stop()


class Late:
    """A wire that is plugged in later."""

    wire: HttpWire | None = None

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        if self.wire is None:
            raise Unreachable("not plugged in")
        return await self.wire.request(method, target, headers, body, timeout_seconds)


async def test_the_wire_keeps_status_headers_and_exact_bytes() -> None:
    twin = CloudTwin(CLOUD)
    async with CloudServer(twin) as server, HttpWire(server.url + "/") as wire:
        answer = await wire.request("GET", "/v1/changes?since=%2B1&limit=2", {}, b"", 5.0)
        assert answer.status == 401
        assert answer.headers["content-type"] == "application/problem+json"
        await wire.close()
        again = await wire.request("POST", "/v1/facts", {}, b"{}", 5.0)
        assert again.status == 401
    twin.close()


@asynccontextmanager
async def raw_server(reply: bytes, *, close: bool = True) -> AsyncIterator[str]:
    """Answer every connection with these bytes."""
    finished = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(reply)
            await writer.drain()
            if not close:
                await finished.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        finished.set()
        server.close()
        await server.wait_closed()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 2",
        b"HTTP/1.1 banana\r\n\r\n",
        OK + b"Content-Length: 100\r\n\r\n{",
        OK + b"Content-Length: -1\r\n\r\n{}",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        OK + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000,
        OK + b"\r\n" + b"x" * 5000,
    ],
    ids=[
        "nothing", "ssh", "cut", "no-status", "short-body", "negative", "bad-chunk",
        "long-header", "long-body", "endless-body",
    ],
)  # fmt: skip
async def test_what_is_no_answer_is_unreachable(reply: bytes) -> None:
    async with raw_server(reply) as url, HttpWire(url, answer_bytes_max=4096) as wire:
        with pytest.raises(Unreachable):
            await wire.request("GET", "/v1/bundle", {}, b"", 5.0)


async def test_a_silent_server_is_unreachable_in_time() -> None:
    for reply in (b"", OK, OK + b"Content-Length: 9\r\n\r\n{"):
        async with raw_server(reply, close=False) as url, HttpWire(url) as wire:
            with pytest.raises(Unreachable, match=r"no answer within 0\.05 s"):
                await wire.request("GET", "/v1/bundle", {}, b"", 0.05)


async def test_nobody_listening_and_a_bad_address_are_unreachable() -> None:
    async with raw_server(b"") as url:
        pass
    for base in (url, "http://[::bad", "ftp://127.0.0.1", "http://"):
        async with HttpWire(base) as wire:
            with pytest.raises(Unreachable):
                await wire.request("GET", "/v1/bundle", {}, b"", 5.0)


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(moved) as url, HttpWire(url) as wire:
        answer = await wire.request("GET", "/v1/bundle", {}, b"", 5.0)
        assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")
