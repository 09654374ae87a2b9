"""Measure what reading a code in a camera's frame costs, beside the bare call of zxing-cpp.

.venv/bin/python -m tests.bench.camera --rounds 40

Both read the same grey frame with the same options, in turns; a figure is the median over all
rounds, in milliseconds of processor time, and a ratio the median of the ratios of each round.
`jpeg` is a photograph as a phone sends it, unpacked and read; `resolve` is what a text means to
the shop, in microseconds.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from datetime import date

import zxingcpp
from PIL import Image

from drivers import camera
from edge.intake import Intake, WeighedPattern
from simulators.camera import Shot, label, photograph, picture

LABELS = {"EAN-13": ("6901234567892", "E0"), "QR": ("EDGE:PASS:demo-0001", "Q1")}
SIZES = {"640x480": Shot(640, 480, scale=2), "1920x1080": Shot(1920, 1080, scale=4)}
TEXTS = {
    "EAN-13": "6901234567892", "weighed": "2112345004358", "id": "tea-250",
    "GS1": "]C1010690123456789217301231",
}  # fmt: skip
RESOLVES = 2000


def milliseconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return (time.process_time() - began) * 1000


def bare(image: Image.Image) -> Callable[[], object]:
    view = memoryview(image.tobytes()).cast("B", (image.height, image.width))
    return lambda: zxingcpp.read_barcodes(
        view, formats=camera._FORMATS, try_rotate=False, try_downscale=False, try_invert=False,
        text_mode=zxingcpp.TextMode.Plain,
    )  # fmt: skip


def frame(text: str, symbology: str, shot: Shot, rounds: int) -> dict[str, float]:
    one = label(text, symbology, shot.scale)
    image, photo = photograph(one, shot=shot), picture(one, shot=shot)
    pixels, alone = image.tobytes(), bare(image)
    ours, theirs, jpegs = [], [], []
    for _ in range(rounds):
        theirs.append(milliseconds(alone))
        ours.append(milliseconds(lambda: camera.read_grey(pixels, *image.size)))
        jpegs.append(milliseconds(lambda: camera.read_codes(photo)))
    ratios = [mine / bare for mine, bare in zip(ours, theirs, strict=True)]
    return {
        "bare_ms": round(statistics.median(theirs), 2),
        "ours_ms": round(statistics.median(ours), 2),
        "ratio": round(statistics.median(ratios), 3),
        "jpeg_ms": round(statistics.median(jpegs), 2),
    }


def resolve(text: str) -> float:
    intake = Intake(
        ("2900",), ("C:", "99"), b"k" * 32, (WeighedPattern("21IIIIIVVVVVC"),), (), "156"
    )
    today = date(2026, 11, 22)
    took = milliseconds(lambda: [intake.resolve(text, "", "code", today) for _ in range(RESOLVES)])
    return round(took * 1000 / RESOLVES, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    frames = {
        f"{name} {size}": frame(*text, shot, rounds)
        for size, shot in SIZES.items()
        for name, text in LABELS.items()
    }
    resolved = {name: resolve(text) for name, text in TEXTS.items()}
    print(json.dumps({"frames": frames, "resolve_us": resolved}, indent=1))


if __name__ == "__main__":
    main()
