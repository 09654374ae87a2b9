"""A wall clock that can be set while a box runs, told by a file of seconds ahead."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

FILE = "CLOCK_FILE"
_time_ns = time.time_ns


class WallClock:
    """The time of day of boxes that `tests.faults.starter` starts with `environment`.

    It is given to Python alone, and so can be used where boxes are killed: libfaketime has one
    lock for a process and all its forks, and whoever dies with it takes the others along.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ahead_seconds = 0
        self.set(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to live by this clock."""
        return {FILE: str(self._file)}

    def set(self, ahead_seconds: int) -> None:
        """Show the true time and so many seconds, from now on; negative for the past."""
        self.ahead_seconds = ahead_seconds
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{ahead_seconds:+d}", "ascii")
        os.replace(draft, self._file)


class FakedClock(WallClock):
    """The same for any process, by libfaketime; monotonic time goes on."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to live by this clock."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }


def library() -> Path:
    """Return libfaketime for programs with threads. Raises FileNotFoundError without it."""
    for path in sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")):
        return path
    raise FileNotFoundError("libfaketime is missing: run scripts/install-test-parts")


def follow(file: Path) -> None:
    """Have this process live by the clock that `file` tells."""

    def time_ns() -> int:
        return _time_ns() + int(file.read_text("ascii")) * 1_000_000_000

    time.time_ns = time_ns
