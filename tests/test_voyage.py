"""Fifty days with bad luck, and the proof that a seed is a day."""

from pathlib import Path

import pytest

from tests.voyage import run_day


@pytest.mark.parametrize("seed", range(50))
def test_a_day_with_bad_luck_ends_with_three_books_that_agree(seed: int, tmp_path: Path) -> None:
    day = run_day(seed, tmp_path)
    assert day.sales > 10


def test_the_same_seed_is_the_same_day(tmp_path: Path) -> None:
    first = run_day(4, tmp_path / "a")
    assert run_day(4, tmp_path / "b") == first
    assert run_day(5, tmp_path / "c").digest != first.digest
