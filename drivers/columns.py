"""Text for devices with fixed columns, where a Chinese character is as wide as two letters.

In each encoding here a character takes as many bytes as it takes columns, so that rows of bytes
can be cut and filled by counting. What an encoding, or the device's font, lacks becomes "?".
"""

from functools import lru_cache
from typing import Literal

Encoding = Literal["gb18030", "cp437", "cp858"]
"""gb18030: Chinese and ASCII · cp437: the code page most devices wake up with · cp858: Western
European with the euro sign."""


def encode(text: str, encoding: Encoding) -> bytes:
    """Return a text as a device takes it, each character as many bytes as it has columns."""
    if text.isascii() and text.isprintable():
        return text.encode()
    return b"".join([_code(character, encoding) for character in text])


def rows(text: str, columns: int, encoding: Encoding) -> list[bytes]:
    """Cut a text into rows of at most `columns`, between characters; always at least one row."""
    made, row = [], b""
    for character in text:
        code = _code(character, encoding)
        if len(row) + len(code) > columns:
            made.append(row)
            row = b""
        row += code
    return [*made, row]


def decode(row: bytes, encoding: Encoding) -> str:
    """Return what a row shows; bytes that are no character are shown as U+FFFD."""
    return row.decode(encoding, "replace")


@lru_cache(maxsize=8192)
def _code(character: str, encoding: Encoding) -> bytes:
    code = character.encode(encoding, "replace") if character.isprintable() else b"?"
    # Four bytes are GB18030's way to write what no display's or printer's font has.
    return code if len(code) <= 2 else b"?"
