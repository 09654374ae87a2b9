"""The HTTP door and whoever is rude to it: told a code and a fix, and it goes on."""

import asyncio
import contextlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.box import Box
from edge.config import load
from edge.world import real_world
from simulators.request_keys import new_key
from tests.http_house import (
    ASK,
    KEY,
    PLAIN,
    assert_still_open,
    good,
    house,
    http,
    no_traceback,
    reply_of,
    talk,
    until,
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "store.toml"


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    with no_traceback(caplog) as seen:
        yield seen


# --- bad input ------------------------------------------------------------------------------------

DEEP = b'{"key":' + b"[" * 500 + b"]" * 500 + b"}"
MANY = b"{" + b",".join(b'"%d":1' % number for number in range(6000)) + b"}"
MILLION = b"{" + b",".join(b'"%d":1' % number for number in range(1_000_000)) + b"}"


BAD_BODIES = [
    (b" " * 65537, "E-TOO-LARGE"),
    (MILLION, "E-TOO-LARGE"),
    (DEEP, "E-TOO-DEEP"),
    (b"[" * 65536, "E-TOO-DEEP"),
    (MANY, "E-UNKNOWN-FIELD"),
    (b'{"kye":"x"}', "E-UNKNOWN-FIELD"),
    (b'{"key":NaN}', "E-MALFORMED"),
    (b'{"key":1e400}', "E-MALFORMED"),
    (b'{"key":"a","key":"b"}', "E-MALFORMED"),
    (b'{"key":7}', "E-MALFORMED"),
    (b'{"key":"7"}', "E-MALFORMED"),
    (b'{"key":"\\ud800"}', "E-MALFORMED"),
    (b"[]", "E-MALFORMED"),
    (b"[1,2]", "E-MALFORMED"),
    (b"\xef\xbb\xbf" + ASK, "E-MALFORMED"),
    (ASK.decode().encode("utf-16"), "E-MALFORMED"),
    (b"\x00", "E-MALFORMED"),
    (b"", "E-MALFORMED"),
]


@pytest.mark.parametrize(
    ("body", "code"),
    BAD_BODIES,
    ids=lambda value: value[:20] if isinstance(value, bytes) else value,
)
async def test_bad_bodies(body: bytes, code: str) -> None:
    async with house() as it:
        status, _, refused = reply_of(await talk(it.door, good(body)))
        assert (refused["code"], refused["lang"]) == (code, "en")
        assert status == refused["status"] < 500
        assert refused["fix"]
        assert it.desk.done == []
        await assert_still_open(it)


@contextlib.asynccontextmanager
async def real_box(folder: Path) -> AsyncIterator[Box]:
    secret = folder / "secrets" / "phone.key"
    secret.parent.mkdir(mode=0o700)
    secret.write_text(b64encode(bytes(32)).decode())
    secret.chmod(0o600)
    path = folder / "store.toml"
    text = EXAMPLE.read_text("utf-8")
    path.write_text(text.replace(":1883", ":0").replace(":8480", ":0"), "utf-8")
    config = load(path)
    unhurried = replace(config.http, requests_per_second_max=10_000)
    async with Box(replace(config, http=unhurried), real_world()) as box:
        yield box


async def test_the_real_desk_refuses_all_of_it_and_goes_on(tmp_path: Path) -> None:
    login = {"Authorization": "Bearer pc-1:change-me-pc-1"}
    async with real_box(tmp_path) as box:
        before = box.journal.committed
        for body, code in BAD_BODIES:
            refused = reply_of(await talk(box.http, good(body, **login)))[2]
            assert (refused["code"], bool(refused["fix"])) == (code, True)
            asked = json.dumps({"key": (key := new_key())}).encode()
            status, _, fate = reply_of(await talk(box.http, good(asked, **login)))
            assert (status, fate["key"], fate["fate"]) == (200, key, "never")
        other = good(ASK, Idempotency_Key=new_key(), **login)
        assert reply_of(await talk(box.http, other))[2]["code"] == "E-KEY-MISMATCH"
        assert box.journal.committed == before + len(BAD_BODIES)


@pytest.mark.parametrize("key", ["1", KEY.upper(), KEY + "x", "\xff", f"{KEY}, {KEY}"])
async def test_a_header_key_that_is_none_is_refused(key: str) -> None:
    async with house() as it:
        refused = reply_of(await talk(it.door, good(Idempotency_Key=key)))[2]
        assert refused["code"] == "E-MALFORMED"
        assert "key" not in refused
        assert it.desk.done == []


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    async with house() as it:
        chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
        raw = good(b"", Transfer_Encoding="chunked") + chunk * 4
        assert reply_of(await talk(it.door, raw))[2]["code"] == "E-TOO-LARGE"
        await assert_still_open(it)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 20000 + b"\r\n\r\n",
        b"GET /" + b"y" * 20000 + b" HTTP/1.1\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        good(b"", Transfer_Encoding="chunked") + b"zz\r\n",
    ],
    ids=lambda raw: raw[:24],
)
async def test_what_is_not_http_is_refused_and_closed(raw: bytes) -> None:
    async with house(header_seconds_max=60) as it:
        status, _, refused = reply_of(await talk(it.door, raw))
        assert 400 <= status < 500
        assert refused["fix"]
        assert it.desk.done == []
        await assert_still_open(it)


