"""What readers that type have in common, seen from their end: text in, key events out."""

from collections.abc import Iterator
from typing import Final

from drivers.codec import Codec, Send
from drivers.keyboard import LAYOUTS, keys
from drivers.keyboard.layouts import ALT_GR, PLAIN, SHIFTED, Press
from drivers.keyboard.strokes import GS

KEY_MICROSECONDS: Final = 1_000
"""How long a key is held, and how soon the next one follows."""

HOLDS: Final = {PLAIN: (), SHIFTED: (keys.LEFT_SHIFT,), ALT_GR: (keys.RIGHT_ALT,)}
SUFFIX_KEYS: Final = {"enter": keys.ENTER, "tab": keys.TAB, "none": None}


def typable(layout: str, fnc1: str = "none", alt_codes: bool = False) -> str:
    """Return the characters that a reader set up like this can type."""
    found = set(LAYOUTS[layout].presses) | ({GS} if fnc1 != "none" or alt_codes else set())
    if alt_codes:
        found |= set(bytes(range(0xA1, 0xFF)).decode("cp1252").replace("\xad", ""))
    return "".join(sorted(found))


class Untypable(ValueError):
    """The layout has no key for a character."""


class Typist(Codec[bytes]):
    """A keyboard in a reader. `type` makes its events; what the host switches is its light."""

    def __init__(
        self, layout: str, suffix: str, fnc1: str = "none", alt_codes: bool = False
    ) -> None:
        self.caps_lock_light = False
        self.key_microseconds = KEY_MICROSECONDS
        """Set it higher, and it types like a person."""
        self._presses = LAYOUTS[layout].presses
        self._suffix, self._fnc1, self._alt_codes = SUFFIX_KEYS[suffix], fnc1, alt_codes
        self._at = 0

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Mind the CapsLock light; a host has nothing else to say to a keyboard."""
        whole = len(frame) - len(frame) % keys.EVENT.size
        for _, _, kind, code, value in keys.EVENT.iter_unpack(frame[:whole]):
            if (kind, code) == (keys.EV_LED, keys.LED_CAPSL):
                self.caps_lock_light = bool(value)
        return iter(())

    def type(self, text: str, now: float) -> Iterator[Send[bytes]]:
        """Type a text and the suffix, as fast as it can; raises Untypable."""
        self.wait_until(now)
        yield Send(self.events(text) + self.suffix())

    def wait_until(self, now: float) -> None:
        """Type nothing before `now`, in seconds."""
        self._at = max(self._at, round(now * keys.MICROSECONDS))

    def events(self, text: str) -> bytes:
        """Return the events that type a text; raises Untypable."""
        return b"".join(map(self._character, text))

    def suffix(self) -> bytes:
        """Return the events of the key that ends each code, if there is one."""
        return b"" if self._suffix is None else self.stroke(self._suffix)

    def stroke(self, code: int, *held: int) -> bytes:
        """Return the events of one key, pressed and released while others are held."""
        down = b"".join(self._change(other, keys.DOWN) for other in held)
        up = b"".join(self._change(other, keys.UP) for other in reversed(held))
        self._at += self.key_microseconds
        return down + self._change(code, keys.DOWN) + self._change(code, keys.UP) + up

    def dropped(self) -> bytes:
        """Return what the kernel says when it had to forget events (SYN_DROPPED)."""
        drop = keys.KeyEvent(self._at, keys.EV_SYN, keys.SYN_DROPPED, 0)
        return drop.pack() + keys.packet(self._at)

    def _change(self, code: int, value: int) -> bytes:
        scan_code = keys.KeyEvent(self._at, keys.EV_MSC, keys.MSC_SCAN, code)
        return scan_code.pack() + keys.packet(self._at, (code, value))

    def _character(self, char: str) -> bytes:
        if char == GS and self._fnc1 == "ctrl-]":
            return self.stroke(keys.RIGHT_BRACE, keys.LEFT_CTRL)
        if char == GS and self._fnc1 == "f8":
            return self.stroke(keys.F8)
        presses = self._presses.get(char)
        if presses is not None:
            return b"".join(map(self._press, presses))
        if self._alt_codes:
            return self._alt_code(char)
        raise Untypable(f"{char!r} is on no key")

    def _press(self, press: Press) -> bytes:
        code, level = press
        return self.stroke(code, *HOLDS[level])

    def _alt_code(self, char: str) -> bytes:
        try:
            number = char.encode("cp1252")[0]
        except UnicodeEncodeError as error:
            raise Untypable(f"{char!r} has no Alt code") from error
        events = self._change(keys.LEFT_ALT, keys.DOWN)
        events += b"".join(self.stroke(keys.KEYPAD_DIGITS[int(d)]) for d in f"{number:04}")
        return events + self._change(keys.LEFT_ALT, keys.UP)
