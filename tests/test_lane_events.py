"""What happens on a lane reaches the terminals that stand at it over MQTT, and no other."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from msgspec.structs import replace

from drivers.events import Scan
from drivers.mqtt import Rejected
from edge.config import Config
from edge.contracts.asyncapi import EVENTS, asyncapi
from edge.lanes import KINDS
from simulators import demo_data
from tests.gate import HANDHELD, PC_POS, Gate, gate
from tests.mqtt_far import STORE, Far, connected
from tests.test_broker import store, up

LANE, SCANNER = "lane-1", "scanner-1"
TEA = demo_data.ean(3)


def staffed_by(*names: str, till: bool = False) -> Callable[[Config], Config]:
    """Return what puts these terminals at the lane, with a till of its own or without."""

    def adjust(config: Config) -> Config:
        at = {name: replace(config.terminals[name], lane=LANE) for name in names}
        elsewhere = {
            name: replace(one, lane=None)
            for name, one in config.terminals.items()
            if name not in at
        }
        lane = config.lanes[LANE]
        own = lane if till else replace(lane, cashier=None, terminal=None)
        return replace(config, terminals=elsewhere | at, lanes={**config.lanes, LANE: own})

    return adjust


async def ear(it: Gate, name: str, *kinds: str) -> Far:
    """Connect a terminal that listens to some kinds of events, by default to all."""
    topics = tuple(f"edge/v1/{STORE}/{name}/evt/{kind}" for kind in kinds or ("+",))
    async with asyncio.timeout(30):
        return await connected(await it.handheld(name, it.token(name), subscriptions=topics))


async def event(end: Far) -> tuple[str, Any]:
    """Return the next event that a terminal is told: its kind and what it says."""
    async with asyncio.timeout(30):
        message = await end.answer()
    return message.topic.rpartition("/")[2], json.loads(message.payload)


def scan(it: Gate, code: str = TEA) -> None:
    it.box.lanes.hear(SCANNER, Scan(code, "E0"))


async def test_a_scan_goes_to_exactly_one_terminal_of_the_lane(tmp_path: Path) -> None:
    async with gate(tmp_path, staffed_by(HANDHELD, PC_POS)) as it:
        one, other = await ear(it, HANDHELD), await ear(it, PC_POS)
        scan(it)
        assert await event(one) == ("scan", {"text": TEA, "symbology": "E0"})
        it.box.mqtt.tell(PC_POS, "last", b"{}")
        assert await event(other) == ("last", {})
        one.transport.abort()
        await one.lost.wait()
        async with asyncio.timeout(30):
            while it.box.mqtt.hears(HANDHELD, "scan"):
                await asyncio.sleep(0)
        scan(it)
        assert (await event(other))[0] == "scan"
        back = await ear(it, HANDHELD)  # what was scanned meanwhile was another's
        it.box.mqtt.tell(HANDHELD, "last", b"{}")
        assert await event(back) == ("last", {})
        assert it.box.lanes.unclaimed == {}


async def test_a_reader_of_the_event_stream_comes_first(tmp_path: Path) -> None:
    async with gate(tmp_path, staffed_by(HANDHELD)) as it:
        end = await ear(it, HANDHELD)
        with it.box.feeds.subscribe(LANE) as feed:
            scan(it)
            assert (await anext(feed))[0] == "scan"
        scan(it, demo_data.ean(4))
        assert (await event(end))[1]["text"] == demo_data.ean(4)


async def test_who_does_not_listen_claims_nothing(tmp_path: Path) -> None:
    async with gate(tmp_path, staffed_by(HANDHELD)) as it:
        end, stranger = await ear(it, HANDHELD, "card"), await ear(it, PC_POS)
        scan(it)
        assert it.box.lanes.unclaimed == {LANE: 1}
        for one in (end, stranger):
            it.box.mqtt.tell(one.topics.terminal, "card", b"{}")
            assert await event(one) == ("card", {})


async def test_all_terminals_of_a_lane_see_what_its_till_does(tmp_path: Path) -> None:
    async with gate(tmp_path, staffed_by(HANDHELD, PC_POS, till=True)) as it:
        ends = [await ear(it, HANDHELD), await ear(it, PC_POS, "sold", "declined")]
        scan(it)
        scan(it, "6970000099990")
        scan(it, "EDGE:PAY:CASH")
        assert [(await event(ends[0]))[0] for _ in range(3)] == ["shown", "declined", "sold"]
        told = [await event(ends[1]) for _ in range(2)]
        assert (told[0][1]["code"], told[1][1]["total"]) == ("E-UNKNOWN-PRODUCT", 450)


@pytest.mark.parametrize("pattern", [f"edge/v1/{STORE}/{PC_POS}/evt/+", f"edge/v1/{STORE}/+/evt/#"])
async def test_another_s_events_cannot_be_heard(tmp_path: Path, pattern: str) -> None:
    async with gate(tmp_path, staffed_by(PC_POS)) as it:
        end = await it.handheld(HANDHELD, it.token(HANDHELD), subscriptions=(pattern,))
        async with asyncio.timeout(30):
            await end.until(Rejected)
        scan(it)
        assert it.box.lanes.unclaimed == {LANE: 1}


async def test_through_a_broker_a_lane_s_terminals_are_told(tmp_path: Path) -> None:
    async with store(tmp_path) as (it, broker):
        await up(it)
        lane = it.config.terminals[PC_POS].lane
        assert lane == LANE
        async with (
            aiomqtt.Client(
                "127.0.0.1", broker.port, username=PC_POS, password=it.token(PC_POS),
                identifier=PC_POS, protocol=aiomqtt.ProtocolVersion.V5,
            ) as till,
            aiomqtt.Client(
                "127.0.0.1", broker.port, username=HANDHELD, password=it.token(HANDHELD),
                identifier=HANDHELD, protocol=aiomqtt.ProtocolVersion.V5,
            ) as other,
        ):  # fmt: skip
            await till.subscribe(f"edge/v1/{STORE}/{PC_POS}/evt/+", qos=1)
            await other.subscribe(f"edge/v1/{STORE}/+/evt/+", qos=1)
            it.box.feeds.publish(LANE, "shown", b'{"total":1}')
            it.box.feeds.publish("lane-2", "shown", b'{"total":2}')
            it.box.doors.broker.tell(HANDHELD, "last", b"{}")  # type: ignore[union-attr]
            async with asyncio.timeout(60):
                message = await anext(till.messages)
                last = await anext(other.messages)
        assert str(last.topic).endswith(f"{HANDHELD}/evt/last")
        assert (str(message.topic), message.payload) == (
            f"edge/v1/{STORE}/{PC_POS}/evt/shown", b'{"total":1}'
        )  # fmt: skip


def test_every_kind_of_event_is_in_the_contract() -> None:
    said = {*KINDS.values(), "shown", "sold", "declined", "parked", "recovered", "two_members"}
    assert said == set(EVENTS)
    assert set(asyncapi("1")["channels"]["event"]["messages"]) == said
