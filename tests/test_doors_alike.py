"""Both doors of one real box: the same terminal, the same bytes, and the same no to the same junk.

And the wires beside them: what is rude at MQTT or garbled on a lane's scanner loses nothing.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers.lines_scanner import Settings
from drivers.mqtt import Acknowledged, Disconnected, Message, Rejected
from edge.verify import verify
from simulators import demo_data
from simulators.handheld import Handheld
from simulators.lines_scanner import ScannerOnPty
from simulators.pc_pos import PcPos
from simulators.request_keys import new_key
from tests.http_house import no_traceback
from tests.mqtt_far import STORE, Far, connected
from tests.mqtt_kit import publish
from tests.shopfront import PACKET_BYTES_MAX, Said, Shopfront, open_shop, unhurried
from tests.stand import until

LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]
SILVER = {"kind": "card", "text": demo_data.card_number(1)}
QUOTE = json.dumps({"lines": LATTE}).encode()


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    with no_traceback(caplog) as seen:
        yield seen


def encode(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def books(folder: Path) -> tuple[bool, int]:
    """Return whether the books agree, and how many sales are in them."""
    report = verify(folder / "state" / "journal.db")
    return report.books_agree, report.sales


# --- the same terminal, the same bytes ------------------------------------------------------------


async def test_one_terminal_is_at_home_at_both_doors(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as front:
        token, key = front.shop.premises.tokens["pos-1"], new_key()
        sale = await front.shop.sale(key, LATTE, SILVER)
        host, port = front.box.http.address
        async with (
            Handheld(*front.box.mqtt.address, STORE, "pos-1", token) as handheld,
            PcPos(f"http://{host}:{port}", "pos-1", token) as till,
        ):
            sold = await handheld.request("sell", sale, key=key)
            assert sold["total"] == 1280
            assert await till.request("sell", sale, key=key) == sold
            fate = await till.request("ask", {"key": key})
            assert (fate["fate"], fate["answer"]) == ("done", sold)
            assert await handheld.request("ask", {"key": key}) == fate
            assert (await till.known(key) or {})["answer"] == sold
    assert books(tmp_path) == (True, 1)


async def test_one_key_has_one_answer_byte_for_byte_through_both_doors(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as front, front.at_mqtt() as end:
        for number, changes in enumerate(({}, {"tenders": [{"kind": "cash", "amount": 1}]})):
            sale = encode(await front.shop.sale(new_key(), LATTE, SILVER, **changes))
            at_once = await asyncio.gather(
                front.over_http("pos-1", "sell", sale),
                front.over_mqtt(end, "sell", sale),
                front.over_http("pos-1", "sell", sale),
            )
            assert {*at_once} == {await front.over_both(end, "sell", sale)}
            assert at_once[0].content.get("code") == (None, "E-TENDER-SHORT")[number]
            other = encode({**json.loads(sale), "cashier": "bob"})
            reused = await front.over_both(end, "sell", other)
            assert reused.content["code"] == "E-KEY-REUSED"
            asked = await front.over_both(end, "ask", encode({"key": json.loads(sale)["key"]}))
            assert encode(asked.content["answer"]) == encode(at_once[0].content)
    assert books(tmp_path) == (True, 1)


READS: list[tuple[str, dict[str, Any], str | None]] = [
    ("quote", {"lines": LATTE, "member": SILVER}, None),
    ("quote", {"lines": [{"code": "apples", "quantity": "0.435"}, *LATTE * 3]}, None),
    ("quote", {"lines": [{"code": "没有"}]}, "E-UNKNOWN-PRODUCT"),
    ("quote", {"lines": [{"code": demo_data.ean(1), "unit_price": 1}]}, "E-OWN-PRICE"),
    ("identify", {"credential": SILVER}, None),
    ("identify", {"credential": {"kind": "phone", "text": "13900000000"}}, "E-UNKNOWN-MEMBER"),
    ("balance", {"credential": SILVER}, None),
    ("balance", {"credential": {"kind": "code", "text": "C:spring"}}, "E-NOT-A-CREDENTIAL"),
    ("health", {}, None),
]


async def test_reads_of_the_same_sequence_are_the_same_bytes(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as front, front.at_mqtt() as end:
        await front.over_mqtt(end, "sell", encode(await front.shop.sale(new_key(), LATTE, SILVER)))
        sequence = await front.settled()
        for operation, body, code in READS:
            said = await front.over_both(end, operation, encode(body))
            assert said.content.get("code") == code
            assert said.content.get("as_of", {}).get("sequence", sequence) == sequence
        assert await front.settled() == sequence, "who only asks writes nothing"


# --- the same no to the same junk -----------------------------------------------------------------

Rotten = tuple[str, bytes, str, str]
"""An operation, a payload, the code it is refused with, and what the refusal must mention."""


def rotten(sale: dict[str, Any]) -> Iterator[Rotten]:
    """Yield a good sale, spoilt in every way we know; none of them may ever be a sale."""
    good = encode(sale)
    key, total = sale["key"], b'"expected_total": %d' % sale["expected_total"]

    def changed(**fields: Any) -> bytes:
        return encode({**sale, **fields})

    def spelled(old: bytes, new: bytes) -> bytes:
        assert good.count(old) == 1
        return good.replace(old, new)

    for payload in (
        b"", b"\0", b"[]", b"null", b"{}", b"[1, 2]", b'"sell"', good[:-1], good + good,
    ):  # fmt: skip
        yield "sell", payload, "E-MALFORMED", ""
    for payload in (good.decode().encode("utf-16"), spelled(b"anna", b"\xff"),
                    spelled(b"anna", b"\xed\xa0\x80")):  # fmt: skip
        yield "sell", payload, "E-MALFORMED", "UTF-8"
    yield "sell", b"\xef\xbb\xbf" + good, "E-MALFORMED", "JSON"
    yield "sell", spelled(b"anna", b"\\ud800"), "E-MALFORMED", "surrogate"
    for number in (b"NaN", b"-Infinity", b"1e400", b"18.5", b"1800.0"):
        yield "sell", spelled(total, b'"expected_total": ' + number), "E-MALFORMED", "不是整数"
    for number in (b"9007199254740993", b"9" * 60_000):
        yield "sell", spelled(total, b'"expected_total": ' + number), "E-MALFORMED", "数值超过"
    yield "sell", spelled(total, total + b", " + total), "E-MALFORMED", "出现了两次"
    for field, value in (
        ("expected_total", "1800"), ("expected_total", True), ("expected_total", None),
        ("expected_total", -1), ("cashier", 7), ("cashier", ""), ("cashier", "a\x1bm"),
        ("lines", {}), ("lines", []), ("lines", LATTE * 501), ("lines", [LATTE]),
        ("tenders", [{"kind": "shells", "amount": 1}]), ("member", "m0001"), ("quote", "0"),
        ("key", key.upper()), ("key", key + "\n"), ("key", f"{key[:14]}4{key[15:]}"),
        ("key", "1"), ("key", 1), ("key", None),
    ):  # fmt: skip
        yield "sell", changed(**{field: value}), "E-MALFORMED", f"$.{field}"
    for quantity in (2, None, "1e3", "-1", " 1", "٣", "0.0001", "1000000", "NaN"):
        lines = [*LATTE, {**LATTE[0], "quantity": quantity}]
        yield "sell", changed(lines=lines), "E-MALFORMED", "$.lines[1].quantity"
    yield "sell", changed(cashire="bob"), "E-UNKNOWN-FIELD", "cashier"
    yield "sell", changed(lines=[{**LATTE[0], "qty": "2"}]), "E-UNKNOWN-FIELD", "quantity"
    yield from crowds(good, sale)
    yield "sel", good, "E-UNKNOWN-OPERATION", "sell"
    yield "sell2", good, "E-UNKNOWN-OPERATION", "sell"


def crowds(good: bytes, sale: dict[str, Any]) -> Iterator[Rotten]:
    """Yield what is merely too much: too many names, too deep, too large."""
    names = b"{" + b",".join(b'"%04x":1' % number for number in range(7_000)) + b"}"
    yield "sell", names, "E-UNKNOWN-FIELD", "0000"
    yield "sell", b"{" + b'"":1,' * 13_000 + b'"":1}', "E-MALFORMED", ""
    yield "sell", b"[" * 65_536, "E-TOO-DEEP", "8"
    yield "sell", b'{"a":' * 13_000, "E-TOO-DEEP", "8"
    yield "sell", encode({**sale, "cashier": [[[[[[[[1]]]]]]]]}), "E-TOO-DEEP", "8"
    yield "sell", good.ljust(65_537), "E-TOO-LARGE", "65536"


async def test_junk_is_refused_alike_at_both_doors_and_loses_nothing(tmp_path: Path) -> None:
    async with open_shop(tmp_path, adjust=unhurried) as front, front.at_mqtt() as end:
        sale = await front.shop.sale(new_key(), LATTE, SILVER)
        good = await front.over_both(end, "quote", QUOTE)
        sequence = await front.settled()
        head = front.box.journal.head
        for operation, payload, code, hint in rotten(sale):
            said = await front.over_both(end, operation, payload)
            assert_is_refusal(said, code, hint)
            assert front.box.journal.head == head, payload[:200]
            assert await front.over_both(end, "quote", QUOTE) == good
        assert await front.settled() == sequence
        sold = await front.over_both(end, "sell", encode(sale))
        assert sold.content["total"] == 1280, "the key was free all the while"
    assert books(tmp_path) == (True, 1)


def assert_is_refusal(said: Said, code: str, hint: str) -> None:
    problem = said.content
    assert (said.media, problem["code"]) == ("application/problem+json", code)
    assert (problem["retry"], problem["lang"]) == ("never", "zh")
    assert problem["fix"]
    assert hint in problem["detail"] + problem["fix"]
    assert len(said.body) < 1000, "a stranger's text is not echoed at length"


# --- rude at the MQTT door ------------------------------------------------------------------------

OWN = f"edge/v1/{STORE}/pos-1"
NOT_AUTHORIZED, TOPIC_NAME_INVALID, PACKET_TOO_LARGE, SHARED_NOT_SUPPORTED = 0x87, 0x90, 0x95, 0x9E

FOREIGN_TOPICS = (
    f"edge/v1/{STORE}/handheld-1/req/sell",
    f"edge/v1/{STORE}/handheld-1/rsp/sell",
    f"edge/v1/{STORE}/handheld-1/state",
    f"edge/v1/{STORE}/box/req/sell",
    f"edge/v1/{STORE}/box/state",
    "edge/v1/s2/pos-1/req/sell",
    "$SYS/broker/clients",
    f"{OWN}/rsp/sell",
    f"{OWN}/req/sell/more",
    f"{OWN}/req/",
    f"/{OWN}/req/sell",
    f"{OWN}/req/SELL",
    f"edge/v1/{STORE}/POS-1/req/sell",
)
FOREIGN_FILTERS = {
    "#": NOT_AUTHORIZED,
    "+/+/+/+/rsp/+": NOT_AUTHORIZED,
    f"edge/v1/{STORE}/+/rsp/+": NOT_AUTHORIZED,
    f"edge/v1/{STORE}/handheld-1/#": NOT_AUTHORIZED,
    "edge/v1/s2/pos-1/rsp/+": NOT_AUTHORIZED,
    "$SYS/#": NOT_AUTHORIZED,
    f"$share/all/{OWN}/rsp/+": SHARED_NOT_SUPPORTED,
}
REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"response_topic": None}, "E-TOPIC"),
    ({"response_topic": f"edge/v1/{STORE}/handheld-1/rsp/sell"}, "E-TOPIC"),
    ({"response_topic": f"edge/v1/{STORE}/box/state"}, "E-TOPIC"),
    ({"response_topic": f"{OWN}/req/sell"}, "E-TOPIC"),
    ({"retain": True}, "E-STALE"),
    ({"qos": 0, "expires_at": 0.0}, "E-STALE"),
)


async def sells(front: Shopfront, end: Far) -> None:
    """A terminal sells, and the sale is the only fact that comes of it all."""
    before = await front.settled()
    sale = encode(await front.shop.sale(new_key(), LATTE))
    assert (await front.over_mqtt(end, "sell", sale)).content["total"] == 1800
    kinds = [page.kind for page in front.box.journal.after(before, 10)]
    assert [kind for kind in kinds if kind != "day_opened.v1"] == ["sale.v1"]


async def undisturbed(front: Shopfront, other: Far) -> None:
    """A terminal has heard nothing, and is answered on the connection it always had."""
    assert other.events.empty()
    assert "quote" in (await front.over_mqtt(other, "quote", QUOTE)).content
    assert other.events.empty()


async def test_foreign_topics_are_denied_and_nothing_comes_of_them(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as front, front.at_mqtt("handheld-1") as other:
        await connected(other)
        async with front.at_mqtt() as end:
            await connected(end)
            sale = encode(await front.shop.sale(new_key(), LATTE))
            response = end.topics.response("sell")
            for topic in FOREIGN_TOPICS:
                sent = Message(topic=topic, payload=sale, response_topic=response)
                end.publish(sent)
                assert await end.events.get() == Acknowledged(NOT_AUTHORIZED, sent), topic
                await sells(front, end)
                await undisturbed(front, other)
        assert front.box.mqtt.states == {}


async def test_requests_that_cannot_be_answered_or_came_late_are_refused(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as front, front.at_mqtt("handheld-1") as other:
        await connected(other)
        async with front.at_mqtt() as end:
            sale = encode(await front.shop.sale(new_key(), LATTE))
            for how, code in REFUSED:
                end.ask("sell", sale, correlation=b"c", **how)
                answer = await end.answer()
                assert (answer.topic, answer.correlation) == (f"{OWN}/rsp/sell", b"c")
                refused = json.loads(answer.payload)
                assert (refused["code"], bool(refused["fix"])) == (code, True)
                await sells(front, end)
                await undisturbed(front, other)


async def test_who_breaks_the_protocol_is_cut_off_and_welcome_again(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as front, front.at_mqtt("handheld-1") as other:
        await connected(other)
        sale = encode(await front.shop.sale(new_key(), LATTE))
        own = f"{OWN}/req/sell"
        for packet, code in (
            (publish(f"{OWN}/req/!", sale).replace(b"!", b"+"), TOPIC_NAME_INVALID),
            (publish(f"{OWN}/req/!", sale).replace(b"!", b"#"), TOPIC_NAME_INVALID),
            (publish(own.replace("pos-1", "!"), sale).replace(b"!", b"+"), TOPIC_NAME_INVALID),
            (publish(own, sale.ljust(PACKET_BYTES_MAX)), PACKET_TOO_LARGE),
        ):
            async with front.at_mqtt() as end:
                await connected(end)
                end.transport.write(packet)
                assert (await end.until(Disconnected)).code == code
                await end.lost.wait()
            async with front.at_mqtt() as end:
                await sells(front, end)
            await undisturbed(front, other)


async def test_nobody_reads_what_is_not_theirs(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as front, front.at_mqtt("handheld-1") as other:
        await connected(other)
        for pattern, code in FOREIGN_FILTERS.items():
            async with front.at_mqtt(subscriptions=(pattern,)) as end:
                assert (await end.until(Rejected)).code == code, pattern
            async with front.at_mqtt() as end:
                await sells(front, end)
            await undisturbed(front, other)


# --- garbled on a lane's scanner ------------------------------------------------------------------

MISREAD, MISREAD_CARD = (
    code[:-1] + str((int(code[-1]) + 1) % 10)
    for code in (demo_data.ean(1), demo_data.card_number(1))
)
EXPIRED = f"010{demo_data.ean(1)}17200101"
GARBLED = (
    Random(1).randbytes(400) + b"\r",
    b"\0\0\0\r",
    b"]E0" + b"9" * 600 + b"\r",
    b"]E0" + b"9" * 5_000 + demo_data.ean(1).encode() + b"\r",
    b"]E0" + demo_data.ean(1).encode().replace(b"7", b"\x07", 1) + b"\r",
    b"]E0\xff\xfe" + demo_data.ean(1).encode() + b"\r",
    b"E0" + demo_data.ean(1).encode() + b"\r",
    b"]E0\r",
    b"EDGE:PAY:CASH\r",
)
DECLINED = (
    ("C:spring", "C0", "E-COUPON-REFUSED"),
    (MISREAD, "E0", "E-UNKNOWN-PRODUCT"),
    (MISREAD_CARD, "E0", "E-UNKNOWN-PRODUCT"),
    (demo_data.ean(999), "E0", "E-UNKNOWN-PRODUCT"),
    (demo_data.ean(1)[:8], "E0", "E-UNKNOWN-PRODUCT"),
    (demo_data.card_number(999), "E0", "E-UNKNOWN-MEMBER"),
    (EXPIRED, "C1", "E-EXPIRED-GOODS"),
    ("01", "C1", "E-UNKNOWN-PRODUCT"),
    ("edge:pay:cash", "C0", "E-UNKNOWN-PRODUCT"),
    ("EDGE:PAY:CASH:-1", "C0", "E-UNKNOWN-PRODUCT"),
    ("EDGE:PAY:CASH:1", "C0", "E-TENDER-SHORT"),
    ("EDGE:PAY:CASH:12345670", "C0", "E-CHANGE-OVER"),
)


async def test_a_garbled_scanner_sells_nothing_and_loses_nothing(
    tmp_path: Path, logs: list[Any]
) -> None:
    port = tmp_path / "scanner"

    async with (
        ScannerOnPty(port, Settings(aim=True)) as scanner,
        open_shop(tmp_path, scanner_url=str(port)) as front,
    ):
        await until(lambda: front.box.health().devices == {"scanner-1": "ready"})
        with front.box.feeds.subscribe("lane-1") as feed:

            async def scanned(text: str, symbology: str) -> tuple[str, dict[str, Any]]:
                scanner.scan(text, symbology)
                kind, told = await anext(feed)
                assert (await scanner.beeps.get()).good == (kind != "declined")
                return kind, json.loads(told)

            async def faulted(line: bytes) -> None:
                before = len(logs)
                scanner.send(line)
                await until(lambda: "device_fault" in [said["event"] for said in logs[before:]])

            kind, told = await scanned("EDGE:PAY:CASH", "C0")
            assert (kind, told["code"]) == ("declined", "E-EMPTY-BASKET")
            assert (await scanned(demo_data.ean(1), "E0"))[0] == "shown"
            sequence = await front.settled()
            for line in GARBLED:
                await faulted(line)
            for text, symbology, code in DECLINED:
                kind, told = await scanned(text, symbology)
                assert (kind, told["code"], bool(told["fix"])) == ("declined", code, True)
            assert await front.settled() == sequence
            kind, sold = await scanned("EDGE:PAY:CASH", "C0")
            assert (kind, sold["total"]) == ("sold", 1800), "the basket was kept through it all"
    assert books(tmp_path) == (True, 1)
