"""The server's side of one connection, as a pure machine (sections 3 and 4)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import mqtt5
from mqtt5 import DisconnectReasonCode as Reason
from mqtt5 import PubAckReasonCode, RetainHandling, SubAckReasonCode, UnsubAckReasonCode

from drivers.codec import Close, Codec, Send
from drivers.mqtt import greeting
from drivers.mqtt.endpoint import Endpoint
from drivers.mqtt.framing import CONNECT_BYTE, Broken, Framer, Packet
from drivers.mqtt.session import Login, Offline, Online, Outs, Requested, Session, StateSaid
from drivers.mqtt.topics import SHARED, has_wildcard, is_filter

PACKET_BYTES_UNLIMITED = 268_435_460
"""What a client that names no maximum packet size can be sent (section 2.1.4)."""
KEEP_ALIVE_GRACE = 1.5
BURST_SECONDS = 2.0
QOS_MAX = 1
_PONG = mqtt5.PingRespPacket().write()


class Connection(Codec[bytes]):
    """Serves one connection of `endpoint`, from CONNECT to its end.

    A request has its PUBACK as soon as it is here, which promises nothing: only the reply
    means done, and until it comes a terminal asks again with the same key. So a duplicate
    (DUP or not) is simply asked again, and its key makes it one.
    After `Close` nothing is answered any more. `login` is the endpoint's unless another is given.
    """

    def __init__(self, endpoint: Endpoint, login: Login | None = None) -> None:
        self._endpoint = endpoint
        self._login = login or endpoint.login
        self._settings = endpoint.settings
        self._framer = Framer(endpoint.settings.packet_bytes_max)
        self._session: Session | None = None
        self._has_begun = self._over = False
        self._explains = True
        self._packet_bytes_max = PACKET_BYTES_UNLIMITED
        self._silence_seconds_max = endpoint.settings.connect_seconds_max
        self._no_session_asked = False
        self._unacknowledged = 0
        self._packets_left = BURST_SECONDS * endpoint.settings.packets_per_second_max
        self._paced_at = 0.0
        self._frames = bytearray()
        self._outs: list[object] = []

    @property
    def terminal(self) -> str | None:
        """The id of the terminal that is logged in here."""
        return None if self._session is None else self._session.identity.id

    # --- the codec's shape

    def start(self, now: float) -> list[object]:
        """Begin: the client has `connect_seconds_max` for its CONNECT."""
        self.wake_at = now + self._silence_seconds_max
        self._paced_at = now
        return []

    def receive(self, frame: bytes, now: float) -> list[object]:
        """Take a piece of the stream, at least a byte, and answer in one piece; never raises."""
        if self._over:
            return []
        try:
            if not self._has_begun:
                self._begin(frame)
            for packet in self._framer.feed(frame):
                self._pace(now)
                self._take(packet, now)
                if self._over:
                    break
        except Broken as broken:
            self._end(broken, now)
        # All acknowledgements of this piece leave together, so until here none has reached
        # the client: more than `receive_max` of them in one piece proves it went too far.
        self._unacknowledged = 0
        return self._flush()

    def wake(self, now: float) -> list[object]:
        """End the connection if nothing came for one and a half keep-alives (3.1.2.10)."""
        if self._over or self.wake_at is None or now < self.wake_at:
            return []
        if self._session is None:
            self._finish(f"no CONNECT in {self._silence_seconds_max:g} s")
        else:
            self._end(Broken(Reason.KEEP_ALIVE_TIMEOUT, "nothing heard: ping in time"), now)
        return self._flush()

    def lost(self, now: float, reason: str) -> list[object]:
        """Take note that the link is gone, whoever ended it."""
        if not self._over:
            self._leave(now, reason, with_will=True)
            self._over, self.wake_at = True, None
        return self._flush()

    # --- what the endpoint does to it

    def say_goodbye(self, broken: Broken, now: float) -> Outs:
        """End for a reason of the endpoint's, which does what this returns."""
        assert self._session is not None
        identity = self._session.identity
        self._session.left(now, with_will=True)
        self._over, self.wake_at = True, None
        return (
            Send(self._disconnect(broken)),
            Offline(identity, broken.reason, broken.code),
            Close(broken.reason),
        )

    # --- ends

    def _flush(self) -> list[object]:
        outs, self._outs = self._outs, []
        if self._frames:
            outs.insert(0, Send(bytes(self._frames)))
            self._frames.clear()
        return outs

    def _end(self, broken: Broken, now: float) -> None:
        """End with a reason code: in a CONNACK before login, in a DISCONNECT after."""
        if self._session is None:
            self._frames += self._fitting(partial(greeting.farewell, broken), broken.reason)
        else:
            self._frames += self._disconnect(broken)
            self._leave(now, broken.reason, with_will=True, code=broken.code)
        self._finish(broken.reason)

    def _finish(self, reason: str) -> None:
        self._over, self.wake_at = True, None
        self._outs.append(Close(reason))

    def _leave(self, now: float, reason: str, *, with_will: bool, code: int | None = None) -> None:
        if self._session is not None:
            self._session.left(now, with_will=with_will)
            self._outs.append(Offline(self._session.identity, reason, code))
            self._outs += self._endpoint.wake(now)

    def _disconnect(self, broken: Broken) -> bytes:
        code = broken.disconnect_code

        def make(reason: str | None) -> bytes:
            return mqtt5.DisconnectPacket(reason_code=code, reason_str=reason).write()

        return self._fitting(make, broken.reason)

    def _fitting(self, make: Callable[[str | None], bytes], reason: str) -> bytes:
        """Make a packet with its reason, or without if the client takes no such packet."""
        frame = make(reason)
        return frame if len(frame) <= self._packet_bytes_max else make(None)

    # --- packets

    def _begin(self, frame: bytes) -> None:
        """Look at the first byte: who does not speak MQTT is told at once (section 3.1)."""
        if frame[0] != CONNECT_BYTE:
            raise Broken(Reason.PROTOCOL_ERROR, "the first packet must be CONNECT")
        self._has_begun = True

    def _pace(self, now: float) -> None:
        """Count a packet: a token bucket, so that a flood costs others nothing they notice."""
        rate = self._settings.packets_per_second_max
        refilled = self._packets_left + (now - self._paced_at) * rate
        self._packets_left = min(BURST_SECONDS * rate, refilled) - 1
        self._paced_at = now
        if self._packets_left < 0:
            raise Broken(Reason.MESSAGE_RATE_TOO_HIGH, f"send at most {rate} packets a second")

    def _take(self, packet: Packet, now: float) -> None:
        session = self._session
        if session is None:
            assert isinstance(packet, mqtt5.ConnectPacket)
            self._connect(packet, now)
        else:
            handle = _HANDLERS.get(type(packet))
            if handle is None:
                name = type(packet).__name__.removesuffix("Packet").upper()
                raise Broken(Reason.PROTOCOL_ERROR, f"{name} has no place here")
            handle(self, session, packet, now)
        self.wake_at = now + self._silence_seconds_max if not self._over else None

    def _connect(self, packet: mqtt5.ConnectPacket, now: float) -> None:
        settings, endpoint = self._settings, self._endpoint
        self._explains = packet.request_problem_info
        self._packet_bytes_max = packet.max_packet_size or PACKET_BYTES_UNLIMITED
        identity = greeting.admit(packet, settings, self._login)
        session, present, outs = endpoint.claim(identity, self, clean=packet.clean_start, now=now)
        session.will = packet.will
        session.expiry_seconds = greeting.session_seconds(packet.session_expiry_interval, settings)
        self._session = session
        self._no_session_asked = packet.session_expiry_interval == 0
        keep_alive = greeting.keep_alive_seconds(packet.keep_alive, settings)
        self._silence_seconds_max = keep_alive * KEEP_ALIVE_GRACE
        self._frames += greeting.welcome(packet, identity, settings, present=present)
        self._frames += session.outbound.open(packet.receive_max, self._packet_bytes_max, now)
        self._outs += outs
        self._outs.append(Online(identity))

    def _publish(self, session: Session, packet: mqtt5.PublishPacket, now: float) -> None:
        packet_id = packet.packet_id
        if packet.topic_alias is not None:
            raise Broken(Reason.TOPIC_ALIAS_INVALID, "topic aliases are not offered here")
        if packet_id is None:
            if not self._arrived(session, packet):
                self._endpoint.counts["foreign_topic"] += 1
            return
        if packet.qos == mqtt5.QoS.EXACTLY_ONCE:
            raise Broken(Reason.QOS_NOT_SUPPORTED, "use QoS 1")
        self._unacknowledged += 1
        if self._unacknowledged > self._settings.receive_max:
            reason = f"more than {self._settings.receive_max} unacknowledged messages"
            raise Broken(Reason.RECEIVE_MAX_EXCEEDED, reason)
        if self._arrived(session, packet):
            self._frames += mqtt5.PubAckPacket(packet_id).write()
        else:
            self._frames += self._deny(packet_id, session)

    def _arrived(self, session: Session, packet: mqtt5.PublishPacket) -> bool:
        """Take a message in; return whether its topic is this terminal's to write."""
        topic = packet.topic
        operation = session.topics.operation_of(topic)
        if operation is None:
            if has_wildcard(topic):
                raise Broken(Reason.TOPIC_NAME_INVALID, "publish to a topic without + and #")
            if topic == session.topics.state:
                self._outs.append(StateSaid(session.identity, packet.payload))
                return True
            return False
        if session.outbound.full:
            reason = "acknowledge the answers you have before you ask more"
            raise Broken(Reason.QUOTA_EXCEEDED, reason)
        response = packet.response_topic
        own = response is not None and session.topics.is_response(response)
        self._outs.append(
            Requested(
                session.identity,
                operation,
                packet.payload,
                0 if packet.packet_id is None else 1,
                response if own else None,
                packet.correlation_data,
                packet.retain,
                packet.message_expiry_interval == 0,
            )
        )
        return True

    def _deny(self, packet_id: int, session: Session) -> bytes:
        def make(reason: str | None) -> bytes:
            code = PubAckReasonCode.NOT_AUTHORIZED
            return mqtt5.PubAckPacket(packet_id, reason_code=code, reason_str=reason).write()

        if not self._explains:
            return make(None)
        topics = session.topics
        return self._fitting(make, f"publish to {topics.request('{op}')} or {topics.state}")

    def _puback(self, session: Session, packet: mqtt5.PubAckPacket, now: float) -> None:
        self._frames += session.outbound.acknowledge(packet.packet_id, now)

    def _subscribe(self, session: Session, packet: mqtt5.SubscribePacket, now: float) -> None:
        _check_list(packet.packet_id, packet.topic_filters)
        codes, retained = [], bytearray()
        for wanted in packet.topic_filters:
            code = self._judge_filter(session, wanted, with_id=packet.subscription_id is not None)
            codes.append(code)
            if int(code) <= QOS_MAX:
                retained += self._subscribed(session, wanted, int(code), now)
        self._frames += mqtt5.SubAckPacket(packet.packet_id, codes).write() + retained

    def _judge_filter(
        self, session: Session, wanted: mqtt5.TopicFilter, *, with_id: bool
    ) -> SubAckReasonCode:
        pattern = wanted.pattern
        if with_id:
            return SubAckReasonCode.SUBSCRIPTION_IDS_NOT_SUPPORTED
        if pattern.startswith(SHARED):
            return SubAckReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        if not is_filter(pattern):
            return SubAckReasonCode.TOPIC_FILTER_INVALID
        if not session.topics.may_read(pattern):
            return SubAckReasonCode.NOT_AUTHORIZED
        if not session.may_subscribe(pattern, self._settings.subscriptions_max):
            return SubAckReasonCode.QUOTA_EXCEEDED
        return SubAckReasonCode(min(QOS_MAX, int(wanted.max_qos)))

    def _subscribed(
        self, session: Session, wanted: mqtt5.TopicFilter, qos: int, now: float
    ) -> bytes:
        """Subscribe; return the retained messages to send (section 3.8.3.1)."""
        is_new = session.subscribe(wanted.pattern, qos)
        handling = wanted.retain_handling
        if handling == RetainHandling.SEND_NEVER:
            return b""
        if handling == RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS and not is_new:
            return b""
        messages = self._endpoint.retained(wanted.pattern, qos, now)
        return b"".join(session.push(each, now, self._endpoint.counts) for each in messages)

    def _unsubscribe(self, session: Session, packet: mqtt5.UnsubscribePacket, now: float) -> None:
        _check_list(packet.packet_id, packet.patterns)
        codes = [
            UnsubAckReasonCode.SUCCESS
            if session.unsubscribe(pattern)
            else UnsubAckReasonCode.NO_SUBSCRIPTION_EXISTED
            for pattern in packet.patterns
        ]
        self._frames += mqtt5.UnsubAckPacket(packet.packet_id, codes).write()

    def _ping(self, session: Session, packet: mqtt5.PingReqPacket, now: float) -> None:
        self._frames += _PONG

    def _goodbye(self, session: Session, packet: mqtt5.DisconnectPacket, now: float) -> None:
        asked = packet.session_expiry_interval
        if asked is not None:
            if asked and self._no_session_asked:
                reason = "a session that was not asked for cannot be kept (section 3.14.2.2.2)"
                raise Broken(Reason.PROTOCOL_ERROR, reason)
            session.expiry_seconds = greeting.session_seconds(asked, self._settings)
        normal = packet.reason_code == Reason.NORMAL_DISCONNECTION
        self._leave(now, "said goodbye", with_will=not normal)
        self._finish("said goodbye")


def _check_list(packet_id: int, entries: list[Any]) -> None:
    if not packet_id:
        raise Broken(Reason.PROTOCOL_ERROR, "packet id 0 (section 2.2.1)")
    if not entries:
        raise Broken(Reason.PROTOCOL_ERROR, "no topic filter (sections 3.8.3, 3.10.3)")


_HANDLERS: dict[type[Packet], Callable[[Connection, Session, Any, float], None]] = {
    mqtt5.PublishPacket: Connection._publish,
    mqtt5.PubAckPacket: Connection._puback,
    mqtt5.SubscribePacket: Connection._subscribe,
    mqtt5.UnsubscribePacket: Connection._unsubscribe,
    mqtt5.PingReqPacket: Connection._ping,
    mqtt5.DisconnectPacket: Connection._goodbye,
}
