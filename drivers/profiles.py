"""How a scanner is set up: known models as data, and what a test scan shows.

Models are in `profiles.toml` beside this file, each with its manual's name. What a scanner really
sends is told by reading the codes of `SHEET`: everything around the text is prefix, AIM identifier
(ISO/IEC 15424) or suffix, and what is not as printed is a doubt, with what to do about it.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

Suffix = Literal["cr", "lf", "crlf", "tab", "none"]
Encoding = Literal["utf-8", "gb18030", "latin-1"]
Confidence = Literal["sure", "likely", "none"]

GS: Final = "\x1d"
PREFIX_BYTES_MAX: Final = 16

_SUFFIXES: Final[Mapping[bytes, Suffix]] = {
    b"\r": "cr", b"\n": "lf", b"\r\n": "crlf", b"\t": "tab", b"": "none",
}  # fmt: skip
_ENCODINGS: Final[tuple[Encoding, ...]] = ("utf-8", "gb18030", "latin-1")
_AIM: Final = re.compile(rb"\][A-Za-z][0-9A-Za-z]$")


# --- known models ---------------------------------------------------------------------------------


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of `profiles.toml`; None for what its manual does not state."""

    name: str
    usb: tuple[Annotated[str, Meta(pattern="^[0-9a-f]{4}:[0-9a-f]{4}$")], ...]
    manual: str
    checked: Annotated[str, Meta(pattern="^((own|sibling): .+)?$")] = ""
    """Where the settings were read again: in its own manual, or a sibling's; "" for nowhere."""
    prefix: str | None = None
    suffix: Suffix | None = None
    aim: bool | None = None
    baud: int | None = None

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings of a scanner on a serial line, as far as they are known."""
        known = {"prefix": self.prefix, "suffix": self.suffix, "aim": self.aim}
        return {name: value for name, value in known.items() if value is not None}


def _models() -> tuple[Model, ...]:
    text = resources.files("drivers").joinpath("profiles.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["model"], list[Model]))


MODELS: Final = _models()


def models(vendor: int, product: int) -> tuple[Model, ...]:
    """Return the models a USB device may be, by its ids; none for an unknown one."""
    return tuple(model for model in MODELS if f"{vendor:04x}:{product:04x}" in model.usb)


# --- what a test scan shows -----------------------------------------------------------------------


class Sample(NamedTuple):
    """A printed code: its text, GS for FNC1, and the AIM identifier without its bracket."""

    text: str
    symbology: str


SHEET: Final = (
    Sample("9501101530003", "E0"),
    Sample(f"010950110153000310Edge-1{GS}17301231", "C1"),
    Sample("Edgebox 茶 Yz-7", "Q1"),
)
"""The test sheet: an EAN-13, a GS1-128 with FNC1 inside, and a QR code in both cases and zh."""

DOUBTS: Final[Mapping[str, str]] = {
    "nothing": "nothing came: check the cable, and that it scans into this port",
    "garbled": "what came is no text: try another baud rate, 9600 and 115200 first",
    "parity": "each byte has a parity bit in it: set the scanner to 8 data bits, no parity",
    "other": "what came is not the test code: scan the code that was asked for",
    "differs": "two scans of it are framed differently: reset the scanner, and scan again",
    "identifier": "letters before the code change with its kind: switch the maker's code "
    "identifier off, and the AIM identifier on",
    "check_digit": "the check digit is left out: switch on that it is sent",
    "leading_zero": "leading zeros are left out: switch on that the number system is sent",
    "case": "upper and lower case are swapped: switch Caps Lock or case conversion off",
    "fnc1": "FNC1 does not come as GS (hex 1D): switch on that it is sent",
    "encoding": "characters beyond ASCII are lost: set the scanner's output to UTF-8",
    "suffix": "what follows the code is none of CR, LF, CR LF and TAB: set the suffix to CR",
    "prefix": "what comes before the code is too long, or holds its suffix: take the prefix off",
}
"""What may be unclear, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """How the scanner seems to be set up: settings of a scanner on a line, by name.

    sure: codes of two kinds or more agree · likely: one kind did · none: read `unclear` (keys of
    `DOUBTS`), put that right and scan again.
    """

    settings: Mapping[str, object]
    confidence: Confidence
    unclear: tuple[str, ...] = ()


