"""The device's end of drivers/customer_display.py: a display that remembers what it shows."""

import random
from collections.abc import Iterator
from typing import Final

from drivers.codec import Codec
from drivers.columns import decode
from drivers.customer_display import CD5220_LINES, Settings
from drivers.events import Show

EPSON_ARGUMENTS: Final = {0x24: 2, 0x43: 1, 0x01: 0, 0x02: 0, 0x03: 0, 0x42: 0, 0x72: 1, 0x58: 1}
"""How many bytes follow US and this one: $ x y, C n, MD1 to MD3, B, r n, X n."""
ESCAPE_ARGUMENTS: Final = {0x40: 0, 0x11: 0, 0x12: 0, 0x13: 0, 0x5F: 1, 0x52: 1, 0x74: 1}
"""How many bytes follow ESC and this one: @, DC1 to DC3, _ n, R n, t n."""
LINE_BYTES_MAX: Final = 64


class Device(Codec[bytes]):
    """A display. Says Show whenever its lower line has been written to the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unread, self._cursor, self._written = b"", 0, False
        self._cells = bytearray()
        self._clear()

    @property
    def screen(self) -> tuple[str, str]:
        """What somebody in front of it reads: the upper and the lower line."""
        width, encoding = self._settings.columns, self._settings.encoding
        upper, lower = bytes(self._cells[:width]), bytes(self._cells[width:])
        return decode(upper, encoding).rstrip(), decode(lower, encoding).rstrip()

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Obey what is complete; a command that is not waits for its rest."""
        self._unread += frame
        while self._unread:
            size = self._obey(self._unread)
            if not size:
                return
            self._unread = self._unread[size:]
            if self._written:
                self._written = False
                yield Show(*self.screen)

    def _clear(self) -> None:
        self._cells = bytearray(b" " * (2 * self._settings.columns))
        self._cursor = 0
        self._written = False

    def _obey(self, data: bytes) -> int:
        """Obey the first command or letter, and return its bytes; 0 if it is not all here."""
        match data[0]:
            case 0x1B:
                return self._escape(data)
            case 0x1F:
                return self._epson(data)
            case 0x0C:
                self._clear()
            case 0x18:
                self._write_line(self._cursor // self._settings.columns, b"")
            case letter if letter >= 0x20:
                self._put(letter)
            case _:
                pass  # other control characters mean nothing to it
        return 1

    def _escape(self, data: bytes) -> int:
        if len(data) < 2:
            return 0
        if data[1] == ord("Q"):
            return self._whole_line(data)
        if data[1] == 0x40:
            self._clear()
        return self._skip(data, ESCAPE_ARGUMENTS)

    def _epson(self, data: bytes) -> int:
        size = self._skip(data, EPSON_ARGUMENTS)
        if size == 4:
            width = self._settings.columns
            if 1 <= data[2] <= width and 1 <= data[3] <= 2:
                self._cursor = (data[3] - 1) * width + data[2] - 1
        return size

    def _whole_line(self, data: bytes) -> int:
        end = data.find(b"\r", 3)
        if end < 0:
            return 0 if len(data) < LINE_BYTES_MAX else len(data)
        if data[:3] in CD5220_LINES:
            line = CD5220_LINES.index(data[:3])
            self._write_line(line, data[3:end])
            self._written = line == 1
        return end + 1

    @staticmethod
    def _skip(data: bytes, arguments: dict[int, int]) -> int:
        """Return the bytes of a command by its second one; what nobody knows is two long."""
        if len(data) < 2:
            return 0
        size = 2 + arguments.get(data[1], 0)
        return size if len(data) >= size else 0

    def _write_line(self, line: int, text: bytes) -> None:
        width = self._settings.columns
        self._cells[line * width : (line + 1) * width] = text[:width].ljust(width)

    def _put(self, letter: int) -> None:
        """Write at the cursor; beyond the lower line's end it goes on at the upper's beginning."""
        self._cells[self._cursor] = letter
        self._cursor = (self._cursor + 1) % len(self._cells)
        self._written = self._cursor == 0


def orders(settings: Settings, luck: random.Random) -> Iterator[tuple[object, list[object]]]:
    """Show lines that fit."""
    tea = "绿茶" if settings.encoding == "gb18030" else "thé"
    texts = ("", "Green tea", f"{tea} 500ml", "x2          10.00")
    for _ in range(luck.randint(1, 3)):
        lines = (luck.choice(texts)[: settings.columns // 2] for _ in range(2))
        show = Show(*(line.rstrip() for line in lines))
        yield show, [show]
