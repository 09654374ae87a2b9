"""Pictures as phones and cameras take them of codes: sharp, turned, tilted, dim, cut and torn."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final, Literal, cast

import zxingcpp
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from drivers.camera import Settings
from drivers.codec import Codec, Send
from drivers.events import Pictured

FORMATS: Final = {
    "E0": "EAN-13", "E4": "EAN-8", "C0": "Code128", "C1": "Code128", "d1": "DataMatrix",
    "d2": "DataMatrix", "Q1": "QRCode", "Q3": "QRCode", "L2": "PDF417",
}  # fmt: skip
"""What carries a code, by the AIM identifier its reader says."""
GS1: Final = ("C1", "d2", "Q3")
SNAPSHOTS: Final = 4
"""How many different pictures a camera on a line takes."""


@dataclass(frozen=True, slots=True)
class Shot:
    """How the picture is taken. `turned` is in degrees, `scale` in pixels a module."""

    width: int = 640
    height: int = 480
    scale: int = 2
    turned: float = 0
    blur: float = 0
    light: float = 1
    noise: int = 0
    quality: int = 80
    kind: Literal["JPEG", "PNG"] = "JPEG"


def label(text: str, symbology: str, scale: int = 2) -> Image.Image:
    """Return a code alone, in grey; GS1 text is written with its brackets: (01)...(10)..."""
    kind = zxingcpp.barcode_format_from_str(FORMATS[symbology])
    options = {"gs1": True} if symbology in GS1 else {}
    return drawn(zxingcpp.create_barcode(text, kind, **options), scale)


def drawn(code: zxingcpp.Barcode, scale: int) -> Image.Image:
    """Return a code as grey pixels."""
    image = code.to_image(scale=scale)
    height, width = image.shape
    # It is a buffer, though its type does not say so.
    return Image.frombytes("L", (width, height), memoryview(cast("bytes", image)).tobytes())


def photograph(*labels: Image.Image, shot: Shot | None = None, seed: int = 0) -> Image.Image:
    """Return a picture of labels below each other on a white desk, taken as `shot` says."""
    shot = shot or Shot()
    desk = Image.new("L", (shot.width, shot.height), 255)
    top = (shot.height - sum(one.height for one in labels)) // 2
    for one in labels:
        desk.paste(one, ((shot.width - one.width) // 2, top))
        top += one.height
    taken = desk.rotate(shot.turned, Image.Resampling.BICUBIC, fillcolor=255)
    taken = ImageEnhance.Brightness(taken.filter(ImageFilter.GaussianBlur(shot.blur))).enhance(
        shot.light
    )
    if shot.noise:
        grain = random.Random(seed).randbytes(shot.width * shot.height)
        dust = Image.frombytes("L", taken.size, grain).point(lambda g: g * 2 * shot.noise // 255)
        taken = ImageChops.add(taken, dust, offset=-shot.noise)
    return taken


def picture(*labels: Image.Image, shot: Shot | None = None, seed: int = 0) -> bytes:
    """Return the same as the bytes of a JPEG or PNG file."""
    shot = shot or Shot()
    out = BytesIO()
    photograph(*labels, shot=shot, seed=seed).save(out, shot.kind, quality=shot.quality)
    return out.getvalue()


# --- the camera's end of a line -------------------------------------------------------------------


class Device(Codec[bytes]):
    """A camera: told Pictured, it sends the picture; what the host sends means nothing to it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def command(self, command: Pictured, now: float) -> Iterator[object]:
        """Take a picture."""
        yield Send(command.picture)

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Hear nothing."""
        return iter(())


def acts(settings: Settings, luck: random.Random) -> Iterator[tuple[object, list[object]]]:
    """Yield what a hand makes the camera see: one code after the other."""
    for _ in range(luck.randint(1, 3)):
        taken = Pictured(_snapshot(luck.randrange(SNAPSHOTS)))
        yield taken, [taken]


@lru_cache(maxsize=SNAPSHOTS)
def _snapshot(number: int) -> bytes:
    shot = Shot(width=160, height=120, scale=1, quality=30)
    return picture(label(f"SHELF-{number}", "C0", 1), shot=shot)
