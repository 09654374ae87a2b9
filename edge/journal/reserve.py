"""Disk space kept back for closing the books: a real file, given up piece by piece when needed.

New sales stop early, while the disk still has room for all that waits and for the write-ahead
log. From then on the writer takes pieces of the reserve for what must still be written: the end
of the day, acknowledgements, what was placed before. When there is room again the reserve is
made whole again, and sales go on.
"""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from edge.config import Disk

PIECE_BYTES = 4 * 1024 * 1024
"""Given up at once; the writer keeps at least so much free while it can."""
LAST_BYTES = 1024 * 1024
"""With less than this nothing at all is placed."""

Room = Literal["ample", "low", "spent"]


def free_bytes(folder: Path) -> int:
    """Return how much an ordinary user may still write to the disk of `folder`."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


class Reserve:
    """`size` bytes held in a file at `path`; new sales also leave `margin` bytes free.

    Used by the loop (which asks) and by the writers (which give up and refill). All of it
    raises OSError, which is as fatal as any other error of the disk.
    """

    def __init__(
        self, path: Path, size: int, margin: int, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._path, self._size, self._margin, self._free = path, size, margin, free
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.held = self._begin()

    @classmethod
    def open(cls, folder: Path, disk: Disk, free: Callable[[Path], int] = free_bytes) -> "Reserve":
        """Open the reserve of a state folder; it is made as soon as there is room.

        New sales leave room for a full write-ahead log and all that may wait.
        """
        margin = disk.wal_bytes_max + disk.waiting_bytes_max
        return cls(folder / "reserve", disk.reserve_bytes, margin, free)

    def _begin(self) -> int:
        """Take over what the last run left. A copy of it may be a file without any blocks."""
        found = os.fstat(self._file)
        held = min(found.st_size, self._size)
        if held > found.st_blocks * 512:
            held = 0
        os.ftruncate(self._file, held)
        return held

    @property
    def free(self) -> int:
        """How many bytes the disk has besides the reserve."""
        return self._free(self._path.parent)

    def room(self) -> Room:
        """Return how much may still be placed: anything, what closes the books, or nothing."""
        free = self.free
        if self.held == self._size and free >= self._margin:
            return "ample"
        return "low" if self.held or free >= LAST_BYTES else "spent"

    def can_refill(self) -> bool:
        """Tell whether the reserve is not whole and could be."""
        return self.held < self._size and self.free >= self._size - self.held + self._margin

    def make_room(self) -> None:
        """Give up pieces until the next commit fits."""
        with self._lock:
            while self.held and self.free < PIECE_BYTES:
                self.held = max(0, self.held - PIECE_BYTES)
                os.ftruncate(self._file, self.held)

    def refill(self) -> None:
        """Make the reserve whole again if there is room for it."""
        with self._lock:
            if not self.can_refill():
                return
            try:
                os.posix_fallocate(self._file, 0, self._size)
            except OSError as error:
                os.ftruncate(self._file, self.held)
                if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                    raise
                return
            self.held = self._size

    def close(self) -> None:
        """Let go of the file; what it holds stays held."""
        os.close(self._file)
