"""USB HID-POS scanners: Bar Code Scanner page (0x8C) of the HID Usage Tables, through hidraw.

An input report carries Decoded Data, how many bytes of it count (Byte Count), the AIM identifier
(Symbology Identifier 1 to 3: a bracket and two characters, or zeros), and whether the next report
goes on with the same code (Decoded Data Continued). Where each is, the device's own report
descriptor says, which is the first frame on the wire. GS (0x1D) for FNC1 is kept. Beeps and the
trigger are output reports, where the device has them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from drivers.codec import BadSettings, Driver, Send
from drivers.events import Beep, Fault, Read, Scan
from drivers.hid import BadDescriptor, Field, HidReader, Reports, parse, usages
from drivers.hid.descriptor import INPUT

SUFFIXES: Final = {"none": b"", "cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t"}

_AIM: Final = re.compile(rb"\]([A-Za-z][0-9A-Za-z])")
_CONTROL: Final = re.compile(rb"[\x00-\x1c\x1e\x1f\x7f]")


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the scanner was set up; the defaults are what most do out of the box."""

    suffix: Literal["none", "cr", "lf", "crlf", "tab"] = "none"
    """What the scanner adds to each code."""
    encoding: Literal["utf-8", "latin-1", "gb18030"] = "utf-8"
    """Bytes that are not this encoding are a Fault."""
    descriptor: Annotated[str, Meta(max_length=8192, pattern=r"^([0-9a-f]{2})*$")] = ""
    """A report descriptor in hex, to be believed instead of a device's own that lies."""
    code_bytes_max: Annotated[int, Meta(ge=1, le=65536)] = 8192
    """A longer code is a Fault."""
    partial_seconds_max: Annotated[float, Meta(gt=0, le=10)] = 0.25
    """The next report of one code comes within this, or the code is a Fault."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one report has what belongs to a code; None for what it lacks."""

    data: Field
    count: Field | None
    identifier: tuple[Field, ...]
    continued: Field | None


class Host(HidReader):
    """The host's end. Raises BadSettings when `descriptor` is none of a bar code scanner."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._layouts: dict[int, Layout] = {}
        self._parts: list[bytes] = []
        self._identifier = b""
        self._broken = False
        if settings.descriptor:
            try:
                self._understand(b"")
            except BadDescriptor as error:
                raise BadSettings(f"descriptor: {error}") from error

    def wake(self, now: float) -> Iterator[object]:
        """Give up a code whose next report did not come, and then what may be left of it."""
        self.wake_at = None
        if self._parts:
            yield from self._refuse("a code broke off")
            self._wait(now)
        else:
            self._broken = False

    def command(self, command: Beep | Read, now: float) -> Iterator[object]:
        """Beep or read, if this device can be told to."""
        match command:
            case Beep(good):
                usage = usages.SOUND_GOOD_READ_BEEP if good else usages.SOUND_ERROR_BEEP
            case Read():
                usage = usages.INITIATE_BARCODE_READ
        report = self.reports.output(usage, 1) if self.reports else None
        if report is not None:
            yield Send(report)

    def test(self, now: float) -> Iterable[object] | None:
        """Have it beep, if it can."""
        return tuple(self.command(Beep(), now)) or None

    def _understand(self, descriptor: bytes) -> Reports:
        reports = parse(bytes.fromhex(self._settings.descriptor) or descriptor)
        carriers = reports.has(INPUT, usages.DECODED_DATA)
        if not carriers:
            raise BadDescriptor("this device does not say that it is a bar code scanner")
        self._layouts = {report: _layout(reports, report) for report in carriers}
        return reports

    def _report(self, report: int, body: bytes, now: float) -> Iterator[object]:
        layout = self._layouts.get(report)
        if layout is None:
            return  # something else it tells, such as its status
        part = layout.data.text(body)
        count = layout.count.number(body) if layout.count else len(part.rstrip(b"\0"))
        identifier = bytes(field.number(body) & 0xFF for field in layout.identifier)
        goes_on = layout.continued is not None and layout.continued.number(body) == 1
        if not self._broken and count > len(part):
            yield from self._refuse(f"a report that claims {count} bytes of {len(part)}")
        elif not self._broken:
            yield from self._take(part[:count], identifier)
        yield from self._end(goes_on)
        self._wait(now)

    def _strange(self, fault: Fault, now: float) -> Iterator[Fault]:
        yield fault
        self._broken = self._broken or bool(self._parts)
        self._parts.clear()
        self._wait(now)

    def _wait(self, now: float) -> None:
        waits = self._parts or self._broken
        self.wake_at = now + self._settings.partial_seconds_max if waits else None

    def _take(self, part: bytes, identifier: bytes) -> Iterator[Fault]:
        """Take one part of a code."""
        if not part:
            yield from self._refuse("a report without a code")
        elif self._parts and identifier != self._identifier:
            yield from self._refuse("a code went on as one of another kind")
        elif sum(map(len, self._parts)) + len(part) > self._settings.code_bytes_max:
            yield from self._refuse("a code too long")
        else:
            self._identifier = identifier
            self._parts.append(part)

    def _end(self, goes_on: bool) -> Iterator[Scan | Fault]:
        """Say the code, if this was the last report of one."""
        if goes_on:
            return
        code, broken = b"".join(self._parts), self._broken
        self._parts.clear()
        self._broken = False
        if not broken:
            yield self._decode(code)

    def _refuse(self, reason: str) -> Iterator[Fault]:
        """Say why, and believe nothing up to the last report of this code, or to silence."""
        self._parts.clear()
        self._broken = True
        yield Fault(reason)

    def _decode(self, code: bytes) -> Scan | Fault:
        size = f"{len(code)} bytes"
        suffix = SUFFIXES[self._settings.suffix]
        if not code.endswith(suffix):
            return Fault(f"a code without its suffix: {size}")
        code = code.removesuffix(suffix)
        aim = _AIM.fullmatch(self._identifier)
        if aim is None and self._identifier.strip(b"\0"):
            return Fault("a symbology identifier that is none")
        if control := _CONTROL.search(code):
            return Fault(f"control character 0x{control[0].hex()} in a code: {size}")
        if not code:
            return Fault("a report without a code")
        try:
            return Scan(code.decode(self._settings.encoding), aim[1].decode() if aim else "")
        except UnicodeDecodeError:
            return Fault(f"a code that is not {self._settings.encoding}: {size}")


def _layout(reports: Reports, report: int) -> Layout:
    def field(usage: int) -> Field | None:
        return reports.fields.get((INPUT, report, usage))

    data = reports.fields[INPUT, report, usages.DECODED_DATA]
    if data.size != 8:
        raise BadDescriptor("this device does not send its codes as bytes")
    return Layout(
        data,
        field(usages.BYTE_COUNT),
        tuple(found for usage in usages.SYMBOLOGY_IDENTIFIER if (found := field(usage))),
        field(usages.DECODED_DATA_CONTINUED),
    )


DRIVER = Driver(
    doc=__doc__,
    link="reports",
    settings=Settings,
    codec=Host,
    says=(Scan, Fault),
    obeys=(Beep, Read),
)
