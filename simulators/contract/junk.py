"""Junk of as many kinds as there are seeds: what wires, wrong settings and broken devices send."""

import random
from collections.abc import Callable, Sequence
from typing import Final

from simulators.faults import drop, duplicate, garble

Frames = list[bytes]
FRAMES_MAX: Final = 30


def junk(frames: Sequence[bytes], luck: random.Random) -> Frames:
    """Return what a troubled device might send: noise, real frames, and both, ill-treated.

    `frames` are real ones, of its capture.
    """
    mixed = [_source(frames, luck) for _ in range(luck.randint(1, FRAMES_MAX))]
    for _ in range(luck.randint(0, 3)):
        mixed = luck.choice(ILLS)(mixed, luck)
    return [frame for frame in mixed if frame]


def _source(frames: Sequence[bytes], luck: random.Random) -> bytes:
    real = luck.choice(frames) if frames else b""
    return luck.choice(SOURCES)(real, luck)


def _noise(_: bytes, luck: random.Random) -> bytes:
    return luck.randbytes(luck.randint(0, 40))


def _one_byte_again(_: bytes, luck: random.Random) -> bytes:
    return bytes([luck.randrange(256)]) * luck.randint(1, 600)


def _tail(real: bytes, luck: random.Random) -> bytes:
    return real[luck.randint(0, len(real)) :]


def _head(real: bytes, luck: random.Random) -> bytes:
    return real[: luck.randint(0, len(real))]


def _seven_bits(real: bytes, _: random.Random) -> bytes:
    return bytes(byte & 0x7F for byte in real)


def _even_parity(real: bytes, _: random.Random) -> bytes:
    return bytes(byte & 0x7F | (byte & 0x7F).bit_count() % 2 << 7 for byte in real)


def _twice_the_baud(real: bytes, _: random.Random) -> bytes:
    """Each bit is read twice, so that one byte becomes two (8N1, sampled at double speed)."""
    wide = (sum((byte >> bit & 1) * 3 << 2 * bit for bit in range(8)) for byte in real)
    return b"".join(word.to_bytes(2, "little") for word in wide)


def _backwards(real: bytes, _: random.Random) -> bytes:
    return real[::-1]


SOURCES: Final[Sequence[Callable[[bytes, random.Random], bytes]]] = (
    _noise, _one_byte_again, _tail, _head, _seven_bits, _even_parity, _twice_the_baud, _backwards,
    lambda real, _: real,
)  # fmt: skip
"""Ways to make one frame."""


def _reorder(frames: Frames, luck: random.Random) -> Frames:
    return luck.sample(frames, len(frames))


def _glue(frames: Frames, luck: random.Random) -> Frames:
    at = luck.randrange(len(frames) + 1)
    return [*frames[:at], b"".join(frames[at : at + 2]), *frames[at + 2 :]]


ILLS: Final[Sequence[Callable[[Frames, random.Random], Frames]]] = (
    _reorder, _glue,
    lambda frames, luck: list(garble(frames, luck, 0.02)),
    lambda frames, luck: list(drop(frames, luck, 0.2)),
    lambda frames, luck: list(duplicate(frames, luck, 0.2)),
    lambda frames, luck: [frame[:-1] if luck.random() < 0.2 else frame for frame in frames],
)  # fmt: skip
"""Ways to ill-treat what was sent."""
