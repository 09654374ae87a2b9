"""The conformance kit for terminals: ours pass, and each broken one is told what it broke."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.conform.command import conform
from simulators.conform.judged import Result
from simulators.conform.terminal.cases import Case, cases
from simulators.conform.terminal.catalogue import codes
from simulators.conform.terminal.moves import Door
from simulators.conform.terminal.playing import play
from tests import conform_codes
from tests.broken_till import PARTS

TILLS = [sys.executable, "-m", "simulators.conform.tills"]


def played(command: list[str], door: Door, *names: str, seconds_max: float = 60.0) -> list[Result]:
    def is_wanted(case: Case) -> bool:
        return not names or case.name in names

    return asyncio.run(play(command, door, is_wanted, seconds_max=seconds_max))


def test_the_kit_knows_every_code_of_the_box() -> None:
    known = {code.code: [code.status, code.retry] for code in codes().values()}
    assert known == conform_codes.codes(), "run python -m tests.conform_codes"


@pytest.mark.parametrize(("kind", "door"), [("handheld", "mqtt"), ("pc_pos", "http")])
def test_our_own_terminals_conform(kind: str, door: Door) -> None:
    results = played([*TILLS, kind], door)
    assert len(results) >= 60
    assert [result for result in results if not result.passed] == []


@pytest.mark.parametrize(
    ("breakage", "case", "reason"),
    [
        ("new_key_each_try", "the answer is lost once", "made a new key for the same sale"),
        ("another_content", "the answer is lost once", "told refused E-KEY-REUSED"),
        ("optimist", "the request is lost once", "told an outcome after 1 tries of 2"),
        ("stubborn", "refused with E-UNKNOWN-PRODUCT", "told sold of a refusal"),
        ("gives_up_too_soon", "a bare 503", "it told refused E-OFFLINE"),
        ("credulous", "instead of an answer, a proxy's page", "after 1 tries of 2"),
        ("never_asks", "given up: it was sold", "without asking"),
        ("forgetful", "the terminal dies: sold, unanswered", "said nothing"),
        ("takes_more", "a price that changed", "took more than the guest was told"),
    ],
)
def test_a_broken_terminal_is_told_what_it_broke(breakage: str, case: str, reason: str) -> None:
    assert case in {known.name for known in cases("http")}
    till = [sys.executable, "-m", "tests.broken_till", breakage]
    (result,) = played(till, "http", case, seconds_max=8.0)
    assert reason in result.reason


def test_every_breakage_is_looked_for() -> None:
    marks = test_a_broken_terminal_is_told_what_it_broke.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks[0].args[1]} == set(PARTS)


# --- the command ----------------------------------------------------------------------------------


def test_the_command_prints_a_badge(tmp_path: Path) -> None:
    badge = tmp_path / "badge.svg"
    asked = ["terminal", "--sample", "pc_pos", "--case", "a sale", "--badge", str(badge)]
    said = CliRunner().invoke(conform, asked)
    assert said.exit_code == 0, said.output
    assert "http 1/1 CONFORMS" in said.output
    assert ">http 1/1<" in badge.read_text()


def test_the_command_says_what_a_broken_one_broke() -> None:
    command = f"{sys.executable} -m tests.broken_till stubborn"
    asked = ["terminal", command, "--case", "refused with E-UNKNOWN-PRODUCT"]
    said = CliRunner().invoke(conform, asked)
    assert said.exit_code == 1
    assert "told sold of a refusal" in said.output
    assert "DOES NOT CONFORM" in said.output
    said = CliRunner().invoke(conform, [*asked, "--json"])
    assert not json.loads(said.stdout)["cases"][0]["passed"]


@pytest.mark.parametrize(
    ("asked", "fix"),
    [
        (["terminal"], "--sample"),
        (["terminal", "--sample", "pc_pos", "--case", "no such"], "--list"),
        (["terminal", "/no/such/program"], "--protocol"),
        (["terminal", "false"], "--protocol"),
        (["terminal", "echo hello"], "--protocol"),
        (["terminal", "unbalanced '"], "--protocol"),
    ],
)
def test_a_wrong_question_says_what_to_do(asked: list[str], fix: str) -> None:
    said = CliRunner().invoke(conform, asked)
    assert said.exit_code == 2
    assert fix in said.output


def test_the_protocol_and_the_cases_can_be_read() -> None:
    assert "EDGEBOX_CONFORM" in CliRunner().invoke(conform, ["terminal", "--protocol"]).output
    listed = CliRunner().invoke(conform, ["terminal", "--list", "--door", "mqtt"]).output
    assert "no answer after the PUBACK: " in listed
