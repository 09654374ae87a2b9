"""A numeric keypad beside the till, on USB: what a person types, line by line.

The wire carries the kernel's key events (see drivers/keyboard). Enter ends a line, Backspace takes
back the last key, Escape the whole line. A line with a key in it that is no character of the
layout is a Fault as a whole, and so is one that was begun and left. Enter alone says nothing.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from drivers.codec import Codec, Driver
from drivers.events import Fault, Keyed
from drivers.keyboard import LAYOUTS, Keyboard, Stroke


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What kind of keypad it is."""

    layout: Literal["keypad", "us", "de", "fr", "jp"] = "keypad"
    """"keypad" has digits, the point and the signs of arithmetic."""
    idle_seconds_max: Annotated[float, Meta(gt=0, le=300)] = 20.0
    """A line that nobody goes on with for longer than this is a Fault, and forgotten."""
    characters_max: Annotated[int, Meta(ge=1, le=512)] = 64
    """A longer line is one Fault, and nothing up to its Enter is believed."""


class Host(Codec[bytes]):
    """The host's end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keyboard = Keyboard(LAYOUTS[settings.layout])
        self._line, self._swallowing = "", False

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Take bytes, cut anywhere, and say the lines that they complete."""
        for stroke in self._keyboard.read(frame):
            yield from self._take(stroke)
        waiting = self._line or self._swallowing or self._keyboard.unfinished
        self.wake_at = now + self._settings.idle_seconds_max if waiting else None

    def wake(self, now: float) -> Iterator[object]:
        """Forget what nobody went on with."""
        if self._line:
            yield Fault("a line was begun and left")
        elif self._keyboard.unfinished and not self._swallowing:
            yield Fault("half a key event")
        self._line, self._swallowing, self.wake_at = "", False, None
        self._keyboard.forget()

    def _take(self, stroke: Stroke) -> Iterator[Keyed | Fault]:
        if stroke.text == "\r":
            line, swallowed = self._line, self._swallowing
            self._line, self._swallowing = "", False
            if line and not swallowed:
                yield Keyed(line)
        elif self._swallowing:
            return
        elif stroke.fault:
            yield self._spoilt(stroke.fault)
        elif stroke.text == "\b":
            self._line = self._line[:-1]
        elif stroke.text == "\x1b":
            self._line = ""
        elif not stroke.text.isprintable():
            yield self._spoilt("a key that types nothing")
        elif len(self._line) >= self._settings.characters_max:
            yield self._spoilt("more keys than a line has")
        else:
            self._line += stroke.text

    def _spoilt(self, why: str) -> Fault:
        self._line, self._swallowing = "", True
        return Fault(why)


DRIVER = Driver(
    doc=__doc__,
    link="stream",
    settings=Settings,
    codec=Host,
    recorded="unmasked",
    says=(Keyed, Fault),
)
