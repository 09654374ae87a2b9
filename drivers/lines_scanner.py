"""Scanners that send each code as a line: RS-232, USB-serial (CDC-ACM), serial over TCP.

A line is `prefix`, then the AIM identifier `]cm` (ISO/IEC 15424) when `aim` is set, then the
code, then `suffix`. GS (0x1D) inside a code stands for FNC1 (GS1 General Specifications 7.8.3)
and is kept; any other control character means that the line was damaged or set up otherwise.
A damaged line is a Fault and never half a code. Beep: BEL (0x07) once for good, twice for bad, if
the scanner is set to mind it (Zebra's parameter "Beep on <BEL>" is off when it leaves the factory).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from drivers.codec import BadSettings, Codec, Driver, Send
from drivers.events import Beep, Fault, Scan

BEL: Final = b"\x07"
SUFFIXES: Final = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "none": b""}

_AIM = re.compile(rb"\]([A-Za-z][0-9A-Za-z])")
_CONTROL = re.compile(rb"[\x00-\x1c\x1e\x1f\x7f]")


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the scanner was set up; the defaults are what most do out of the box."""

    prefix: Annotated[str, Meta(max_length=16)] = ""
    """What comes before each code, one byte per character, such as "\\u0002" for STX."""
    suffix: Literal["cr", "lf", "crlf", "tab", "none"] = "cr"
    """What ends a line; with "none" it is `silence_seconds` without a byte."""
    aim: bool = False
    """Each code comes with its AIM identifier."""
    encoding: Literal["utf-8", "latin-1", "gb18030"] = "utf-8"
    """No second guess is made: bytes that are not this encoding are a Fault, since noise that
    is read as some text would be a code nobody printed."""
    line_bytes_max: Annotated[int, Meta(ge=1, le=8192)] = 512
    """A longer line is one Fault, and nothing up to the next line's end is believed."""
    partial_seconds_max: Annotated[float, Meta(gt=0, le=60)] = 1.0
    """A line that stops for longer than this before its suffix is a Fault, and forgotten."""
    silence_seconds: Annotated[float, Meta(gt=0, le=60)] = 0.05


class Host(Codec[bytes]):
    """The host's end. Raises BadSettings when prefix and suffix contradict each other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefix, self._suffix = prefix_of(settings), SUFFIXES[settings.suffix]
        self._line = b""
        self._swallowing = False

    def receive(self, frame: bytes, now: float) -> Iterable[object]:
        """Cut the stream into lines; what is left over waits for the rest of its line."""
        late = self.wake_at is not None and now >= self.wake_at
        outs = list(self.wake(now)) if late else []  # these bytes are another line's
        *lines, rest = self._split(self._line + frame)
        for line in lines:
            self._read(line, outs)
        self._keep(rest, outs)
        self._set_alarm(now)
        return outs

    def wake(self, now: float) -> Iterable[object]:
        """Take silence for what it means: the end of a line, or that it broke off."""
        outs: list[object] = []
        line, self._line, self.wake_at = self._line, b"", None
        if not self._suffix:
            self._read(line, outs)
        else:
            outs.append(Fault(f"a code broke off after {len(line)} bytes"))
        return outs

    def command(self, command: Beep, now: float) -> Iterator[object]:
        """Beep."""
        yield Send(BEL if command.good else BEL * 2)

    def test(self, now: float) -> Iterator[object]:
        """Beep for somebody to hear: a line answers nothing."""
        return self.command(Beep(), now)

    def _split(self, data: bytes) -> list[bytes]:
        return data.split(self._suffix) if self._suffix else [data]

    def _keep(self, rest: bytes, outs: list[object]) -> None:
        """Remember an unfinished line; of one that is swallowed, only half a suffix."""
        rest = self._without_line_feed(rest)
        half_suffix_bytes = max(len(self._suffix) - 1, 0)
        if not self._swallowing and len(rest) - half_suffix_bytes > self._settings.line_bytes_max:
            self._swallowing = True
            outs.append(self._too_long())
        self._line = rest[len(rest) - half_suffix_bytes :] if self._swallowing else rest

    def _set_alarm(self, now: float) -> None:
        self.wake_at = None
        if not self._suffix and (self._line or self._swallowing):
            self.wake_at = now + self._settings.silence_seconds
        elif self._line and not self._swallowing:
            self.wake_at = now + self._settings.partial_seconds_max

    def _read(self, line: bytes, outs: list[object]) -> None:
        """Say what a complete line means: a Scan, a Fault, or nothing if it is empty."""
        line = self._without_line_feed(line)
        if self._swallowing:
            self._swallowing = False
        elif len(line) > self._settings.line_bytes_max:
            outs.append(self._too_long())
        elif line:
            outs.append(self._decode(line))

    def _decode(self, line: bytes) -> Scan | Fault:
        if not line.startswith(self._prefix):
            return Fault(f"a code without the prefix {self._prefix!r}: {_size(line)}")
        code, symbology = line[len(self._prefix) :], ""
        if control := _CONTROL.search(code):
            return Fault(f"control character 0x{control[0].hex()} in a code: {_size(line)}")
        if self._settings.aim:
            identifier = _AIM.match(code)
            if identifier is None:
                return Fault(f"a code without its AIM identifier: {_size(line)}")
            code, symbology = code[identifier.end() :], identifier[1].decode()
        if not code:
            return Fault(f"a line without a code: {_size(line)}")
        try:
            return Scan(code.decode(self._settings.encoding), symbology)
        except UnicodeDecodeError:
            return Fault(f"a code that is not {self._settings.encoding}: {_size(line)}")

    def _without_line_feed(self, line: bytes) -> bytes:
        # A scanner set to CR LF works with suffix "cr": its LF leads the next line.
        return line.lstrip(b"\n") if self._suffix == b"\r" else line

    def _too_long(self) -> Fault:
        return Fault(f"a line of more than {self._settings.line_bytes_max} bytes")


def prefix_of(settings: Settings) -> bytes:
    """Return the prefix as bytes; raises BadSettings, in words for people, if it cannot be one."""
    try:
        prefix = settings.prefix.encode("latin-1")
    except UnicodeEncodeError:
        raise BadSettings(f"prefix {settings.prefix!r} has characters above U+00FF") from None
    suffix = SUFFIXES[settings.suffix]
    if (suffix and suffix in prefix) or (suffix == b"\r" and prefix.startswith(b"\n")):
        raise BadSettings(f"prefix {settings.prefix!r} contains the suffix {settings.suffix!r}")
    if len(prefix) >= settings.line_bytes_max:
        raise BadSettings("line_bytes_max leaves no room for a code after the prefix")
    return prefix


def _size(line: bytes) -> str:
    """Say how long a line is, and nothing of what it says: it may be somebody's card."""
    return f"{len(line)} bytes"


DRIVER = Driver(
    doc=__doc__,
    link="stream",
    settings=Settings,
    codec=Host,
    says=(Scan, Fault),
    obeys=(Beep,),
    wire={"baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1},
)
