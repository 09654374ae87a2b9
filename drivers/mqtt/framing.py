"""The byte stream cut into packets, and every way a packet can be wrong (sections 2, 4.13)."""

from collections.abc import Iterator
from typing import TypeAlias

import mqtt5
from mqtt5 import DisconnectReasonCode as Reason

from drivers.mqtt.strings import check_strings

Packet: TypeAlias = (
    mqtt5.ConnectPacket
    | mqtt5.ConnAckPacket
    | mqtt5.PublishPacket
    | mqtt5.PubAckPacket
    | mqtt5.PubRecPacket
    | mqtt5.PubRelPacket
    | mqtt5.PubCompPacket
    | mqtt5.SubscribePacket
    | mqtt5.SubAckPacket
    | mqtt5.UnsubscribePacket
    | mqtt5.UnsubAckPacket
    | mqtt5.PingReqPacket
    | mqtt5.PingRespPacket
    | mqtt5.DisconnectPacket
    | mqtt5.AuthPacket
)

CONNECT_BYTE = 0x10
UNSUPPORTED_VERSION = int(mqtt5.ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION)
LENGTH_BYTES_MAX = 4

# What `mqtt5` complains of that the standard calls a Protocol Error (0x82) or by its own name;
# everything else it complains of is a Malformed Packet (0x81).
_NAMED_ERRORS = {
    "Duplicate value for unique property": int(Reason.PROTOCOL_ERROR),
    "Receive maximum must be": int(Reason.PROTOCOL_ERROR),
    "Maximum packet size must be": int(Reason.PROTOCOL_ERROR),
    "Subscription ID must be": int(Reason.PROTOCOL_ERROR),
    "Topic alias must be set": int(Reason.PROTOCOL_ERROR),
    "Topic alias must be !=": int(Reason.TOPIC_ALIAS_INVALID),
    "Invalid boolean": int(Reason.PROTOCOL_ERROR),
    "Invalid RetainHandling": int(Reason.PROTOCOL_ERROR),
    "Invalid protocol": UNSUPPORTED_VERSION,
}


class Broken(Exception):
    """The far end broke the protocol, and the connection ends.

    `code` is the reason code of section 2.4 to end it with, `reason` says what was wrong and
    what to do instead. `old_dialect` means that it speaks MQTT 3: answer so that it understands.
    """

    def __init__(self, code: int, reason: str, *, old_dialect: bool = False) -> None:
        super().__init__(reason)
        self.code, self.reason, self.old_dialect = int(code), reason, old_dialect

    @property
    def connack_code(self) -> mqtt5.ConnAckReasonCode:
        """The code for a CONNACK; what has a code only after login is a protocol error before."""
        try:
            return mqtt5.ConnAckReasonCode(self.code)
        except ValueError:
            return mqtt5.ConnAckReasonCode.PROTOCOL_ERROR

    @property
    def disconnect_code(self) -> Reason:
        """The code for a DISCONNECT; what has a code only before login is a protocol error."""
        try:
            return Reason(self.code)
        except ValueError:
            return Reason.PROTOCOL_ERROR


class Framer:
    """Cuts a stream into packets. Never holds more than one packet and one piece of stream."""

    def __init__(self, packet_bytes_max: int) -> None:
        self._packet_bytes_max = packet_bytes_max
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield the packets that `data` completes, each exactly once.

        Raises `Broken` at the first thing wrong; a packet too large is refused from its
        header, before its body is here. After that the framer must not be fed again.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while start < len(buffer):
                end = _packet_end(buffer, start, self._packet_bytes_max)
                if end is None or end > len(buffer):
                    break
                frame = bytes(buffer[start:end])
                start = end
                yield _decode(frame)
        finally:
            del buffer[:start]


def _packet_end(buffer: bytearray, start: int, packet_bytes_max: int) -> int | None:
    """Return where the packet at `start` ends, or None while its header is incomplete."""
    length = 0
    for position in range(LENGTH_BYTES_MAX):
        at = start + 1 + position
        if at >= len(buffer):
            return None
        byte = buffer[at]
        length |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            if byte == 0 and position:
                raise Broken(Reason.MALFORMED_PACKET, "remaining length has needless bytes")
            end = at + 1 + length
            if end - start > packet_bytes_max:
                reason = f"packet of {end - start} bytes: send at most {packet_bytes_max}"
                raise Broken(Reason.PACKET_TOO_LARGE, reason)
            return end
    raise Broken(Reason.MALFORMED_PACKET, "remaining length is longer than four bytes")


def _decode(frame: bytes) -> Packet:
    try:
        if frame[0] == CONNECT_BYTE or not frame[3:].isascii():
            check_strings(frame)
        packet, _ = mqtt5.read(memoryview(frame))
    except IndexError as error:
        raise Broken(Reason.MALFORMED_PACKET, "fields run past the packet's end") from error
    except ValueError as error:
        raise _named(frame, str(error)) from error
    if type(packet) is mqtt5.PublishPacket:
        _check_publish(packet)
    elif type(packet) is mqtt5.ConnectPacket:
        _check_connect_flags(frame)
    return packet


def _named(frame: bytes, complaint: str) -> Broken:
    for start, code in _NAMED_ERRORS.items():
        if complaint.startswith(start):
            if code == UNSUPPORTED_VERSION:
                return Broken(code, "speak MQTT 5", old_dialect=_speaks_mqtt_3(frame))
            return Broken(code, complaint)
    return Broken(Reason.MALFORMED_PACKET, complaint)


def _speaks_mqtt_3(frame: bytes) -> bool:
    return b"\x04MQTT\x04" in frame[:10] or b"\x06MQIsdp\x03" in frame[:12]


def _check_publish(packet: mqtt5.PublishPacket) -> None:
    if packet.packet_id is None:
        if packet.duplicate:
            raise Broken(Reason.MALFORMED_PACKET, "DUP on QoS 0 (section 3.3.1.1)")
    elif packet.packet_id == 0:
        raise Broken(Reason.PROTOCOL_ERROR, "packet id 0 (section 2.2.1)")
    if packet.payload_format_indicator > 1:
        raise Broken(Reason.PROTOCOL_ERROR, "payload format indicator above 1")


def _check_connect_flags(frame: bytes) -> None:
    """Check the connect flags (section 3.1.2.3): bits that say nothing must be zero."""
    at = 1
    while frame[at] & 0x80:
        at += 1
    flags = frame[at + 1 + len(b"\0\x04MQTT\x05")]
    if flags & 0x01 or (not flags & 0x04 and flags & 0x38):
        raise Broken(Reason.MALFORMED_PACKET, "reserved connect flags are set")
