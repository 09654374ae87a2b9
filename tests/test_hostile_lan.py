"""Somebody rude on the shop's network: told a code, or cut off; nobody else notices."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import mqtt5
import pytest
from mqtt5 import ConnAckReasonCode, DisconnectReasonCode
from multidict import CIMultiDict, CIMultiDictProxy

from drivers.codec import Close
from drivers.mqtt import Connection, Disconnected, Elsewhere, Message, TooSoon
from drivers.mqtt.framing import Broken
from edge.doors import http_guards as guards
from edge.doors.births import STATE_BYTES_MAX
from edge.rates import TokenBuckets
from tests.http_house import (
    LOGIN,
    assert_still_open,
    good,
    house,
    http,
    no_traceback,
    reply_of,
    talk,
)
from tests.mqtt_far import connected, far
from tests.mqtt_house import on_sockets
from tests.mqtt_kit import connect, endpoint, only, opened, packets, request, subscribe

PING = mqtt5.PingReqPacket().write()


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    with no_traceback(caplog) as seen:
        yield seen


# --- MQTT, the machine ----------------------------------------------------------------------------


@pytest.mark.parametrize("packet", [PING, request(packet_id=None), subscribe("x")])
def test_a_flood_of_packets_ends_the_connection(packet: bytes) -> None:
    connection = opened(endpoint(packets_per_second_max=10))
    outs = connection.receive(packet * 30, 0)
    assert packets(outs)[-1].reason_code == DisconnectReasonCode.MESSAGE_RATE_TOO_HIGH
    assert isinstance(outs[-1], Close)


def test_who_keeps_to_the_pace_is_never_sent_away() -> None:
    connection = opened(endpoint(packets_per_second_max=10))
    for second in range(1, 100):
        assert len(packets(connection.receive(PING * 10, second))) == 10


def test_who_guesses_is_told_to_wait() -> None:
    server = endpoint()
    connection = Connection(server, lambda name, password: TooSoon(7.2))
    connection.start(0)
    answer = only(connection.receive(connect(), 0))
    assert answer.reason_code == ConnAckReasonCode.CONNECTION_RATE_EXCEEDED
    assert "8 s" in answer.reason_str


def test_who_is_dismissed_loses_session_will_and_connection() -> None:
    server = endpoint()
    connection = opened(server, session_expiry_interval=60)
    why = Broken(DisconnectReasonCode.NOT_AUTHORIZED, "revoked")
    (out,) = server.dismiss("h1", why, 1)
    assert isinstance(out, Elsewhere)
    assert out.connection is connection
    assert only(out.outs).reason_code == DisconnectReasonCode.NOT_AUTHORIZED
    assert connection.receive(request(), 1) == []
    assert server.dismiss("h1", why, 1) == []
    assert server.wake_at is None


def test_nobody_takes_a_place_over_without_its_token() -> None:
    server = endpoint()
    connection = opened(server)
    thieves: list[dict[str, Any]] = [
        {"username": "h2", "client_id": "h1"},
        {"username": "h1", "password": b"guess"},
        {"username": None, "password": None},
    ]
    for thief in thieves:
        other = Connection(server)
        other.start(0)
        assert int(only(other.receive(connect(**thief), 0)).reason_code) >= 0x80
    assert packets(connection.receive(PING, 1)) == [mqtt5.PingRespPacket()]


def test_a_topic_alias_was_never_offered() -> None:
    connection = opened(endpoint())
    outs = connection.receive(request(topic_alias=1), 0)
    assert packets(outs)[-1].reason_code == DisconnectReasonCode.TOPIC_ALIAS_INVALID


# --- MQTT, the door -------------------------------------------------------------------------------


async def test_one_address_cannot_take_all_places() -> None:
    async with on_sockets(connections_per_address_max=3) as it:
        idle = [await asyncio.open_connection(*it.door.address) for _ in range(3)]
        reader, writer = await asyncio.open_connection(*it.door.address)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        end = far()
        await asyncio.get_running_loop().create_connection(
            lambda: end, *it.door.address, local_addr=("127.0.0.2", 0)
        )
        await connected(end)
        for _, one in [*idle, (reader, writer)]:
            one.close()
        end.transport.close()


async def test_half_a_connect_is_not_waited_for() -> None:
    async with on_sockets(connect_seconds_max=0.2) as it:
        for sent in (b"", connect()[:1], connect()[:-1]):
            reader, writer = await asyncio.open_connection(*it.door.address)
            writer.write(sent)
            async with asyncio.timeout(60):
                assert await reader.read() == b""
            writer.close()


async def test_a_flood_of_requests_is_refused_each_and_then_cut_off() -> None:
    async with on_sockets(requests_per_second_max=5) as it:
        end, other = far(), far("h2")
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: end, *it.door.address)
        await loop.create_connection(lambda: other, *it.door.address)
        await connected(end)
        await connected(other)
        for _ in range(3000):
            end.ask("quote", qos=0)
        async with asyncio.timeout(60):
            assert (await end.until(Disconnected)).code == 0x96
            other.ask("quote")
            assert json.loads((await other.answer()).payload)["operation"] == "quote"
        assert it.door.counts["E-RATE-LIMITED"] > 0
        assert len(it.desk.asked) < 100, "its burst, and what a slow machine is given meanwhile"
        other.transport.close()


async def test_what_a_terminal_says_of_itself_is_bounded() -> None:
    async with on_sockets() as it:
        end = far()
        await asyncio.get_running_loop().create_connection(lambda: end, *it.door.address)
        await connected(end)
        for size in (STATE_BYTES_MAX, STATE_BYTES_MAX + 1):
            end.publish(Message(topic=end.topics.state, payload=b"x" * size))
        end.ask("quote")
        await end.answer()
        assert len(it.door.states["h1"]) == STATE_BYTES_MAX
        assert it.door.counts["state_too_large"] == 1
        end.transport.close()


# --- HTTP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "code"), [(0, None), (119, None), (-119, None), (121, "E-STALE"), (-121, "E-STALE")]
)
def test_an_old_request_is_not_carried_out(age: int, code: str | None) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    headers = {"Date": format_datetime(now - timedelta(seconds=age), usegmt=True)}
    refused = guards.refuse_old(CIMultiDictProxy(CIMultiDict(headers)), _ms(now))
    assert (refused.code if refused else None) == code


@pytest.mark.parametrize("said", ["yesterday", "", "Sun, 99 Nov 2026 00:00:00 GMT"])
def test_a_date_that_is_none_is_refused(said: str) -> None:
    headers = CIMultiDictProxy(CIMultiDict({"Date": said}))
    refused = guards.refuse_old(headers, 0)
    assert refused is not None
    assert refused.code == "E-MALFORMED"
    assert guards.refuse_old(headers, None) is None  # our own clock may be wrong


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


async def test_strangers_are_slowed_down_and_the_till_is_not() -> None:
    async with house(requests_per_second_max=5) as it:
        stranger = http("GET", "/v1/health", {"Host": "localhost"})
        codes = await asyncio.gather(*(talk(it.door, stranger) for _ in range(60)))
        served = sum(code[9:12] == b"200" for code in codes)
        assert 10 <= served < 60
        assert {code[9:12] for code in codes} == {b"200", b"429"}
        await assert_still_open(it)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PUT", "DELETE", "BREW"])
@pytest.mark.parametrize("path", ["/v1/ask", "/v1/health", "/"])
async def test_no_other_method_does_anything(method: str, path: str) -> None:
    async with house() as it:
        answer = await talk(it.door, http(method, path, {"Host": "localhost", **LOGIN}))
        assert int(answer.split()[1]) in {400, 404, 405}
        assert it.desk.done == []
        await assert_still_open(it)


async def test_requests_in_a_row_are_answered_in_order() -> None:
    async with house() as it:
        head = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answers = await talk(it.door, head * 20 + good())
        assert answers.count(b"HTTP/1.1 200") == 21
        assert len(it.desk.done) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"}, {"Host": ""}, {"Host": "localhost@evil.example"},
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"}, {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer " + "x" * 5000}, {"X": "y" * 70_000},
    ],
    ids=lambda headers: next(iter(headers)),
)  # fmt: skip
async def test_a_foreign_page_or_name_gets_nothing(headers: dict[str, str]) -> None:
    async with house() as it:
        plain = {"Host": "localhost", "Content-Type": "application/json", **LOGIN}
        body = b'{"key":"01890a5d-ac96-774b-bcce-b302099a8057"}'
        status, _, said = reply_of(
            await talk(it.door, http("POST", "/v1/ask", plain | headers, body))
        )
        assert status in {400, 401, 403, 415, 421}
        assert said["fix"]
        assert it.desk.done == []
        await assert_still_open(it)


def test_watched_strangers_are_bounded() -> None:
    buckets = TokenBuckets(1, 1, watched_max=3)
    assert buckets.take("first", 0)
    assert not buckets.take("first", 0)
    assert all(buckets.take(number, 0) for number in range(3))
    assert len(buckets._buckets) == 3
    assert buckets.take("first", 0)  # forgotten, and so forgiven
