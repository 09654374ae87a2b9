"""What the endpoint keeps of a terminal between connections, and what it says (section 4.1)."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol, TypeAlias

import mqtt5
import msgspec

from drivers.codec import Close, Send
from drivers.mqtt.flow import Message, Outbound
from drivers.mqtt.framing import Broken
from drivers.mqtt.topics import Topics, matches

TOPICS_REMEMBERED_MAX = 256


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoint allows. Seconds, bytes, and counts for one terminal."""

    store: str
    packet_bytes_max: int = 65_536
    connect_seconds_max: float = 10.0
    keep_alive_seconds_max: int = 300
    session_seconds_max: int = 3_600
    receive_max: int = 32
    packets_per_second_max: int = 1_000
    """In the long run; twice as many at once. Who sends more is sent away (0x96)."""
    subscriptions_max: int = 16
    queue_messages_max: int = 128
    queue_bytes_max: int = 1_048_576


class Identity(Protocol):
    """Whoever logged in; `id` is the only name the endpoint goes by."""

    @property
    def id(self) -> str:
        """The terminal's id, which is its client id and its place in the topics."""
        ...


class TooSoon(msgspec.Struct, frozen=True):
    """Too many wrong passwords came before: nobody is looked at for so long."""

    seconds: float


Login: TypeAlias = Callable[[str, bytes], Identity | TooSoon | None]
"""Name and password in; who that is, or None, out. Safe to call with anything."""


class Online(msgspec.Struct, frozen=True):
    """A terminal has connected and logged in."""

    identity: Identity


class Offline(msgspec.Struct, frozen=True):
    """A terminal's connection has ended; `reason` is for the log.

    `code` is the reason code of section 2.4 that it was ended with, if it was ended here.
    """

    identity: Identity
    reason: str
    code: int | None = None


class Requested(msgspec.Struct, frozen=True):
    """A terminal asks for something; it has its PUBACK, which promises nothing.

    `response_topic` is None unless it is one of the terminal's own. `expired` means that its
    message expiry interval was used up before it came here.
    """

    identity: Identity
    operation: str
    payload: bytes
    qos: int
    response_topic: str | None
    correlation: bytes | None
    retained: bool
    expired: bool


class StateSaid(msgspec.Struct, frozen=True):
    """A terminal said on its state topic how it is, or its will said so for it."""

    identity: Identity
    payload: bytes


Outs: TypeAlias = tuple[Send[bytes] | Close | Offline, ...]
"""What one connection can make another one do."""


class Attached(Protocol):
    """A connection as its session knows it."""

    def say_goodbye(self, broken: Broken, now: float) -> Outs:
        """End for a reason of ours; return what there is still to do on that connection."""
        ...


class Elsewhere(msgspec.Struct, frozen=True):
    """Do `outs` at another connection of the same endpoint."""

    connection: Attached
    outs: Outs


class Session:
    """One terminal's session. `connection` is the one it is using now, if any."""

    def __init__(self, identity: Identity, settings: Settings, counts: Counter[str]) -> None:
        self.identity = identity
        self.topics = Topics(settings.store, identity.id)
        self.outbound = Outbound(settings.queue_messages_max, settings.queue_bytes_max, counts)
        self.connection: Attached | None = None
        self.expiry_seconds = 0
        self.expires_at: float | None = None
        self.will: mqtt5.Will | None = None
        self.will_at: float | None = None
        self._subscriptions: dict[str, int] = {}
        self._qos_of: dict[str, int | None] = {}

    def may_subscribe(self, pattern: str, subscriptions_max: int) -> bool:
        """Return whether `pattern` can be subscribed, or changed, within `subscriptions_max`."""
        return pattern in self._subscriptions or len(self._subscriptions) < subscriptions_max

    def subscribe(self, pattern: str, qos: int) -> bool:
        """Subscribe, or change a subscription; return whether it is new."""
        is_new = pattern not in self._subscriptions
        self._subscriptions[pattern] = qos
        self._qos_of.clear()
        return is_new

    def unsubscribe(self, pattern: str) -> bool:
        """End a subscription; return whether there was one."""
        self._qos_of.clear()
        return self._subscriptions.pop(pattern, None) is not None

    def qos_of(self, topic: str) -> int | None:
        """Return the highest QoS `topic` is subscribed with, or None if it is not."""
        try:
            return self._qos_of[topic]
        except KeyError:
            if len(self._qos_of) >= TOPICS_REMEMBERED_MAX:
                self._qos_of.clear()
            found = [q for pattern, q in self._subscriptions.items() if matches(pattern, topic)]
            return self._qos_of.setdefault(topic, max(found, default=None))

    def push(self, message: Message, now: float, counts: Counter[str]) -> bytes:
        """Owe `message` as it is subscribed; return what to send on the connection now."""
        subscribed = self.qos_of(message.topic)
        if subscribed is None:
            counts["not_subscribed"] += 1
            return b""
        if message.qos and subscribed:
            return self.outbound.push(message, now)
        return self.outbound.once(message, now)

    def left(self, now: float, *, with_will: bool) -> None:
        """Take note that the connection is gone; with its will, or without (3.1.2.5)."""
        self.connection = None
        self.outbound.close()
        self.expires_at = now + self.expiry_seconds
        if with_will and self.will is not None:
            self.will_at = min(now + self.will.will_delay_interval, self.expires_at)
        else:
            self.will = None
