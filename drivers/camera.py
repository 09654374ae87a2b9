"""Cameras that send JPEG after JPEG over a line, and the codes in pictures of any origin.

A camera's stream is what `ffmpeg -f image2pipe -c:v mjpeg` writes: each picture from its SOI to its
EOI marker (ISO/IEC 10918-1, annex B), and nothing between them. Each is said as it is; `read_codes`
tells what is in it, as in a phone's photograph or a saved file.

A picture is JPEG (ISO/IEC 10918-1) or PNG (ISO/IEC 15948); a frame is 8-bit grey, row by row. Codes
are read by zxing-cpp and come with their AIM identifier (ISO/IEC 15424); FNC1 between GS1 element
strings stays GS (0x1D). UPC-A and UPC-E come as the EAN-13 they stand for.

Reading codes blocks for milliseconds and lets other threads run meanwhile: call it in a thread.
What comes in is a stranger's: bytes, pixels, kinds of code and the number of codes are bounded, and
whatever cannot be read is a Fault.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Annotated, Final

import zxingcpp
from msgspec import Meta, Struct
from PIL import Image

from drivers.codec import Codec, Driver
from drivers.events import Fault, Pictured, Scan

PICTURE_BYTES_MAX: Final = 512 * 1024
PIXELS_MAX: Final = {"JPEG": 16_000_000, "PNG": 4_000_000}
"""A PNG is unpacked whole; a JPEG is made smaller while it is."""
READ_PIXELS_MAX: Final = 3_000_000
"""What the reader looks at: larger pictures are made smaller first."""
SIDE_PIXELS_MAX: Final = 8192
CODES_MAX: Final = 16

_FORMATS: Final = zxingcpp.barcode_formats_from_str(
    "EAN-13,EAN-8,UPC-A,UPC-E,Code128,ITF-14,DataBarOmni,DataBarExp,QRCode,DataMatrix,PDF417"
)
_BROKEN: Final = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow raises for a picture that is none, is cut or bent, or far too large."""


def read_codes(picture: bytes) -> tuple[Scan, ...] | Fault:
    """Return the codes in a JPEG or PNG, none for a picture without one; a Fault for no picture."""
    if len(picture) > PICTURE_BYTES_MAX:
        return Fault(f"a picture of more than {PICTURE_BYTES_MAX} bytes")
    try:
        with Image.open(BytesIO(picture), formats=("JPEG", "PNG")) as im:
            width, height = im.size
            if width * height > PIXELS_MAX[str(im.format)] or max(im.size) > SIDE_PIXELS_MAX:
                return Fault(f"a picture of {width} x {height} pixels is too large")
            grey = _grey(im)
    except _BROKEN as error:
        return Fault(f"not a picture: {type(error).__name__}")
    return read_grey(grey.tobytes(), *grey.size)


def read_grey(pixels: bytes, width: int, height: int) -> tuple[Scan, ...] | Fault:
    """Return the codes in a frame of `width` x `height` bytes, 0 for black."""
    if width < 1 or height < 1 or len(pixels) != width * height:
        return Fault(f"a frame of {len(pixels)} bytes is not {width} x {height} pixels")
    if len(pixels) > READ_PIXELS_MAX:
        return Fault(f"a frame of more than {READ_PIXELS_MAX} pixels")
    image = memoryview(pixels).cast("B", (height, width))
    # Most codes are held upright and near: a tenth of the work finds them.
    found = _read(image, thoroughly=False) or _read(image, thoroughly=True)
    scans = (_scan(code) for code in found[:CODES_MAX])
    return tuple(dict.fromkeys(scan for scan in scans if scan is not None))


def _read(image: memoryview, *, thoroughly: bool) -> list[zxingcpp.Barcode]:
    """Return what is in a frame; `thoroughly`: turned on its side, white on black or large, too."""
    return zxingcpp.read_barcodes(
        image,
        formats=_FORMATS,
        try_rotate=thoroughly,
        try_downscale=thoroughly,
        try_invert=thoroughly,
        text_mode=zxingcpp.TextMode.Plain,
    )


