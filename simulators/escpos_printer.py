"""The device's end of drivers/escpos_printer.py: a printer whose paper can be read, and runs out.

It prints at once, keeps what it cannot print, and answers real-time commands in between, as
printers do. What a hand can do to it: `LoadPaper`, `Cover`, `Jam`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from drivers.codec import Codec, Send
from drivers.columns import decode
from drivers.escpos import PLACES
from drivers.escpos_printer import CLEAR, Settings
from drivers.events import Beep, OpenDrawer, Print, Printed, State
from drivers.printing import QR, Barcode, Cut, Part, Text

ROWS_LOW: Final = 20
"""With fewer rows left, the paper is nearly out."""
ARGUMENTS: Final = {
    b"\x1b@": 0, b"\x1ba": 1, b"\x1bE": 1, b"\x1bt": 1, b"\x1bp": 3, b"\x1bB": 2,
    b"\x1c&": 0, b"\x1c.": 0, b"\x1d!": 1, b"\x1dh": 1, b"\x1dw": 1, b"\x1dH": 1,
    b"\x1da": 1, b"\x1dr": 1,
}  # fmt: skip
"""The commands it knows of a fixed length, and how many bytes follow each."""
SHORT_MILLISECONDS: Final = 200
"""What somebody hears as a short beep."""
REAL_TIME: Final = {4: 3, 0x14: 5}
"""How long DLE EOT and DLE DC4 1 are."""


@dataclass(frozen=True, slots=True)
class LoadPaper:
    """Somebody put in a roll of so many rows."""

    rows: int = 1000


@dataclass(frozen=True, slots=True)
class Cover:
    """Somebody opened or closed the cover."""

    open: bool


@dataclass(frozen=True, slots=True)
class Jam:
    """The knife got stuck, or somebody freed it."""

    stuck: bool


class Device(Codec[bytes]):
    """A printer. Says Print with the parts of each job it has printed, OpenDrawer, and Beep."""

    def __init__(self, settings: Settings, rows: int = 100_000) -> None:
        self._settings = settings
        self._left = rows
        self._cover = self._jam = False
        self._unread, self._waiting = b"", b""
        self._reports, self._reported = False, b""
        self._parts: list[Part] = []
        self._stored = ""
        self.paper: list[str] = []
        """What came out, row by row."""
        self._set_up()

    def _set_up(self) -> None:
        self._align, self._bold, self._double = 0, False, False

    # --- what a hand does ----------------------------------------------------------------------

    def command(self, command: LoadPaper | Cover | Jam, now: float) -> Iterator[object]:
        """Do something to it; once nothing is wrong any more, it goes on where it stopped."""
        match command:
            case LoadPaper(rows):
                self._left = rows
            case Cover(is_open):
                self._cover = is_open
            case Jam(stuck):
                self._jam = stuck
        yield from self._report()
        yield from self._print()

    # --- what the host says --------------------------------------------------------------------

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Obey real-time commands at once, and the rest in order."""
        self._unread += frame
        while self._unread:
            size = self._real_time(self._unread)
            if size > len(self._unread):
                break
            taken, self._unread = self._unread[:size], self._unread[size:]
            if size > 1:
                yield from self._at_once(taken)
            else:
                self._waiting += taken
        yield from self._print()

    @staticmethod
    def _real_time(data: bytes) -> int:
        """Return how long what begins here is: a real-time command, or one byte for the rest."""
        if data[0] != 0x10:
            return 1
        if len(data) < 3:
            return 3
        return len(CLEAR) if data[1:3] == CLEAR[1:3] else REAL_TIME.get(data[1], 1)

    def _at_once(self, command: bytes) -> Iterator[object]:
        if command[1] == 4:
            yield Send(self._poll_answer(command[2]))
        elif command == CLEAR:
            self._waiting, self._parts = b"", []
            self._set_up()
            yield Send(b"\x37\x25\x00")
        elif command[2] == 1:
            yield OpenDrawer()

    def _print(self) -> Iterator[object]:
        while self._waiting and not self._wrong:
            size = self._size(self._waiting)
            if not size or size > len(self._waiting):
                return
            taken = self._waiting[:size]
            if self._rows(taken) > self._left:
                self._left = 0
                yield from self._report()
                return
            self._waiting = self._waiting[size:]
            yield from self._obey(taken)
            yield from self._report()

    # --- how it is -----------------------------------------------------------------------------

    @property
    def _wrong(self) -> bool:
        return self._cover or self._jam or not self._left

    def _report(self) -> Iterator[Send[bytes]]:
        status = bytes([
            0x10 | 0x08 * self._wrong | 0x20 * self._cover,
            0x08 * self._jam,
            0x03 * (self._left < ROWS_LOW) | 0x0C * (not self._left),
            0,
        ])  # fmt: skip
        if self._reports and status != self._reported:
            self._reported = status
            yield Send(status)

    def _poll_answer(self, number: int) -> bytes:
        wrong = {
            1: 0x08 * self._wrong,
            2: 0x04 * self._cover | 0x20 * (not self._left) | 0x40 * self._jam,
            3: 0x08 * self._jam,
            4: 0x0C * (self._left < ROWS_LOW) | 0x60 * (not self._left),
        }
        return bytes([0x12 | wrong[number]]) if number in wrong else b""

    # --- what it prints ------------------------------------------------------------------------

    @staticmethod
    def _size(data: bytes) -> int:
        """Return how long the command or row that begins here is; 0 if that is not known yet."""
        if data[0] not in b"\x1b\x1c\x1d":
            return data.find(b"\n") + 1
        if len(data) < 3:
            return 2 if ARGUMENTS.get(data[:2]) == 0 else 0
        if data[:2] in {b"\x1d(", b"\x1b("}:
            return 5 + int.from_bytes(data[3:5], "little") if len(data) >= 5 else 0
        if data[:2] == b"\x1dk":
            return 4 + data[3] if len(data) >= 4 else 0
        if data[:2] == b"\x1dV":
            return 4 if data[2] in b"ABab" else 3
        return 2 + ARGUMENTS.get(data[:2], 0)

    def _rows(self, command: bytes) -> int:
        """Return how much paper a command takes, in rows."""
        if command[:2] == b"\x1dV":
            return 3
        if command[:3] == b"\x1d(k":
            return 8 if command[5:7] == b"1Q" else 0
        if command[:2] == b"\x1dk":
            return 4
        return (1 + self._double) if command[0] not in b"\x1b\x1c\x1d" else 0

    def _obey(self, command: bytes) -> Iterator[object]:
        self._left -= self._rows(command)
        match command[:2]:
            case b"\x1b@":
                self._set_up()
            case b"\x1ba":
                self._align = command[2] % len(PLACES)
            case b"\x1bE":
                self._bold = bool(command[2] & 1)
            case b"\x1d!":
                self._double = command[2] == 0x11
            case b"\x1dV":
                self._out(Cut())
            case b"\x1dk":
                self._barcode(command)
            case b"\x1d(":
                yield from self._function(command)
            case b"\x1bp" | b"\x1bB" | b"\x1b(":
                yield from self._act(command)
            case b"\x1da":
                self._reports, self._reported = command[2] != 0, b""
            case b"\x1dr":
                yield from self._end_of_job(b"\x03" if self._left < ROWS_LOW else b"\x00")
            case _ if command[-1:] == b"\n" and command[0] not in b"\x1b\x1c\x1d":
                self._text(command[:-1])

    def _act(self, command: bytes) -> Iterator[Beep | OpenDrawer]:
        """Do what is no printing."""
        if command[:2] == b"\x1bp":
            yield OpenDrawer()
        elif command[:2] == b"\x1bB":
            yield Beep(good=command[3] * 50 <= SHORT_MILLISECONDS)
        elif command[2:7] == b"A\x05\x00ad":
            yield Beep(good=command[8] * 100 <= SHORT_MILLISECONDS)

    def _text(self, row: bytes) -> None:
        text = decode(row, self._settings.encoding)
        self._out(Text(text, PLACES[self._align], self._bold, self._double))

    def _barcode(self, command: bytes) -> None:
        text = command[4:].decode("ascii", "replace").removeprefix("{B").replace("{{", "{")
        self._out(Barcode(text, "ean13" if command[2] == 67 else "code128"))

    def _function(self, command: bytes) -> Iterator[object]:
        if command[2:3] == b"H" and len(command) == 11:
            yield from self._end_of_job(b"\x37\x22" + command[7:] + b"\x00")
        elif command[2:3] == b"k" and command[5:7] == b"1P":
            self._stored = command[8:].decode("utf-8", "replace")
        elif command[2:3] == b"k" and command[5:7] == b"1Q":
            self._out(QR(self._stored))

    def _end_of_job(self, answer: bytes) -> Iterator[object]:
        parts, self._parts = tuple(self._parts), []
        yield Print(parts)
        yield Send(answer)

    def _out(self, part: Part) -> None:
        self._parts.append(part)
        self.paper += seen(part, self._settings.columns)


