"""Two hundred secrets are pushed through every door of a real box; none comes out in what it says.

What the box says is its log, its metrics and its health; what it keeps is its pages and all files.
"""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import structlog

from cloud_bridge.contract import CloudProblem, Enrolled
from drivers import terminal as words
from drivers.events import Fault, Scan
from drivers.lines_scanner import DRIVER, Settings
from edge import logs
from edge.config import Config
from simulators.cloud.twin import Reply
from tests.http_house import good, http, reply_of, talk
from tests.mqtt_kit import connect
from tests.stand import Stand, stand
from tests.test_desk import LATTE, key
from tests.test_sealed import on_disk, with_key

EACH = 40


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def _canaries() -> dict[str, list[str]]:
    luck = Random(11)
    surnames, given = "欧阳上官司徒诸葛皇甫尉迟", "晓明婉清若曦子墨浩然雨桐"
    return {
        "name": [
            f"{luck.choice(surnames)}{luck.choice(given)}{luck.choice(given)}甲{n:02d}乙"
            if n % 2
            else f"Zebedee Quill{n:02d}worth"
            for n in range(EACH)
        ],
        "phone": [f"139{luck.randrange(10**8):08d}" for _ in range(EACH)],
        "token": [f"tok-{luck.randbytes(12).hex()}" for _ in range(EACH)],
        "pin": [f"{luck.randrange(10**9, 10**10)}" for _ in range(EACH)],
        "pan": [_luhn(f"622848{luck.randrange(10**9):09d}") for _ in range(EACH)],
    }


CANARIES = _canaries()
ALL = [secret for secrets in CANARIES.values() for secret in secrets]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Everything that is logged in this process, as the daemon writes it."""
    out, root = io.StringIO(), logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers[:], root.level
    logs.configure(structlog.PrintLoggerFactory(out))
    structlog.configure(cache_logger_on_first_use=False)
    yield out
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def leaked(text: str, secrets: list[str] = ALL) -> list[str]:
    return [secret for secret in secrets if secret in text]


def test_there_are_two_hundred() -> None:
    assert len(set(ALL)) == len(ALL) == 200
    assert leaked(f"x{ALL[7]}y") == [ALL[7]], "the search finds what is there"


# --- the doors ------------------------------------------------------------------------------------


def bodies(secret: str) -> Iterator[tuple[str, dict[str, Any] | bytes]]:
    """Yield requests that carry a secret wherever one can be put."""
    who = [{"kind": kind, "text": secret} for kind in ("phone", "card", "code")]
    for person in who:
        yield "identify", {"credential": person}
        yield "balance", {"credential": person}
        yield "quote", {"lines": LATTE, "member": person}
    yield "quote", {"lines": [{"code": secret, "quantity": "1"}]}
    yield "quote", {"lines": [{"code": LATTE[0]["code"], "quantity": secret}]}
    yield "quote", {"lines": LATTE, "member": secret}
    yield "quote", {"lines": LATTE, secret: 1}
    yield "ask", {"key": secret}
    yield "identify", f'{{"credential": "{secret}'.encode()
    yield "identify", secret.encode()


async def through_http(shop: Stand, secret: str) -> None:
    door, token = shop.box.http, shop.premises.tokens["pos-1"]
    login = {"Authorization": f"Bearer pos-1:{token}"}
    plain = {"Host": "localhost", "Content-Type": "application/json"}
    turn = ALL.index(secret)
    for operation, body in [*bodies(secret)][turn % 4 :: 4]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = http("POST", f"/v1/{operation}", {**plain, **login}, raw)
        assert reply_of(await talk(door, sent))[0] in range(400, 500)
    if not secret.isascii():
        return
    word = secret.replace(" ", "-")
    for asked in [
        http("GET", f"/v1/requests/{word}", {**plain, **login}),
        http("GET", f"/{word}?phone={word}", {**plain, **login}),
        http("GET", "/v1/health", {**plain, "Authorization": f"Bearer pos-1:{word}"}),
        http("GET", "/v1/health", {**plain, "Authorization": word, "Host": word}),
        good(b"{}", Idempotency_Key=word, **login),
        f"{word} {word} {word}\r\n\r\n".encode(),
    ][turn % 3 :: 3]:
        await talk(door, asked)


async def through_mqtt(shop: Stand, secret: str) -> None:
    reader, writer = await asyncio.open_connection(*shop.box.mqtt.address)
    writer.write(connect(client_id=secret, username=secret, password=secret.encode()))
    writer.write(secret.encode())
    writer.write_eof()
    await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def through_the_scanner(shop: Stand, secret: str) -> None:
    for text in (secret, f"C:{secret}", f"2900{secret}", f"EDGE:{secret}", f"01{secret}"):
        shop.box._hear("scanner-1", Scan(text, ""))
        shop.box._hear("scanner-1", Scan(text, "E0"))
    codec = DRIVER.codec(Settings(aim=True, prefix="02"))
    for frame in (f"{secret}\r", f"\x02{secret}\r", f"\x02]E0\x01{secret}\r", secret * 99):
        for event in codec.receive(frame.encode(), 0.0):
            if isinstance(event, Scan | Fault):
                shop.box._hear("scanner-1", event)


async def sold(shop: Stand, number: int, secrets: dict[str, str]) -> None:
    """Sell, and be refused, with secrets where people type them."""
    person = {"kind": "phone", "text": secrets["phone"]}
    for offset, (lines, member) in enumerate(
        [
            (LATTE, None),
            (LATTE, person),
            ([{"code": secrets["phone"], "quantity": "1"}], None),
            ([{"code": secrets["name"], "quantity": "1"}], None),
        ]
    ):
        body = {
            "key": key(number * 10 + offset), "cashier": "anna", "lines": lines, "member": member,
            "quote": "0" * 64, "expected_total": 1,
            "tenders": [{"kind": "cash", "amount": 1}],
        }  # fmt: skip
        assert (await shop.ask("sell", body))["status"] >= 400


# --- mistakes -------------------------------------------------------------------------------------


async def with_mistakes(shop: Stand, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the box's own parts fail, with the secret in what they say."""

    def fails(*_: object, **__: object) -> None:
        try:
            raise KeyError(secret)
        except KeyError as error:
            raise ValueError(f"cannot make anything of {secret}") from error

    with monkeypatch.context() as broken:
        broken.setattr(shop.box._counter, "identify", fails)
        broken.setattr(shop.box._counter, "closed", fails)
        token = shop.premises.tokens["pos-1"]
        body = json.dumps({"credential": {"kind": "phone", "text": secret}}).encode()
        sent = http(
            "POST", "/v1/identify",
            {
                "Host": "localhost", "Content-Type": "application/json",
                "Authorization": f"Bearer pos-1:{token}",
            },
            body,
        )  # fmt: skip
        assert reply_of(await talk(shop.box.http, sent))[2]["code"] == "E-INTERNAL"
        shop.box._hear("scanner-1", Scan(secret, ""))
    logging.getLogger("aiohttp.server").error("cannot serve %s", secret)
    logs.on_loop(
        asyncio.get_running_loop(),
        {"message": f"nobody caught {secret}", "exception": ValueError(secret)},
    )


