"""Codes in pictures: what is printed is what is read, and no picture stops the box."""

import asyncio
import random
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.camera import (
    CODES_MAX,
    PICTURE_BYTES_MAX,
    PIXELS_MAX,
    READ_PIXELS_MAX,
    Host,
    Settings,
    read_codes,
    read_grey,
)
from drivers.device import Device as Pump
from drivers.events import Event, Fault, Pictured, Scan
from drivers.links import from_url
from edge.phone.seeing import AT_ONCE_MAX, Eyes
from edge.pictures import AGAIN_SECONDS, SEEN_MAX, Pictures
from edge.refusals import Refusal
from simulators.camera import Device, Shot, drawn, label, photograph, picture
from simulators.far_end import OnTcp
from tests.corpus.truth import gtin

EAN = "6901234567892"
GS1 = "(01)06901234567892(10)ABC(17)261231"
ELEMENTS = "010690123456789210ABC\x1d17261231"
PRINTED = [
    (EAN, "E0", Scan(EAN, "E0")),
    ("96385074", "E4", Scan("96385074", "E4")),
    ("SHELF-7", "C0", Scan("SHELF-7", "C0")),
    ("(01)06901234567892", "C1", Scan("0106901234567892", "C1")),
    ("EDGE:PAY:CASH", "Q1", Scan("EDGE:PAY:CASH", "Q1")),
    ("会员:8801", "Q1", Scan("会员:8801", "Q1")),
    (GS1, "Q3", Scan(ELEMENTS, "Q3")),
    ("lot 7", "d1", Scan("lot 7", "d1")),
    (GS1, "d2", Scan(ELEMENTS, "d2")),
    ("a whole paragraph", "L2", Scan("a whole paragraph", "L2")),
]
SHOTS = [
    Shot(),
    Shot(kind="PNG"),
    Shot(width=1600, height=1200, scale=4),
    Shot(width=3200, height=2400, scale=6),
    Shot(turned=90),
    Shot(turned=180),
    Shot(turned=5, scale=3, width=800),
    Shot(light=0.4, noise=12, scale=3),
    Shot(blur=0.8, scale=4, width=800, height=600),
    Shot(quality=35, scale=3),
]


@pytest.mark.parametrize("shot", SHOTS, ids=str)
@pytest.mark.parametrize(("text", "symbology", "scan"), PRINTED)
def test_what_is_printed_is_read(text: str, symbology: str, scan: Scan, shot: Shot) -> None:
    assert read_codes(picture(label(text, symbology, shot.scale), shot=shot)) == (scan,)


def test_a_upc_comes_as_the_ean_it_stands_for() -> None:
    for text, kind in (("012345678905", "UPC-A"), ("01234565", "UPC-E")):
        made = zxingcpp.create_barcode(text, zxingcpp.barcode_format_from_str(kind))
        wanted = "0012345678905" if kind == "UPC-A" else "0012345000065"
        assert read_codes(picture(drawn(made, 3))) == (Scan(wanted, "E0"),)


def test_all_codes_of_a_picture_are_read_once_each() -> None:
    labels = [label(EAN, "E0"), label("SHELF-7", "C0"), label(EAN, "E0")]
    found = read_codes(picture(*labels, shot=Shot(width=800, height=900)))
    assert isinstance(found, tuple)
    assert sorted(scan.text for scan in found) == [EAN, "SHELF-7"]


