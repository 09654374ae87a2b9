"""Bad luck on a wire, from a seed: the same seed, the same day.

Pure generators over a `random.Random`; the caller brings the data and the luck. `chance` is
between 0 (never) and 1 (always).
"""

import random
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def chunks(data: bytes, luck: random.Random) -> Iterator[bytes]:
    """Cut bytes anywhere, as wires do: nothing lost, nothing reordered, no piece empty."""
    while data:
        size = luck.randint(1, len(data))
        yield data[:size]
        data = data[size:]


def garble(frames: Iterable[bytes], luck: random.Random, chance: float) -> Iterator[bytes]:
    """Flip one bit of some bytes; lengths stay."""
    for frame in frames:
        yield bytes(b ^ 1 << luck.randrange(8) if luck.random() < chance else b for b in frame)


def drop(items: Iterable[T], luck: random.Random, chance: float) -> Iterator[T]:
    """Lose some."""
    return (item for item in items if luck.random() >= chance)


def duplicate(items: Iterable[T], luck: random.Random, chance: float) -> Iterator[T]:
    """Have some arrive twice in a row."""
    for item in items:
        yield item
        if luck.random() < chance:
            yield item


def delay(
    items: Iterable[T], luck: random.Random, delay_seconds_max: float
) -> Iterator[tuple[float, T]]:
    """Give each item the seconds it is late by: up to the maximum, most of them little.

    Late items may overtake each other: sort by sending time plus delay to know the order.
    """
    return ((delay_seconds_max * luck.random() ** 3, item) for item in items)
