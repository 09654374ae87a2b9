"""Messages on their way out: QoS 1 is owed until it is acknowledged (sections 4.3, 4.4, 4.9)."""

from collections import Counter, deque

import mqtt5
import msgspec
from mqtt5 import QoS

PACKET_ID_MAX = 65_535


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be published. `expires_at` is on the clock of `now`; None is never.

    `again` is whether it may be sent a second time when nobody knows if it has arrived: rather
    twice than never. Without, rather never than twice.
    """

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    expires_at: float | None = None
    again: bool = True


class Outbound:
    """One side's unfinished QoS 1 messages; it outlives connections.

    At most `window` messages (the far end's receive maximum) are unacknowledged on a
    connection; more wait in order, within `messages_max` and `bytes_max`. What cannot be
    kept or sent is dropped and counted in `counts`, by why.
    """

    def __init__(self, messages_max: int, bytes_max: int, counts: Counter[str]) -> None:
        self._messages_max, self._bytes_max = messages_max, bytes_max
        self._counts = counts
        self._sent: dict[int, Message] = {}
        self._again: deque[tuple[int, Message]] = deque()
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._window = 0
        self._packet_bytes_max = 0
        self._last_id = 0

    @property
    def full(self) -> bool:
        """Whether the next message would have to be dropped."""
        return self._owed() >= self._messages_max or self._bytes >= self._bytes_max

    def _owed(self) -> int:
        return len(self._sent) + len(self._again) + len(self._waiting)

    def open(self, window: int, packet_bytes_max: int, now: float) -> bytes:
        """Return what to send on a new connection: first, with DUP, what was never acknowledged."""
        self._window, self._packet_bytes_max = window, packet_bytes_max
        return self._fill(now)

    def close(self) -> None:
        """Take note that the connection is gone: what was sent on it must be sent again."""
        unsure = [(packet_id, one) for packet_id, one in self._sent.items() if one.again]
        lost = [one for one in self._sent.values() if not one.again]
        if lost:
            self._counts["unsure"] += len(lost)
            self._bytes -= sum(len(one.payload) for one in lost)
        self._again.extendleft(reversed(unsure))
        self._sent.clear()
        self._window = 0

    def start_over(self) -> None:
        """Take note that the far end forgot the session: nothing was sent before, all is new."""
        self._waiting.extendleft(message for _, message in reversed(self._again))
        self._again.clear()

    def sent(self, packet_id: int) -> Message | None:
        """Return what is on its way under `packet_id`, if anything is."""
        return self._sent.get(packet_id)

    def push(self, message: Message, now: float) -> bytes:
        """Owe `message`; return what to send now, which is nothing while it has to wait."""
        if self.full:
            self._counts["queue_full"] += 1
            return b""
        self._bytes += len(message.payload)
        self._waiting.append(message)
        return self._fill(now)

    def acknowledge(self, packet_id: int, now: float) -> bytes:
        """Owe one message less; return what to send now. An id nobody knows changes nothing."""
        message = self._sent.pop(packet_id, None)
        if message is None:
            return b""
        self._bytes -= len(message.payload)
        return self._fill(now)

    def once(self, message: Message, now: float) -> bytes:
        """Return a QoS 0 message as it is sent now: unless connected it is dropped."""
        if not self._window:
            self._counts["nobody_there"] += 1
            return b""
        return self._fitting(packet_bytes(message, now))

    def _fill(self, now: float) -> bytes:
        frames = bytearray()
        while len(self._sent) < self._window and (self._again or self._waiting):
            if self._again:
                packet_id, message = self._again.popleft()
                frame = packet_bytes(message, now, packet_id, again=True)
            else:
                message = self._waiting.popleft()
                if message.expires_at is not None and message.expires_at <= now:
                    self._bytes -= len(message.payload)
                    self._counts["expired"] += 1
                    continue
                packet_id = self._fresh_id()
                frame = packet_bytes(message, now, packet_id)
            if fitting := self._fitting(frame):
                self._sent[packet_id] = message
                frames += fitting
            else:
                self._bytes -= len(message.payload)
        return bytes(frames)

    def _fitting(self, frame: bytes) -> bytes:
        """Return `frame`, or nothing if the far end does not take that much (3.1.2.11.4)."""
        if len(frame) <= self._packet_bytes_max:
            return frame
        self._counts["too_large_for_client"] += 1
        return b""

    def _fresh_id(self) -> int:
        # Asked only once nothing has to be sent again, so all ids in use are in `_sent`.
        while True:
            self._last_id = self._last_id % PACKET_ID_MAX + 1
            if self._last_id not in self._sent:
                return self._last_id


def packet_bytes(
    message: Message, now: float, packet_id: int | None = None, *, again: bool = False
) -> bytes:
    """Return `message` as a PUBLISH packet; with a packet id it is QoS 1, without QoS 0."""
    left = None if message.expires_at is None else max(0, round(message.expires_at - now))
    return mqtt5.PublishPacket(
        message.topic,
        message.payload,
        qos=QoS.AT_MOST_ONCE if packet_id is None else QoS.AT_LEAST_ONCE,
        retain=message.retain,
        packet_id=packet_id,
        duplicate=again,
        message_expiry_interval=left,
        content_type=message.content_type,
        response_topic=message.response_topic,
        correlation_data=message.correlation,
    ).write()
