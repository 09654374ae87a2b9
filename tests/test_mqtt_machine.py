"""The endpoint machine: who comes in, what is broken, what is asked."""

from typing import Any

import mqtt5
import pytest
from mqtt5 import QoS

from drivers.codec import Close, Send
from drivers.mqtt import (
    Connection,
    Offline,
    Online,
    Requested,
)
from tests.mqtt_kit import (
    TOPICS,
    answer,
    connect,
    endpoint,
    events,
    listening,
    only,
    opened,
    packets,
    publish,
    request,
)

# --- coming in ------------------------------------------------------------------------------------


def test_login_is_welcomed_and_told_the_limits() -> None:
    connection = Connection(endpoint())
    connection.start(0.0)
    outs = connection.receive(connect(keep_alive=30, request_response_info=True), 0.0)
    told = only(outs)
    assert not told.session_present
    assert told.max_qos == QoS.AT_LEAST_ONCE
    assert (told.receive_max, told.max_packet_size, told.topic_alias_max) == (32, 65_536, 0)
    assert (told.subscription_id_available, told.shared_subscription_available) == (False, False)
    assert told.response_info == "edge/v1/s1/h1/rsp/"
    assert (told.assigned_client_id, told.server_keep_alive) == (None, None)
    assert [type(event) for event in events(outs)] == [Online]


def test_what_is_granted_differently_is_said() -> None:
    connection = Connection(endpoint())
    connection.start(0.0)
    packet = connect(client_id="", keep_alive=0, session_expiry_interval=0xFFFF_FFFF)
    told = only(connection.receive(packet, 0.0))
    assert told.assigned_client_id == "h1"
    assert told.server_keep_alive == 300
    assert told.session_expiry_interval == 3_600


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": b"wrong"}, 0x86),
        ({"username": "nobody"}, 0x86),
        ({"username": None, "password": None}, 0x87),
        ({"password": None}, 0x87),
        ({"client_id": "h2"}, 0x85),
        ({"authentication_method": "SCRAM-SHA-1"}, 0x8C),
        ({"will": mqtt5.Will("edge/v1/s1/h2/state", payload=b"x")}, 0x90),
        ({"will": mqtt5.Will(TOPICS.state, payload=b"x", qos=QoS.EXACTLY_ONCE)}, 0x9B),
        ({"max_packet_size": 100}, 0x95),
    ],
)
def test_who_may_not_come_in_is_told_why(changes: dict[str, Any], code: int) -> None:
    connection = Connection(endpoint())
    connection.start(0.0)
    outs = connection.receive(connect(**changes), 0.0)
    assert int(only(outs).reason_code) == code
    assert isinstance(outs[-1], Close)
    assert events(outs) == []


