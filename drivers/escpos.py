"""Receipts in ESC/POS, the language of receipt printers (Epson, "ESC/POS Command Reference").

Pure: parts of a job in, bytes out. What the printer says about itself is in
drivers/escpos_printer.py.
"""

from collections.abc import Sequence
from typing import Final

from drivers.columns import Encoding, rows
from drivers.printing import QR, Align, Barcode, Cut, Part, Text

INITIALISE: Final = b"\x1b@"
CHARACTERS: Final = {"gb18030": b"\x1c&", "cp437": b"\x1c.\x1bt\x00", "cp858": b"\x1c.\x1bt\x13"}
"""FS & for Chinese; FS . and ESC t n for a page of 256 characters."""
PLACES: Final[tuple[Align, ...]] = ("left", "centre", "right")
"""What ESC a 0, 1 and 2 mean."""
DOUBLE: Final = 0x11
"""GS ! n: twice as wide and twice as tall."""
CUT: Final = b"\x1dVB\x03"
"""GS V 66 3: feed past the knife and a little, then cut, leaving one point."""
BARCODE_SETUP: Final = b"\x1dh\x50\x1dw\x02\x1dH\x02"
"""80 dots tall (GS h), 2 dots to a module (GS w), its text below (GS H)."""
BARCODES: Final = {"ean13": (67, b""), "code128": (73, b"{B")}
"""The `m` of GS k (function B), and what leads the data: code set B of Code 128."""
BARCODE_BYTES_MAX: Final = 100
"""Far more than fits on paper; each may be doubled, and the whole has one byte for its length."""
QR_SETUP: Final = b"\x1d(k\x04\x001A2\x00" + b"\x1d(k\x03\x001C\x06" + b"\x1d(k\x03\x001E1"
"""GS ( k functions 165, 167, 169: model 2, 6 dots to a module, error correction M."""
QR_BYTES_MAX: Final = 700
"""What fits on 58 mm of paper at that size."""
QR_STORE: Final = b"1P0"
QR_PRINT: Final = b"\x1d(k\x03\x001Q0"


def initialised(encoding: Encoding) -> bytes:
    """Return what sets a printer to what `encoded` takes for granted."""
    return INITIALISE + CHARACTERS[encoding]


def encoded(parts: Sequence[Part], columns: int, encoding: Encoding) -> bytes:
    """Return a job for paper of so many columns; afterwards the printer is set as before it."""
    return b"".join([_part(part, columns, encoding) for part in parts])


def _part(part: Part, columns: int, encoding: Encoding) -> bytes:
    match part:
        case Text():
            return _text(part, columns, encoding)
        case QR(text):
            data = _harmless(text).encode()[:QR_BYTES_MAX]
            size = (len(data) + len(QR_STORE)).to_bytes(2, "little")
            stored = QR_SETUP + b"\x1d(k" + size + QR_STORE + data
            return _aligned("centre", stored + QR_PRINT)
        case Barcode(text, kind):
            number, lead = BARCODES[kind]
            code = _harmless(text).encode("ascii", "replace")[:BARCODE_BYTES_MAX]
            data = lead + code.replace(b"{", b"{{")
            bars = b"\x1dk" + bytes([number, len(data)]) + data
            return _aligned("centre", BARCODE_SETUP + bars)
        case Cut():
            return CUT


def _harmless(text: str) -> str:
    """Replace control characters: in any data they would be a real-time command before all else."""
    return "".join([char if char.isprintable() else "?" for char in text])


def _text(text: Text, columns: int, encoding: Encoding) -> bytes:
    width = columns // 2 if text.double else columns
    lines = b"".join([row + b"\n" for row in rows(text.text, width, encoding)])
    if text.double:
        lines = b"\x1d!" + bytes([DOUBLE]) + lines + b"\x1d!\x00"
    if text.bold:
        lines = b"\x1bE\x01" + lines + b"\x1bE\x00"
    return _aligned(text.align, lines)


def _aligned(align: Align, data: bytes) -> bytes:
    """Surround data with its place on the paper; left is where everything else is."""
    place = PLACES.index(align)
    return b"\x1ba" + bytes([place]) + data + b"\x1ba\x00" if place else data
