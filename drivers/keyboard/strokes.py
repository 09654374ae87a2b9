"""From key events to characters, as the host of a grabbed keyboard has to do it itself.

Only text comes out as text. A combination with Ctrl, Alt or GUI, and a function key, would be a
command on a desktop, so a code that types one is an attack or a scanner set up wrongly: such a
stroke is a fault and never text. The kernel's SYN_DROPPED is one too, since keys were lost.
"""

from typing import Final

from msgspec import Struct

from drivers.keyboard import keys
from drivers.keyboard.keys import (
    CODE_MAX,
    EV_KEY,
    EV_SYN,
    EVENT,
    MICROSECONDS,
    SYN_DROPPED,
    TYPES,
)
from drivers.keyboard.layouts import ALT_GR, PLAIN, SHIFTED, SPACING, Layout, compose

GS: Final = "\x1d"
"""What FNC1 inside a GS1 code becomes (GS1 General Specifications 7.8.3)."""

CONTROLS: Final = {
    keys.ENTER: "\r", keys.KEYPAD_ENTER: "\r", keys.TAB: "\t",
    keys.BACKSPACE: "\b", keys.ESCAPE: "\x1b",
}  # fmt: skip
"""The control characters that keys type by themselves."""
ALT_DIGITS: Final = {code: str(digit) for digit, code in enumerate(keys.KEYPAD_DIGITS)}
ALT_DIGITS_MAX: Final = 4
VALUES: Final = frozenset({keys.UP, keys.DOWN, keys.REPEAT})
KEYPAD: Final = frozenset({*ALT_DIGITS, *keys.KEYPAD_SIGNS, keys.KEYPAD_DOT})


class Stroke(Struct, frozen=True, gc=False):
    """What one press means: `text`, or the `fault` it is.

    Enter, Tab, Backspace and Escape are their control characters. `at` is the kernel's time in
    microseconds. A reason never says which key it was: it may have been a digit of a card.
    """

    at: int
    text: str = ""
    fault: str = ""


