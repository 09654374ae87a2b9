"""A device that is a program of this machine, behind two named pipes."""

import asyncio
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from drivers.codec import Codec
from drivers.links import Link, from_url
from simulators.far_end.hand import FarEnd

READ_BYTES_MAX = 64 * 1024


class OnFifo(FarEnd):
    """It makes `path`, into which it writes, and beside it `path`.in, which it reads."""

    MODE = 0
    """How the pipe is written, beside O_NONBLOCK."""

    def __init__(
        self, path: Path, codec_factory: Callable[[], Codec[bytes]], say: Callable[[Any], None]
    ) -> None:
        super().__init__(codec_factory, say)
        self.path, self._in_path = path, path.with_name(f"{path.name}.in")
        self._fds: tuple[int, int] | None = None

    def link(self, **options: object) -> Link:
        """Return both pipes, seen from the host."""
        return from_url(f"fifo:{self.path}", send_path=str(self._in_path), **options)

    async def plug(self) -> None:
        """Make the pipes; what nobody reads is lost."""
        assert self._fds is None, "already plugged in"
        for path in (self.path, self._in_path):
            os.mkfifo(path)
        # Opened for both, a pipe is there with nobody at its other end, and never ends.
        out = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(out, fcntl.F_SETFL, os.O_NONBLOCK | self.MODE)
        into = os.open(self._in_path, os.O_RDWR | os.O_NONBLOCK)
        self._fds = out, into
        asyncio.get_running_loop().add_reader(into, self._read, into)
        self._begin(partial(self._write, out))

    async def unplug(self) -> None:
        """Vanish: the host's next read finds the end."""
        self._end()
        if self._fds is None:
            return
        out, into = self._fds
        self._fds = None
        asyncio.get_running_loop().remove_reader(into)
        for path in (self.path, self._in_path):
            path.unlink()
        for descriptor in (out, into):
            os.close(descriptor)

    def _read(self, into: int) -> None:
        self._hear(os.read(into, READ_BYTES_MAX))

    def _write(self, out: int, data: bytes) -> None:
        with suppress(BlockingIOError):
            os.write(out, data)


class OnReports(OnFifo):
    """Pipes in packet mode: each write is one report, and a read returns no more than that."""

    MODE = os.O_DIRECT

    def link(self, **options: object) -> Link:
        """Return both pipes, as a hidraw device seen from the host."""
        return from_url(f"hidraw:{self.path}", send_path=str(self._in_path), **options)
