"""The pump: one link, one codec, opened again whenever it is lost.

Its life is told in UnifiedPOS words: `run` opens and claims, `enabled` lets data events pass,
`check_health` and `statistics` say how it is.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from drivers.codec import Codec, Kind, LinkLost
from drivers.conversation import Conversation
from drivers.events import Fault, State
from drivers.healing import ALARM_SECONDS, REOPENINGS, Rebinds
from drivers.links import Link
from drivers.upos import Health, Level, Statistics, event_name

BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 2.0
"""A replugged device is back within this, plus the time its link takes to open."""
FAULTS_PER_SECOND_MAX: Final = 10
"""More are counted, and told as one."""
ANSWER_SECONDS_MAX: Final = 2.0
"""How long a device has to answer its test."""

Tap = Callable[[str, object], None]
"""Sees everything that passes, by the marks of drivers/captures.py; "~" is a new state."""


class Device:
    """A codec on a wire. Events go to `say`; commands come in by `tell`.

    Each opening gets a fresh codec, so half a line lost with the old connection never glues to
    the new one's bytes. `say` is called on the event loop and must not wait.
    """

    def __init__(
        self,
        name: str,
        link: Link,
        codec_factory: Callable[[], Codec[bytes]],
        say: Callable[[Any], None],
        kind: Kind = "stream",
    ) -> None:
        self.name = name
        self.state = State("closed")
        self.statistics = Statistics()
        self.enabled = True
        """While it is not, data events are dropped, and counted; states and faults still pass."""
        self.tap: Tap | None = None
        self._link, self._codec_factory, self._say = link, codec_factory, say
        self._kind = kind
        self._conversation: Conversation | None = None
        self._lost_at: float | None = None
        self._faults = _Faults()
        self._waiting: asyncio.Future[object] | None = None

    def tell(self, command: object) -> bool:
        """Have a command carried out now; False when it cannot be, and then it is forgotten.

        Nothing is kept for a device that is away or does not take what it is sent: a beep
        tomorrow is worse than none. Only call this on the event loop.
        """
        told = self._conversation is not None and self._conversation.command(command)
        if told:
            self.statistics.note(command, self._now())
        return told

    async def run(self) -> None:
        """Pump until cancelled.

        Says `State("ready")` when the link is open, `State("lost", why)` once per outage,
        `State("error", why)` when one lasts, and `State("closed")` when cancelled. After
        `State("error", why)` it raises BadSettings, when opening again cannot help, or whatever a
        codec or `say` raised: that is our own mistake.
        """
        try:
            await self._stay_open()
        except Exception as error:
            self._become(State("error", str(error) or repr(error)))
            raise
        except asyncio.CancelledError:
            self._become(State("closed"))
            raise

    async def _stay_open(self) -> None:
        delay, failures = BACKOFF_SECONDS_MIN, 0
        while True:
            began_at = self._now()
            try:
                await self._converse()
            except LinkLost as lost:
                self._note_loss(str(lost))
            if self._now() - began_at > 2 * BACKOFF_SECONDS_MAX:
                delay, failures = BACKOFF_SECONDS_MIN, 0  # it worked for a while: a new outage
            failures += 1
            if failures > REOPENINGS and isinstance(self._link, Rebinds):
                self._link.rebind()
            await asyncio.sleep(delay)
            delay = min(2 * delay, BACKOFF_SECONDS_MAX)

    def _note_loss(self, why: str) -> None:
        """Say that it is lost, once; and once, that it stays so."""
        if self._lost_at is None:
            self._lost_at = self._now()
            self._become(State("lost", why))
        elif self.state.state == "lost" and self._now() - self._lost_at > ALARM_SECONDS:
            self._become(State("error", f"not back for {ALARM_SECONDS:.0f} s: {why}"))

    async def _converse(self) -> None:
        """Open the link and talk until it is over, which is always an exception."""
        conversation = Conversation(self._codec_factory(), self._kind, self)
        try:
            transport = await self._link.open(conversation)
            try:
                await asyncio.wait((conversation.ended,))  # unlike await, it cannot cancel it
                conversation.ended.result()
            finally:
                if not conversation.gone.is_set():
                    transport.abort()
                await conversation.gone.wait()  # the file descriptor is closed by now
        finally:
            self._conversation = None
            conversation.end(LinkLost("closed by us"))

    # --- drivers.conversation.Listener

    def opened(self, conversation: Conversation) -> None:
        """Take note that the link is open."""
        self._conversation, self._lost_at = conversation, None
        self.passed("!", None, self._now())
        self._become(State("ready"))

    def heard(self, event: Any, now: float) -> None:
        """Pass an event on, unless it is one too many."""
        if self.tap is not None:
            self.tap("=", event)
        if isinstance(event, State):
            self._become(event)
            return
        self.statistics.note(event, now)
        if isinstance(event, Fault) and not self._faults.is_worth_telling(now):
            self.statistics.count("SuppressedFaultCount")
        elif not self.enabled and event_name(event) == "DataEvent":
            self.statistics.count("DroppedWhileDisabledCount")
        else:
            self._pass_on(event)

    def passed(self, mark: str, what: object, now: float) -> None:
        """Show the tap what passes."""
        if mark == "<":
            self.statistics.last_seen = now
        if self.tap is not None:
            self.tap(mark, what)

    def _pass_on(self, event: object) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(event)
        self._say(event)

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            now = self._now()
            self.passed("~", state, now)
            self.statistics.note(state, now)
            self._say(state)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # --- CheckHealth

    async def check_health(self, level: Level, seconds: float = ANSWER_SECONDS_MAX) -> Health:
        """Return how the device is, as `CheckHealth` of UnifiedPOS.

        internal: what we know of it without asking. external: it is made to show that it works
        (a test answer, a beep), and nothing goes wrong for so many seconds. interactive: somebody
        uses it within so many seconds. Takes no event away from anybody.
        """
        conversation = self._conversation
        if conversation is None or self.state.state not in {"ready", "busy"}:
            return Health(level, False, f"{self.state.state}: {self.state.reason}".rstrip(": "))
        if level == "internal":
            return Health(level, True, "the link is open")
        if level == "external" and not conversation.test():
            return Health(level, True, "it has no test of its own: the link is open")
        said = await self._next_event(seconds)
        match said:
            case Fault(reason):
                return Health(level, False, reason)
            case None if self.state.state not in {"ready", "busy"}:
                return Health(level, False, f"{self.state.state}: {self.state.reason}")
            case None if level == "interactive":
                return Health(level, False, f"nothing came within {seconds:g} s")
            case None:
                return Health(level, True, "it was told to show itself: look, or listen")
        return Health(level, True, f"{event_name(said)}: {type(said).__name__}")

    async def _next_event(self, seconds: float) -> object | None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                return await self._waiting
        except TimeoutError:
            return None
        finally:
            self._waiting = None


class _Faults:
    """Which faults are told: so many in a second."""

    def __init__(self) -> None:
        self._second, self._told = 0, 0

    def is_worth_telling(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._told = int(now), 0
        self._told += 1
        return self._told <= FAULTS_PER_SECOND_MAX
