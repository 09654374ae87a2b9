"""A disk that flushes as slowly as it is told, for processes that are started with it."""

import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("slow_flush.c")


class SlowFlush:
    """Makes every flush late in whatever runs with `environment`; not at all to begin with."""

    def __init__(self, folder: Path) -> None:
        """Build the library that does it, in `folder`. Raises CalledProcessError."""
        self._delay, library = folder / "flush_delay", folder / "slow_flush.so"
        self.set(0)
        command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]
        command += [str(library), str(SOURCE)]
        subprocess.run(command, check=True)
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(library),
            "FLUSH_DELAY_FILE": str(self._delay),
        }

    def set(self, milliseconds: int) -> None:
        """Let each flush from now on take so much longer."""
        self._delay.touch(mode=0o600)
        with self._delay.open("r+b") as file:  # in place: others have it mapped
            file.write(struct.pack("=I", milliseconds * 1000))
