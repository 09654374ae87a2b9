"""What each key types: keyboard layouts as data, as Windows and the makers of scanners draw them.

A key types one of three characters: alone, with Shift, and with AltGr. A dead key is written as
the combining character it puts on the next one (U+0301 for an acute accent). Sources: the layouts
"US", "German", "French (Legacy, AZERTY)" and "Japanese (106/109 keys)" of Windows (KBDUS, KBDGR,
KBDFR, KBD106). "keypad" is a scanner that types digits on the numeric keypad only.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Final

from drivers.keyboard.keys import KEYPAD_DIGITS, KEYPAD_DOT, KEYPAD_SIGNS, SPACE

NOTHING: Final = "\0"
"""Stands in a row where a key types nothing."""

PLAIN, SHIFTED, ALT_GR = 0, 1, 2

ROWS: Final = (
    (41, *range(2, 14)),
    (*range(16, 28),),
    (*range(30, 41), 43),
    (86, *range(44, 54)),
    (124, 89),
)
"""Codes of the typing keys, row by row: from left of 1, from Q, from A, from left of Z; and the
two that only a Japanese keyboard has (Yen and Ro)."""

SPACING: Final = {"\u0302": "^", "\u0301": "´", "\u0300": "`", "\u0308": "¨", "\u0303": "~"}
"""What a dead key types when Space follows it."""

Press = tuple[int, int]
"""A key's code, and what is held with it: PLAIN, SHIFTED or ALT_GR."""


@dataclass(frozen=True)
class Layout:
    """One layout: `types` has what a press types, a dead key's combining character included."""

    types: Mapping[Press, str]
    alt_gr: bool = field(default=False)
    """The right Alt key is AltGr, and not another Alt."""

    @cached_property
    def presses(self) -> Mapping[str, tuple[Press, ...]]:
        """How each character there is can be typed, with a dead key before it where needed."""
        # The first way there is wins: the digits' own row, not the keypad.
        ways = {char: press for press, char in reversed(tuple(self.types.items()))}
        dead = {char: press for char, press in ways.items() if char in SPACING}
        plain = {char: press for char, press in ways.items() if char not in SPACING}
        found: dict[str, tuple[Press, ...]] = {}
        for (mark, accent), (char, press) in product(dead.items(), plain.items()):
            found[compose(mark, char)] = (accent, press)
        found |= {char: (press,) for char, press in plain.items()}
        return {char: presses for char, presses in found.items() if len(char) == 1}


def compose(mark: str, char: str) -> str:
    """Return what `char` becomes after the dead key `mark`; both, if they do not fit together."""
    if char == " ":
        return SPACING[mark]
    composed = unicodedata.normalize("NFC", char + mark)
    return composed if len(composed) == 1 else SPACING[mark] + char


def _layout(*levels: tuple[str, ...], dot: str = ".") -> Layout:
    """Make a layout of one tuple of rows for each of PLAIN, SHIFTED and ALT_GR."""
    types: dict[Press, str] = {}
    for level, rows in enumerate(levels):
        for codes, chars in zip(ROWS, rows, strict=False):
            assert len(codes) == len(chars), f"{chars!r} is not a row of {len(codes)} keys"
            types |= {(c, level): char for c, char in zip(codes, chars, strict=True)}
    types = {press: char for press, char in types.items() if char != NOTHING}
    if levels:
        types |= {(SPACE, PLAIN): " ", (SPACE, SHIFTED): " "}
    # A keypad types the same with anything held: NumLock is taken to be on.
    pad = {code: str(digit) for digit, code in enumerate(KEYPAD_DIGITS)} | KEYPAD_SIGNS
    types |= {(code, PLAIN): char for code, char in (pad | {KEYPAD_DOT: dot}).items()}
    return Layout(types, alt_gr=len(levels) > ALT_GR)


LAYOUTS: Final[Mapping[str, Layout]] = {
    "us": _layout(
        ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "\0zxcvbnm,./"),
        ("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', "\0ZXCVBNM<>?"),
    ),
    "de": _layout(
        ("\u03021234567890ß\u0301", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
        ('°!"§$%&/()=?\u0300', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
        ("\0\0²³\0\0\0{[]}\\\0", "@\0€\0\0\0\0\0\0\0\0~", "\0" * 12, "|\0\0\0\0\0\0µ\0\0\0"),
        dot=",",
    ),
    "fr": _layout(
        ("²&é\"'(-è_çà)=", "azertyuiop\u0302$", "qsdfghjklmù*", "<wxcvbn,;:!"),
        ("\0" + "1234567890°+", "AZERTYUIOP\u0308£", "QSDFGHJKLM%µ", ">WXCVBN?./§"),
        ("\0\0\u0303#{[|\u0300\\^@]}", "\0\0€\0\0\0\0\0\0\0\0¤", "\0" * 12, "\0" * 11),
    ),
    "jp": _layout(
        ("\0" + "1234567890-^", "qwertyuiop@[", "asdfghjkl;:]", "\0zxcvbnm,./", "\\\\"),
        ("\0!\"#$%&'()\0=~", "QWERTYUIOP`{", "ASDFGHJKL+*}", "\0ZXCVBNM<>?", "|_"),
    ),
    "keypad": _layout(),
}