def seen(part: Part, columns: int) -> list[str]:
    """Return the rows that somebody reads on the paper; double size is spaced out."""
    match part:
        case Text(text, align, _, double):
            shown = " ".join(text) if double else text
            room = columns - sum(2 if ord(letter) > 0xFF else 1 for letter in shown)
            left = {"left": 0, "centre": room // 2, "right": room}[align]
            return [(" " * max(left, 0) + shown).rstrip()]
        case QR(text):
            return [f"[QR {text}]".center(columns).rstrip()]
        case Barcode(text):
            return [f"[|| {text} ||]".center(columns).rstrip()]
        case Cut():
            return ["- " * (columns // 2 - 2) + "8<"]


def acts(settings: Settings, luck: random.Random) -> Iterator[tuple[object, list[object]]]:
    """Load paper; open the cover and close it, or have the knife stick."""
    yield LoadPaper(), []
    reports = settings.status == "automatic"
    wrong, right, why = luck.choice(
        ((Cover(True), Cover(False), "cover open"), (Jam(True), Jam(False), "cutter stuck"))
    )
    yield wrong, [State("error", why)] if reports else []
    yield right, [State("ready")] if reports else []


def orders(settings: Settings, luck: random.Random) -> Iterator[tuple[object, list[object]]]:
    """Print what fits the paper, open the drawer, and beep if it can."""
    tea = "绿茶" if settings.encoding == "gb18030" else "thé"
    texts = ("", "Green tea", f"{tea} 500ml", "{}", "*" * settings.columns)
    parts: list[Part] = [
        Text(luck.choice(texts), luck.choice(PLACES), bold=luck.random() < 0.5)
        for _ in range(luck.randint(0, 5))
    ]
    parts += luck.sample((Text("12.00", double=True), QR("https://example.com/茶"),
                          Barcode("AB-12{3}"), Barcode("6970000000031", "ean13")), 2)  # fmt: skip
    job = Print((*parts, Cut()))
    yield job, [job, Printed()]
    yield OpenDrawer(), [OpenDrawer()]
    for beep in (Beep(), Beep(good=False)):
        yield beep, [beep] if settings.buzzer != "none" else []
