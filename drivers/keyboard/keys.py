"""The kernel's wire of a keyboard: `struct input_event` of <linux/input.h>, and its codes.

An event is 24 bytes on every 64-bit kernel: seconds and microseconds (8 bytes each), type, code
(2 each) and value (4), little-endian on all machines we run on. Codes are those of
<linux/input-event-codes.h>. A key makes three events: MSC_SCAN (which few need), KEY, SYN_REPORT.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

EVENT: Final = Struct("<qqHHi")

EV_SYN, EV_KEY, EV_MSC, EV_LED = 0x00, 0x01, 0x04, 0x11
TYPES: Final = frozenset({0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x11, 0x12, 0x14, 0x15, 0x16, 0x17})
CODE_MAX: Final = 0x2FF
"""KEY_MAX; no other type has more codes."""

SYN_REPORT, SYN_DROPPED = 0, 3
MSC_SCAN = 4
LED_CAPSL = 1
UP, DOWN, REPEAT = 0, 1, 2

LEFT_CTRL, RIGHT_CTRL, LEFT_SHIFT, RIGHT_SHIFT = 29, 97, 42, 54
LEFT_ALT, RIGHT_ALT, LEFT_GUI, RIGHT_GUI = 56, 100, 125, 126
CTRL: Final = frozenset({LEFT_CTRL, RIGHT_CTRL})
SHIFT: Final = frozenset({LEFT_SHIFT, RIGHT_SHIFT})
ALT: Final = frozenset({LEFT_ALT, RIGHT_ALT})
GUI: Final = frozenset({LEFT_GUI, RIGHT_GUI})
MODIFIERS: Final = CTRL | SHIFT | ALT | GUI

ESCAPE, BACKSPACE, TAB, ENTER, SPACE, CAPS_LOCK, NUM_LOCK = 1, 14, 15, 28, 57, 58, 69
KEYPAD_ENTER = 96
RIGHT_BRACE = 27
F8 = 66
FUNCTION_KEYS: Final = frozenset({*range(59, 69), 87, 88, *range(183, 195)})
"""F1 to F24."""

KEYPAD_DIGITS: Final = (82, 79, 80, 81, 75, 76, 77, 71, 72, 73)
"""The codes of the keypad's 0 to 9."""
KEYPAD_DOT = 83
KEYPAD_SIGNS: Final = {74: "-", 78: "+", 98: "/", 55: "*", 117: "="}

MICROSECONDS: Final = 1_000_000


class KeyEvent(NamedTuple):
    """One event. `at` is in microseconds, on whatever clock the kernel was told to use."""

    at: int
    kind: int
    code: int
    value: int

    def pack(self) -> bytes:
        """Return its 24 bytes."""
        return EVENT.pack(*divmod(self.at, MICROSECONDS), self.kind, self.code, self.value)


def packet(at: int, *keys: tuple[int, int]) -> bytes:
    """Return what the kernel sends for keys (code, value) that change at once."""
    events: Iterable[KeyEvent] = (KeyEvent(at, EV_KEY, code, value) for code, value in keys)
    return b"".join(event.pack() for event in (*events, KeyEvent(at, EV_SYN, SYN_REPORT, 0)))


def caps_lock_light(on: bool) -> bytes:
    """Return what tells a keyboard to switch its CapsLock light, and so what state we are in."""
    return KeyEvent(0, EV_LED, LED_CAPSL, int(on)).pack() + KeyEvent(0, 0, 0, 0).pack()
