"""The device's end of drivers/lines_scanner.py, and one to hold in the hand, on a pty."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from drivers.codec import Codec, Send
from drivers.events import Beep, Scan
from drivers.lines_scanner import BEL, SUFFIXES, Settings, prefix_of
from simulators.far_end import OnPty

BEEP_SECONDS: Final = 0.05
"""Two BELs within this are one (bad) beep."""


class Device(Codec[bytes]):
    """A scanner: told Scan, it sends the line; hears BELs, and says Beep."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bels = 0

    def command(self, command: Scan, now: float) -> Iterator[object]:
        """Somebody pulled the trigger."""
        identifier = f"]{command.symbology}".encode() if self._settings.aim else b""
        code = identifier + command.text.encode(self._settings.encoding)
        yield Send(prefix_of(self._settings) + code + SUFFIXES[self._settings.suffix])

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Count BELs; what else the host sends means nothing to a scanner."""
        if self.wake_at is not None and now >= self.wake_at:
            yield from self.wake(now)
        self._bels += frame.count(BEL)
        if self._bels:
            self.wake_at = now + BEEP_SECONDS

    def wake(self, now: float) -> Iterator[object]:
        """Say what was heard."""
        yield Beep(good=self._bels == 1)
        self._bels, self.wake_at = 0, None


class ScannerOnPty(OnPty):
    """A scanner in somebody's hand, on a serial port at `path`.

    `async with ScannerOnPty(path) as scanner: scanner.scan("6901234567892")`.
    """

    def __init__(self, path: Path, settings: Settings | None = None) -> None:
        super().__init__(path, partial(Device, settings or Settings()), self._heard)
        self.beeps: asyncio.Queue[Beep] = asyncio.Queue(64)
        """What the host had it say; the oldest are forgotten."""

    def scan(self, text: str, symbology: str = "") -> None:
        """Read a code. Like a real one: with nobody listening, the code is lost."""
        self.command(Scan(text, symbology))

    def _heard(self, beep: Beep) -> None:
        if self.beeps.full():
            self.beeps.get_nowait()
        self.beeps.put_nowait(beep)
