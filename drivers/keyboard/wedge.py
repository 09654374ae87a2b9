"""What all readers that type have in common: one burst of keys is one code.

A reader types a key every few milliseconds, a person every hundred, so the time between two keys
tells them apart; it is taken from the kernel's stamps, which a busy program does not bend. Keys
further apart than `gap_seconds_max` are a person's, and a Fault up to the suffix or to silence.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from drivers.codec import Codec, Send
from drivers.events import Fault
from drivers.keyboard.keys import MICROSECONDS, caps_lock_light
from drivers.keyboard.layouts import LAYOUTS
from drivers.keyboard.strokes import Keyboard, Stroke

SUFFIXES: Final = {"enter": "\r", "tab": "\t", "none": ""}


class Typing(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the reader was set up to type; the defaults are what most do out of the box."""

    layout: Literal["us", "de", "fr", "jp", "keypad"] = "us"
    """The keyboard the reader thinks the host has; "keypad" for digits on the keypad only."""
    suffix: Literal["enter", "tab", "none"] = "enter"
    """The key that ends a code; with "none" it is silence, of twice the longest gap."""
    gap_seconds_max: Annotated[float, Meta(gt=0, le=1)] = 0.05
    """Longer between two keys, and a person typed them."""
    partial_seconds_max: Annotated[float, Meta(gt=0, le=60)] = 1.0
    """A code that stops for longer than this before its suffix is a Fault, and forgotten."""
    characters_max: Annotated[int, Meta(ge=1, le=8192)] = 512
    """A longer code is one Fault, and nothing up to its suffix is believed."""


class Wedge(Codec[bytes]):
    """The host's end of a reader that types. A driver says what a burst means in `_said`."""

    def __init__(self, typing: Typing, fnc1: str = "none", alt_codes: bool = False) -> None:
        self._typing, self._suffix = typing, SUFFIXES[typing.suffix]
        self._gap_max = round(typing.gap_seconds_max * MICROSECONDS)
        self._silence_seconds = max(typing.partial_seconds_max, typing.gap_seconds_max)
        if not self._suffix:
            self._silence_seconds = 2 * typing.gap_seconds_max
        self._silence = round(self._silence_seconds * MICROSECONDS)
        self._keyboard = Keyboard(LAYOUTS[typing.layout], fnc1, alt_codes)
        self._typed = ""
        self._last_at = 0
        self._swallowing = False
        self._light = False

    def start(self, now: float) -> Iterator[object]:
        """Switch CapsLock off: a reader that minds the light knows what we take it for."""
        yield Send(caps_lock_light(on=False))

    def receive(self, frame: bytes, now: float) -> list[object]:
        """Take bytes and say what they complete."""
        outs: list[object] = []
        for stroke in self._keyboard.read(frame):
            self._take(stroke, outs)
        if self._keyboard.caps_lock != self._light:
            outs.append(self._match_light())
        waiting = self._typed or self._swallowing or not self._keyboard.at_rest
        self.wake_at = now + self._silence_seconds if waiting else None
        return outs

    def wake(self, now: float) -> list[object]:
        """Take silence for what it means: the end of a code, or that it broke off."""
        self.wake_at = None
        outs: list[object] = []
        if self._keyboard.unfinished and not (self._typed or self._swallowing):
            outs.append(Fault("half a key event"))
        self._fall_silent(outs)
        self._keyboard.forget()
        if self._light:
            outs.append(self._match_light())
        return outs

    def _match_light(self) -> Send[bytes]:
        self._light = self._keyboard.caps_lock
        return Send(caps_lock_light(self._light))

    def _said(self, text: str) -> object:
        """Return the event that `text`, a whole burst, means. Nobody but this call may keep it."""
        raise NotImplementedError

    def _fall_silent(self, outs: list[object]) -> None:
        if self._typed and self._suffix:
            outs.append(Fault("the typing broke off before its suffix"))
            self._typed = ""
        self._end(outs)

    def _take(self, stroke: Stroke, outs: list[object]) -> None:
        gap, self._last_at = stroke.at - self._last_at, stroke.at
        if gap > self._silence and self._typed:
            self._fall_silent(outs)  # nobody heard it: we were busy
        if not self._swallowing and (reason := self._objection(stroke, gap)):
            self._typed = ""
            self._swallowing = True
            outs.append(Fault(reason))
        if stroke.text and stroke.text == self._suffix:
            self._end(outs)
        elif not self._swallowing and (self._suffix or stroke.text != "\r"):
            self._typed += stroke.text

    def _objection(self, stroke: Stroke, gap: int) -> str:
        """Return why this stroke cannot be part of a code; "" if it can."""
        if stroke.fault:
            return stroke.fault
        if self._typed and not 0 <= gap <= self._gap_max:
            return "keys typed by hand"
        if len(self._typed) >= self._typing.characters_max and stroke.text != self._suffix:
            return "more keys than a code has"
        return ""

    def _end(self, outs: list[object]) -> None:
        """Say what the burst meant that is over now, and forget it whatever happens."""
        text, self._typed = self._typed, ""
        swallowed, self._swallowing = self._swallowing, False
        if text and not swallowed:
            outs.append(self._said(text))