class Keyboard:
    """The state of one keyboard: what is held, and half an event at most.

    `fnc1` names the key that stands for FNC1: "none", "ctrl-]" or "f8". With `alt_codes`, digits
    on the keypad under Alt make a character: of Windows-1252 after a leading 0, else of code
    page 437. CapsLock swaps upper and lower case letters and nothing else; it is taken to be off
    after each `forget`, however somebody left it.
    """

    def __init__(self, layout: Layout, fnc1: str = "none", alt_codes: bool = False) -> None:
        self._layout, self._fnc1, self._alt_codes = layout, fnc1, alt_codes
        self._plain = _plain(layout)
        self.forget()

    def forget(self) -> None:
        """Believe that nothing is held or locked, and that the next byte begins an event."""
        self._bytes = b""
        self._deaf = self._resyncing = False
        self._release()

    def _release(self) -> None:
        self.caps_lock = False
        self._held: set[int] = set()
        self._dead = self._alt = ""
        self._is_plain = True

    @property
    def unfinished(self) -> bool:
        """Half an event has come, or bytes that are none: only silence tells what begins next."""
        return bool(self._bytes) or self._deaf

    @property
    def at_rest(self) -> bool:
        """Nothing is held, locked or unfinished."""
        half = self._bytes or self._deaf or self._resyncing
        return not (half or self.caps_lock or self._held or self._dead)

    def read(self, data: bytes) -> list[Stroke]:
        """Take bytes, cut anywhere, and return each stroke in them."""
        strokes: list[Stroke] = []
        if self._deaf:
            return strokes
        data = self._bytes + data
        whole = len(data) - len(data) % EVENT.size
        self._bytes = data[whole:]
        for seconds, micros, kind, code, value in EVENT.iter_unpack(data[:whole]):
            fits = seconds >= 0 <= micros < MICROSECONDS and code <= CODE_MAX and kind in TYPES
            if not fits or (kind == EV_KEY and value not in VALUES):
                self.forget()
                self._deaf = True
                strokes.append(Stroke(0, fault="bytes that are no key events"))
                break
            if kind == EV_KEY and not self._resyncing:
                at = seconds * MICROSECONDS + micros
                if self._is_plain and value == keys.DOWN and code in self._plain:
                    strokes.append(Stroke(at, self._plain[code]))  # as nearly always
                elif value != keys.UP or code in keys.MODIFIERS:
                    strokes += self._key(at, code, value)
                    self._is_plain = not (self._held or self.caps_lock or self._dead)
            elif kind == EV_SYN and (code == SYN_DROPPED or self._resyncing):
                strokes += self._synchronise(seconds * MICROSECONDS + micros, code)
        return strokes

    def _synchronise(self, at: int, code: int) -> tuple[Stroke, ...]:
        """After SYN_DROPPED nothing counts up to and including the next SYN_REPORT."""
        if code == SYN_DROPPED:
            self._release()
            self._resyncing = True
            return (Stroke(at, fault="the kernel dropped keys"),)
        if code == keys.SYN_REPORT:
            self._resyncing = False
        return ()

    def _key(self, at: int, code: int, value: int) -> tuple[Stroke, ...]:
        """Take a key that went up or down; a repeat is the host's idea of one held too long."""
        if code in keys.MODIFIERS:
            return self._modify(at, code, value)
        if value != keys.DOWN or code == keys.NUM_LOCK:
            return ()
        if code == keys.CAPS_LOCK:
            self.caps_lock = not self.caps_lock
            return ()
        if self._held - keys.SHIFT:
            return self._combine(at, code)
        if code == keys.F8 and self._fnc1 == "f8":
            return (Stroke(at, GS),)
        if code in keys.FUNCTION_KEYS:
            return (Stroke(at, fault="a function key"),)
        return self._text(at, code)

    def _modify(self, at: int, code: int, value: int) -> tuple[Stroke, ...]:
        if value == keys.DOWN:
            self._held.add(code)
            return (Stroke(at, fault="a GUI key"),) if code in keys.GUI else ()
        if value == keys.UP:
            self._held.discard(code)
            if code in keys.ALT and self._alt:
                digits, self._alt = self._alt, ""
                return (self._alt_code(at, digits),)
        return ()

    def _alt_code(self, at: int, digits: str) -> Stroke:
        page = "cp1252" if digits.startswith("0") else "cp437"
        try:
            char = bytes((int(digits),)).decode(page)
        except ValueError:
            char = ""
        if char == GS or (char and char.isprintable()):
            return Stroke(at, char)
        return Stroke(at, fault="an Alt code that is no character")

    def _combine(self, at: int, code: int) -> tuple[Stroke, ...]:
        """Take a key pressed while Ctrl, Alt or GUI is held."""
        held = self._held
        if held & keys.CTRL and code == keys.RIGHT_BRACE and self._fnc1 == "ctrl-]":
            return (Stroke(at, GS),)
        if held & (keys.CTRL | keys.GUI):
            return (Stroke(at, fault="a combination with Ctrl or GUI"),)
        if self._layout.alt_gr and keys.LEFT_ALT not in held:
            return self._text(at, code)
        if self._alt_codes and code in ALT_DIGITS and len(self._alt) < ALT_DIGITS_MAX:
            self._alt += ALT_DIGITS[code]
            return ()
        self._alt = ""
        return (Stroke(at, fault="a combination with Alt"),)

    def _text(self, at: int, code: int) -> tuple[Stroke, ...]:
        dead, self._dead = self._dead, ""
        control = CONTROLS.get(code)
        if control is not None:
            accent = (Stroke(at, SPACING[dead]),) if dead else ()
            return (*accent, Stroke(at, control))
        char = self._char(code)
        if char is None:
            return (Stroke(at, fault="a key that types nothing"),)
        if char in SPACING and not dead:
            self._dead = char
            return ()
        return (Stroke(at, compose(dead, SPACING.get(char, char)) if dead else char),)

    def _char(self, code: int) -> str | None:
        types = self._layout.types
        if code in KEYPAD or not (self._held or self.caps_lock):
            return types.get((code, PLAIN))
        if keys.RIGHT_ALT in self._held:
            return types.get((code, ALT_GR))
        level = SHIFTED if self._held else PLAIN
        char, other = types.get((code, level)), types.get((code, SHIFTED - level))
        if self.caps_lock and char and other and char.swapcase() == other:
            return other
        return char


def _plain(layout: Layout) -> dict[int, str]:
    """Return what each key types, always, while nothing is held, locked or dead before it."""
    typed = {code: char for (code, level), char in layout.types.items() if level == PLAIN}
    return {code: char for code, char in typed.items() if char not in SPACING} | CONTROLS
