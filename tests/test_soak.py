"""The soak says what it did, goes on where it ended, and stops at the first violation."""

import json
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from tests import soak

Options = dict[str, Any]


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return {"minutes": 0, "only": "days", "seed": 7, "resume": tmp_path / "soak.json"}


def fine(seed: int) -> dict[str, Any]:
    return {"seed": seed, "days": 25, "sold": 1}


def broken(seed: int) -> dict[str, Any]:
    raise AssertionError("the books differ")


def run(options: Options, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, dict[str, Any]]:
    code = soak.soak(Namespace(**options))
    said = capsys.readouterr().out
    return code, said, json.loads(said.splitlines()[-1])


def test_it_goes_on_with_new_seeds(
    options: Options, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(soak.SEARCHES, "days", fine)
    code, said, summary = run(options, capsys)
    assert (code, summary["held"], summary["done"]) == (0, True, {"days": 25, "sold": 1})
    assert "days seed 7 " in said
    code, said, summary = run({**options, "seed": None}, capsys)
    assert f"days seed {7 + soak.DAYS_A_ROUND} " in said
    assert summary["done"] == {"days": 50, "sold": 2}


def test_a_violation_ends_it_and_can_be_repeated(
    options: Options, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(soak.SEARCHES, "days", broken)
    code, said, summary = run(options, capsys)
    assert (code, summary["held"]) == (1, False)
    assert summary["violation"]["what"] == "the books differ"
    repeat = re.search(r"repeat it with: (.*)", said)
    assert repeat is not None
    assert repeat[1] == "python -m tests.soak --minutes 0 --only days --seed 7"
