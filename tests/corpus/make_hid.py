"""Keyboard wedges and HID-POS scanners: key events and reports, well and badly made.

Key codes are those of <linux/input-event-codes.h>, by position; what they type on other layouts
stands here key by key. Reports are laid out by the HID Usage Tables, page 0x8C.
"""

import random
import struct
from collections.abc import Iterator, Sequence

from tests.corpus.truth import Case, accept, reject

ENTER, TAB, SHIFT, CTRL, ALT, ALT_GR, GUI, CAPS = 28, 15, 42, 29, 56, 100, 125, 58
ROWS = {"1234567890-=": 2, "qwertyuiop[]": 16, "asdfghjkl;'": 30, "zxcvbnm,./": 44, "`": 41}
Key = tuple[int, ...]
"""A key, and what is held with it."""

US: dict[str, Key] = {
    char: (first + n,) for row, first in ROWS.items() for n, char in enumerate(row)
}
US |= {char.upper(): (*US[char], SHIFT) for char in "abcdefghijklmnopqrstuvwxyz"}
US |= {new: (*US[old], SHIFT) for new, old in zip('!@#$%^&*()_+{}:"<>?~',
                                                  "1234567890-=[];',./`", strict=True)}  # fmt: skip
US |= {" ": (57,), "\\": (43,), "|": (43, SHIFT)}
ABROAD: dict[str, dict[str, Key]] = {
    "de": {"y": (44,), "z": (21,), "Z": (21, SHIFT), "/": (8, SHIFT), "-": (53,), ";": (51, SHIFT),
           "@": (16, ALT_GR), "{": (8, ALT_GR), "]": (10, ALT_GR), "\\": (12, ALT_GR),
           "ä": (40,), "Ü": (26, SHIFT), "ß": (12,), "#": (43,), "<": (86,), "|": (86, ALT_GR),
           "€": (18, ALT_GR)},
    "fr": {"a": (16,), "q": (30,), "M": (39, SHIFT), "1": (2, SHIFT), "0": (11, SHIFT), "&": (2,),
           "é": (3,), "à": (11,), "#": (4, ALT_GR), "@": (11, ALT_GR), "]": (12, ALT_GR),
           ",": (50,), "?": (50, SHIFT), ".": (51, SHIFT), "/": (52, SHIFT),
           "£": (27, SHIFT), "!": (53,)},
    "jp": {"@": (26,), "[": (27,), "]": (43,), "\\": (124,), "_": (89, SHIFT), ":": (40,),
           '"': (3, SHIFT), "&": (7, SHIFT), "(": (9, SHIFT), "=": (12, SHIFT), "~": (13, SHIFT),
           "+": (39, SHIFT), "*": (40, SHIFT), "|": (124, SHIFT)},
    "keypad": {"0": (82,), "1": (79,), "5": (76,), "9": (73,), "-": (74,), "/": (98,), ".": (83,)},
}  # fmt: skip
DEAD: dict[str, dict[str, tuple[Key, Key]]] = {
    "de": {"é": ((13,), (18,)), "Ô": ((41,), (24, SHIFT)), "`": ((13, SHIFT), (57,))},
    "fr": {"ê": ((26,), (18,)), "ï": ((26, SHIFT), (23,)), "ñ": ((3, ALT_GR), (49,))},
}
NOT_TEXT = {"home": 102, "up": 103, "delete": 111, "pause": 119,
            "print": 99, "menu": 139, "power": 116, "mute": 113, "button": 0x110}  # fmt: skip


class Keys:
    """A keyboard with a clock, in microseconds."""

    def __init__(self, step: int = 2_000) -> None:
        self.at, self.step = 5_000_000, step

    def event(self, kind: int, code: int, value: int) -> bytes:
        return struct.pack("<qqHHi", *divmod(self.at, 1_000_000), kind, code, value)

    def change(self, code: int, value: int) -> bytes:
        return self.event(1, code, value) + self.event(0, 0, 0)

    def press(self, code: int, *held: int) -> bytes:
        """Return one key, down and up while others are held, in one packet to be short."""
        self.at += self.step
        down = b"".join(self.event(1, key, 1) for key in (*held, code))
        up = b"".join(self.event(1, key, 0) for key in (code, *held))
        return down + up + self.event(0, 0, 0)

    def type(self, text: str, end: int | None = ENTER) -> bytes:
        keys = b"".join(self.press(*US[char]) for char in text)
        return keys if end is None else keys + self.press(end)


def scan(text: str, symbology: str = "") -> list[dict[str, object]]:
    return [{"Scan": {"text": text, "symbology": symbology}}]


def heard(driver: str, frames: Sequence[bytes], **settings: object) -> dict[str, object]:
    given: dict[str, object] = {"driver": driver, "frames": [frame.hex() for frame in frames]}
    return given | {"settings": settings} if settings else given