@pytest.mark.parametrize(
    ("packet", "answered"),
    [
        (b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a", b"\x20\x02\x00\x01"),
        (b"\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01a", b"\x20\x02\x00\x01"),
    ],
)
def test_mqtt_3_is_refused_in_its_own_words(packet: bytes, answered: bytes) -> None:
    connection = Connection(endpoint())
    connection.start(0.0)
    assert connection.receive(packet, 0.0) == [Send(answered), Close("speak MQTT 5")]


def test_an_unknown_version_is_refused_in_mqtt_5() -> None:
    connection = Connection(endpoint())
    packet = b"\x10\x0e\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x01a\x00"
    assert int(only(connection.receive(packet, 0.0)).reason_code) == 0x84


def test_who_does_not_say_connect_in_time_is_hung_up_on() -> None:
    connection = Connection(endpoint())
    connection.start(5.0)
    assert connection.wake_at == 15.0
    assert connection.wake(14.9) == []
    assert connection.wake(15.0) == [Close("no CONNECT in 10 s")]
    assert connection.wake_at is None


# --- broken packets -------------------------------------------------------------------------------

BROKEN = {
    "a type nobody knows": (b"\x00\x00", 0x81),
    "reserved flags": (b"\xc1\x00", 0x81),
    "remaining length of five bytes": (b"\x30\xff\xff\xff\xff\x01", 0x81),
    "remaining length with needless bytes": (b"\xc0\x80\x00", 0x81),
    "fields run past the end": (b"\x32\x03\x00\x05t", 0x81),
    "too large, from its header alone": (b"\x30\x80\x80\x04", 0x95),
    "publish with QoS 3": (b"\x36\x06\x00\x01t\x00\x01\x00", 0x81),
    "publish with QoS 2": (b"\x34\x06\x00\x01t\x00\x01\x00", 0x9B),
    "DUP without QoS": (b"\x38\x04\x00\x01t\x00", 0x81),
    "packet id 0": (b"\x32\x06\x00\x01t\x00\x00\x00", 0x82),
    "topic that is not UTF-8": (b"\x30\x04\x00\x01\xff\x00", 0x81),
    "topic with U+0000": (b"\x30\x07\x00\x04\x00\xc2\xb5t\x00", 0x81),
    "response topic that is not UTF-8": (b"\x30\x08\x00\x01t\x04\x08\x00\x01\xff", 0x81),
    "user property that is not UTF-8": (b"\x30\x0b\x00\x01t\x07\x26\x00\x01a\x00\x01\xfe", 0x81),
    "text format above 1": (b"\x30\x06\x00\x01t\x02\x01\x02", 0x82),
    "no topic and no alias": (b"\x30\x03\x00\x00\x00", 0x82),
    "topic alias": (b"\x30\x07\x00\x01t\x03\x23\x00\x01", 0x94),
    "topic alias 0": (b"\x30\x07\x00\x01t\x03\x23\x00\x00", 0x94),
    "the same property twice": (b"\x30\x08\x00\x01t\x04\x01\x00\x01\x00", 0x82),
    "a property of another packet": (b"\x30\x07\x00\x01t\x03\x13\x00\x00", 0x81),
    "wildcard in a topic": (b"\x30\x04\x00\x01+\x00", 0x90),
    "subscribe to nothing": (b"\x82\x03\x00\x01\x00", 0x82),
    "subscribe with packet id 0": (b"\x82\x07\x00\x00\x00\x00\x01t\x01", 0x82),
    "subscription id 0": (b"\x82\x09\x00\x01\x02\x0b\x00\x00\x01a\x01", 0x82),
    "retain handling 3": (b"\x82\x07\x00\x01\x00\x00\x01t\x30", 0x82),
    "unsubscribe from nothing": (b"\xa2\x03\x00\x01\x00", 0x82),
    "a second CONNECT": (connect(), 0x82),
    "a second CONNECT of MQTT 3": (b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a", 0x82),
    "AUTH that was not agreed": (mqtt5.AuthPacket().write(), 0x82),
    "PUBREC": (mqtt5.PubRecPacket(1).write(), 0x82),
    "PUBREL": (mqtt5.PubRelPacket(1).write(), 0x82),
    "CONNACK from a client": (mqtt5.ConnAckPacket().write(), 0x82),
    "PINGRESP from a client": (mqtt5.PingRespPacket().write(), 0x82),
    "a session that was not asked for": (
        mqtt5.DisconnectPacket(session_expiry_interval=60).write(),
        0x82,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_packet_ends_with_its_reason_code(case: str) -> None:
    stream, code = BROKEN[case]
    server = endpoint()
    connection = opened(server)
    outs = connection.receive(stream, 1.0)
    goodbye = only(outs)
    assert isinstance(goodbye, mqtt5.DisconnectPacket)
    assert int(goodbye.reason_code) == code
    assert goodbye.reason_str
    assert [type(event) for event in events(outs)] == [Offline]
    assert isinstance(outs[-1], Close)
    assert connection.receive(request(), 1.0) == []
    assert connection.wake_at is None


CONNECT_FLAGS_AT = 9


@pytest.mark.parametrize("flags", [0x01, 0x08, 0x20], ids=["reserved", "will QoS", "will retain"])
def test_connect_flags_that_say_nothing_must_be_zero(flags: int) -> None:
    packet = bytearray(connect())
    packet[CONNECT_FLAGS_AT] |= flags
    assert int(only(Connection(endpoint()).receive(bytes(packet), 0.0)).reason_code) == 0x81


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (request(), 0x82),
        (mqtt5.PingReqPacket().write(), 0x82),
        (b"GET / HTTP/1.1\r\n\r\n", 0x82),
        (b"\x10\xff\xff\xff\x7f", 0x95),
        (b"\x30\x07\x00\x01t\x03\x23\x00\x00", 0x82),
        (connect().replace(b"h1", b"h\xff"), 0x81),
        (b"\x10\x10\x00\x04MQTT\x05\x02\x00\x00\x03\x21\x00\x00\x00\x01a", 0x82),
        (b"\x10\x12\x00\x04MQTT\x05\x02\x00\x00\x05\x27\x00\x00\x00\x00\x00\x01a", 0x82),
    ],
)
def test_what_is_broken_before_login_ends_with_a_connack(stream: bytes, code: int) -> None:
    outs = Connection(endpoint()).receive(stream, 0.0)
    assert int(only(outs).reason_code) == code
    assert isinstance(outs[-1], Close)


def test_good_packets_before_a_broken_one_count() -> None:
    outs = opened(endpoint()).receive(request() + b"\x00\x00", 0.0)
    acknowledged, goodbye = packets(outs)
    assert (acknowledged.packet_id, int(goodbye.reason_code)) == (1, 0x81)
    assert [type(event) for event in events(outs)] == [Requested, Offline]


def test_a_reason_too_long_for_the_client_is_left_out() -> None:
    connection = opened(endpoint(packet_bytes_max=1_000), max_packet_size=128)
    topic = "edge/v1/s1/h2/" + "x" * 80
    refused = only(connection.receive(publish(topic), 0.0))
    assert (int(refused.reason_code), bool(refused.reason_str)) == (0x87, True)
    connection = opened(endpoint(), request_problem_info=False)
    assert only(connection.receive(publish(topic), 0.0)).reason_str is None


# --- requests -------------------------------------------------------------------------------------


def test_a_request_is_acknowledged_at_once_and_handed_over() -> None:
    outs = opened(endpoint()).receive(request(), 0.0)
    assert only(outs) == mqtt5.PubAckPacket(1)
    (asked,) = events(outs)
    assert isinstance(asked, Requested)
    assert (asked.identity.id, asked.operation, asked.payload) == ("h1", "sell", b"{}")
    assert (asked.response_topic, asked.correlation) == ("edge/v1/s1/h1/rsp/sell", b"c")
    assert (asked.qos, asked.retained, asked.expired) == (1, False, False)


def test_the_same_packet_again_is_the_same_request_again() -> None:
    connection = opened(endpoint())
    first = connection.receive(request(), 0.0)
    again = connection.receive(request(duplicate=True), 0.0)
    assert events(first) == events(again)
    assert packets(first) == packets(again)


@pytest.mark.parametrize(
    "response",
    [None, "edge/v1/s1/h2/rsp/sell", "edge/v1/s1/h1/rsp/", "edge/v1/s1/h1/rsp/a/b", "rsp/sell"],
)
def test_a_foreign_response_topic_is_none(response: str | None) -> None:
    (asked,) = events(opened(endpoint()).receive(request(response_topic=response), 0.0))
    assert isinstance(asked, Requested)
    assert asked.response_topic is None


def test_retained_and_expired_requests_say_so() -> None:
    packet = request(packet_id=None, retain=True, message_expiry_interval=0)
    (asked,) = events(opened(endpoint()).receive(packet, 0.0))
    assert isinstance(asked, Requested)
    assert (asked.qos, asked.retained, asked.expired) == (0, True, True)


@pytest.mark.parametrize(
    "topic",
    ["edge/v1/s1/h2/req/sell", "edge/v1/s2/h1/req/sell", "edge/v1/s1/h1/req/SELL", "x", "$SYS/x"],
)
def test_a_foreign_topic_is_denied_and_nothing_else_happens(topic: str) -> None:
    server = endpoint()
    connection = opened(server)
    outs = connection.receive(publish(topic), 0.0)
    denied = only(outs)
    assert int(denied.reason_code) == 0x87
    assert "req/" in denied.reason_str
    assert events(outs) == []
    assert connection.receive(publish(topic, packet_id=None), 0.0) == []
    assert server.counts["foreign_topic"] == 1


def test_more_than_receive_max_at_once_is_too_much() -> None:
    stream = b"".join(request(packet_id=n) for n in range(1, 5))
    assert len(packets(opened(endpoint(receive_max=4)).receive(stream, 0.0))) == 4
    outs = opened(endpoint(receive_max=3)).receive(stream, 0.0)
    assert int(packets(outs)[-1].reason_code) == 0x93
    assert len([event for event in events(outs) if isinstance(event, Requested)]) == 3


def test_who_does_not_acknowledge_answers_may_not_ask_more() -> None:
    server = endpoint(queue_messages_max=2)
    connection = listening(server)
    server.deliver("h1", answer(), 0.0)
    assert events(connection.receive(request(), 0.0))
    server.deliver("h1", answer(), 0.0)
    assert int(only(connection.receive(request(), 0.0)).reason_code) == 0x97