# --- slow and rude clients ------------------------------------------------------------------------


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    async with house(header_seconds_max=0.5) as it:
        heads = (b"", b"GET /v1/health HTTP/1.1\r\nHost: loc")
        for answer in await asyncio.gather(*(talk(it.door, head) for head in heads)):
            status, _, refused = reply_of(answer)
            assert (status, refused["code"]) == (408, "E-TIMEOUT")
        await assert_still_open(it)


async def test_a_head_that_drips_is_not_waited_for() -> None:
    async with house(header_seconds_max=0.5) as it:
        reader, writer = await asyncio.open_connection(*it.door.address)
        writer.write(b"GET /v1/health HTTP/1.1\r\nX: ")
        answer = asyncio.create_task(reader.read(17))
        async with asyncio.timeout(60):
            while not answer.done():
                writer.write(b"y")
                await asyncio.sleep(0.02)
        assert await answer == b"HTTP/1.1 408 Requ"
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_the_second_head_on_a_connection_has_its_own_clock() -> None:
    async with house(header_seconds_max=0.5) as it:
        first = http("GET", "/v1/health", {"Host": "localhost"}).replace(
            b"Connection: close\r\n", b""
        )
        reader, writer = await asyncio.open_connection(*it.door.address)
        writer.write(first)
        assert (await reader.readuntil(b"}")).endswith(b'{"state":"selling"}')
        writer.write(first[:20])
        async with asyncio.timeout(60):
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        await writer.wait_closed()


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with house(body_seconds_max=0.5) as it:
        raw = http("POST", "/v1/ask", PLAIN | {"Content-Length": "15"}) + b'{"key'
        status, _, refused = reply_of(await talk(it.door, raw))
        assert (status, refused["code"], refused["retry"]) == (408, "E-TIMEOUT", "same")
        assert it.desk.done == []
        await assert_still_open(it)


async def test_a_client_that_hangs_up_half_way_did_not_ask() -> None:
    async with house() as it:
        for cut in range(10, len(good()), 17):
            await talk(it.door, good()[:cut], hang_up=True)
        await assert_still_open(it)
        assert len(it.desk.done) == 1


async def test_a_client_that_hangs_up_does_not_stop_its_sale() -> None:
    async with house() as it:
        it.desk.free.clear()
        _, writer = await asyncio.open_connection(*it.door.address)
        writer.write(good())
        await until(it.desk.started.is_set)
        writer.close()
        await writer.wait_closed()
        await until(lambda: it.door.connections == 0)
        it.desk.free.set()
        await until(lambda: len(it.desk.done) == 1)
        await assert_still_open(it)


async def test_closing_waits_for_the_sale_under_way() -> None:
    async with house() as it:
        it.desk.free.clear()
        answer = asyncio.create_task(talk(it.door, good()))
        await until(it.desk.started.is_set)
        closing = asyncio.create_task(it.door.close())
        await asyncio.sleep(0)
        it.desk.free.set()
        assert reply_of(await answer)[0] == 200
        await closing
        assert len(it.desk.done) == 1


@pytest.mark.parametrize(
    "limits", [{"connections_max": 2}, {"connections_per_address_max": 2}], ids=str
)
async def test_connections_are_counted(limits: dict[str, int]) -> None:
    async with house(**limits) as it:
        idle = [await asyncio.open_connection(*it.door.address) for _ in range(2)]
        status, _, refused = reply_of(await talk(it.door, b""))
        assert (status, refused["code"]) == (503, "E-BUSY")
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()
        await until(lambda: it.door.connections == 0)
        await assert_still_open(it)


async def test_a_defect_is_logged_and_answered(logs: list[Any]) -> None:
    async with house() as it:
        body = b'{"credential":{"kind":"card","text":"1"}}'
        status, _, refused = reply_of(await talk(it.door, http("POST", "/v1/balance", PLAIN, body)))
        assert (status, refused["code"], refused["retry"]) == (500, "E-INTERNAL", "same")
        assert "defect" not in json.dumps(refused)
        await assert_still_open(it)
    assert [line["event"] for line in logs] == ["request_failed"]
    logs.clear()