def cases() -> Iterator[Case]:
    yield from keyboards_well()
    yield from keyboards_abroad()
    yield from keyboards_attacked()
    yield from keyboards_troubled()
    yield from keypads()
    yield from reports_well()
    yield from reports_badly()
    yield from descriptors()


def keyboard(name: str, frames: Sequence[bytes], why: str | list[dict[str, object]],
             **settings: object) -> Case:  # fmt: skip
    given = heard("keyboard_scanner", frames, **settings)
    if isinstance(why, str):
        return reject(f"wedge-{name}", "hid", given, "Fault", why)
    return accept(f"wedge-{name}", "hid", given, why)


def keyboards_well() -> Iterator[Case]:
    luck = random.Random(8)
    for number, text in enumerate(("42", "96385074", "aB-9", "x y", "!@#$%^&*()_+{}", "~`\\|<>?")):
        typed = Keys().type(text)
        yield keyboard(f"text-{number}", [typed], scan(text))
        at = sorted(luck.sample(range(1, len(typed)), 3))
        pieces = [typed[i:j] for i, j in zip([0, *at], [*at, None], strict=True)]
        yield keyboard(f"cut-{number}", pieces, scan(text))
    yield keyboard("tab", [Keys().type("42", TAB)], scan("42"), suffix="tab")
    yield keyboard("keypad-enter", [Keys().type("42", 96)], scan("42"))
    yield keyboard("silence", [Keys().type("42", None)], scan("42"), suffix="none")
    yield keyboard("two", [k.type("42") + k.type("43") for k in [Keys()]], scan("42") + scan("43"))
    yield keyboard("aim", [Keys().type("]E042")], scan("42", "E0"), aim=True)
    yield keyboard("prefix", [Keys().type("$42")], scan("42"), prefix="$")
    for fnc1, keys_of in (("f8", (66,)), ("ctrl-]", (27, CTRL))):
        k = Keys()
        typed = k.type("42", None) + k.press(*keys_of) + k.type("43")
        yield keyboard(f"fnc1-{fnc1}", [typed], scan("42\x1d43"), fnc1=fnc1)
    k = Keys()
    yield keyboard("caps", [k.press(CAPS) + k.type("ab", None) + k.press(CAPS) + k.type("c")],
                   scan("ABc"))  # fmt: skip
    k = Keys()
    held = k.change(3, 1) + k.event(1, 3, 2) * 5 + k.event(0, 0, 1) + k.change(3, 0)
    yield keyboard("repeat", [held + k.type("4")], scan("24"))
    for number, char in ((233, "é"), (29, "\x1d"), (223, "ß"), (128, "€")):
        k = Keys()
        digits = b"".join(k.press((82, 79, 80, 81, 75, 76, 77, 71, 72, 73)[int(d)])
                          for d in f"{number:04}")  # fmt: skip
        typed = k.change(ALT, 1) + digits + k.change(ALT, 0)
        yield keyboard(f"alt-{number}", [typed + k.type("4")], scan(f"{char}4"), alt_codes=True)
        yield keyboard(f"alt-off-{number}", [typed + k.type("4")], "Alt")


def keyboards_abroad() -> Iterator[Case]:
    for layout, table in ABROAD.items():
        for number, (char, key) in enumerate(table.items()):
            k = Keys()
            typed = k.press(*key) * 2 + k.press(ENTER)
            yield keyboard(f"{layout}-{number}", [typed], scan(char * 2), layout=layout)
    for layout, dead in DEAD.items():
        for number, (char, (accent, base)) in enumerate(dead.items()):
            k = Keys()
            typed = (k.press(*accent) + k.press(*base)) * 2 + k.press(ENTER)
            yield keyboard(f"{layout}-dead-{number}", [typed], scan(char * 2), layout=layout)


