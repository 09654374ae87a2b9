"""May this CONNECT come in, and what is it told (sections 3.1, 3.2)?"""

import math

import mqtt5
from mqtt5 import ConnAckReasonCode as Reason

from drivers.mqtt.framing import Broken
from drivers.mqtt.session import Identity, Login, Settings, TooSoon
from drivers.mqtt.topics import Topics

OLD_DIALECT_REFUSAL = b"\x20\x02\x00\x01"
"""CONNACK of MQTT 3.1.1, section 3.2.2.3: unacceptable protocol version."""

CLIENT_PACKET_BYTES_MIN = 128
"""Room for the longest CONNACK that lets somebody in."""


def admit(packet: mqtt5.ConnectPacket, settings: Settings, login: Login) -> Identity:
    """Return who may come in; raises `Broken` with the CONNACK's reason code otherwise.

    The client id is the terminal's id or empty; nothing else said in the packet matters.
    """
    if packet.max_packet_size is not None and packet.max_packet_size < CLIENT_PACKET_BYTES_MIN:
        reason = f"take packets of at least {CLIENT_PACKET_BYTES_MIN} bytes"
        raise Broken(Reason.PACKET_TOO_LARGE, reason)
    if packet.authentication_method is not None:
        reason = "log in with a user name and a password"
        raise Broken(Reason.BAD_AUTHENTICATION_METHOD, reason)
    if packet.username is None or packet.password is None:
        raise Broken(Reason.NOT_AUTHORIZED, "log in with the terminal's id and token")
    identity = login(packet.username, packet.password)
    if identity is None:
        reason = "no such terminal, or not its token: pair it again"
        raise Broken(Reason.BAD_USER_NAME_OR_PASSWORD, reason)
    if isinstance(identity, TooSoon):
        reason = f"too many wrong tokens came: try again in {math.ceil(identity.seconds)} s"
        raise Broken(Reason.CONNECTION_RATE_EXCEEDED, reason)
    if packet.client_id not in ("", identity.id):
        raise Broken(Reason.CLIENT_ID_NOT_VALID, f"the client id must be {identity.id}")
    if packet.will is not None:
        _check_will(packet.will, Topics(settings.store, identity.id))
    return identity


def _check_will(will: mqtt5.Will, topics: Topics) -> None:
    if will.qos == mqtt5.QoS.EXACTLY_ONCE:
        raise Broken(Reason.QUALITY_NOT_SUPPORTED, "use QoS 1 for the will")
    if will.topic != topics.state:
        raise Broken(Reason.TOPIC_NAME_INVALID, f"the will's topic must be {topics.state}")


def session_seconds(asked: int, settings: Settings) -> int:
    """Return how long a session is kept: as asked, up to the endpoint's limit."""
    return min(asked, settings.session_seconds_max)


def keep_alive_seconds(asked: int, settings: Settings) -> int:
    """Return the keep-alive in force: a silent terminal is noticed even if it asks for none."""
    return min(asked or settings.keep_alive_seconds_max, settings.keep_alive_seconds_max)


def welcome(
    packet: mqtt5.ConnectPacket, identity: Identity, settings: Settings, *, present: bool
) -> bytes:
    """Return the CONNACK that lets `identity` in and tells it what is different here."""
    kept = session_seconds(packet.session_expiry_interval, settings)
    keep_alive = keep_alive_seconds(packet.keep_alive, settings)
    responses = Topics(settings.store, identity.id).responses
    return mqtt5.ConnAckPacket(
        session_present=present,
        session_expiry_interval=None if kept == packet.session_expiry_interval else kept,
        assigned_client_id=None if packet.client_id else identity.id,
        server_keep_alive=None if keep_alive == packet.keep_alive else keep_alive,
        response_info=responses if packet.request_response_info else None,
        receive_max=settings.receive_max,
        max_qos=mqtt5.QoS.AT_LEAST_ONCE,
        max_packet_size=settings.packet_bytes_max,
        subscription_id_available=False,
        shared_subscription_available=False,
    ).write()


def farewell(broken: Broken, reason: str | None) -> bytes:
    """Return the CONNACK that sends somebody away, with a reason in words or without."""
    if broken.old_dialect:
        return OLD_DIALECT_REFUSAL
    return mqtt5.ConnAckPacket(reason_code=broken.connack_code, reason_str=reason).write()