def test_a_wall_of_codes_is_read_in_part() -> None:
    wall = Image.new("L", (1600, 1400), 255)
    for n in range(40):
        one = label(gtin(f"69{n:010}"), "E0", 1)
        wall.paste(one.crop((0, 0, one.width, 30)), (n % 8 * 190, n // 8 * 70))
    found = read_grey(wall.tobytes(), *wall.size)
    assert isinstance(found, tuple)
    assert 0 < len(found) <= CODES_MAX


def test_a_picture_without_a_code_has_none() -> None:
    assert read_codes(picture(shot=Shot(noise=60))) == ()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1", "I;16", "CMYK"])
def test_a_picture_may_have_any_colours(mode: str) -> None:
    image = photograph(label(EAN, "E0", 3))
    out = BytesIO()
    made = image.convert("I").point(lambda v: v * 256).convert("I;16") if mode == "I;16" else None
    (made or image.convert(mode)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert read_codes(out.getvalue()) == (Scan(EAN, "E0"),)


def test_what_is_see_through_is_white() -> None:
    image = Image.new("RGBA", (640, 480), (0, 0, 0, 0))
    image.paste(label(EAN, "E0", 3).convert("RGBA"), (50, 50))
    out = BytesIO()
    image.save(out, "PNG")
    assert read_codes(out.getvalue()) == (Scan(EAN, "E0"),)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of so many pixels in a few hundred bytes: it says its size, and no more."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head = chunk(b"IHDR", size + b"\x08\x00\x00\x00\x00")
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "given_bytes",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"<svg/>",
        b"x" * (PICTURE_BYTES_MAX + 1),
        bomb(100_000, 100_000),
        bomb(2001, 2000),
        bomb(8193, 1),
        bomb(0, 0),
        bomb(50, 50),
    ],
    ids=range(11),
)
def test_what_is_no_picture_is_a_fault(given_bytes: bytes) -> None:
    assert isinstance(read_codes(given_bytes), Fault)


def test_a_large_photograph_is_refused_by_its_pixels() -> None:
    out = BytesIO()
    Image.new("L", (4000, PIXELS_MAX["JPEG"] // 4000 + 1), 255).save(out, "JPEG", quality=20)
    assert len(out.getvalue()) <= PICTURE_BYTES_MAX
    assert isinstance(read_codes(out.getvalue()), Fault)


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [(0, 0, 0), (100, 10, 9), (100, -10, -10), (10, 10, 0), (READ_PIXELS_MAX + 1, 1, None)],
)
def test_a_frame_is_as_large_as_it_says(size: int, width: int, height: int | None) -> None:
    frame = b"\xff" * size
    assert isinstance(read_grey(frame, width, size if height is None else height), Fault)


WHOLE = {kind: picture(label(EAN, "E0", 3), shot=Shot(kind=kind)) for kind in ("JPEG", "PNG")}


@given(
    kind=st.sampled_from(["JPEG", "PNG"]),
    seed=st.integers(0, 2**32),
    hits=st.integers(1, 20),
    keep=st.floats(0.05, 1),
)
@settings(max_examples=120, deadline=None)
def test_a_bent_picture_is_a_fault_or_says_the_truth(
    kind: str, seed: int, hits: int, keep: float
) -> None:
    luck = random.Random(seed)
    bent = bytearray(WHOLE[kind][: max(1, int(len(WHOLE[kind]) * keep))])
    for _ in range(hits):
        bent[luck.randrange(len(bent))] = luck.randrange(256)
    found = read_codes(bytes(bent))
    assert isinstance(found, Fault) or set(found) <= {Scan(EAN, "E0")}


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_noise_is_no_picture(noise: bytes) -> None:
    assert isinstance(read_codes(noise), Fault)


# --- a camera on a line ---------------------------------------------------------------------------


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.001)


async def test_a_code_in_sight_is_one_scan_and_comes_again_when_it_was_away() -> None:
    heard: list[tuple[str, Event]] = []
    pictures = Pictures(lambda name, event: heard.append((name, event)))
    tea, shelf = Scan(EAN, "E0"), Scan("SHELF-7", "C0")
    away = 2.0 + AGAIN_SECONDS
    for camera, scan, at in (
        ("cam-1", tea, 0.0), ("cam-1", tea, 1.0), ("cam-1", shelf, 1.0), ("cam-2", tea, 1.0),
        ("cam-1", tea, 2.0), ("cam-1", tea, away - 0.1), ("cam-1", shelf, away),
        ("cam-1", tea, 9.0),
    ):  # fmt: skip
        pictures._see(camera, scan, at)
    assert heard == [
        ("cam-1", tea), ("cam-1", shelf), ("cam-2", tea), ("cam-1", shelf), ("cam-1", tea),
    ]  # fmt: skip


async def test_more_codes_than_fit_a_picture_are_not_remembered() -> None:
    heard: list[tuple[str, Event]] = []
    pictures = Pictures(lambda name, event: heard.append((name, event)))
    for number in range(1000):
        pictures._see("cam-1", Scan(str(number)), 0.0)
    assert len(heard) == len(pictures._seen) == SEEN_MAX


async def test_only_the_latest_picture_of_a_camera_waits() -> None:
    heard: list[tuple[str, Event]] = []
    pictures = Pictures(
        lambda name, event: heard.append((name, event)), lambda p: (Scan(p.decode()),)
    )
    for number in range(100):
        pictures.take("cam-1", b"code-%d" % number)
    pictures.take("cam-2", b"other")
    running = asyncio.create_task(pictures.run())
    await until(lambda: len(heard) == 2)
    running.cancel()
    assert heard == [("cam-1", Scan("code-99")), ("cam-2", Scan("other"))]


def breaks_on_bad(picture: bytes) -> tuple[Scan, ...]:
    if picture == b"bad":
        raise RuntimeError("a decoder's own mistake")
    return (Scan(picture.decode()),)


async def test_a_phones_picture_that_breaks_its_reader_is_refused() -> None:
    eyes = Eyes(breaks_on_bad)
    for _ in range(AT_ONCE_MAX + 1):
        refused = await eyes.see(b"bad")
        assert isinstance(refused, Refusal)
        assert refused.code == "E-PICTURE"
        assert "RuntimeError" in str(refused)
    assert await eyes.see(b"good") == b'{"codes":[{"text":"good","symbology":""}]}'


async def test_a_picture_that_breaks_its_reader_is_a_fault_and_the_next_one_is_read() -> None:
    heard: list[tuple[str, Event]] = []
    pictures = Pictures(lambda name, event: heard.append((name, event)), breaks_on_bad)
    pictures.take("cam-1", b"bad")
    pictures.take("cam-2", b"good")
    running = asyncio.create_task(pictures.run())
    await until(lambda: len(heard) == 2)
    running.cancel()
    fault = Fault("a picture that cannot be read: RuntimeError")
    assert heard == [("cam-1", fault), ("cam-2", Scan("good"))]


async def test_a_camera_on_a_line_says_what_it_sees() -> None:
    heard: list[tuple[str, Event]] = []
    pictures = Pictures(lambda name, event: heard.append((name, event)))

    def say(event: Event) -> None:
        if isinstance(event, Pictured):
            pictures.take("cam-1", event.picture)

    async with OnTcp(partial(Device, Settings()), say) as camera:
        link = from_url(f"socket://127.0.0.1:{camera.port}")
        device = Pump("cam-1", link, partial(Host, Settings()), say)
        running = [asyncio.create_task(device.run()), asyncio.create_task(pictures.run())]
        await until(lambda: device.state.state == "ready" and camera.connected.is_set())
        camera.command(Pictured(b"\xff\xd8 no picture \xff\xd9"))
        camera.command(Pictured(picture(label(EAN, "E0", 3))))
        await until(lambda: any(isinstance(event, Scan) for _, event in heard))
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    # What is no picture is a fault, if it was looked at before the next one came.
    assert [word for word in heard if not isinstance(word[1], Fault)] == [
        ("cam-1", Scan(EAN, "E0"))
    ]
