"""One opening of a link: a transport and a codec, and what is between them, with a limit.

Bytes go from the transport through the codec to `say` without a single await, so a scan is heard
in the same turn of the event loop in which it arrived. A device that babbles is not allowed more:
so many bytes in a turn, so many words in a second. What is beyond waits on the wire.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, Protocol, cast

from drivers.codec import Close, Codec, Kind, LinkLost, Send
from drivers.events import Fault

TURN_BYTES_MAX: Final = 4096
"""How much of one device is looked at in one turn of the event loop."""
WORDS_PER_SECOND_MAX: Final = 200
"""Said by one device on average; a burst may be as many. No hand, and no scale, is faster."""
SECONDS_A_WORD: Final = 1 / WORDS_PER_SECOND_MAX
BURST_SECONDS: Final = 1.0
"""How long an empty allowance takes to fill: as many words as that are a burst."""
ROUNDING_SECONDS: Final = 1e-6
"""What sums of times may be off by; nobody waits for so little."""
WAITING_BYTES_MAX: Final = 256 * 1024
"""Of a wire that cannot be paused, so much is kept; the rest is lost, as on a full serial port."""


class Listener(Protocol):
    """Whose conversation it is."""

    def opened(self, conversation: "Conversation") -> None:
        """Take note that the link is open."""

    def heard(self, event: Any, now: float) -> None:
        """Take an event; it passes as "="."""

    def passed(self, mark: str, what: object, now: float) -> None:
        """Take note of what passes, by the marks of drivers/captures.py."""


class Conversation(asyncio.Protocol):
    """One opening of a link.

    `ended` fails with LinkLost, or with our own mistake; `gone` is set by `connection_lost`.
    """

    def __init__(self, codec: Codec[bytes], kind: Kind, listener: Listener) -> None:
        self._codec, self._kind, self._listener = codec, kind, listener
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._full = False
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._next: asyncio.Handle | None = None
        self._is_paused = False
        self._allowance = _Allowance()
        self.gone = asyncio.Event()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._is_over = False
        """That `ended` is done, at less cost."""

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the device."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are, but do not inherit
        self._act(self._greet)

    def data_received(self, data: bytes) -> None:
        """Hear it now, unless that would be more than its share."""
        if self._next is None and len(data) <= TURN_BYTES_MAX:
            self._hear(data)  # as nearly always
            self._rest()
        else:
            self._keep(data)

    def pause_writing(self) -> None:
        """Take note that it does not read."""
        self._full = True

    def resume_writing(self) -> None:
        """Take note that it reads again."""
        self._full = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear the last of it, and let it be over."""
        while self._waiting and not self._is_over:
            self._hear(self._take())  # what came before the end was still said
        self.end(LinkLost(str(exc) if exc else "the far end hung up"))
        self.gone.set()

    # --- the device's side

    def command(self, command: object) -> bool:
        """Let the codec carry out a command; False when it cannot."""
        if self._is_over or self._full:
            return False
        self._listener.passed("+", command, self._loop.time())
        return self._act(self._codec.command, command)

    def test(self) -> bool:
        """Let the codec have the device show that it works; False when it knows no way."""
        if self._is_over or self._full:
            return False
        outs = self._codec.test(self._loop.time())
        return outs is not None and self._act(lambda _: outs)

    def end(self, reason: Exception) -> None:
        """Let this be the end, if it is not over yet."""
        if not self._is_over:
            self._is_over = True
            self.ended.set_exception(reason)
            self.ended.exception()  # asyncio complains about an exception nobody looks at
        for handle in (self._alarm, self._next):
            if handle is not None:
                handle.cancel()
        self._waiting.clear()

    # --- no more than its share

    def _hear(self, frame: bytes) -> None:
        self._listener.passed("<", frame, self._loop.time())
        self._act(self._codec.receive, frame)

    def _keep(self, data: bytes) -> None:
        """Look at the data later, in pieces; whole reports stay whole."""
        if self._waiting_bytes + len(data) > WAITING_BYTES_MAX and self._waiting:
            lost = Fault(f"{len(data)} bytes lost: more than can be looked at")
            self._do(lost, self._loop.time())
            return
        size = TURN_BYTES_MAX if self._kind == "stream" else len(data)
        self._waiting.extend(data[at : at + size] for at in range(0, len(data), size))
        self._waiting_bytes += len(data)
        if self._next is None:
            self._pause()
            self._next = self._loop.call_soon(self._go_on)

    def _take(self) -> bytes:
        frame = self._waiting.popleft()
        self._waiting_bytes -= len(frame)
        return frame

    def _go_on(self) -> None:
        self._next = None
        if self._waiting:
            self._hear(self._take())
        self._rest()

    def _rest(self) -> None:
        """Decide when to go on: at once, or when there is allowance again."""
        if self._is_over:
            return
        delay = self._allowance.delay(self._loop.time())
        if delay:
            self._pause()
            self._next = self._loop.call_later(delay, self._go_on)
        elif self._waiting:
            self._next = self._loop.call_soon(self._go_on)
        elif self._is_paused:
            self._is_paused = False
            assert self._transport is not None
            self._transport.resume_reading()

    def _pause(self) -> None:
        assert self._transport is not None
        if not self._is_paused:
            with suppress(NotImplementedError):  # a wire that cannot: see WAITING_BYTES_MAX
                self._transport.pause_reading()
                self._is_paused = True

    # --- the codec's side

    def _greet(self, now: float) -> Iterable[object]:
        self._listener.opened(self)
        return self._codec.start(now)

    def _act(self, step: Callable[..., Iterable[object]], *what: object) -> bool:
        """Take one step of the codec and do what it says; False if that was the end.

        `step` is called with `what` and the time. Everything is collected before anything is done,
        so that `say` may call `tell` without meeting a codec in the middle of a step.
        """
        if self._is_over:
            return False
        now = self._loop.time()
        try:
            for out in tuple(step(*what, now)):
                self._do(out, now)
            self._set_alarm()
        except Exception as mistake:
            self.end(mistake)  # run() raises it: an event loop would only log it
        return not self._is_over

    def _do(self, out: object, now: float) -> None:
        if self._is_over:
            return
        if isinstance(out, Send):
            self._send(out.frame, now)
        elif isinstance(out, Close):
            assert self._transport is not None
            self._transport.close()
            self.end(LinkLost(out.reason))
        else:
            self._allowance.spend(now)
            self._listener.heard(out, now)

    def _send(self, frame: bytes, now: float) -> None:
        assert self._transport is not None
        if self._full:
            self.end(LinkLost(f"does not take what it is sent ({len(frame)} bytes waiting)"))
        elif not self._transport.is_closing():  # else connection_lost is on its way
            self._listener.passed(">", frame, now)
            self._transport.write(frame)

    def _set_alarm(self) -> None:
        """See to it that we wake by the codec's time; a timer that is early is left alone.

        A codec moves its time with every byte, and a timer costs more than the byte.
        """
        at = self._codec.wake_at
        if at is None or self._is_over:
            return
        if self._alarm is not None and at < self._alarm_at:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm, self._alarm_at = self._loop.call_at(at, self._wake), at

    def _wake(self) -> None:
        at, self._alarm = self._codec.wake_at, None
        if at is not None and at <= self._alarm_at:
            self._act(self._wake_codec, at)
        else:
            self._set_alarm()  # it was moved

    def _wake_codec(self, at: float, now: float) -> Iterable[object]:
        # A loop may call a hair early (by its clock's resolution); a codec need not know.
        outs = tuple(self._codec.wake(max(at, now)))
        assert self._codec.wake_at is None or self._codec.wake_at > at, "a codec that never sleeps"
        return outs


class _Allowance:
    """How many words a device may still say: filled evenly, and never more than full.

    A bucket kept as one time: when it is full again, as the generic cell rate algorithm of ITU-T
    I.371 does. Empty, that is `BURST_SECONDS` ahead.
    """

    def __init__(self) -> None:
        self._full_at = 0.0

    def spend(self, now: float) -> None:
        begun_at = self._full_at if self._full_at > now else now
        self._full_at = begun_at + SECONDS_A_WORD

    def delay(self, now: float) -> float:
        """Return for how many seconds there is no word left; 0.0 while there is."""
        missing = self._full_at - now - (BURST_SECONDS - SECONDS_A_WORD)
        return missing if missing > ROUNDING_SECONDS else 0.0
