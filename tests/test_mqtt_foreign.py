"""Other people's MQTT clients at our door: aiomqtt, paho, and mosquitto's command-line tools."""

import asyncio
import contextlib
import json
import queue
import shutil
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import Mqtt
from edge.doors.mqtt import MqttDoor
from tests.fake_desk import FakeDesk, access
from tests.mqtt_far import STORE

BASE = f"edge/v1/{STORE}/h1"
PATIENCE_SECONDS = 20


@pytest.fixture
async def door() -> AsyncIterator[MqttDoor]:
    settings = Mqtt(listen="127.0.0.1:0")
    door = MqttDoor(FakeDesk(), access(), STORE, settings)
    await door.open()
    yield door
    await door.close()


def properties(kind: int, **values: object) -> Properties:
    made = Properties(kind)  # type: ignore[no-untyped-call]  # paho is half typed
    for name, value in values.items():
        setattr(made, name, value)
    return made


def request_properties(correlation: bytes = b"1") -> Properties:
    return properties(
        PacketTypes.PUBLISH, ResponseTopic=f"{BASE}/rsp/sell", CorrelationData=correlation
    )


# --- aiomqtt ----------------------------------------------------------------------------------


def aio(door: MqttDoor, password: str = "secret-h1", **more: Any) -> aiomqtt.Client:
    host, port = door.address
    login = {"username": "h1", "password": password, "identifier": "h1", **more}
    return aiomqtt.Client(host, port, protocol=aiomqtt.ProtocolVersion.V5, **login)


async def first(client: aiomqtt.Client) -> aiomqtt.Message:
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for message in client.messages:
            return message
    raise AssertionError("disconnected")


async def test_aiomqtt_asks_and_is_answered(door: MqttDoor) -> None:
    async with aio(door) as client:
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
        ({"password": "wrong"}, "Bad user name or password"),
        ({"username": None, "password": None}, "Not authorized"),
        ({"identifier": "h2"}, "Client identifier not valid"),
    ],
)
async def test_aiomqtt_is_refused(door: MqttDoor, login: dict[str, Any], reason: str) -> None:
    with pytest.raises(aiomqtt.MqttCodeError, match=reason):
        async with aio(door, **login):
            pass


async def test_aiomqtt_is_denied_foreign_topics(door: MqttDoor) -> None:
    async with aio(door) as client:
        (code,) = await client.subscribe("edge/v1/s1/h2/rsp/+", qos=1)
        assert isinstance(code, ReasonCode)
        assert code.getName() == "Not authorized"
        await client.publish("edge/v1/s1/h2/req/sell", b"{}", qos=1)
        await client.publish("edge/v1/s1/h2/state", b"{}", qos=0)
    assert door.states == {}


async def test_aiomqtt_is_taken_over(door: MqttDoor) -> None:
    async with aio(door) as old:
        async with aio(door) as new:
            with pytest.raises(aiomqtt.MqttError):
                await first(old)
            await new.publish(f"{BASE}/state", b"new", qos=1)
        with contextlib.suppress(aiomqtt.MqttError):
            await old.publish(f"{BASE}/state", b"old", qos=1)
    assert door.states == {"h1": b"new"}


# --- paho -------------------------------------------------------------------------------------


class Paho:
    """A paho client in its own thread; what happens to it comes out of `seen`."""

    def __init__(self, door: MqttDoor, *, acknowledges: bool = True, seconds: int = 0) -> None:
        self.seen: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            "h1",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=not acknowledges,
        )
        self.client.username_pw_set("h1", "secret-h1")
        self.client.on_connect = lambda c, u, flags, code, p: self.seen.put(
            ("connected", flags.session_present)
        )
        self.client.on_message = lambda c, u, message: self.seen.put(("message", message))
        self.client.on_subscribe = lambda c, u, m, codes, p: self.seen.put(("subscribed", codes))
        self.client.on_disconnect = lambda c, u, f, code, p: self.seen.put(("gone", code))
        host, port = door.address
        kept = properties(PacketTypes.CONNECT, SessionExpiryInterval=seconds)
        self.client.connect(host, port, clean_start=False, properties=kept)
        self.client.loop_start()

    async def next(self, kind: str) -> Any:
        """Return the next thing seen, which must be of `kind`."""
        seen, what = await asyncio.to_thread(self.seen.get, timeout=PATIENCE_SECONDS)
        assert seen == kind, what
        return what

    def vanish(self) -> None:
        """Be gone without a word."""
        sock = self.client.socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextlib.asynccontextmanager
async def in_paho(door: MqttDoor, **more: Any) -> AsyncIterator[Paho]:
    client = await asyncio.to_thread(Paho, door, **more)
    try:
        yield client
    finally:
        await asyncio.to_thread(client.end)


async def test_paho_asks_many_things_and_all_are_answered_in_order(door: MqttDoor) -> None:
    async with in_paho(door) as client:
        assert await client.next("connected") is False
        client.client.subscribe(f"{BASE}/rsp/sell", qos=1)
        await client.next("subscribed")
        for number in range(40):
            client.client.publish(
                f"{BASE}/req/sell", b"%d" % number, 1, properties=request_properties()
            )
        answers = [json.loads((await client.next("message")).payload) for _ in range(40)]
        assert [answer["payload"] for answer in answers] == [str(n) for n in range(40)]


