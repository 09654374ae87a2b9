"""What goes on paper: a job is a few parts, one below the other, in no printer's own codes."""

from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class Text:
    """One row, or more if it is wider than the paper; `double` is twice as wide and as tall."""

    text: str
    align: Align = "left"
    bold: bool = False
    double: bool = False


@dataclass(frozen=True, slots=True)
class QR:
    """A QR code (ISO/IEC 18004, model 2), in the middle of the paper."""

    text: str


@dataclass(frozen=True, slots=True)
class Barcode:
    """A linear barcode with its text below: Code 128 for ASCII text, EAN-13 for 13 digits."""

    text: str
    kind: Literal["code128", "ean13"] = "code128"


@dataclass(frozen=True, slots=True)
class Cut:
    """Feed the paper past the knife, and cut it."""


Part = Text | QR | Barcode | Cut
