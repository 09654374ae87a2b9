"""A real mosquitto between terminals and box: safe, or nothing is sold through it."""

import asyncio
import base64
import contextlib
import json
import re
import ssl
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import uvloop

from drivers.mqtt import Acknowledged, Arrived, Message
from edge.access.passwords import broker_hash
from edge.certificates import CA_FILE, Authority
from edge.config import Config, load
from simulators import demo_data
from simulators.handheld import Handheld
from tests.gate import HANDHELD, PC_POS, Gate, gate
from tests.mosquitto import Mosquitto
from tests.mqtt_far import far
from tests.owner import edgebox
from tests.stand import until
from tests.test_desk_rude import key

TEA = [{"code": demo_data.ean(3), "quantity": "1"}]
KILLS = 5
HOSTS = ("localhost", "127.0.0.1")


@contextlib.asynccontextmanager
async def store(
    folder: Path, *changes: tuple[str, str], tls: bool = False
) -> AsyncIterator[tuple[Gate, Mosquitto]]:
    """A box and its broker, in whose configuration a careless owner made `changes`."""
    broker = Mosquitto(folder, tls=folder / "tls" if tls else None)

    def adjust(config: Config) -> Config:
        config_path = folder / "store.toml"
        give_hashes(folder, config_path)
        if tls:
            Authority.create(folder / "tls", "s1", HOSTS).issue(HOSTS, datetime.now(UTC))
            text = config_path.read_text().replace("[secrets]", '[secrets]\ntls_folder = "tls"')
            config_path.write_text(text)
        said = edgebox(
            "broker", "config", "--dir", broker.folder, "--listen", f"127.0.0.1:{broker.port}",
            "--config", config_path,
        )  # fmt: skip
        assert said.exit_code == 0, said.output
        return broker.adjust(config, requests_per_second_max=1000)

    async with gate(folder, adjust) as it:
        for old, new in changes:
            broker.change(old, new)
        await broker.start()
        try:
            yield it, broker
        finally:
            await broker.kill()


def give_hashes(folder: Path, config_path: Path) -> None:
    """Put each terminal's hash for the broker into the configuration."""
    config, text = load(config_path), config_path.read_text()
    for name, terminal in config.terminals.items():
        token = (folder / "secrets" / f"{name}.token").read_text()
        line = f'token_sha256 = "{terminal.token_sha256}"'
        text = text.replace(line, f'{line}\nbroker_hash = "{broker_hash(token, b"s" * 12)}"')
    config_path.write_text(text)


async def up(it: Gate) -> None:
    """Wait until the broker is proven."""
    assert it.box.doors.broker is not None
    door = it.box.doors.broker
    await until(lambda: door.state == "up")


def handheld(it: Gate, broker: Mosquitto, name: str = HANDHELD) -> Handheld:
    return Handheld("127.0.0.1", broker.port, "s1", name, it.token(name), ask_again_seconds=0.5)


async def sale(it: Handheld, number: int) -> dict[str, Any]:
    """Sell a tea over the broker, whatever happens to it meanwhile."""
    quoted = await it.request("quote", {"lines": TEA}, timeout=60)
    wanted = {
        "cashier": "anna", "lines": TEA, "quote": quoted["quote"],
        "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": quoted["total"]}],
    }  # fmt: skip
    return await it.request("sell", wanted, key=key(number), timeout=60)


def sold(it: Gate) -> int:
    return sum(page.kind == "sale.v1" for page in it.box.journal.after(0, 100_000))


async def test_a_broker_killed_under_load_doubles_and_loses_nothing(tmp_path: Path) -> None:
    async with store(tmp_path) as (it, broker):
        async with handheld(it, broker) as one, handheld(it, broker, PC_POS) as other:
            done: list[dict[str, Any]] = []

            async def sell_all(till: Handheld, first: int) -> None:
                for number in range(first, first + 15):
                    answer = await sale(till, number)
                    done.append(answer)

            selling = asyncio.gather(sell_all(one, 100), sell_all(other, 200))
            for kill in range(KILLS):
                await until(lambda kill=kill: len(done) >= kill * 5 + 2)  # type: ignore[misc]
                await broker.kill()
                await broker.start()
            await selling
        assert len({answer["receipt"] for answer in done}) == 30
        assert sold(it) == 30


async def test_an_old_client_is_answered_on_a_plain_topic(tmp_path: Path) -> None:
    async with store(tmp_path) as (it, broker):
        await up(it)
        async with aiomqtt.Client(
            "127.0.0.1", broker.port, username=HANDHELD, password=it.token(HANDHELD),
            protocol=aiomqtt.ProtocolVersion.V311,
        ) as client:  # fmt: skip
            base = f"edge/v1/s1/{HANDHELD}"
            await client.subscribe(f"{base}/rsp/+", qos=1)
            await client.publish(f"{base}/req/quote", json.dumps({"lines": TEA}), qos=1)
            async with asyncio.timeout(60):
                answer = await anext(client.messages)
        assert str(answer.topic) == f"{base}/rsp/quote"
        assert json.loads(answer.payload)["total"] > 0


