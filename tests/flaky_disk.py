"""A disk that fails when told to: SQLite's own VFS with one fault planted in it.

Every connection opened inside the block is on it. A fault is an operation ("read", "write",
"sync", "truncate"), the end of a file's name, and what SQLite is told.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import apsw

NAME = "flaky"


class Fault(NamedTuple):
    operation: str
    file: str
    code: int


class FlakyDisk(apsw.VFS):
    """The real disk until a `fault` is set; `failed` counts how often it struck."""

    def __init__(self) -> None:
        self.real = apsw.vfs_names()[0]
        super().__init__(NAME, self.real, makedefault=True)
        self.fault: Fault | None = None
        self.failed: Counter[str] = Counter()

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_File":  # noqa: N802
        return _File(self, name, flags)

    def meet(self, operation: str, file: str) -> None:
        """Raise if the fault is here."""
        if self.fault and self.fault.operation == operation and file.endswith(self.fault.file):
            self.failed[operation] += 1
            raise told(self.fault.code)


class _File(apsw.VFSFile):
    def __init__(
        self, disk: FlakyDisk, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        # Leaving, a reader asks for a lock that a file opened for reading cannot give; SQLite
        # does not mind, but apsw says so.
        if flags[0] & apsw.SQLITE_OPEN_READONLY:
            flags[0] ^= apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_READWRITE
        super().__init__(disk.real, name, flags)
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name or ""

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.meet("read", self._name)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.meet("write", self._name)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.meet("sync", self._name)
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.meet("truncate", self._name)
        super().xTruncate(size)


def told(code: int) -> Exception:
    """Return the error by which apsw tells an extended result code."""
    return apsw.exception_for(code)


@contextmanager
def flaky_disk() -> Iterator[FlakyDisk]:
    """Be the disk of everything opened inside the block."""
    disk = FlakyDisk()
    try:
        yield disk
    finally:
        disk.unregister()
