"""Other people's MQTT clients at our door: aiomqtt, paho, and mosquitto's command-line tools.

The first five tests are the matrix, every behaviour by every family. What a family cannot do:

- mosquitto_pub and mosquitto_rr end when they have spoken or been answered: there is nothing to
  send them again, to resume or to take over. mosquitto_rr asks; mosquitto_sub does the rest.
- aiomqtt and mosquitto_sub cannot withhold a PUBACK, so a `Cutter` swallows it, for all alike.
- aiomqtt does not say why it was disconnected, only that it was.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.reasoncodes import ReasonCode

from drivers.mqtt import Message, Topics
from edge.config import Mqtt
from edge.doors.mqtt import MqttDoor
from tests.fake_desk import FakeDesk, access
from tests.mqtt_far import STORE
from tests.mqtt_foreign import (
    BASE,
    Aiomqtt,
    Cutter,
    Ear,
    Family,
    Heard,
    Mosquitto,
    Paho,
    aio,
    first,
    in_paho,
    ran,
    request_properties,
)

FAMILIES = {"aiomqtt": Aiomqtt(), "paho": Paho(), "mosquitto": Mosquitto()}
by_every_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))


@pytest.fixture
async def door() -> AsyncIterator[MqttDoor]:
    settings = Mqtt(listen="127.0.0.1:0")
    door = MqttDoor(FakeDesk(), access(), STORE, settings)
    await door.open()
    yield door
    await door.close()


# --- the matrix -------------------------------------------------------------------------------


@by_every_family
async def test_it_connects_asks_and_is_answered(door: MqttDoor, family: Family) -> None:
    answer = await family.ask(door.address, "hello")
    assert answer == {"operation": "sell", "payload": "hello"}


@by_every_family
async def test_it_is_refused_with_a_bad_login(door: MqttDoor, family: Family) -> None:
    said = await family.refused(door.address, "wrong")
    assert "bad user name or password" in said.lower()


@by_every_family
@pytest.mark.parametrize("again", [True, False])
async def test_what_it_did_not_acknowledge_comes_again_with_dup_or_never(
    door: MqttDoor, family: Family, again: bool
) -> None:
    """An answer comes again. A scan does not: nobody is to pay twice for one bottle of tea."""
    async with Cutter(door.address) as wire, family.listening(wire.address) as ear:
        wire.deafen()
        topic = Topics(STORE, "h1").event("scan")
        door._deliver("h1", Message(topic=topic, payload=b"once", again=again))
        assert await ear.next() == ("once", False)
        await wire.cut()
    door.tell("h1", "scan", b"meanwhile")
    async with family.listening(door.address) as ear:
        if again:
            assert await ear.next() == ("once", True)
        assert await ear.next() == ("meanwhile", False)


@by_every_family
async def test_it_resumes_its_session(door: MqttDoor, family: Family) -> None:
    async with family.listening(door.address) as ear:
        door.tell("h1", "scan", b"before")
        assert await ear.next() == ("before", False)
    door.tell("h1", "scan", b"while you were away")
    async with family.listening(door.address) as ear:
        assert await until_last(ear) == ("while you were away", False)


@by_every_family
async def test_it_is_taken_over(door: MqttDoor, family: Family) -> None:
    async with family.listening(door.address) as old:
        door.tell("h1", "scan", b"to the old one")
        assert await old.next() == ("to the old one", False)
        async with family.listening(door.address) as new:
            assert await old.end() == family.taken_over
            door.tell("h1", "scan", b"to the new one")
            assert await until_last(new) == ("to the new one", False)


async def until_last(ear: Ear) -> Heard:
    """Return the next message that is no repetition: some leave before they acknowledge."""
    while (heard := await ear.next())[1]:
        pass
    return heard


# --- aiomqtt ----------------------------------------------------------------------------------


async def test_aiomqtt_reads_all_an_answer_says(door: MqttDoor) -> None:
    async with aio(door.address) as client:
        await client.subscribe(f"{BASE}/rsp/+", qos=1)
        await client.publish(f"{BASE}/req/sell", b"{}", qos=1, properties=request_properties())
        answer = await first(client)
        assert str(answer.topic) == f"{BASE}/rsp/sell"
        told = vars(answer.properties)
        assert (told["CorrelationData"], told["ContentType"]) == (b"1", "application/json")
        assert answer.qos == 1
        await client.unsubscribe(f"{BASE}/rsp/+")


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ({"username": None, "password": None}, "Not authorized"),
        ({"identifier": "h2"}, "Client identifier not valid"),
    ],
)
async def test_aiomqtt_is_refused(door: MqttDoor, login: dict[str, Any], reason: str) -> None:
    with pytest.raises(aiomqtt.MqttCodeError, match=reason):
        async with aio(door.address, **login):
            pass


async def test_aiomqtt_is_denied_foreign_topics(door: MqttDoor) -> None:
    async with aio(door.address) as client:
        (code,) = await client.subscribe("edge/v1/s1/h2/rsp/+", qos=1)
        assert isinstance(code, ReasonCode)
        assert code.getName() == "Not authorized"
        await client.publish("edge/v1/s1/h2/req/sell", b"{}", qos=1)
        await client.publish("edge/v1/s1/h2/state", b"{}", qos=0)
    assert door.states == {}


async def test_an_aiomqtt_that_was_taken_over_says_nothing_more(door: MqttDoor) -> None:
    async with aio(door.address) as old:
        async with aio(door.address) as new:
            with pytest.raises(aiomqtt.MqttError):
                await first(old)
            await new.publish(f"{BASE}/state", b"new", qos=1)
        with contextlib.suppress(aiomqtt.MqttError):
            await old.publish(f"{BASE}/state", b"old", qos=1)
    assert door.states == {"h1": b"new"}


# --- paho -------------------------------------------------------------------------------------


async def test_paho_asks_many_things_and_all_are_answered_in_order(door: MqttDoor) -> None:
    async with in_paho(door.address) as thread:
        assert await thread.next("connected") is False
        await thread.subscribe(f"{BASE}/rsp/sell")
        for number in range(40):
            about = request_properties()
            thread.client.publish(f"{BASE}/req/sell", b"%d" % number, 1, properties=about)
        answers = [json.loads((await thread.next("message")).payload) for _ in range(40)]
        assert [answer["payload"] for answer in answers] == [str(n) for n in range(40)]


async def test_paho_is_told_whether_its_session_was_kept(door: MqttDoor) -> None:
    for present in (False, True, True):
        async with in_paho(door.address, seconds=60) as thread:
            assert await thread.next("connected") is present


async def test_paho_hears_that_the_box_stops(door: MqttDoor) -> None:
    async with in_paho(door.address) as thread:
        await thread.next("connected")
        await door.close()
        assert str(await thread.next("gone")) == "Server shutting down"


# --- mosquitto --------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["pub", "rr"])
async def test_mosquitto_with_a_bad_login_is_refused(door: MqttDoor, tool: str) -> None:
    answers = ("-e", f"{BASE}/rsp/sell") if tool == "rr" else ()
    ask = ("-t", f"{BASE}/req/sell", "-m", "x", *answers)
    code, printed = await ran(tool, door.address, *ask, password="wrong")
    assert code != 0
    assert "Bad User Name or Password" in printed


@pytest.mark.parametrize("version", ["31", "311"])
async def test_mosquitto_of_version_3_is_told_so(door: MqttDoor, version: str) -> None:
    code, printed = await ran("sub", door.address, "-t", f"{BASE}/rsp/+", version=version)
    assert code != 0
    assert "Connection Refused" in printed


async def test_mosquitto_pub_speaks_and_is_denied(door: MqttDoor) -> None:
    state = ("-t", f"{BASE}/state", "-m", "here")
    code, _ = await ran("pub", door.address, *state, "-q", "1", "-r")
    assert (code, door.states) == (0, {"h1": b"here"})
    foreign = ("-t", "edge/v1/s1/h2/state", "-m", "x")
    _, printed = await ran("pub", door.address, *foreign, "-q", "1")
    assert "Not authorized" in printed
    await ran("pub", door.address, "-t", f"{BASE}/state", "-m", "x", "-q", "2")
    assert door.states == {"h1": b"here"}


async def test_a_mosquitto_pub_takes_over_from_mosquitto_sub(door: MqttDoor) -> None:
    mosquitto = Mosquitto()
    async with mosquitto.listening(door.address) as ear:
        code, _ = await ran("pub", door.address, "-t", f"{BASE}/state", "-m", "here", "-q", "1")
        assert (code, await ear.end()) == (0, mosquitto.taken_over)


async def test_mosquitto_sub_is_denied_what_is_not_its_own(door: MqttDoor) -> None:
    topic = ("-t", "edge/v1/s1/h2/#", "-q", "1")
    _, printed = await ran("sub", door.address, *topic, "-W", "2")
    assert "denied" in printed.lower()