class _Framed(NamedTuple):
    lead: bytes
    aim: bool
    tail: bytes
    encoding: Encoding | None


def propose(reads: Sequence[tuple[Sample, bytes]]) -> Proposal:
    """Return the settings that explain what came for each sample of `SHEET` (or others).

    What came may be several scans of the sample in a row. Never raises.
    """
    found = [(sample, _framed(sample, data)) for sample, data in reads]
    doubts = [framed for _, framed in found if isinstance(framed, str)]
    frames = [(sample, framed) for sample, framed in found if isinstance(framed, _Framed)]
    doubts += _disagreements(frames)
    if doubts or not frames:
        return Proposal({}, "none", tuple(dict.fromkeys(doubts or ["nothing"])))
    lead, aim, tail, _ = frames[0][1]
    encodings = [framed.encoding for _, framed in frames if framed.encoding]
    settings = {
        "prefix": lead.decode("latin-1"),
        "suffix": _SUFFIXES[tail],
        "aim": aim,
        "encoding": encodings[0] if encodings else "utf-8",
    }
    kinds = {sample.symbology for sample, _ in frames}
    return Proposal(settings, "sure" if len(kinds) > 1 else "likely")


def _disagreements(frames: Sequence[tuple[Sample, _Framed]]) -> Iterator[str]:
    leads = {framed.lead for _, framed in frames}
    kinds = {sample.symbology for sample, _ in frames}
    # One kind of code alone cannot tell a fixed prefix from its maker's letter for that kind.
    letters = any(lead[-1:].isalnum() for lead in leads)
    if len(leads) > 1 or (letters and len(kinds) == 1):
        yield "identifier" if letters else "differs"
    if len({(framed.aim, framed.tail) for _, framed in frames}) > 1:
        yield "differs"
    if len({framed.encoding for _, framed in frames if framed.encoding}) > 1:
        yield "encoding"
    for _, framed in frames:
        suffix = framed.tail
        if suffix not in _SUFFIXES:
            yield "suffix"
        elif len(framed.lead) > PREFIX_BYTES_MAX or (suffix and suffix in framed.lead):
            yield "prefix"


def _framed(sample: Sample, data: bytes) -> _Framed | str:
    """Return what is around the sample in what came, or the doubt that it raises."""
    for encoding in _ENCODINGS:
        try:
            code = sample.text.encode(encoding)
        except UnicodeEncodeError:
            continue
        if code in data:
            return _around(code, data, None if sample.text.isascii() else encoding)
    return _doubt(sample, data)


def _around(code: bytes, data: bytes, encoding: Encoding | None) -> _Framed | str:
    first, *between, last = data.split(code)
    if any(gap != last + first for gap in between):
        return "differs"
    aim = _AIM.search(first)
    lead = first[: aim.start()] if aim else first
    return _Framed(lead, aim is not None, last, encoding)


def _doubt(sample: Sample, data: bytes) -> str:
    """Return why the sample's text is not in what came."""
    text = sample.text.encode()
    pieces = [re.escape(piece) for piece in text.split(GS.encode())]
    ascii_pieces = re.findall(rb"[\x20-\x7e]+", text)
    stripped = bytes(byte & 0x7F for byte in data)
    symptoms = {
        "nothing": not data,
        "parity": stripped != data and text in stripped,
        "case": text.swapcase() in data or text.upper() in data or text.lower() in data,
        "check_digit": sample.symbology == "E0" and text[:-1] in data,
        "leading_zero": text[:1] == b"0" and text.lstrip(b"0") in data,
        "fnc1": len(pieces) > 1 and re.search(rb"[^\r\n]{0,8}".join(pieces), data) is not None,
        "encoding": not sample.text.isascii() and all(part in data for part in ascii_pieces),
        "garbled": sum(byte not in b"\t\r\n\x1d" and not 32 <= byte < 127 for byte in data)
        > len(data) // 4,
    }
    return next((name for name, is_so in symptoms.items() if is_so), "other")
