"""Both MQTT roles against each other, and against junk."""

from collections.abc import Iterable
from typing import Any

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mqtt5 import SubAckReasonCode

from drivers.codec import Close, Send
from drivers.mqtt import (
    Acknowledged,
    Arrived,
    Broken,
    Client,
    ClientSettings,
    Connected,
    Connection,
    Disconnected,
    Endpoint,
    Framer,
    Message,
    Publish,
    Rejected,
    Requested,
    Settings,
)
from drivers.mqtt.greeting import OLD_DIALECT_REFUSAL
from tests.mqtt_kit import (
    TOPICS,
    connect,
    endpoint,
    login,
    only,
    opened,
    packets,
    request,
    subscribe,
    will,
)

# --- both roles against each other ----------------------------------------------------------------


def client(**changes: Any) -> Client:
    return Client(
        ClientSettings(
            client_id="h1",
            username="h1",
            password=b"secret",
            subscriptions=("edge/v1/s1/h1/rsp/+",),
            **changes,
        )
    )


class Wire:
    """A client and an endpoint; the endpoint answers each request with its payload."""

    def __init__(self, server: Endpoint, far: Client) -> None:
        self.server, self.far = server, far
        self.up, self.down = bytearray(), bytearray()
        self.said: list[object] = []
        self.near = Connection(server)
        self.near.start(0.0)
        self._far(far.start(0.0))

    def _far(self, outs: Iterable[object]) -> None:
        for out in outs:
            if isinstance(out, Send):
                self.up += out.frame
            else:
                self.said.append(out)

    def _near(self, outs: Iterable[object]) -> None:
        for out in outs:
            if isinstance(out, Send):
                self.down += out.frame
            elif isinstance(out, Requested):
                assert out.response_topic
                reply = Message(
                    topic=out.response_topic, payload=out.payload, correlation=out.correlation
                )
                for elsewhere in self.server.deliver("h1", reply, 0.0):
                    self._near(elsewhere.outs)

    def ask(self, number: int) -> None:
        message = Message(
            topic=TOPICS.request("sell"),
            payload=b"%d" % number,
            response_topic=TOPICS.response("sell"),
        )
        self._far(self.far.command(Publish(message), 0.0))

    def move(self, size: int) -> None:
        """Move at most `size` bytes each way."""
        up, down = bytes(self.up[:size]), bytes(self.down[:size])
        del self.up[:size], self.down[:size]
        if up:
            self._near(self.near.receive(up, 0.0))
        if down:
            self._far(self.far.receive(down, 0.0))

    def settle(self) -> None:
        while self.up or self.down:
            self.move(1 << 20)

    def cut(self) -> "Wire":
        """Lose everything on its way and connect again."""
        self.near.lost(0.0, "cut")
        self.far.lost()
        again = Wire(self.server, self.far)
        again.said[:0] = self.said
        return again

    def connected(self) -> object:
        """Move until the client is in, and not a byte further; return what it says of that."""
        self.said.clear()
        while not self.said:
            self.move(1 << 20)
        return self.said[0]

    def answers(self) -> list[int]:
        return [int(out.message.payload) for out in self.said if isinstance(out, Arrived)]


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 12))
def test_bytes_cut_anywhere_make_no_difference(sizes: list[int], count: int) -> None:
    wire = Wire(endpoint(), client())
    for number in range(count):
        wire.ask(number)
    for size in sizes:
        wire.move(size)
    wire.settle()
    assert wire.answers() == list(range(count))
    assert [out.code for out in wire.said if isinstance(out, Acknowledged)] == [0] * count
    assert not any(isinstance(out, Close | Rejected | Disconnected) for out in wire.said)


STEP = st.one_of(st.just("ask"), st.just("cut"), st.integers(1, 60))


@settings(deadline=None)
@given(st.lists(STEP, max_size=60), st.integers(1, 3))
def test_cut_wires_lose_no_request_and_no_answer(steps: list[Any], window: int) -> None:
    wire = Wire(endpoint(receive_max=window), client(receive_max=window))
    asked = 0
    for step in steps:
        if step == "ask":
            wire.ask(asked)
            asked += 1
        elif step == "cut":
            wire = wire.cut()
        else:
            wire.move(step)
    wire.settle()
    assert set(wire.answers()) == set(range(asked))
    first_seen = list(dict.fromkeys(wire.answers()))
    assert first_seen == sorted(first_seen)


def test_a_client_sends_again_with_dup_and_afresh_to_a_server_that_forgot() -> None:
    wire = Wire(endpoint(), client())
    wire.settle()
    wire.ask(1)
    wire = wire.cut()
    assert wire.connected() == Connected(session_present=True)
    (repeated,) = publishes(wire.up)
    assert repeated.duplicate
    wire.server = endpoint()
    wire = wire.cut()
    assert wire.connected() == Connected(session_present=False)
    (fresh,) = publishes(wire.up)
    assert not fresh.duplicate