def _grey(image: Image.Image) -> Image.Image:
    """Return a picture in grey, at most `READ_PIXELS_MAX` large."""
    width, height = image.size
    factor = 1
    while width * height > READ_PIXELS_MAX * factor * factor:
        factor += 1
    # A JPEG comes out of its decoder grey, and at 1/2, 1/4 or 1/8 of its size, for nothing.
    image.draft("L", (-(-width // factor), -(-height // factor)))
    if image.mode in ("LA", "PA", "RGBA", "P"):
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    grey = image.convert("L")
    if grey.width * grey.height > READ_PIXELS_MAX:
        grey = grey.reduce(factor)
    return grey


def _scan(code: zxingcpp.Barcode) -> Scan | None:
    """Return what a reader on a wire would send of a code."""
    symbology = code.symbology_identifier.removeprefix("]")
    text = code.text
    if code.content_type == zxingcpp.ContentType.GS1:
        text = code.bytes.decode("latin-1")
    return Scan(text, symbology) if text else None


# --- a camera on a line ---------------------------------------------------------------------------

SOI: Final = b"\xff\xd8"
"""Start of image; a marker follows it at once."""
EOI: Final = 0xD9
SOS: Final = 0xDA
ALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a segment behind them: TEM and RST0 to RST7."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the camera sends."""

    picture_bytes_max: Annotated[int, Meta(ge=1024, le=PICTURE_BYTES_MAX)] = 48 * 1024
    """A larger picture is a Fault: 640 x 480 takes 10 to 40 kB."""
    partial_seconds_max: Annotated[float, Meta(gt=0, le=60)] = 2.0
    """A picture that stops for longer than this is a Fault, and forgotten."""


class Host(Codec[bytes]):
    """The host's end: cuts the stream into pictures."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._data = b""
        self._at = 0
        """How far the picture at the beginning of `_data` has been walked through."""
        self._is_lost = False

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Take some bytes, and say the pictures that are whole now."""
        if self.wake_at is not None and now >= self.wake_at:
            yield from self.wake(now)  # the timer is late; these bytes are another picture's
        self._data += frame
        while self._data:
            if not self._data.startswith(SOI) and SOI[: len(self._data)] != self._data:
                yield from self._seek()
                continue
            end = self._walk()
            if end is None and len(self._data) <= self._settings.picture_bytes_max:
                break
            yield from self._end(end)
        self.wake_at = now + self._settings.partial_seconds_max if self._data else None

    def wake(self, now: float) -> Iterator[object]:
        """Forget a picture that broke off."""
        yield Fault(f"a picture broke off after {len(self._data)} bytes")
        self._data, self._at, self.wake_at = b"", 0, None

    def _end(self, end: int | None) -> Iterator[object]:
        """Say the picture that ends here; one that is damaged or too large (None) is lost."""
        if end is None or end > self._settings.picture_bytes_max:
            yield Fault(f"a picture of more than {self._settings.picture_bytes_max} bytes")
            self._is_lost, end = True, len(SOI) if end is None else end
        elif end == 0:
            yield Fault("a damaged picture")
            self._is_lost, end = True, len(SOI)
        else:
            self._is_lost = False
            yield Pictured(self._data[:end])
        self._data, self._at = self._data[end:], 0

    def _seek(self) -> Iterator[object]:
        """Drop what is before the next picture; it is one Fault however long it is."""
        if not self._is_lost:
            self._is_lost = True
            yield Fault("bytes that are no picture")
        begin = self._data.find(SOI)
        if begin < 0:
            begin = len(self._data) - (1 if self._data.endswith(SOI[:1]) else 0)
        self._data, self._at = self._data[begin:], 0

    def _walk(self) -> int | None:
        """Return where the picture ends, 0 if it is none, None if more must come.

        Marker by marker: a segment says its length, and the coded data after a scan's header ends
        with the next marker, since FF is stuffed there with 00.
        """
        data, at = self._data, max(self._at, len(SOI))
        while at + 1 < len(data):
            self._at = at
            if data[at] != 0xFF:
                return 0
            marker = data[at + 1]
            if marker == EOI:
                return at + 2
            if marker == 0xFF or marker in ALONE:
                at += 1 if marker == 0xFF else 2
                continue
            if at + 4 > len(data):
                return None
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == 0 or size < 2:
                return 0
            at += 2 + size
            if marker == SOS:
                at = _after_scan(data, at)
        return None


def _after_scan(data: bytes, at: int) -> int:
    """Return where the marker after coded data begins; the end of `data` if it is not there yet."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] != 0 and data[at + 1] not in ALONE:
            return at
        at += 2
    return len(data)


DRIVER = Driver(
    doc=__doc__, link="stream", settings=Settings, codec=Host, says=(Pictured, Fault),
    wire={"baud": 921_600},
)  # fmt: skip
