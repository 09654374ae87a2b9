"""A search over seeds goes on where it was ended, and counts nothing of a seed that failed."""

import json
from pathlib import Path

import pytest

from simulators.contract import names
from tests import seeds
from tests.figures import Figures, added

WITH = "python -m tests.seeds days"


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds that were lived through; the fifth breaks a promise."""
    found: list[int] = []

    def live(seed: int, folder: Path) -> Figures:
        assert folder.is_dir()
        assert seed != 5, "the books differ"
        found.append(seed)
        return {"days": 1, "counts": {"sell done": seed}}

    monkeypatch.setattr(seeds, "SEARCHES", {"days": live})
    monkeypatch.setattr(seeds, "KEPT_SECONDS", 0.0)
    return found


def test_it_goes_on_where_it_ended(tmp_path: Path, lived: list[int]) -> None:
    kept = tmp_path / "days.json"
    seeds.search("days", 2, 2, kept, WITH)
    seeds.search("days", 8, 1, kept, WITH)
    seeds.search("days", 1, 4, kept, WITH)
    assert lived == [2, 3, 8, 1, 4]
    found = json.loads(kept.read_text("utf-8"))
    assert (found["made_with"], found["seeds"]) == (WITH, [[1, 4], [8, 8]])
    assert found["violations"] == 0
    assert found["done"] == {**found["done"], "days": 5, "counts": {"sell done": 18}}


def test_a_violation_names_its_seed_and_is_tried_again(tmp_path: Path, lived: list[int]) -> None:
    kept = tmp_path / "days.json"
    for _ in range(2):
        with pytest.raises(AssertionError, match="the books differ") as caught:
            seeds.search("days", 4, 3, kept, WITH)
        assert caught.value.__notes__ == [
            "python -m tests.seeds days --first 5 --count 1 --evidence FILE"
        ]
    assert lived == [4]
    assert json.loads(kept.read_text("utf-8"))["seeds"] == [[4, 4]]


def test_every_driver_has_its_turn_with_new_junk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds, "JUNK_ROUNDS", 2)
    figures: Figures = {}
    for seed in range(2 * len(names())):
        figures = added(figures, seeds.junk(seed, tmp_path))
    fed = {check: 4 for check in seeds.JUNK}
    assert figures == {"junk": 12 * len(names()), **dict.fromkeys(names(), fed)}


def test_figures_add_up_by_name_whatever_is_in_them() -> None:
    one: Figures = {"images": 2, "by": {"restore": 1}, "seconds": 0.1, "found": "whole"}
    other: Figures = {"images": 3, "by": {"restore": 2, "rebuild": 5}, "found": "half"}
    assert added(one, other) == {
        "images": 5, "by": {"restore": 3, "rebuild": 5}, "seconds": 0.1, "found": "half",
    }  # fmt: skip