def keyboards_attacked() -> Iterator[Case]:
    def spoilt(name: str, code: int, *held: int, why: str, **settings: object) -> Case:
        k = Keys()
        end = TAB if settings.get("suffix") == "tab" else ENTER
        typed = k.type("42", None) + k.press(code, *held) + k.type("43", end)
        return keyboard(name, [typed], why, **settings)

    for char in "abcdefghijklmnopqrstuvwxyz":
        yield spoilt(f"ctrl-{char}", US[char][0], CTRL, why="Ctrl")
    for number in range(10):
        yield spoilt(f"function-{number + 1}", 59 + number, why="function key")
        yield spoilt(f"alt-function-{number + 1}", 59 + number, ALT, why="Alt")
    for char in "rldetx":
        yield spoilt(f"gui-{char}", US[char][0], GUI, why="GUI key")
    yield spoilt("ctrl-alt-delete", 111, CTRL, ALT, why="Ctrl")
    yield spoilt("alt-tab", TAB, ALT, why="Alt")
    yield spoilt("tab-inside", TAB, why="control key")
    yield spoilt("enter-inside", ENTER, why="control key", suffix="tab")
    for name, code in (("escape", 1), ("backspace", 14)):
        yield spoilt(f"key-{name}", code, why="control key")
    for name, code in NOT_TEXT.items():
        yield spoilt(f"key-{name}", code, why="types nothing")
    for digits in ("013", "010", "009", "027", "000"):
        k = Keys()
        typed = k.change(ALT, 1) + b"".join(
            k.press((82, 79, 80, 81, 75, 76, 77, 71, 72, 73)[int(d)]) for d in digits)  # fmt: skip
        typed += k.change(ALT, 0)
        yield keyboard(f"alt-control-{digits}", [typed + k.type("4")], "Alt code", alt_codes=True)
    for stripe in ("%B4111111111111111^A", ";4111111111111111=49", "%B5500000000000004^"):
        yield keyboard(f"stripe-{stripe[:3]}-{len(stripe)}", [Keys().type(stripe)], "stripe")


def keyboards_troubled() -> Iterator[Case]:
    luck = random.Random(9)
    typed = Keys().type("9638")
    for shift in range(1, 24):
        yield keyboard(f"misaligned-{shift}", [typed[shift:]], "")
    for size in range(1, 9):
        yield keyboard(f"broken-{size}", [Keys().type("96385074"[:size], None)], "broke off")
        k = Keys()
        dropped = k.type("96385074"[:size], None) + k.event(0, 3, 0) + k.event(0, 0, 0)
        yield keyboard(f"dropped-{size}", [dropped + k.type("1")], "dropped")
        slow = Keys(60_000 + 10_000 * size).type("96385074"[: size + 1])
        yield keyboard(f"by-hand-{size}", [slow], "by hand")
    for number in range(12):
        yield keyboard(f"noise-{number}", [b"\xff" + luck.randbytes(24 + 9 * number)], "")
    yield keyboard("too-long", [Keys().type("123456789")], "more keys", characters_max=8)
    yield keyboard("no-prefix", [Keys().type("42")], "prefix", prefix="$")
    yield keyboard("too-short", [Keys().type("4")], "too short")
    yield keyboard("letters-on-keypad", [Keys().type("42a")], "types nothing", layout="keypad")
    for number, text in enumerate(("42", "]42", "]0042", "E042")):
        yield keyboard(f"no-aim-{number}", [Keys().type(text)], "AIM", aim=True)


PAD = dict(zip("0123456789.+-*/", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73, 83, 78, 74, 55, 98),
               strict=True))  # fmt: skip


def keypads() -> Iterator[Case]:
    for number, line in enumerate(("6901234567892", "3*", "/13800138000", "+20.50", "--", ".8*1")):
        k = Keys(250_000)
        typed = b"".join(k.press(PAD[char]) for char in line)
        said = [{"Keyed": {"text": line}}]
        yield accept(f"keypad-{number}", "hid", heard("keypad", [typed, k.press(96)]), said)
        unfinished = heard("keypad", [typed])
        yield reject(f"keypad-unfinished-{number}", "hid", unfinished, "Fault", "begun and left")
        ended = typed + k.press(US["q"][0]) + k.press(96)
        yield reject(f"keypad-letter-{number}", "hid", heard("keypad", [ended]), "Fault", "nothing")
        escaped = typed + k.press(1) + k.press(PAD["7"]) + k.press(96)
        yield accept(f"keypad-escape-{number}", "hid", heard("keypad", [escaped]),
                     [{"Keyed": {"text": "7"}}])  # fmt: skip


# --- reports --------------------------------------------------------------------------------------

HEAD = "058c0902a101 8502 0912a102 1500 26ff00 7508"
SCANNER = bytes.fromhex(
    HEAD + "9501 0501093b8102 9503058c09fb09fc09fd8102 953809fe820201"
    "2501 7501 9501 09ff8102 7507 8103 c0c0"
)
PADDED = bytes.fromhex(
    HEAD.replace("8502", "") + "7501 9503 8103 09ff 9501 8102 7504 9501 8103"
    "7508 9508 09fe 820201 c0c0"
)
"""Without numbers, length and identifier: three bits of padding, Continued, four more, 8 bytes."""


def report(data: bytes, aim: bytes = bytes(3), more: int = 0, claim: int | None = None) -> bytes:
    size = len(data) if claim is None else claim
    return b"\2" + bytes((size,)) + aim + data.ljust(56, b"\0") + bytes((more,))


