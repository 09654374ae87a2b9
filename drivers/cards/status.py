"""Status words in words (ISO/IEC 7816-4, table 6; PC/SC part 3, 3.2.2.1)."""

from typing import Final

OK: Final = 0x9000
LOCKED: Final = 0x6982

_MEANINGS: Final = {
    0x6282: "the file ends before that",
    0x6300: "the reader could not do it",
    0x6581: "the card's memory failed",
    0x6700: "wrong length",
    0x6882: "secure messaging is not supported",
    0x6981: "the file is of another kind",
    LOCKED: "not allowed without authentication",
    0x6983: "authentication is blocked",
    0x6984: "the key is not usable",
    0x6985: "not allowed in this state",
    0x6986: "no file is selected",
    0x6988: "wrong key",
    0x6A80: "wrong data",
    0x6A81: "not supported",
    0x6A82: "no such file or application",
    0x6A86: "wrong parameters",
    0x6A88: "no such data",
    0x6B00: "beyond the end",
    0x6D00: "unknown command",
    0x6E00: "unknown class of commands",
    0x6F00: "no precise reason",
}


def in_words(status: int) -> str:
    """Return what a status word means, with its number."""
    meaning = _MEANINGS.get(status)
    return f"{meaning} ({status:04X})" if meaning else f"status {status:04X}"