def publishes(stream: bytearray) -> list[mqtt5.PublishPacket]:
    found = Framer(1 << 20).feed(bytes(stream))
    return [packet for packet in found if isinstance(packet, mqtt5.PublishPacket)]


def test_a_client_pings_and_gives_up_on_silence() -> None:
    wire = Wire(endpoint(), client(keep_alive_seconds=20))
    wire.settle()
    assert wire.far.wake_at == 15.0
    assert only(wire.far.wake(15.0)).__class__ is mqtt5.PingReqPacket
    wire.far.receive(mqtt5.PingRespPacket().write(), 16.0)
    assert wire.far.wake_at == 31.0
    wire.far.wake(31.0)
    assert wire.far.wake(46.0) == [Close("the server is silent")]


def test_a_client_says_why_it_was_not_let_in() -> None:
    wire = Wire(Endpoint(Settings(store="s1"), lambda name, password: None), client())
    wire.settle()
    assert [type(out) for out in wire.said] == [Rejected, Close]
    wire = Wire(Endpoint(Settings(store="other"), login), client())
    wire.settle()
    assert [type(out) for out in wire.said] == [Rejected, Close]


def test_a_client_leaves_politely_and_hears_a_goodbye() -> None:
    wire = Wire(endpoint(), client())
    wire.settle()
    (goodbye,) = wire.server.stop(0.0)
    outs = [out for frame in goodbye.outs for out in _received(wire.far, frame)]
    assert [type(out) for out in outs] == [Disconnected, Close]
    assert only(wire.far.goodbye()) == mqtt5.DisconnectPacket()


def _received(far: Client, out: object) -> list[object]:
    return far.receive(out.frame, 0.0) if isinstance(out, Send) else []


# --- junk -----------------------------------------------------------------------------------------

SEEDS = [
    connect(will=will(3), user_properties=[("a", "b")], session_expiry_interval=9),
    request(message_expiry_interval=120, content_type="application/json"),
    subscribe("edge/v1/s1/h1/rsp/+", user_properties=[("é", "ü")]),
    mqtt5.UnsubscribePacket(3, ["edge/v1/s1/h1/rsp/+"]).write(),
    mqtt5.DisconnectPacket(session_expiry_interval=9, reason_str="bye").write(),
    mqtt5.PubAckPacket(3, reason_str="né").write(),
    mqtt5.ConnAckPacket(reason_str="né", server_keep_alive=3).write(),
    mqtt5.SubAckPacket(1, [SubAckReasonCode.NOT_AUTHORIZED], reason_str="é").write(),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A stream of packets with a few bytes changed, cut out or put in."""
    stream = bytearray(b"".join(draw(st.lists(st.sampled_from(SEEDS), min_size=1, max_size=4))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(stream) - 1)) if stream else 0
        match draw(st.sampled_from(("change", "cut", "put"))):
            case "change" if stream:
                stream[at] = draw(st.integers(0, 255))
            case "cut":
                del stream[at : at + draw(st.integers(1, 3))]
            case _:
                stream[at:at] = draw(st.binary(min_size=1, max_size=3))
    return bytes(stream) or b"\0"


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(min_size=1, max_size=200), damaged()), st.booleans())
def test_junk_never_raises_and_every_end_is_explained(junk: bytes, inside: bool) -> None:
    server = endpoint()
    connection = opened(server) if inside else Connection(server)
    outs = connection.receive(junk, 0.0)
    if outs and isinstance(outs[-1], Close) and outs[-1].reason != "said goodbye":
        assert isinstance(outs[0], Send)
        old_dialect = outs[0].frame == OLD_DIALECT_REFUSAL
        assert old_dialect or int(packets(outs)[-1].reason_code) >= 0x80
    connection.lost(1.0, "closed")
    server.wake(10_000.0)
    assert server.wake_at is None


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(max_size=200), damaged()))
def test_junk_from_a_server_never_raises(junk: bytes) -> None:
    wire = Wire(endpoint(), client())
    wire.settle()
    wire.far.receive(junk, 0.0)
    fresh = client()
    fresh.start(0.0)
    fresh.receive(junk, 0.0)


@given(st.integers(1, 200_000))
def test_a_packet_is_refused_or_not_by_its_header_alone(length: int) -> None:
    framer = Framer(65_536)
    header = bytearray([0x30])
    rest = length
    while rest >= 0x80:
        header.append(rest & 0x7F | 0x80)
        rest >>= 7
    header.append(rest)
    if len(header) + length <= 65_536:
        assert list(framer.feed(bytes(header))) == []
    else:
        with pytest.raises(Broken) as raised:
            list(framer.feed(bytes(header)))
        assert raised.value.code == 0x95
