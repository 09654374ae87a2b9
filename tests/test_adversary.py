"""Nobody loses more than the stores have declared, however long each of them is cut off."""

import tempfile
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.desk.homes import leasing
from edge.desk.homes.leasing import Leasing
from simulators.cloud.lots import Lots
from tests.adversary import VERBS, Act, judge, plan, raid
from tests.away_kit import PRICE
from tests.virtual_time import run

ACTS = st.lists(
    st.builds(
        Act, st.sampled_from(VERBS), st.integers(0, 2), st.integers(0, 2), st.integers(1, 3000)
    ),
    max_size=25,
)


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_stores_and_a_day_of_cut_lines_lose_nothing_within_their_leases(
    tmp_path: Path, seed: int
) -> None:
    acts = plan(seed, 10, 120)
    found = run(raid(acts, tmp_path, seed=seed, boxes=10, overdraft=0, risked=False))
    judge(found)
    assert found.spent > PRICE
    assert found.refused
    assert not found.lost.total()


def test_stores_that_answer_for_more_lose_at_most_that(tmp_path: Path) -> None:
    acts = plan(7, 10, 160)
    found = run(raid(acts, tmp_path, seed=7, boxes=10, overdraft=PRICE, risked=True))
    judge(found)


def _forgets_what_it_took(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Leasing, "_known", lambda *_, **__: False)
    honest = leasing._key
    seen = count()
    patch.setattr(leasing, "_key", lambda *given, **more: f"{honest(*given, **more)}/{next(seen)}")


def _cloud_forgets_where_parts_are(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lots, "_place", _placed_but_for_returns(Lots._place))


def _placed_but_for_returns(honest: Any) -> Any:
    """Let the cloud forget that a part it carves out is at a box."""

    def place(self: Lots, lot: str, box: str, amount: int, money: int) -> None:
        if amount < 0 or self._part(lot, box) is not None:
            honest(self, lot, box, amount, money)

    return place


@pytest.mark.parametrize("plant", [_forgets_what_it_took, _cloud_forgets_where_parts_are])
def test_a_lease_that_counts_twice_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        _raids(range(20, 24), tmp_path)


def _raids(seeds: Iterable[int], folder: Path) -> None:
    for seed in seeds:
        acts, here = plan(seed, 5, 120), folder / str(seed)
        judge(run(raid(acts, here, seed=seed, boxes=5, overdraft=0, risked=False)))


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS, overdraft=st.sampled_from([0, 0, 500]))
def test_no_plan_of_an_adversary_beats_the_bound(acts: list[Act], overdraft: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        judge(run(raid(acts, Path(folder), seed=3, boxes=3, overdraft=overdraft, risked=False)))