async def test_paho_gets_what_it_did_not_acknowledge_again_with_dup(door: MqttDoor) -> None:
    async with in_paho(door, acknowledges=False, seconds=60) as client:
        await client.next("connected")
        client.client.subscribe(f"{BASE}/evt/+", qos=1)
        await client.next("subscribed")
        door.tell("h1", "scan", b"once")
        message = await client.next("message")
        assert (message.payload, message.dup) == (b"once", False)
        client.vanish()
        await client.next("gone")
    door.tell("h1", "scan", b"meanwhile")
    async with in_paho(door, seconds=60) as client:
        assert await client.next("connected") is True
        again, fresh = await client.next("message"), await client.next("message")
        assert (again.payload, again.dup) == (b"once", True)
        assert (fresh.payload, fresh.dup) == (b"meanwhile", False)
    async with in_paho(door, seconds=60) as client:
        assert await client.next("connected") is True
        door.tell("h1", "scan", b"last")
        assert (await client.next("message")).payload == b"last"


async def test_paho_hears_that_it_was_taken_over_and_that_the_box_stops(door: MqttDoor) -> None:
    async with in_paho(door) as old, contextlib.AsyncExitStack() as stack:
        await old.next("connected")
        new = await stack.enter_async_context(in_paho(door))
        assert str(await old.next("gone")) == "Session taken over"
        await new.next("connected")
        await door.close()
        assert str(await new.next("gone")) == "Server shutting down"


# --- mosquitto --------------------------------------------------------------------------------


@pytest.fixture
def mosquitto(door: MqttDoor) -> "Mosquitto":
    return Mosquitto(door)


class Mosquitto:
    """Debian's mosquitto-clients, as terminal h1."""

    def __init__(self, door: MqttDoor) -> None:
        self._host, port = door.address
        self._port = str(port)

    async def run(
        self, tool: str, *options: str, password: str = "secret-h1", version: str = "5"
    ) -> tuple[int, str]:
        """Return the exit code and all that was printed."""
        path = shutil.which(f"mosquitto_{tool}")
        assert path, "install the package mosquitto-clients"
        whole = ("-h", self._host, "-p", self._port, "-V", version, "-i", "h1")
        process = await asyncio.create_subprocess_exec(
            path,
            *whole,
            *("-u", "h1", "-P", password),
            *options,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode is not None
        return process.returncode, printed.decode()


async def test_mosquitto_rr_asks_and_is_answered(mosquitto: Mosquitto) -> None:
    ask = ("-t", f"{BASE}/req/sell", "-e", f"{BASE}/rsp/sell", "-m", "hello", "-q", "1")
    code, printed = await mosquitto.run("rr", *ask, "-W", "10")
    assert code == 0
    assert json.loads(printed) == {"operation": "sell", "payload": "hello"}


@pytest.mark.parametrize("tool", ["pub", "sub", "rr"])
async def test_mosquitto_with_a_bad_login_is_refused(mosquitto: Mosquitto, tool: str) -> None:
    topic = ("-t", f"{BASE}/rsp/sell")
    more = {"pub": ("-m", "x"), "sub": (), "rr": ("-m", "x", "-e", f"{BASE}/rsp/sell")}
    code, printed = await mosquitto.run(tool, *topic, *more[tool], password="wrong")
    assert code != 0
    assert "Bad User Name or Password" in printed


@pytest.mark.parametrize("version", ["31", "311"])
async def test_mosquitto_of_version_3_is_told_so(mosquitto: Mosquitto, version: str) -> None:
    code, printed = await mosquitto.run("sub", "-t", f"{BASE}/rsp/+", version=version)
    assert code != 0
    assert "Connection Refused" in printed


async def test_mosquitto_sub_resumes_its_session(door: MqttDoor, mosquitto: Mosquitto) -> None:
    keep = ("-t", f"{BASE}/evt/+", "-q", "1", "-c", "-x", "60")
    code, _ = await mosquitto.run("sub", *keep, "-E")
    assert code == 0
    door.tell("h1", "scan", b"while you were away")
    code, printed = await mosquitto.run("sub", *keep, "-C", "1", "-W", "10")
    assert (code, printed.strip()) == (0, "while you were away")


async def test_mosquitto_pub_speaks_and_is_denied(door: MqttDoor, mosquitto: Mosquitto) -> None:
    code, _ = await mosquitto.run("pub", "-t", f"{BASE}/state", "-m", "here", "-q", "1", "-r")
    assert (code, door.states) == (0, {"h1": b"here"})
    code, printed = await mosquitto.run("pub", "-t", "edge/v1/s1/h2/state", "-m", "x", "-q", "1")
    assert "Not authorized" in printed
    assert door.states == {"h1": b"here"}
    code, printed = await mosquitto.run("pub", "-t", f"{BASE}/state", "-q", "2", "-m", "x")
    assert door.states == {"h1": b"here"}


async def test_mosquitto_sub_is_denied_what_is_not_its_own(mosquitto: Mosquitto) -> None:
    _, printed = await mosquitto.run("sub", "-t", "edge/v1/s1/h2/#", "-q", "1", "-W", "2")
    assert "denied" in printed.lower()
