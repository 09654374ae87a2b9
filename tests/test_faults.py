"""Bad luck is what it says, and the same for the same seed."""

import random

from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import chunks, delay, drop, duplicate, garble

SEEDS = st.integers(0, 2**32)
FRAMES = st.lists(st.binary(max_size=20), max_size=20)
CHANCES = st.floats(0, 1)


@given(data=st.binary(), seed=SEEDS)
def test_chunks_lose_nothing(data: bytes, seed: int) -> None:
    pieces = list(chunks(data, random.Random(seed)))
    assert b"".join(pieces) == data
    assert all(pieces)
    assert pieces == list(chunks(data, random.Random(seed)))


@given(frames=FRAMES, seed=SEEDS)
def test_garbling_flips_one_bit_of_each_unlucky_byte(frames: list[bytes], seed: int) -> None:
    assert list(garble(frames, random.Random(seed), 0)) == frames
    garbled = list(garble(frames, random.Random(seed), 1))
    assert [len(frame) for frame in garbled] == [len(frame) for frame in frames]
    for before, after in zip(b"".join(frames), b"".join(garbled), strict=True):
        assert (before ^ after).bit_count() == 1


@given(frames=FRAMES, seed=SEEDS, chance=CHANCES)
def test_dropping_and_doubling_keep_the_order(
    frames: list[bytes], seed: int, chance: float
) -> None:
    numbered = list(enumerate(frames))
    kept = list(drop(numbered, random.Random(seed), chance))
    assert [item for item in numbered if item in kept] == kept
    doubled = list(duplicate(numbered, random.Random(seed), chance))
    assert doubled == sorted(doubled)
    assert list(dict.fromkeys(doubled)) == numbered
    assert list(drop(numbered, random.Random(seed), 1)) == []
    assert len(list(duplicate(numbered, random.Random(seed), 1.01))) == 2 * len(numbered)


@given(frames=FRAMES, seed=SEEDS)
def test_delays_stay_below_their_maximum(frames: list[bytes], seed: int) -> None:
    late = list(delay(frames, random.Random(seed), 3.0))
    assert [frame for _, frame in late] == frames
    assert all(0 <= seconds < 3.0 for seconds, _ in late)
    assert late == list(delay(frames, random.Random(seed), 3.0))
