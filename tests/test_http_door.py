"""The HTTP door: what goes through, what its guards stop, and what a till sees of its lane."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from edge.doors.feeds import DROPPED, Feeds
from edge.rates import TokenBucket
from simulators.pc_pos import PcPos
from simulators.request_keys import new_key
from tests.http_house import (
    ASK,
    KEY,
    LOGIN,
    METRICS,
    PLAIN,
    TOKEN,
    assert_still_open,
    good,
    house,
    http,
    no_traceback,
    reply_of,
    talk,
    until,
)


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    with no_traceback(caplog) as seen:
        yield seen


# --- what goes through ----------------------------------------------------------------------------


async def test_a_request_goes_to_the_desk_with_its_key() -> None:
    async with house() as it:
        status, headers, body = reply_of(await talk(it.door, good(Idempotency_Key=f'"{KEY}"')))
        assert (status, body) == (200, {"key": KEY})
        assert headers["content-type"] == "application/json"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        assert it.desk.done == [("till-1", "ask", KEY)]


async def test_reads_have_their_own_addresses() -> None:
    async with house() as it:
        here = {"Host": "127.0.0.1:80"}
        known = await talk(it.door, http("GET", f"/v1/requests/{KEY}", here | LOGIN))
        assert reply_of(known)[2] == {"key": KEY, "state": "unknown"}
        health = await talk(it.door, http("GET", "/v1/health", here))
        assert reply_of(health)[2] == {"state": "selling"}
        metrics = await talk(it.door, http("GET", "/metrics", here | LOGIN))
        assert metrics.endswith(b"\r\n\r\n" + METRICS)
        assert it.desk.done == []


async def test_a_body_in_chunks_is_put_together() -> None:
    async with house() as it:
        head = good(b"", Transfer_Encoding="chunked")
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (ASK[:5], ASK[5:])) + b"0\r\n\r\n"
        assert reply_of(await talk(it.door, head + pieces))[0] == 200


# --- guards ---------------------------------------------------------------------------------------


def without(name: str) -> dict[str, str]:
    return {other: value for other, value in PLAIN.items() if other != name}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "/v1/ask", PLAIN | {"Host": "evil.example"}, 421, "E-HOST"),
        ("POST", "/v1/ask", PLAIN | {"Host": "evil.example:80"}, 421, "E-HOST"),
        ("GET", "/v1/health", {"Host": "evil.example"}, 421, "E-HOST"),
        ("POST", "/v1/ask", PLAIN | {"Origin": "http://evil.example"}, 403, "E-ORIGIN"),
        ("POST", "/v1/ask", PLAIN | {"Origin": "null"}, 403, "E-ORIGIN"),
        ("POST", "/v1/ask", PLAIN | {"Sec-Fetch-Site": "cross-site"}, 403, "E-ORIGIN"),
        ("GET", "/v1/health", {"Host": "localhost", "Origin": "http://a"}, 403, "E-ORIGIN"),
        ("POST", "/v1/ask", without("Authorization"), 401, "E-UNAUTHORIZED"),
        ("POST", "/v1/ask", PLAIN | {"Authorization": "Bearer till-1:no"}, 401, "E-UNAUTHORIZED"),
        ("POST", "/v1/ask", PLAIN | {"Authorization": "Bearer x:no"}, 401, "E-UNAUTHORIZED"),
        ("POST", "/v1/ask", PLAIN | {"Authorization": "Bearer"}, 401, "E-UNAUTHORIZED"),
        ("POST", "/v1/ask", PLAIN | {"Authorization": "Basic a:b"}, 401, "E-UNAUTHORIZED"),
        ("POST", "/v1/ask", PLAIN | {"Authorization": "Bearer \xff:é"}, 401, "E-UNAUTHORIZED"),
        ("POST", "/v1/health", without("Authorization"), 401, "E-UNAUTHORIZED"),
        ("GET", "/metrics", without("Authorization"), 401, "E-UNAUTHORIZED"),
        ("GET", "/nothing", without("Authorization"), 401, "E-UNAUTHORIZED"),
        ("POST", "/v1/ask", without("Content-Type"), 415, "E-NOT-JSON"),
        ("POST", "/v1/ask", PLAIN | {"Content-Type": "text/plain"}, 415, "E-NOT-JSON"),
        ("POST", "/v1/ask", PLAIN | {"Content-Type": "application/json; charset=gbk"}, 415,
         "E-NOT-JSON"),
        ("POST", "/v1/ask", PLAIN | {"Content-Encoding": "gzip"}, 415, "E-NOT-JSON"),
        ("PUT", "/v1/ask", PLAIN, 405, "E-METHOD"),
        ("POST", "/metrics", PLAIN, 405, "E-METHOD"),
        ("GET", "/v1/sell", PLAIN, 405, "E-METHOD"),
        ("GET", "/", PLAIN, 404, "E-NOT-FOUND"),
        ("GET", "/v1/requests/1", PLAIN, 404, "E-NOT-FOUND"),
        ("POST", "/v1/%61sk", PLAIN, 404, "E-NOT-FOUND"),
        ("POST", "/v1/sel", PLAIN, 404, "E-UNKNOWN-OPERATION"),
        ("GET", "/v1/lanes/lane-2/events", PLAIN, 403, "E-FORBIDDEN"),
    ],
)  # fmt: skip
async def test_guards(
    method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with house() as it:
        body = ASK if method == "POST" else b""
        got, said, refused = reply_of(await talk(it.door, http(method, path, headers, body)))
        assert (got, refused["code"], refused["status"]) == (status, code, status)
        assert refused["fix"]
        assert said["content-type"] == "application/problem+json"
        assert ("www-authenticate" in said) == (status == 401)
        assert ("allow" in said) == (status == 405)
        assert it.desk.done == []
        await assert_still_open(it)


async def test_charset_utf_8_may_be_said() -> None:
    async with house() as it:
        raw = good(Content_Type='application/json; charset="UTF-8"')
        assert reply_of(await talk(it.door, raw))[0] == 200


@pytest.mark.parametrize(
    ("headers", "lang"),
    [
        (LOGIN | {"Accept-Language": "zh"}, "en"),  # the terminal's own record comes first
        ({}, "zh"),
        ({"Accept-Language": "fr, en-GB;q=0.8, zh"}, "en"),
        ({"Accept-Language": "zh-CN,en"}, "zh"),
        ({"Accept-Language": "fr"}, "zh"),
    ],
)
async def test_refusals_speak_the_reader_s_language(headers: dict[str, str], lang: str) -> None:
    async with house() as it:
        raw = await talk(it.door, http("GET", "/nothing", {"Host": "localhost"} | headers))
        assert reply_of(raw)[2]["lang"] == lang


async def test_a_hasty_terminal_is_slowed_down() -> None:
    async with house(requests_per_second_max=1) as it:
        replies = [reply_of(await talk(it.door, good())) for _ in range(15)]
        slowed = [(headers, body) for status, headers, body in replies if status == 429]
        assert slowed
        assert slowed[0][0]["retry-after"] == "1"
        assert slowed[0][1]["retry"] == "same"
        assert len(it.desk.done) == len(replies) - len(slowed) > 0


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(rate_per_second=2, burst=3)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(10.5), bucket.take(10.5)] == [True, False]
    assert [bucket.take(99.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(50.0)


# --- what happens on a lane -----------------------------------------------------------------------


async def test_a_till_sees_what_happens_on_its_lane() -> None:
    async with house() as it, PcPos(it.url, "till-1", TOKEN) as till:
        events = till.lane_events("lane-1")
        first = asyncio.ensure_future(anext(events))
        await until(lambda: it.feeds.readers("lane-1") == 1)
        it.feeds.publish("lane-1", "scan", '{"code":"茶"}'.encode())
        it.feeds.publish("lane-2", "scan", b"{}")
        it.feeds.publish("lane-1", "price", b'{"total":5}')
        assert await first == ("scan", {"code": "茶"})
        assert await anext(events) == ("price", {"total": 5})
        await it.door.close()
        assert [event async for event in events] == []
        assert it.feeds.readers("lane-1") == 0


async def test_a_reader_that_falls_behind_is_told_and_dropped() -> None:
    feeds = Feeds(waiting_max=2)
    with feeds.subscribe("a") as slow, feeds.subscribe("a") as quick:
        for number in range(3):
            feeds.publish("a", "scan", b"%d" % number)
            assert await anext(quick) == ("scan", b"%d" % number)
        assert feeds.readers("a") == 1
        assert [event async for event in slow] == [("scan", b"0"), ("scan", b"1"), DROPPED]
    assert feeds.readers("a") == 0


async def test_a_watcher_that_hangs_up_is_forgotten() -> None:
    async with house() as it:
        watch = http("GET", "/v1/lanes/lane-1/events", PLAIN)
        reader, writer = await asyncio.open_connection(*it.door.address)
        writer.write(watch)
        await reader.readuntil(b"\r\n\r\n")
        assert it.feeds.readers("lane-1") == 1
        writer.close()
        await writer.wait_closed()
        await until(lambda: it.feeds.readers("lane-1") == 0)


# --- the simulated till ---------------------------------------------------------------------------


async def test_a_till_asks_with_the_same_key_until_it_is_answered() -> None:
    keys: list[str] = []
    unwell = [
        b"",
        b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\ngarbage",
    ]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        keys.append(
            next(line[17:] for line in head.split("\r\n") if line.startswith("Idempotency-"))
        )
        same = b'HTTP/1.1 409 No\r\nConnection: close\r\n\r\n{"retry":"same"}'
        told = json.dumps({"sale": 1, "key": keys[-1]}).encode()
        done = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + told
        writer.write(unwell.pop(0) if unwell else same if len(keys) == 4 else done)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, PcPos(f"http://127.0.0.1:{port}", "t", "x", delay_seconds_max=0.05) as till:
        assert await till.request("sell", {}) == {"sale": 1, "key": keys[0]}
    assert len(keys) == 5
    assert len(set(keys)) == 1


async def test_a_till_s_key_is_one_the_box_takes() -> None:
    async with house() as it, PcPos(it.url, "till-1", TOKEN) as till:
        assert await till.request("ask", {"key": (key := new_key())}) == {"key": key}
        assert (await till.known(key) or {})["state"] == "unknown"


async def test_a_stranger_cannot_watch() -> None:
    async with house() as it, PcPos(it.url, "till-1", "wrong") as till:
        with pytest.raises(aiohttp.ClientResponseError):
            await anext(till.lane_events("lane-1"))
