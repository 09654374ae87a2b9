"""The other side: a small MQTT 5 client, for an external broker, tests and load.

It keeps its QoS 1 messages over connections and sends them again, with DUP if the server
still has the session, until they are acknowledged.
"""

from collections import Counter
from typing import TypeAlias

import mqtt5
import msgspec
from mqtt5 import DisconnectReasonCode as Reason

from drivers.codec import Close, Codec, Send
from drivers.mqtt.flow import Message, Outbound
from drivers.mqtt.framing import Broken, Framer, Packet

NO_MATCHING_SUBSCRIBERS = 0x10
PACKET_BYTES_UNLIMITED = 268_435_460
SUBSCRIBE_PACKET_ID = 65_535
PING_AFTER = 0.75
"""Ping once this part of the keep-alive is silent; once as much again is, give up."""


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are and what we want. Seconds, bytes, counts."""

    client_id: str
    username: str | None
    password: bytes | None
    subscriptions: tuple[str, ...] = ()
    clean_start: bool = False
    session_seconds: int = 3_600
    keep_alive_seconds: int = 60
    receive_max: int = 64
    packet_bytes_max: int = 65_536
    queue_messages_max: int = 1_024
    queue_bytes_max: int = 16_777_216
    will: Message | None = None


class Publish(msgspec.Struct, frozen=True):
    """Command: publish this."""

    message: Message


class Connected(msgspec.Struct, frozen=True):
    """We are in, and what we want is subscribed."""

    session_present: bool


class Rejected(msgspec.Struct, frozen=True):
    """The server does not let us in, or refuses a subscription; `code` is its reason code."""

    code: int
    reason: str


class Arrived(msgspec.Struct, frozen=True):
    """A message has come, and was acknowledged if it asked for that."""

    message: Message
    again: bool


class Acknowledged(msgspec.Struct, frozen=True):
    """The server has taken `message` of ours, or refused it (`code` of 128 and above).

    It may say that nobody listens there (`NO_MATCHING_SUBSCRIBERS`, section 3.4.2.1).
    """

    code: int
    message: Message | None


class Disconnected(msgspec.Struct, frozen=True):
    """The server said goodbye."""

    code: int
    reason: str


Event: TypeAlias = Connected | Rejected | Arrived | Acknowledged | Disconnected


class Client(Codec[bytes]):
    """One client over any number of connections: `start` begins one, `lost` ends it."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self.counts: Counter[str] = Counter()
        limits = settings.queue_messages_max, settings.queue_bytes_max
        self._outbound = Outbound(*limits, self.counts)
        self._framer = Framer(settings.packet_bytes_max)
        self._window = self._packet_bytes_max = 0
        self._in = self._present = self._pinged = False
        self._quiet_seconds = settings.keep_alive_seconds * PING_AFTER

    def start(self, now: float) -> list[object]:
        """Say CONNECT on a link that has just opened."""
        wanted = self._settings
        self._framer = Framer(wanted.packet_bytes_max)
        self._heard(now)
        packet = mqtt5.ConnectPacket(
            wanted.client_id,
            username=wanted.username,
            password=wanted.password,
            clean_start=wanted.clean_start,
            will=_will(wanted.will),
            keep_alive=wanted.keep_alive_seconds,
            session_expiry_interval=wanted.session_seconds,
            receive_max=wanted.receive_max,
            max_packet_size=wanted.packet_bytes_max,
        )
        return [Send(packet.write())]

    def receive(self, frame: bytes, now: float) -> list[object]:
        """Take any piece of the stream; never raises."""
        outs: list[object] = []
        try:
            for packet in self._framer.feed(frame):
                self._heard(now)
                outs += self._take(packet, now)
        except Broken as broken:
            goodbye = mqtt5.DisconnectPacket(reason_code=broken.disconnect_code)
            outs += [Send(goodbye.write()), Close(broken.reason)]
        return outs

    def command(self, command: Publish, now: float) -> list[object]:
        """Publish, now or, QoS 1 only, once there is a connection and room."""
        message = command.message
        push = self._outbound.push if message.qos else self._outbound.once
        return _sent(push(message, now))

    def wake(self, now: float) -> list[object]:
        """Ping after silence; give up when even that is not answered."""
        if self.wake_at is None or now < self.wake_at:
            return []
        if self._pinged or not self._in:
            self.wake_at = None
            return [Close("the server is silent")]
        self._heard(now)
        self._pinged = True
        return [Send(mqtt5.PingReqPacket().write())]

    def goodbye(self) -> list[object]:
        """Leave politely; the session stays as long as was agreed."""
        return [Send(mqtt5.DisconnectPacket().write()), Close("said goodbye")]

    def lost(self) -> None:
        """Take note that the link is gone."""
        self._in, self.wake_at = False, None
        self._outbound.close()

    def _heard(self, now: float) -> None:
        self._pinged = False
        self.wake_at = now + self._quiet_seconds if self._quiet_seconds else None

    def _take(self, packet: Packet, now: float) -> list[object]:
        match packet:
            case mqtt5.PublishPacket() if self._in:
                return _arrived(packet, now)
            case mqtt5.PubAckPacket() if self._in:
                message = self._outbound.sent(packet.packet_id)
                acknowledged = Acknowledged(int(packet.reason_code), message)
                return [*_sent(self._outbound.acknowledge(packet.packet_id, now)), acknowledged]
            case mqtt5.PingRespPacket() if self._in:
                return []
            case mqtt5.ConnAckPacket() if not self._in:
                return self._answered(packet, now)
            case mqtt5.SubAckPacket() if self._in:
                return self._subscribed(packet, now)
            case mqtt5.DisconnectPacket():
                code, reason = int(packet.reason_code), packet.reason_str or ""
                return [Disconnected(code, reason), Close(reason)]
            case _:
                raise Broken(Reason.PROTOCOL_ERROR, f"{type(packet).__name__} has no place here")

    def _answered(self, packet: mqtt5.ConnAckPacket, now: float) -> list[object]:
        if code := int(packet.reason_code):
            return [Rejected(code, packet.reason_str or ""), Close("not let in")]
        if packet.server_keep_alive is not None:
            self._quiet_seconds = packet.server_keep_alive * PING_AFTER
            self._heard(now)
        self._window = packet.receive_max
        self._packet_bytes_max = packet.max_packet_size or PACKET_BYTES_UNLIMITED
        self._in, self._present = True, packet.session_present
        if not self._settings.subscriptions:
            return self._ready(now)
        # Again even if the session is still there: it may have begun and ended before this.
        filters = [
            mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE)
            for pattern in self._settings.subscriptions
        ]
        return [Send(mqtt5.SubscribePacket(SUBSCRIBE_PACKET_ID, filters).write())]

    def _subscribed(self, packet: mqtt5.SubAckPacket, now: float) -> list[object]:
        refused = [int(code) for code in packet.reason_codes if int(code) >= 0x80]
        if refused:
            return [Rejected(refused[0], "subscription refused"), Close("subscription refused")]
        return self._ready(now)

    def _ready(self, now: float) -> list[object]:
        if not self._present:
            self._outbound.start_over()
        frames = self._outbound.open(self._window, self._packet_bytes_max, now)
        return [Connected(self._present), *_sent(frames)]


def _sent(frames: bytes) -> list[object]:
    return [Send(frames)] if frames else []


def _arrived(packet: mqtt5.PublishPacket, now: float) -> list[object]:
    left = packet.message_expiry_interval
    message = Message(
        topic=packet.topic,
        payload=packet.payload,
        qos=int(packet.qos),
        retain=packet.retain,
        content_type=packet.content_type,
        response_topic=packet.response_topic,
        correlation=packet.correlation_data,
        expires_at=None if left is None else now + left,
    )
    arrived = Arrived(message, packet.duplicate)
    if packet.packet_id is None:
        return [arrived]
    return [Send(mqtt5.PubAckPacket(packet.packet_id).write()), arrived]


def _will(message: Message | None) -> mqtt5.Will | None:
    if message is None:
        return None
    qos = mqtt5.QoS(message.qos)
    return mqtt5.Will(message.topic, payload=message.payload, qos=qos, retain=message.retain)