def reports(name: str, frames: Sequence[bytes], why: str | list[dict[str, object]],
            first: bytes = SCANNER, **settings: object) -> Case:  # fmt: skip
    given = heard("hid_pos_scanner", [first, *frames], **settings)
    if isinstance(why, str):
        return reject(f"hidpos-{name}", "hid", given, "Fault", why)
    return accept(f"hidpos-{name}", "hid", given, why)


def reports_well() -> Iterator[Case]:
    for aim in ("E0", "E4", "C1", "A0", "d2", "Q3", "L0", "I1", "X0", "e0"):
        yield reports(
            f"aim-{aim}", [report(b"12345670", f"]{aim}".encode())], scan("12345670", aim)
        )
    for size in (1, 2, 55, 56, 57, 111, 112, 113, 300):
        text = "".join(chr(0x21 + n % 90) for n in range(size))
        data = text.encode()
        parts = [data[at : at + 56] for at in range(0, size, 56)]
        frames = [report(part, b"]Q1", part is not parts[-1]) for part in parts]
        yield reports(f"size-{size}", frames, scan(text, "Q1"))
    for encoding, text in (("utf-8", "会员é😀"), ("latin-1", "éÄß"), ("gb18030", "会员€")):
        data = text.encode(encoding)
        yield reports(f"{encoding}", [report(data)], scan(text), encoding=encoding)
    for suffix, end in (("cr", b"\r"), ("lf", b"\n"), ("crlf", b"\r\n"), ("tab", b"\t")):
        yield reports(f"suffix-{suffix}", [report(b"42" + end)], scan("42"), suffix=suffix)
        yield reports(f"no-suffix-{suffix}", [report(b"42")], "suffix", suffix=suffix)
    yield reports("fnc1", [report(b"01069\x1d17", b"]d2")], scan("01069\x1d17", "d2"))
    yield reports("two", [report(b"42"), report(b"43")], scan("42") + scan("43"))
    yield reports("padded", [b"\0SHELF-7\0"], scan("SHELF-7"), PADDED)
    yield reports(
        "padded-more", [b"\x08SHELF-70", b"\x07TAIL\0\0\0\0"], scan("SHELF-70TAIL"), PADDED
    )
    yield reports("told", [report(b"42")], scan("42"), b"\0\1\2", descriptor=SCANNER.hex())


def reports_badly() -> Iterator[Case]:
    for claim in (57, 58, 100, 200, 255):
        yield reports(f"claims-{claim}", [report(b"42", claim=claim)], "claims")
    for size in (0, 1, 2, 5, 20, 55, 60):
        yield reports(f"short-{size}", [report(b"42")[:size]], "descriptor")
    for number in (0, 1, 3, 9, 255):
        yield reports(f"number-{number}", [bytes((number,)) + report(b"42")[1:]], "descriptor")
    for code in [*range(0x1D), 0x1E, 0x1F, 0x7F]:
        yield reports(f"control-{code:02x}", [report(b"4" + bytes((code,)) + b"2")], "control")
    for number, data in enumerate((b"\xff", b"\xc3", b"\xe4\xbc", b"\xc0\xaf", b"\xed\xa0\x80")):
        yield reports(f"not-utf8-{number}", [report(b"4" + data)], "utf-8")
    for number, aim in enumerate((b"E0 ", b"]]]", b"]0E", b"]E\0", b"\0E0", b"}E0", b"]\xff0")):
        yield reports(f"not-aim-{number}", [report(b"42", aim)], "symbology")
    yield reports("empty", [report(b"")], "without a code")
    yield reports("only-suffix", [report(b"\r")], "without a code", suffix="cr")
    yield reports("half", [report(b"4" * 56, more=1)], "broke off")
    yield reports("other", [report(b"4" * 56, b"]d2", 1), report(b"42", b"]E0")], "another kind")
    yield reports("endless", [report(b"4" * 56, more=1)] * 4, "too long", code_bytes_max=200)


def descriptors() -> Iterator[Case]:
    luck = random.Random(10)
    for number in range(10):
        yield reports(f"noise-{number}", [report(b"42")], "", b"\xc0" + luck.randbytes(10 * number))
    for size in range(1, len(SCANNER) - 1, 5):
        yield reports(f"half-descriptor-{size}", [report(b"42")], "", SCANNER[:size])
    keyboard_of = bytes.fromhex("05010906a101050719e029e7150025017501950881 02c0".replace(" ", ""))
    yield reports("keyboard", [bytes(8)], "bar code scanner", keyboard_of)
    wide = SCANNER.replace(bytes.fromhex("953809fe"), bytes.fromhex("7510951c09fe"))
    yield reports("words", [report(b"42")], "bytes", wide)
    yield reports("huge", [b""], "more than", bytes.fromhex("058c a101 7520 96ffff 09fe 8202 c0"))
    yield reports("pops", [b""], "Pop", bytes.fromhex("058c b4 a101 c0"))
