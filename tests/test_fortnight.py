"""Two weeks without a cloud: the same prices as with one, and the same books when it is back."""

from pathlib import Path

import pytest

from tests.fortnight import run_two_weeks

BASKETS = 120


@pytest.mark.parametrize("seed", [1, 2])
def test_two_weeks_without_a_cloud(seed: int, tmp_path: Path) -> None:
    lived = run_two_weeks(seed, tmp_path, BASKETS)
    assert lived.baskets == BASKETS
    assert lived.waiting >= lived.sales >= BASKETS // 10
