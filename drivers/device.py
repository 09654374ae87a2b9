"""The pump: one link, one codec, opened again whenever it is lost.

Bytes go from the transport through the codec to `say` without a single await, so a scan is
heard in the same turn of the event loop in which it arrived.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, cast

from drivers.codec import Close, Codec, LinkLost, Send
from drivers.events import State
from drivers.links import Link

BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 2.0
"""A replugged device is back within this, plus the time its link takes to open."""


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
    ) -> None:
        self.name = name
        self.state = State("closed")
        self._link, self._codec_factory, self._say = link, codec_factory, say
        self._conversation: _Conversation | None = None

    def tell(self, command: object) -> bool:
        """Have a command carried out now; False when it cannot be, and then it is forgotten.

        Nothing is kept for a device that is away or does not take what it is sent: a beep
        tomorrow is worse than none. Only call this on the event loop.
        """
        return self._conversation is not None and self._conversation.command(command)

    async def run(self) -> None:
        """Pump until cancelled.

        Says `State("ready")` when the link is open, `State("lost", why)` once per outage, and
        `State("closed")` when cancelled. After `State("error", why)` it raises BadSettings, when
        opening again cannot help, or whatever a codec or `say` raised: that is our own mistake.
        """
        loop = asyncio.get_running_loop()
        delay = BACKOFF_SECONDS_MIN
        try:
            while True:
                began_at = loop.time()
                try:
                    await self._converse()
                except LinkLost as lost:
                    self._become(State("lost", str(lost)))
                if loop.time() - began_at > 2 * BACKOFF_SECONDS_MAX:
                    delay = BACKOFF_SECONDS_MIN  # it worked for a while: this is a new outage
                await asyncio.sleep(delay)
                delay = min(2 * delay, BACKOFF_SECONDS_MAX)
        except Exception as error:
            self._become(State("error", str(error) or repr(error)))
            raise
        finally:
            if self.state.state != "error":
                self._become(State("closed"))

    async def _converse(self) -> None:
        """Open the link and talk until it is over, which is always an exception."""
        conversation = _Conversation(self._codec_factory(), self._say, self._opened)
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

    def _opened(self, conversation: "_Conversation") -> None:
        self._conversation = conversation
        self._become(State("ready"))

    def _become(self, state: State) -> None:
        if state.state != self.state.state:
            self.state = state
            self._say(state)


class _Conversation(asyncio.Protocol):
    """One opening of a link.

    `ended` fails with LinkLost, or with our own mistake; `gone` is set by `connection_lost`.
    """

    def __init__(
        self,
        codec: Codec[bytes],
        say: Callable[[Any], None],
        opened: Callable[["_Conversation"], None],
    ) -> None:
        self._codec, self._say, self._opened = codec, say, opened
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.gone = asyncio.Event()
        self._full = False
        self._alarm: asyncio.TimerHandle | None = None
        self.ended: asyncio.Future[None] = self._loop.create_future()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are, but do not inherit
        self._act(self._greet)

    def data_received(self, data: bytes) -> None:
        self._act(partial(self._codec.receive, data))

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(LinkLost(str(exc) if exc else "the far end hung up"))
        self.gone.set()

    # --- the device's side

    def command(self, command: object) -> bool:
        """Let the codec carry out a command; False when it cannot."""
        if self.ended.done() or self._full:
            return False
        return self._act(partial(self._codec.command, command))

    def end(self, reason: Exception) -> None:
        """Let this be the end, if it is not over yet."""
        if not self.ended.done():
            self.ended.set_exception(reason)
            self.ended.exception()  # asyncio complains about an exception nobody looks at
        if self._alarm is not None:
            self._alarm.cancel()

    # --- the codec's side

    def _greet(self, now: float) -> Iterable[object]:
        self._opened(self)
        return self._codec.start(now)

    def _act(self, step: Callable[[float], Iterable[object]]) -> bool:
        """Take one step of the codec and do what it says; False if that was the end.

        Everything is collected before anything is done, so that `say` may call `tell` without
        meeting a codec in the middle of a step.
        """
        if self.ended.done():
            return False
        try:
            for out in tuple(step(self._loop.time())):
                self._do(out)
            self._set_alarm()
        except Exception as mistake:
            self.end(mistake)  # run() raises it: an event loop would only log it
        return not self.ended.done()

    def _do(self, out: object) -> None:
        if self.ended.done():
            return
        assert self._transport is not None
        match out:
            case Send(frame) if self._full:
                self.end(LinkLost(f"does not take what it is sent ({len(frame)} bytes waiting)"))
            case Send(frame) if not self._transport.is_closing():
                self._transport.write(frame)
            case Send():
                pass  # connection_lost is on its way
            case Close(reason):
                self._transport.close()
                self.end(LinkLost(reason))
            case _:
                self._say(out)

    def _set_alarm(self) -> None:
        at = self._codec.wake_at
        if self._alarm is not None and (self._alarm.cancelled() or self._alarm.when() != at):
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None and at is not None and not self.ended.done():
            self._alarm = self._loop.call_at(at, self._wake, at)

    def _wake(self, at: float) -> None:
        self._alarm = None
        self._act(partial(self._wake_codec, at))

    def _wake_codec(self, at: float, now: float) -> Iterable[object]:
        # A loop may call a hair early (by its clock's resolution); a codec need not know.
        outs = tuple(self._codec.wake(max(at, now)))
        assert self._codec.wake_at is None or self._codec.wake_at > at, "a codec that never sleeps"
        return outs
