"""The device's end of a real wire: a simulator's codec behind a pty or a TCP port.

Each `plug` is a fresh codec, as a device that was without power has forgotten everything.
"""

import asyncio
import os
import tty
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from drivers.codec import Close, Codec, Send

READ_BYTES_MAX = 64 * 1024


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


class OnPty(FarEnd):
    """A device on a serial port that is not there: a pty behind a stable name.

    `path` becomes a symlink, as below /dev/serial/by-id; after each `plug` it points at
    another pty. Like a real line without flow control, what nobody reads is lost.
    """

    def __init__(
        self, path: Path, codec_factory: Callable[[], Codec[bytes]], say: Callable[[Any], None]
    ) -> None:
        super().__init__(codec_factory, say)
        self.path = path
        self._fds: tuple[int, int] | None = None

    async def plug(self) -> None:
        """Appear under `path`, as a new port."""
        assert self._fds is None, "already plugged in"
        # We keep the host's side open too, else the kernel hangs up while the host is away.
        master, slave = self._fds = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        asyncio.get_running_loop().add_reader(master, self._read, master)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        self._begin(partial(self._write, master))

    async def unplug(self) -> None:
        """Vanish: the host's next read fails with EIO."""
        self._end()
        if self._fds is None:
            return
        master, slave = self._fds
        self._fds = None
        self.path.unlink(missing_ok=True)
        asyncio.get_running_loop().remove_reader(master)
        os.close(slave)
        os.close(master)

    def _read(self, master: int) -> None:
        self._hear(os.read(master, READ_BYTES_MAX))

    def _write(self, master: int, data: bytes) -> None:
        with suppress(BlockingIOError):
            os.write(master, data)


class OnTcp(FarEnd):
    """A device behind a serial server: it listens on loopback, for one host at a time."""

    def __init__(
        self, codec_factory: Callable[[], Codec[bytes]], say: Callable[[Any], None]
    ) -> None:
        super().__init__(codec_factory, say)
        self.port = 0
        """Chosen by the system at the first `plug`, and kept."""
        self._server: asyncio.Server | None = None
        self._transport: asyncio.Transport | None = None

    async def plug(self) -> None:
        """Listen."""
        assert self._server is None, "already plugged in"
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Tcp(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Cut the connection and stop listening."""
        self._end()
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self._take(None)
            await server.wait_closed()

    def _take(self, transport: asyncio.Transport | None) -> None:
        """Let the newest host win; a cut one sees a reset."""
        if self._transport is not None:
            self._transport.abort()
        self._transport = transport
        if transport is not None:
            self._begin(transport.write)


class _Tcp(asyncio.Protocol):
    def __init__(self, far: OnTcp) -> None:
        self._far = far
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are, but do not inherit
        self._far._take(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._far._transport is self._transport:
            self._far._hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._far._transport is self._transport:
            self._far._transport = None
            self._far._end()
