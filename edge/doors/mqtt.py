"""The MQTT 5 door: handhelds talk straight to the box, without a broker.

The protocol is `drivers.mqtt`; this file gives it sockets and a clock, and carries requests
to the desk and answers back. Data flows without awaits: only the desk is waited for.

A PUBACK promises nothing. A terminal sends its request again, with the same key, until an
answer comes; only the answer means done.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from functools import partial

import structlog
from mqtt5 import DisconnectReasonCode as Reason

from drivers.mqtt import (
    Attached,
    Broken,
    Connection,
    Elsewhere,
    Endpoint,
    Message,
    Offline,
    Online,
    Requested,
    Settings,
    StateSaid,
    TooSoon,
    Topics,
)
from drivers.mqtt.topics import store_prefix
from edge.access import Access, Wait
from edge.config import Mqtt, Terminal
from edge.doors.asking import JSON, STOP_SECONDS_MAX, Asking
from edge.doors.behind import Answering
from edge.doors.births import STATE_BYTES_MAX
from edge.doors.listening import Entrance, arrivals
from edge.doors.mqtt_wire import LINGER_SECONDS_MAX, Wire
from edge.doors.turns import Turns
from edge.rates import TokenBuckets

PACKETS_PER_REQUEST = 4
PACKETS_PER_SECOND_MIN = 200
"""What a terminal may send: its requests, acknowledgements and pings."""
LOGINS_PER_SECOND, LOGINS_BURST = 2.0, 60.0
"""How often a terminal may come in."""
LOGINS_PER_FLOOD = 30.0
"""What being cut off for a flood costs: who goes on with it has to wait for it soon."""
EVENT_SECONDS_MAX = 10.0
"""How old an event may be when a terminal gets it."""

log = structlog.get_logger(__name__)


class MqttDoor:
    """Listens on the configured address, or in memory through `connection`.

    `states` is what each terminal last said of itself on its state topic (birth or will);
    `counts` how many messages were dropped and requests refused before the desk, by why.
    """

    def __init__(
        self,
        desk: Answering,
        access: Access,
        store: str,
        settings: Mqtt,
        tls: ssl.SSLContext | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._access, self._settings, self._store, self._tls = access, settings, store, tls
        limits = Settings(
            store=store,
            packet_bytes_max=settings.packet_bytes_max,
            connect_seconds_max=settings.connect_seconds_max,
            session_seconds_max=int(settings.session_expiry_seconds_max),
            receive_max=settings.inflight_max,
            packets_per_second_max=max(
                PACKETS_PER_SECOND_MIN, PACKETS_PER_REQUEST * settings.requests_per_second_max
            ),
        )
        self._endpoint = Endpoint(limits, partial(self._login, ""))
        self._asking = Asking(
            desk, settings, self._endpoint.counts, self._deliver, turns or Turns()
        )
        self._wires: dict[Attached, Wire] = {}
        self._logins = TokenBuckets(LOGINS_PER_SECOND, LOGINS_BURST)
        self._arrivals = arrivals(settings.requests_per_second_max)
        self._states: dict[str, bytes] = {}
        self._entrance: Entrance | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopping = False
        access.on_end(self.dismiss)

    # --- for the box

    async def open(self) -> None:
        """Start to listen; raises OSError when the address is taken."""
        self._entrance = Entrance(self.connection, self._settings, self._tls)
        await self._entrance.open()

    @property
    def address(self) -> tuple[str, int]:
        """Where the door listens, once it is open."""
        assert self._entrance is not None
        return self._entrance.address

    def connection(self) -> asyncio.Protocol:
        """Return the protocol for one new connection, over whatever transport."""
        return Wire(self)

    @property
    def states(self) -> Mapping[str, bytes]:
        """What terminals say of themselves, by terminal id."""
        return self._states

    @property
    def counts(self) -> Mapping[str, int]:
        """How many messages were dropped and requests refused here, by why."""
        return self._endpoint.counts

    def tell(self, terminal: str, kind: str, payload: bytes) -> None:
        """Tell a terminal something of `kind` (a scan of its lane) on `evt/{kind}`, soon or never.

        What a device said to one basket may not reach the next, and nothing is said twice.
        """
        topic, until = Topics(self._store, terminal).event(kind), self._now() + EVENT_SECONDS_MAX
        self._deliver(
            terminal,
            Message(topic=topic, payload=payload, content_type=JSON, expires_at=until, again=False),
        )

    def hears(self, terminal: str, kind: str) -> bool:
        """Tell whether a terminal is connected and has subscribed to events of this kind."""
        return self._endpoint.hears(terminal, Topics(self._store, terminal).event(kind))

    def announce(self, place: str, payload: bytes) -> None:
        """Tell all who care, now and later; `place` such as "box/state", "dev/scale/state"."""
        message = Message(topic=store_prefix(self._store) + place, payload=payload)
        self._elsewhere(self._endpoint.retain(message, self._now()))

    def dismiss(self, terminal: str) -> None:
        """Hang up on a terminal that may not come in any more (0x87), and forget its session."""
        why = Broken(Reason.NOT_AUTHORIZED, "this terminal was revoked or changed: log in again")
        self._elsewhere(self._endpoint.dismiss(terminal, why, self._now()))
        self._states.pop(terminal, None)
        self._arm()

    async def close(self) -> None:
        """Take no more, answer what is being done, say goodbye (0x8B), and hang up.

        What takes longer than `STOP_SECONDS_MAX` is dropped unanswered: its key will tell.
        """
        self._is_stopping = True
        self._asking.stop()
        if self._entrance is not None:
            await self._entrance.stop()
        await self._asking.finish()
        self._elsewhere(self._endpoint.stop(self._now()))
        await self._hang_up()
        if self._timer is not None:
            self._timer.cancel()
        if self._entrance is not None:
            await self._entrance.wait_closed()

    async def _hang_up(self) -> None:
        gone = [wire.gone for wire in self._wires.values()]
        for wire in list(self._wires.values()):
            wire.hang_up()
        if gone:
            _, late = await asyncio.wait(gone, timeout=LINGER_SECONDS_MAX + STOP_SECONDS_MAX)
            assert not late, "a wire outlived its linger"

    # --- for the wires

    def arrived(self, wire: Wire, address: str) -> Connection | None:
        """Take in a connection; return its machine, or None when there is no room."""
        if self._is_stopping or self._is_full(address):
            self._endpoint.counts["no_room"] += 1
            return None
        connection = Connection(self._endpoint, partial(self._login, address))
        self._wires[connection] = wire
        return connection

    def departed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._wires.pop(connection, None)

    def _is_full(self, address: str) -> bool:
        settings = self._settings
        return (
            len(self._wires) >= settings.connections_max
            or self._strangers(address) >= settings.connections_per_address_max
            or not self._arrivals.take(address, self._now())
        )

    def _strangers(self, address: str) -> int:
        """Count who has come from an address and not logged in: each terminal can do so once."""
        return sum(wire.is_strangers and wire.address == address for wire in self._wires.values())

    def _login(self, address: str, name: str, password: bytes) -> Terminal | TooSoon | None:
        now = self._now()
        who = self._access.login(name, password, address, now)
        if isinstance(who, Wait):
            return TooSoon(who.seconds)
        if who is not None and not self._logins.take(who.id, now):
            return TooSoon(self._logins.seconds_until_next(who.id))
        return who

    def happened(self, event: object) -> None:
        """Take note of what a connection says."""
        match event:
            case Requested():
                self._requested(event)
            case Elsewhere():
                self._elsewhere((event,))
            case StateSaid(identity, payload):
                if len(payload) <= STATE_BYTES_MAX:
                    self._states[identity.id] = payload
                else:
                    self._endpoint.counts["state_too_large"] += 1
            case Online(identity):
                log.info("mqtt_online", terminal=identity.id)
            case Offline(identity, reason, code):
                log.info("mqtt_offline", terminal=identity.id, reason=reason)
                if code == Reason.MESSAGE_RATE_TOO_HIGH:
                    self._logins.charge(identity.id, LOGINS_PER_FLOOD)
                self._arm()
            case _:
                raise AssertionError(f"nobody knows {event!r}")

    def _requested(self, asked: Requested) -> None:
        terminal = asked.identity
        assert isinstance(terminal, Terminal)
        topic = asked.response_topic or Topics(self._store, terminal.id).response(asked.operation)
        self._asking.ask(asked, terminal, topic, self._now())

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
