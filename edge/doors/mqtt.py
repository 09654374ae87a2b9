"""The MQTT 5 door: handhelds talk straight to the box, without a broker.

The protocol is `drivers.mqtt`; this file gives it sockets and a clock, and carries requests
to the desk and answers back. Data flows without awaits: only the desk is waited for.

A PUBACK promises nothing. A terminal sends its request again, with the same key, until an
answer comes; only the answer means done.
"""

import asyncio
import socket
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Protocol, cast

import structlog

from drivers.codec import Close, Send
from drivers.mqtt import (
    Attached,
    Connection,
    Elsewhere,
    Endpoint,
    Message,
    Offline,
    Online,
    Requested,
    Settings,
    StateSaid,
    Topics,
)
from drivers.mqtt.topics import store_prefix
from drivers.terminal import encode
from edge.access import Access
from edge.config import Mqtt, Terminal
from edge.doors.listening import stop_listening
from edge.rates import TokenBucket
from edge.refusals import Refusal, problem

ANSWER_SECONDS_MAX = 120
"""An answer that could not be delivered for so long is dropped: the terminal asks again."""
STOP_SECONDS_MAX = 5.0
"""How long a stop waits for answers on their way; then for clients to hang up."""
LINGER_SECONDS_MAX = 2.0
"""How long a client may take to read our last words and hang up."""
JSON, PROBLEM = "application/json", "application/problem+json"

log = structlog.get_logger(__name__)


class Answer(Protocol):
    """What a desk says: an HTTP status and a JSON text."""

    @property
    def status(self) -> int:
        """A problem from 400 on."""

    @property
    def body(self) -> bytes:
        """The JSON text, as it is stored."""


class Desk(Protocol):
    """Whoever does what terminals ask for."""

    def handle(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None = None
    ) -> Awaitable[Answer]:
        """Do what is asked; durable before it is answered. Never raises for bad input."""


