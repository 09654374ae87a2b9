"""The oracle finds what it is there to find: each mistake made on purpose breaks some day."""

from pathlib import Path

import pytest

from edge.journal import JournalBroken
from tests.oracle.planted import PLANTED, Planted
from tests.oracle.recorder import Violation
from tests.voyage import run_day

SEEDS_MAX = 200


def broken_day(planted: Planted, folder: Path) -> tuple[int, str]:
    """Return the seed of the first day that goes wrong, and what goes wrong.

    The box's own asserts count as well: they stay on in a shop.
    """
    for seed in range(planted.seed, SEEDS_MAX):
        with pytest.MonkeyPatch.context() as patch:
            planted.plant(patch)
            try:
                run_day(seed, folder / str(seed))
            except (Violation, JournalBroken, AssertionError) as found:
                return seed, f"{type(found).__name__}: {found}"
    raise AssertionError(f"{planted.what}: {SEEDS_MAX} days and nobody noticed")


@pytest.mark.parametrize("planted", PLANTED, ids=[planted.what for planted in PLANTED])
def test_a_mistake_made_on_purpose_is_found(planted: Planted, tmp_path: Path) -> None:
    seed, found = broken_day(planted, tmp_path)
    print(f"{planted.what}: seed {seed}: {found[:200]}")


def test_there_are_enough_mistakes() -> None:
    assert len({planted.what for planted in PLANTED}) == len(PLANTED) >= 15
