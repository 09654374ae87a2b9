"""The way in through an external MQTT broker, for shops that run one.

The box is a client there like its terminals: it hears their requests and answers on their own
topics. Who asks is known by the topic, because the broker lets nobody publish to another's; that
is tried out on every connection, and until it is proven nothing is sold this way. A client of
MQTT 3.1.1 cannot name a response topic: it is answered on `rsp/{operation}`.

Sessions are not kept: what was sent while the box was away is lost, and asked again with its key.

A terminal claims what is said on its lane by its birth (see `births`), and lets go of it by its
will. A broker that was killed may remember a birth and have forgotten the will; but it says when
nobody has subscribed, and then the birth is forgotten here, too. It does not say so of a client
whose session it keeps; so the files that are generated for it let it keep nothing over its end.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Literal

import structlog

from drivers.mqtt import (
    NO_MATCHING_SUBSCRIBERS,
    Acknowledged,
    Arrived,
    Client,
    ClientSettings,
    Connected,
    Message,
    Rejected,
    Requested,
)
from drivers.mqtt.topics import Topics, store_prefix
from edge.access import Access
from edge.config import Mqtt, Terminal, read_secret
from edge.doors.asking import JSON, Asking
from edge.doors.behind import Answering
from edge.doors.births import Births
from edge.doors.broker_line import Address, Line
from edge.doors.broker_probe import BOX, Unsure, find_holes
from edge.doors.turns import Turns
from edge.refusals import Refusal

RETRY_SECONDS_MIN: Final = 0.2
RETRY_SECONDS_MAX: Final = 10.0
EVENT_SECONDS_MAX: Final = 10.0
"""How old an event may be when a terminal gets it."""
GIVEN_MAX: Final = 1024
"""How many events may be on their way at once."""
UNSAFE_SECONDS: Final = 30.0
"""How soon a broker that was not safe is tried again."""
KEEP_ALIVE_SECONDS: Final = 15
LOST: Final = b'{"state":"lost","reason":""}'

State = Literal["down", "unproven", "up", "unsafe"]
log = structlog.get_logger(__name__)


class BrokerDoor:
    """Serves while `run` does. `state` says how it stands; `counts` what was dropped, by why."""

    def __init__(
        self,
        desk: Answering,
        access: Access,
        store: str,
        settings: Mqtt,
        jitter: Callable[[], float],
        turns: Turns | None = None,
    ) -> None:
        """Read the password and whom to trust. Raises ConfigError and OSError.

        `jitter` gives numbers from 0 to 1, so that boxes do not all come back at once.
        """
        assert settings.broker is not None
        assert settings.broker_password_file is not None
        self._access, self._store, self._settings, self._jitter = access, store, settings, jitter
        self._address = Address.of(settings.broker, settings.broker_ca_file)
        self._password = read_secret(settings.broker_password_file).decode().strip()
        self.counts: Counter[str] = Counter()
        self.state: State = "down"
        self._asking = Asking(desk, settings, self.counts, self._tell, turns or Turns())
        self._line: Line | None = None
        self._news: dict[str, Message] = {}
        self._births = Births()
        self._given: dict[tuple[str, bytes | None], tuple[str, Callable[[], None]]] = {}
        self._gifts = 0
        self._client = Client(self._who())
        access.on_end(self._births.forget)

    def announce(self, place: str, payload: bytes) -> None:
        """Tell all who care, now and later; again after each reconnect."""
        topic = store_prefix(self._store) + place
        self._news[place] = Message(topic=topic, payload=payload, retain=True, content_type=JSON)
        self._publish(self._news[place])

    def tell(self, terminal: str, kind: str, payload: bytes) -> None:
        """Tell a terminal something of `kind` on `evt/{kind}`, if the broker is there and safe."""
        if self.state == "up":
            self._publish(self._event(terminal, kind, payload, None))

    def hears(self, terminal: str, kind: str) -> bool:
        """Tell whether a terminal is at the broker and listens to events of this kind."""
        return self.state == "up" and self._births.hears(terminal, kind)

    def give(self, terminal: str, kind: str, payload: bytes, unheard: Callable[[], None]) -> None:
        """Tell a terminal that `hears`; `unheard` is called if the broker finds nobody there."""
        self._gifts += 1
        message = self._event(terminal, kind, payload, b"%d" % self._gifts)
        self._given[message.topic, message.correlation] = terminal, unheard
        if len(self._given) > GIVEN_MAX:  # what went too old on its way is never acknowledged
            del self._given[next(iter(self._given))]
        self._publish(message)

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        pause = RETRY_SECONDS_MIN
        while True:
            try:
                if await self._serve():
                    pause = RETRY_SECONDS_MIN
            except (OSError, TimeoutError, Unsure) as error:
                log.info("broker_unreachable", kind=type(error).__name__)
            if self.state != "unsafe":
                self.state = "down"
            await asyncio.sleep(pause * (0.5 + self._jitter() / 2))
            pause = min(pause * 2, RETRY_SECONDS_MAX)

    async def close(self) -> None:
        """Answer what is being done, and leave."""
        self._asking.stop()
        await self._asking.finish()
        if self._line is not None:
            self._line.close()
            await self._line.over

    # --- one connection

    async def _serve(self) -> bool:
        """Serve one connection to its end; return whether it was any good."""
        welcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def hear(event: object) -> None:
            match event:
                case Connected() if not welcome.done():
                    welcome.set_result(True)
                case Rejected(code) if not welcome.done():
                    log.error("broker_rejects_us", code=code)
                    welcome.set_result(False)
                case Arrived(message):
                    self._arrived(message)
                case Acknowledged(code, Message() as message):
                    self._acknowledged(code, message)

        if self.state == "down":
            self.state = "unproven"
        self._line = line = await Line.open(self._address, self._client, hear)
        try:
            ends: set[asyncio.Future[Any]] = {welcome, line.over}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not (welcome.done() and welcome.result()):
                return False
            is_safe = await self._prove(line)
            await asyncio.wait({line.over}, timeout=None if is_safe else UNSAFE_SECONDS)
            return is_safe
        finally:
            self._line = None
            line.close()
            await line.over
            self._births.clear()
            self._forget_given()
            log.info("broker_left", state=self.state)

    async def _prove(self, line: Line) -> bool:
        victim = next(iter(self._access.terminals), "nobody")
        holes = list(await find_holes(self._address, self._store, victim, self._password))
        if line.over.done():
            holes.append("it lets a client take the box's own place")
        self.state = "unsafe" if holes else "up"
        if holes:
            log.error("broker_unsafe", holes=holes)
            return False
        log.info("broker_up")
        for message in self._news.values():
            self._publish(message)
        return True

    def _who(self) -> ClientSettings:
        prefix = store_prefix(self._store)
        return ClientSettings(
            client_id=BOX,
            username=BOX,
            password=self._password.encode(),
            subscriptions=(f"{prefix}+/req/+", f"{prefix}+/state"),
            clean_start=True,
            session_seconds=0,
            keep_alive_seconds=KEEP_ALIVE_SECONDS,
            will=Message(topic=f"{prefix}box/state", payload=LOST, retain=True),
        )

    # --- requests

    def _arrived(self, message: Message) -> None:
        name, _, _ = message.topic.removeprefix(store_prefix(self._store)).partition("/")
        if name == BOX:
            return  # what we said ourselves
        terminal = self._access.terminals.get(name)
        topics = Topics(self._store, name)
        if terminal is not None and message.topic == topics.state:
            self._births.note(name, message.payload)
            return
        operation = topics.operation_of(message.topic)
        if terminal is None or operation is None:
            self.counts["stranger"] += 1  # revoked, perhaps, and the broker does not know it yet
            return
        asked = _request(message, terminal, operation, topics)
        topic = asked.response_topic or topics.response(operation)
        if self.state != "up":
            self._asking.refuse(asked, terminal, topic, Refusal("E-BROKER-UNSAFE", retry_after=5))
        else:
            self._asking.ask(asked, terminal, topic, asyncio.get_running_loop().time())

    # --- what is said on a lane

    def _event(
        self, terminal: str, kind: str, payload: bytes, correlation: bytes | None
    ) -> Message:
        """Return what a device said as it is told: to this basket or to none, and once."""
        return Message(
            topic=Topics(self._store, terminal).event(kind), payload=payload, content_type=JSON,
            correlation=correlation, again=False,
            expires_at=asyncio.get_running_loop().time() + EVENT_SECONDS_MAX,
        )  # fmt: skip

    def _acknowledged(self, code: int, message: Message) -> None:
        given = self._given.pop((message.topic, message.correlation), None)
        if given is not None and code == NO_MATCHING_SUBSCRIBERS:
            terminal, unheard = given
            self._births.forget(terminal)
            unheard()

    def _forget_given(self) -> None:
        if self._given:
            log.warning("lane_events_unsure", count=len(self._given))
        self._given.clear()

    def _tell(self, terminal: str, message: Message) -> None:
        self._publish(message)

    def _publish(self, message: Message) -> None:
        if self._line is not None and not self._line.over.done():
            self._line.publish(message)
        else:
            self.counts["nobody_there"] += 1


def _request(message: Message, terminal: Terminal, operation: str, topics: Topics) -> Requested:
    wanted = message.response_topic
    plain = topics.response(operation) if wanted is None else None
    own = wanted if wanted is not None and topics.is_response(wanted) else plain
    return Requested(
        terminal, operation, message.payload, message.qos, own, message.correlation,
        message.retain, expired=False,
    )  # fmt: skip
