"""What a scanner on a line sends: framed in every way, cut, glued, torn and spoilt."""

import random
from collections.abc import Iterator
from typing import Any

from tests.corpus.make_barcodes import digits
from tests.corpus.truth import Case, accept, gtin, reject

SUFFIXES = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "none": b""}
GS = "\x1d"


def given(frames: list[bytes], **settings: Any) -> dict[str, Any]:
    return {
        "driver": "lines_scanner",
        "settings": settings,
        "frames": [frame.hex() for frame in frames],
    }


def scan(text: str, symbology: str = "") -> dict[str, Any]:
    return {"Scan": {"text": text, "symbology": symbology}}


def cut(luck: random.Random, line: bytes) -> list[bytes]:
    """Return a line in up to three pieces, as a USB stack delivers it."""
    places = sorted(luck.choices(range(len(line) + 1), k=2))
    pieces = [line[: places[0]], line[places[0] : places[1]], line[places[1] :]]
    return [piece for piece in pieces if piece]


def framed(luck: random.Random) -> Iterator[Case]:
    for n in range(60):
        suffix = list(SUFFIXES)[n % 5]
        prefix = ("", "\x02", "*", "K:")[n % 4]
        aim, ean = n % 3 == 0, gtin("69" + digits(luck, 10))
        symbology = "E0" if aim else ""
        code = (f"]{symbology}" if aim else "") + ean
        line = prefix.encode() + code.encode() + SUFFIXES[suffix]
        settings = {"prefix": prefix, "suffix": suffix, "aim": aim}
        what = [scan(ean, symbology)]
        yield accept(f"line-{n}", "serial", given([line], **settings), what)
        yield accept(f"line-cut-{n}", "serial", given(cut(luck, line), **settings), what)
        if suffix != "none":
            glued = given([line + line[:5], line[5:]], **settings)
            yield accept(f"line-glued-{n}", "serial", glued, what * 2)
            torn = given([line[: len(line) - len(SUFFIXES[suffix])]], **settings)
            yield reject(f"line-torn-{n}", "serial", torn, "Fault", "broke off")
        if prefix:
            bare = given([line[len(prefix) :]], **settings)
            yield reject(f"line-no-prefix-{n}", "serial", bare, "Fault", "prefix")
        if aim:
            bare = given([prefix.encode() + ean.encode() + SUFFIXES[suffix]], **settings)
            yield reject(f"line-no-aim-{n}", "serial", bare, "Fault", "AIM")


def spoilt(luck: random.Random) -> Iterator[Case]:
    for n, control in enumerate((*range(9), 11, 12, *range(14, 29), 30, 31, 127)):
        line = b"69" + bytes([control]) + b"1234\r"
        yield reject(f"line-control-{n}", "serial", given([line]), "Fault", "control character")
    for n in range(10):
        long = digits(luck, 513 + n * 100).encode()
        yield reject(f"line-long-{n}", "serial", given([long + b"\r"]), "Fault", "512")
    for n, raw in enumerate((b"\xff\xfe", b"\x80", b"\xc3(", b"\xe4\xbc", b"\xed\xa0\x80")):
        yield reject(f"line-not-utf8-{n}", "serial", given([raw + b"\r"]), "Fault", "utf-8")
    for n, text in enumerate(("会员:8801", "茶", "奶酪 500g")):
        both = (("utf-8", "utf-8"), ("gb18030", "gb18030"))
        for encoding, setting in both:
            line = text.encode(encoding) + b"\r"
            ok = given([line], encoding=setting)
            yield accept(f"line-zh-{encoding}-{n}", "serial", ok, [scan(text)])
    for n, blank in enumerate((b"\r", b"\r\r\r", b"\n\r")):
        yield accept(f"line-blank-{n}", "serial", given([blank]), [])
    elements = f"010690123456789210A{GS}17261231"
    line = f"]C1{elements}\r".encode()
    yield accept("line-gs1", "serial", given([line], aim=True), [scan(elements, "C1")])


def cases() -> Iterator[Case]:
    luck = random.Random(232)
    for part in (framed, spoilt):
        yield from part(luck)