class MqttDoor:
    """Listens on the configured address, or in memory through `connection`.

    `states` is what each terminal last said of itself on its state topic (birth or will);
    `counts` how many messages were dropped and requests refused before the desk, by why.
    """

    def __init__(self, desk: Desk, access: Access, store: str, settings: Mqtt) -> None:
        self._desk, self._settings, self._store = desk, settings, store
        limits = Settings(
            store=store,
            packet_bytes_max=settings.packet_bytes_max,
            connect_seconds_max=settings.connect_seconds_max,
            session_seconds_max=int(settings.session_expiry_seconds_max),
            receive_max=settings.inflight_max,
        )
        self._endpoint = Endpoint(limits, access.login)
        self._wires: dict[Attached, _Wire] = {}
        self._guests: dict[str, _Guest] = {}
        self._at_work: set[asyncio.Task[None]] = set()
        self._states: dict[str, bytes] = {}
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopping = False

    # --- for the box

    async def open(self) -> None:
        """Start to listen; raises OSError when the address is taken."""
        self._listener = await asyncio.get_running_loop().create_server(
            self.connection, self._settings.host, self._settings.port
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where the door listens, once it is open."""
        assert self._listener is not None
        host, port = self._listener.sockets[0].getsockname()[:2]
        return host, port

    def connection(self) -> asyncio.Protocol:
        """Return the protocol for one new connection, over whatever transport."""
        return _Wire(self, Connection(self._endpoint))

    @property
    def states(self) -> Mapping[str, bytes]:
        """What terminals say of themselves, by terminal id."""
        return self._states

    @property
    def counts(self) -> Mapping[str, int]:
        """How many messages were dropped and requests refused here, by why."""
        return self._endpoint.counts

    def tell(self, terminal: str, kind: str, payload: bytes) -> None:
        """Tell a terminal something of `kind` (a scan of its lane, a notice) on `evt/{kind}`."""
        topic = Topics(self._store, terminal).event(kind)
        self._deliver(terminal, Message(topic=topic, payload=payload, content_type=JSON))

    def announce(self, place: str, payload: bytes) -> None:
        """Tell all who care, now and later; `place` such as "box/state", "dev/scale/state"."""
        message = Message(topic=store_prefix(self._store) + place, payload=payload)
        self._elsewhere(self._endpoint.retain(message, self._now()))

    async def close(self) -> None:
        """Take no more, answer what is being done, say goodbye (0x8B), and hang up.

        What takes longer than `STOP_SECONDS_MAX` is dropped unanswered: its key will tell.
        """
        self._is_stopping = True
        if self._listener is not None:
            await stop_listening(self._listener)
        await self._finish_work()
        self._elsewhere(self._endpoint.stop(self._now()))
        await self._hang_up()
        if self._timer is not None:
            self._timer.cancel()
        if self._listener is not None:
            await self._listener.wait_closed()

    async def _finish_work(self) -> None:
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=STOP_SECONDS_MAX)
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=STOP_SECONDS_MAX)

    async def _hang_up(self) -> None:
        gone = [wire.gone for wire in self._wires.values()]
        for wire in list(self._wires.values()):
            wire.hang_up()
        if gone:
            _, late = await asyncio.wait(gone, timeout=LINGER_SECONDS_MAX + STOP_SECONDS_MAX)
            assert not late, "a wire outlived its linger"

    # --- for the wires

    def arrived(self, connection: Connection, wire: "_Wire") -> bool:
        """Take in a connection; return whether there was room."""
        if self._is_stopping or len(self._wires) >= self._settings.connections_max:
            log.warning("mqtt_no_room", connections=len(self._wires))
            return False
        self._wires[connection] = wire
        return True

    def departed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._wires.pop(connection, None)

    def happened(self, event: object) -> None:
        """Take note of what a connection says."""
        match event:
            case Requested():
                self._requested(event)
            case Elsewhere():
                self._elsewhere((event,))
            case StateSaid(identity, payload):
                self._states[identity.id] = payload
            case Online(identity):
                log.info("mqtt_online", terminal=identity.id)
            case Offline(identity, reason):
                log.info("mqtt_offline", terminal=identity.id, reason=reason)
                self._arm()
            case _:
                raise AssertionError(f"nobody knows {event!r}")

    # --- requests

    def _requested(self, asked: Requested) -> None:
        terminal = asked.identity
        assert isinstance(terminal, Terminal)
        guest = self._guests.get(terminal.id)
        if guest is None:
            guest = self._guests[terminal.id] = _Guest(self._settings)
        refusal = self._objection(asked, guest)
        if refusal is not None:
            self._refuse(asked, terminal, refusal)
            return
        guest.at_work += 1
        task = asyncio.get_running_loop().create_task(self._serve(asked, terminal, guest))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    def _objection(self, asked: Requested, guest: "_Guest") -> Refusal | None:
        """Return why a request does not get to the desk, or None."""
        if asked.response_topic is None:
            return Refusal("E-TOPIC")
        if asked.retained or asked.expired:
            return Refusal("E-STALE")
        if self._is_stopping:
            return Refusal("E-STOPPING", retry_after=1)
        if not guest.bucket.take(self._now()):
            return Refusal("E-RATE-LIMITED", retry_after=1)
        if guest.at_work >= self._settings.inflight_max:
            return Refusal("E-BUSY", retry_after=1)
        return None

    async def _serve(self, asked: Requested, terminal: Terminal, guest: "_Guest") -> None:
        try:
            answer = await self._desk.handle(terminal, asked.operation, asked.payload)
        except Exception:
            # Our own mistake, and durable or not is unknown: the same key will tell.
            log.exception("request_failed", terminal=terminal.id, operation=asked.operation)
            self._refuse(asked, terminal, Refusal("E-INTERNAL"))
        else:
            self._answer(asked, answer.body, PROBLEM if answer.status >= 400 else JSON)
        finally:
            guest.at_work -= 1

    def _refuse(self, asked: Requested, terminal: Terminal, refusal: Refusal) -> None:
        # Counted, not logged: somebody who asks too fast must not fill the log as well.
        self._endpoint.counts[refusal.code] += 1
        self._answer(asked, encode(problem(refusal, terminal.lang)), PROBLEM)

    def _answer(self, asked: Requested, body: bytes, content_type: str) -> None:
        terminal = asked.identity.id
        topic = asked.response_topic or Topics(self._store, terminal).response(asked.operation)
        self._deliver(
            terminal,
            Message(
                topic=topic,
                payload=body,
                qos=asked.qos,
                content_type=content_type,
                correlation=asked.correlation,
                expires_at=self._now() + ANSWER_SECONDS_MAX,
            ),
        )

    # --- plumbing

    def _deliver(self, terminal: str, message: Message) -> None:
        self._elsewhere(self._endpoint.deliver(terminal, message, self._now()))

    def _elsewhere(self, outs: Iterable[Elsewhere]) -> None:
        for out in outs:
            self._wires[out.connection].do(out.outs)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (wake_at := self._endpoint.wake_at) is not None and not self._is_stopping:
            self._timer = asyncio.get_running_loop().call_at(wake_at, self._wake)

    def _wake(self) -> None:
        for said in self._endpoint.wake(self._now()):
            self.happened(said)
        self._arm()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class _Guest:
    """What the door knows of one terminal: how fast and how much it asks."""

    __slots__ = ("at_work", "bucket")

    def __init__(self, settings: Mqtt) -> None:
        rate = settings.requests_per_second_max
        self.bucket, self.at_work = TokenBucket(rate, rate), 0


class _Wire(asyncio.Protocol):
    """One connection: bytes and time in, bytes and events out."""

    _transport: asyncio.Transport

    def __init__(self, door: MqttDoor, connection: Connection) -> None:
        self._door, self._connection = door, connection
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self.gone = self._loop.create_future()
        """Done when the connection is over."""

    # --- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; without Nagle, or each round trip may cost a delayed acknowledgement."""
        # uvloop has its own, which only looks like one.
        self._transport = cast(asyncio.Transport, transport)
        if not self._door.arrived(self._connection, self):
            self._transport.abort()
            return
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.do(self._connection.start(self._loop.time()))
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Take a piece of the stream."""
        self.do(self._connection.receive(data, self._loop.time()))
        self._arm()

    def pause_writing(self) -> None:
        """Read no more from a client that does not read: it cannot make us pile up answers."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
        reason = "hung up" if exc is None else str(exc)
        self.do(self._connection.lost(self._loop.time(), reason))
        self._door.departed(self._connection)
        self.gone.set_result(None)

    # --- our side

    def do(self, outs: Iterable[Any]) -> None:
        """Do what the connection's machine, or another's, wants done here."""
        for out in outs:
            if type(out) is Send:
                self._transport.write(out.frame)
            elif type(out) is Close:
                self.hang_up()
            else:
                self._door.happened(out)

    def hang_up(self) -> None:
        """Let the client read our last words, and then end, whether it has read them or not.

        A socket that is closed while the client is still sending is reset, and the last words
        are lost: so only our side ends at first, and the rest is read and dropped.
        """
        if self._is_closing:
            return
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_SECONDS_MAX, self._transport.abort)
        if not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except OSError:
            # The client has gone first, and asyncio has not told us yet.
            self._transport.abort()

    def _arm(self) -> None:
        """See to it that the machine is woken in time; a timer that is early is left alone."""
        wake_at = self._connection.wake_at
        if wake_at is None or self._is_closing:
            return
        if self._timer is not None:
            if self._timer.when() <= wake_at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(wake_at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.do(self._connection.wake(self._loop.time()))
        self._arm()
