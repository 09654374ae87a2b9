"""A device on a serial port that is not there."""

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from drivers.codec import Codec
from drivers.links import Link, from_url
from simulators.far_end.hand import FarEnd

READ_BYTES_MAX = 64 * 1024


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

    def link(self, **options: object) -> Link:
        """Return the serial port."""
        return from_url(str(self.path), **options)

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
