"""What the tests of the MQTT machines have in common: packets to send and packets sent."""

from collections.abc import Iterable
from typing import Any

import mqtt5
from mqtt5 import QoS, SubAckReasonCode

from drivers.codec import Close, Send
from drivers.mqtt import (
    Connection,
    Elsewhere,
    Endpoint,
    Framer,
    Message,
    Settings,
    StateSaid,
    Topics,
)

TOPICS = Topics("s1", "h1")


class Known:
    """A terminal that may come in."""

    def __init__(self, name: str) -> None:
        self.id = name


def login(name: str, password: bytes) -> Known | None:
    return Known(name) if name in ("h1", "h2") and password == b"secret" else None


def endpoint(**changes: Any) -> Endpoint:
    return Endpoint(Settings(store="s1", **changes), login)


def connect(**changes: Any) -> bytes:
    wanted: dict[str, Any] = {"username": "h1", "password": b"secret", **changes}
    return mqtt5.ConnectPacket(wanted.pop("client_id", "h1"), **wanted).write()


def publish(topic: str, payload: bytes = b"{}", packet_id: int | None = 1, **more: Any) -> bytes:
    qos = QoS.AT_MOST_ONCE if packet_id is None else QoS.AT_LEAST_ONCE
    more = {"qos": qos, **more}
    return mqtt5.PublishPacket(topic, payload, packet_id=packet_id, **more).write()


def request(operation: str = "sell", packet_id: int | None = 1, **more: Any) -> bytes:
    more = {"response_topic": TOPICS.response(operation), "correlation_data": b"c", **more}
    return publish(TOPICS.request(operation), packet_id=packet_id, **more)


def subscribe(*patterns: str, qos: QoS = QoS.AT_LEAST_ONCE, **more: Any) -> bytes:
    filters = [mqtt5.TopicFilter(pattern, max_qos=qos) for pattern in patterns]
    return mqtt5.SubscribePacket(1, filters, **more).write()


def puback(packet_id: int) -> bytes:
    return mqtt5.PubAckPacket(packet_id).write()


def packets(outs: Iterable[object]) -> list[Any]:
    """The packets in what a machine wants sent."""
    stream = b"".join(out.frame for out in outs if isinstance(out, Send))
    return list(Framer(1 << 20).feed(stream))


def only(outs: Iterable[object]) -> Any:
    (packet,) = packets(outs)
    return packet


def events(outs: Iterable[object]) -> list[object]:
    return [out for out in outs if not isinstance(out, Send | Close)]


def opened(server: Endpoint, now: float = 0.0, **changes: Any) -> Connection:
    connection = Connection(server)
    connection.start(now)
    answer, *_ = packets(connection.receive(connect(**changes), now))
    assert answer.reason_code == mqtt5.ConnAckReasonCode.SUCCESS
    return connection


def listening(server: Endpoint, now: float = 0.0, **changes: Any) -> Connection:
    connection = opened(server, now, **changes)
    answer = only(connection.receive(subscribe("edge/v1/s1/h1/rsp/+"), now))
    assert answer.reason_codes == [SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]
    return connection


def answer(number: int = 0, **more: Any) -> Message:
    return Message(topic=TOPICS.response("sell"), payload=b"%d" % number, **more)


def delivered(outs: Iterable[Elsewhere]) -> list[Any]:
    return [packet for out in outs for packet in packets(out.outs)]


def will(delay: int = 0) -> mqtt5.Will:
    return mqtt5.Will(TOPICS.state, payload=b"gone", will_delay_interval=delay)


def said(outs: Iterable[object]) -> list[bytes]:
    return [out.payload for out in outs if isinstance(out, StateSaid)]
