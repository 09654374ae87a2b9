"""A text as a QR code: in a terminal window, and as a picture (PNG, ISO/IEC 15948)."""

import struct
import zlib
from itertools import zip_longest
from typing import Any

import zxingcpp

QUIET = 4
"""Modules of white around a code (ISO/IEC 18004)."""
SCALE = 8
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HALVES = {(True, True): " ", (False, True): "▀", (True, False): "▄", (False, False): "█"}
"""White is drawn, because windows are dark: the upper and the lower of two modules."""


def as_blocks(text: str) -> str:
    """Return the code as lines of half blocks, two rows of modules in each."""
    rows = _modules(text)
    white = [False] * len(rows[0])
    pairs = zip_longest(rows[::2], rows[1::2], fillvalue=white)
    return "\n".join("".join(_HALVES[pair] for pair in zip(*both, strict=True)) for both in pairs)


def as_png(text: str) -> bytes:
    """Return the code as a picture of one bit a pixel."""
    rows = _modules(text)
    size = len(rows) * SCALE
    lines = b"".join(_scan_line(row) * SCALE for row in rows)
    header = struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _modules(text: str) -> list[list[bool]]:
    """Return the rows of the code with its white border; True is dark."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture: Any = code.to_image(scale=1, add_quiet_zones=False)
    image = memoryview(picture)
    assert image.shape is not None
    side = image.shape[0]
    border = [[False] * (side + 2 * QUIET)] * QUIET
    inside = [
        [False] * QUIET + [image[y, x] == 0 for x in range(side)] + [False] * QUIET
        for y in range(side)
    ]
    return [*border, *inside, *border]


def _scan_line(row: list[bool]) -> bytes:
    """Return one line of pixels after its filter byte 0; a set bit is white."""
    bits = "".join(("0" if dark else "1") * SCALE for dark in row)
    bits += "1" * (-len(bits) % 8)
    return b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