async def test_it_may_be_encrypted(tmp_path: Path) -> None:
    async with store(tmp_path, tls=True) as (it, broker):
        await up(it)
        trust = ssl.create_default_context(cafile=tmp_path / "tls" / CA_FILE)
        async with aiomqtt.Client(
            "localhost", broker.port, username=HANDHELD, password=it.token(HANDHELD),
            protocol=aiomqtt.ProtocolVersion.V5, tls_context=trust,
        ) as client:  # fmt: skip
            base = f"edge/v1/s1/{HANDHELD}"
            await client.subscribe(f"{base}/rsp/+", qos=1)
            await client.publish(f"{base}/req/health", b"{}", qos=1)
            async with asyncio.timeout(60):
                answer = await anext(client.messages)
        assert isinstance(answer.payload, bytes)
        assert json.loads(answer.payload)["broker"] == "up"


async def test_the_box_tells_how_it_is(tmp_path: Path) -> None:
    async with store(tmp_path) as (it, broker):
        await up(it)
        end = far(HANDHELD, password=it.token(HANDHELD).encode(),
                  subscriptions=("edge/v1/s1/box/+",))  # fmt: skip
        await asyncio.get_running_loop().create_connection(lambda: end, "127.0.0.1", broker.port)
        async with asyncio.timeout(60):
            told: dict[str, Any] = {}
            while told.get("state", {}).get("state") != "selling" or "health" not in told:
                message = (await end.until(Arrived)).message
                told[message.topic.rpartition("/")[2]] = json.loads(message.payload)
        assert told["health"]["store"] == "s1"
        assert it.box.health().broker == "up"
        end.transport.close()


async def test_a_terminal_can_neither_speak_nor_hear_for_another(tmp_path: Path) -> None:
    async with store(tmp_path) as (it, broker):
        await up(it)
        end = far(HANDHELD, client_id=PC_POS, password=it.token(HANDHELD).encode(),
                  subscriptions=("edge/#",))  # fmt: skip
        await asyncio.get_running_loop().create_connection(lambda: end, "127.0.0.1", broker.port)
        for topic in (f"{PC_POS}/req/health", "box/state", f"{PC_POS}/rsp/health", "box/req/x"):
            end.publish(Message(topic=f"edge/v1/s1/{topic}", payload=b"{}"))
            async with asyncio.timeout(60):
                assert (await end.until(Acknowledged)).code == 0x87
        async with handheld(it, broker, PC_POS) as other:
            assert (await other.request("health", {}))["store"] == "s1"
        heard = {event.message.topic for event in _drain(end) if isinstance(event, Arrived)}
        assert not any(f"/{PC_POS}/" in topic for topic in heard)
        end.transport.close()


def _drain(end: Any) -> list[object]:
    return [end.events.get_nowait() for _ in range(end.events.qsize())]


async def test_who_is_revoked_is_not_heard_even_before_the_broker_knows(tmp_path: Path) -> None:
    async with store(tmp_path) as (it, broker):
        await up(it)
        async with handheld(it, broker) as one:
            assert (await one.request("health", {}))["store"] == "s1"
            await it.office("terminals_revoke", {"id": HANDHELD})
            with pytest.raises(TimeoutError):
                await one.request("health", {}, timeout=0.5)
        door = it.box.doors.broker
        assert door is not None
        await until(lambda: door.counts["stranger"] >= 1)


ANONYMOUS = ("allow_anonymous false", "allow_anonymous true")
ANY_CLIENT_ID = ("use_username_as_clientid true", "use_username_as_clientid false")


@pytest.mark.parametrize(
    ("changes", "hole"),
    [([("acl_file", "# acl_file")], "another's"), ([ANONYMOUS, ANY_CLIENT_ID], "no name")],
)
async def test_nothing_is_sold_through_a_careless_broker(
    tmp_path: Path, changes: list[tuple[str, str]], hole: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with store(tmp_path, *changes) as (it, broker):
        await _unsafe(it)
        assert it.box.health().broker == "unsafe"
        assert hole in capsys.readouterr().out
        if ANY_CLIENT_ID not in changes:  # else the box's place is taken, and nobody answers
            async with asyncio.timeout(60):
                assert await _refused(it, broker) == "E-BROKER-UNSAFE"


async def test_a_broker_that_lets_a_client_take_our_place_is_not_safe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with store(tmp_path, ANY_CLIENT_ID) as (it, _):
        await _unsafe(it)
        assert "own place" in capsys.readouterr().out


async def _unsafe(it: Gate) -> None:
    door = it.box.doors.broker
    assert door is not None
    await until(lambda: door.state == "unsafe")


async def _refused(it: Gate, broker: Mosquitto) -> str:
    """Ask until there is an answer: the box comes and goes while its place is taken."""
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, username=HANDHELD, password=it.token(HANDHELD),
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:  # fmt: skip
        base = f"edge/v1/s1/{HANDHELD}"
        await client.subscribe(f"{base}/rsp/+", qos=1)
        while True:
            await client.publish(f"{base}/req/health", b"{}", qos=1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    answer = await anext(client.messages)
                    return str(json.loads(answer.payload)["code"])


def test_the_daemon_s_own_loop_does_the_same(tmp_path: Path) -> None:
    uvloop.run(test_a_terminal_can_neither_speak_nor_hear_for_another(tmp_path))


def test_mosquitto_s_own_tool_makes_the_same_hash(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", path, "h1", "word"], check=True)
    _, kept = path.read_text().strip().split(":")
    found = re.fullmatch(r"\$7\$101\$([^$]+)\$[^$]+", kept)
    assert found is not None
    assert broker_hash("word", base64.b64decode(found[1])) == kept
