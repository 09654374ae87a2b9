"""The mutation run makes the mistakes it says, sees which are found, and harms nothing."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.mutants import Mutant, mutants
from tests.mutation import outcome, record

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
"""Threads that other tests left behind are not needed in a fork."""

SOURCE = '''
"""Weigh things."""

class Scales:
    @property
    def idle(self):
        """Say nothing of "this"."""
        return not self.load

    load = 0


def heavier(a: int, b: int = 1) -> int:
    assert b > 0, "what weighs nothing"
    return max(a, b)


def off_zero(weight):
    return -weight if weight < 0 else weight


def count_down(number):
    while number:
        number -= 1
    return number
'''

IF_BELOW = "weight if weight < 0 else weight"


@pytest.fixture
def scales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("scales")
    module.__file__ = str(tmp_path / "scales.py")
    Path(module.__file__).write_text(SOURCE, "utf-8")
    exec(SOURCE, vars(module))
    monkeypatch.setitem(sys.modules, "scales", module)
    return module


def mutant(after: str) -> Mutant:
    return next(one for one in mutants("scales", SOURCE) if one.after == after)


def test_what_is_mistaken() -> None:
    assert [(one.function, one.before, one.after) for one in mutants("scales", SOURCE)] == [
        ("Scales.idle", "return not self.load", "return self.load"),
        ("heavier", "b > 0", "b >= 0"),
        ("heavier", "b > 0", "b > 1"),
        ("heavier", "max(a, b)", "min(a, b)"),
        ("off_zero", "weight < 0", "weight <= 0"),
        ("off_zero", "weight < 0", "weight < 1"),
        ("off_zero", f"-{IF_BELOW}", IF_BELOW),
        ("count_down", "number", "not number"),
        ("count_down", "number -= 1", "number += 1"),
        ("count_down", "number -= 1", "number -= 2"),
    ]


def test_a_mistake_is_found_or_not_and_is_gone_afterwards(scales: Any) -> None:
    borrowed = scales.heavier  # as `from scales import heavier` binds it
    assert outcome(mutant("min(a, b)"), lambda: borrowed(2, 3) == 3, 5) == "killed"
    assert outcome(mutant("return self.load"), lambda: scales.Scales().idle, 5) == "killed"
    assert borrowed(2, 3) == 3


def test_what_no_test_can_tell_survives(scales: Any) -> None:
    def passes() -> bool:
        return [scales.off_zero(n) for n in (-2, 0, 2)] == [2, 0, 2]

    assert outcome(mutant("weight <= 0"), passes, 5) == "survived"
    assert outcome(mutant(IF_BELOW), passes, 5) == "killed"


def test_what_never_ends_is_found(scales: Any) -> None:
    assert outcome(mutant("number += 1"), lambda: scales.count_down(3) == 0, 0) == "timed out"


def test_who_calls_what_is_recorded(scales: Any) -> None:
    called: set[str] = set()
    record(scales, called)
    assert scales.heavier(2, 3) == 3
    assert scales.Scales().idle
    assert called == {"scales.heavier", "scales.Scales.idle"}