def tactless(secret: str) -> list[Reply]:
    """Return what a cloud may say that tells whatever it knows of people."""
    media = {"Content-Type": "application/json"}
    told = CloudProblem(code="bad-auth", status=401, title=f"no box of {secret}")
    worse = msgspec.structs.replace(told, code=secret)
    change = {"type": "member", "id": "m", "display": "x", "status": secret}
    page = {"changes": [change], "cursor": "1", "more": False, "price_book": 1}
    return [
        Reply(401, media, msgspec.json.encode(told)),
        Reply(401, media, msgspec.json.encode(worse)),
        Reply(200, media, msgspec.json.encode(page)),
        Reply(200, media, secret.encode()),
        Reply(200, {"Content-Type": secret.encode().hex()}, secret.encode()),
    ]


async def from_the_cloud(shop: Stand, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = shop.box.cloud.bridge
    assert bridge is not None
    for reply in tactless(secret):

        async def carry(*_: object, reply: Reply = reply) -> Reply:
            return reply

        with monkeypatch.context() as changed:
            changed.setattr(shop.weather, "carry", carry)
            for answer in (await bridge._changes(), await bridge._bundle()):
                assert not isinstance(answer, float)
                bridge._trouble(answer)


def impatient(config: Config) -> Config:
    cloud = msgspec.structs.replace(with_key(config).cloud, retry_seconds_max=60.0)
    http = msgspec.structs.replace(
        config.http, listen="127.0.0.1:0", requests_per_second_max=100_000
    )
    mqtt = msgspec.structs.replace(config.mqtt, listen="127.0.0.1:0")
    return msgspec.structs.replace(config, cloud=cloud, http=http, mqtt=mqtt)


# --- the test -------------------------------------------------------------------------------------


async def test_none_of_them_is_ever_said_or_kept(
    tmp_path: Path, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand(
        tmp_path, adjust=impatient, scanner_url="/dev/null/none", interval_seconds=86_400
    ) as shop:
        await shop.box.http.open()
        await shop.box.mqtt.open()
        try:
            for number in range(EACH):
                secrets = {kind: CANARIES[kind][number] for kind in CANARIES}
                await shop.box.errands.enrolments.keep(
                    Enrolled(name=secrets["name"], phone=secrets["phone"], note=secrets["pin"])
                )
                await sold(shop, number, secrets)
                for turn, secret in enumerate(secrets.values(), number):
                    await through_http(shop, secret)
                    if turn % 2:
                        await through_mqtt(shop, secret)
                    await through_the_scanner(shop, secret)
                    await with_mistakes(shop, secret, monkeypatch)
                    await from_the_cloud(shop, secret, monkeypatch)
            shown = shop.box._metrics().decode() + words.encode(shop.box.health()).decode()
            pages = shop.box.journal.after(0, 10_000)
        finally:
            await asyncio.gather(shop.box.http.close(), shop.box.mqtt.close())
    log = said.getvalue()
    assert log.count('"ValueError"') > EACH, "the mistakes were logged"
    assert "cloud_trouble" in log
    assert "device_fault" in log
    assert not leaked(log)
    assert not leaked(shown)
    kept = b"".join(page.body + page.answer + page.content.encode() for page in pages)
    assert not leaked(kept.decode("utf-8", "replace"))
    assert not leaked(on_disk(tmp_path).decode("utf-8", "replace"))


def test_what_holds_a_secret_does_not_show_it() -> None:
    for secret in ALL:
        credential = words.Credential(kind="phone", text=secret)
        identify = words.Identify(credential=credential)
        told = Enrolled(name=secret, phone=secret, address=secret)
        assert not leaked(f"{credential!r} {identify!r} {told!r} {told}")


def test_somebody_elses_reason_is_made_plain() -> None:
    assert logs.plain("401 bad-auth") == "401 bad-auth"
    assert logs.plain("Invalid enum value 'Ann' at `$.x`") == "Invalid enum value ? at `$.x`"
    assert logs.plain('call 13912345678 or 王晓明 of "Tea"') == "call ? or ? of ?"
    assert logs.plain("401 tok-77ab0c12 a1") == "401 ? a1"
    assert len(logs.plain("x" * 999)) == logs.REASON_MAX
