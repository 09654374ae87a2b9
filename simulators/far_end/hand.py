"""A device in somebody's hand: a simulator's codec, whatever wire it is on."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, Self

from drivers.codec import Close, Codec, Send
from drivers.links import Link


class FarEnd:
    """A device that is told things by a hand, and tells `say` what it hears from the host.

    Use it on the event loop: `async with OnPty(...) as far:` is plugged in inside the block.
    """

    def __init__(
        self, codec_factory: Callable[[], Codec[bytes]], say: Callable[[Any], None]
    ) -> None:
        self.connected = asyncio.Event()
        """Set while there is a wire that bytes can be put on."""
        self._codec_factory, self._say = codec_factory, say
        self._codec = codec_factory()
        self._put: Callable[[bytes], object] | None = None
        self._alarm: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Plug it in."""
        await self.plug()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Pull it out, if it is in."""
        await self.unplug()

    async def plug(self) -> None:
        """Appear on the wire."""
        raise NotImplementedError

    async def unplug(self) -> None:
        """Vanish in the middle of whatever was going on; does nothing when not plugged in."""
        raise NotImplementedError

    def link(self, **options: object) -> Link:
        """Return the host's end of this wire, with the options of the host's driver."""
        raise NotImplementedError

    def command(self, command: object) -> None:
        """Do something with the device, such as pulling its trigger."""
        self._act(partial(self._codec.command, command))

    def send(self, data: bytes) -> None:
        """Put bytes on the wire that no healthy device sends; with no wire, they are lost."""
        if self._put is not None:
            self._put(data)

    def _begin(self, put: Callable[[bytes], object]) -> None:
        self._end()
        self._put, self._codec = put, self._codec_factory()
        self.connected.set()
        self._act(self._codec.start)

    def _hear(self, data: bytes) -> None:
        self._act(partial(self._codec.receive, data))

    def _end(self) -> None:
        self._put = None
        self.connected.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _act(self, step: Callable[[float], Iterable[object]]) -> None:
        loop = asyncio.get_running_loop()
        for out in step(loop.time()):
            assert not isinstance(out, Close), "a simulated device hangs up by being unplugged"
            if isinstance(out, Send):
                self.send(out.frame)
            else:
                self._say(out)
        if self._alarm is not None:
            self._alarm.cancel()
        at = self._codec.wake_at
        self._alarm = None if at is None else loop.call_at(at, self._wake, at)

    def _wake(self, at: float) -> None:
        self._act(lambda now: self._codec.wake(max(at, now)))
