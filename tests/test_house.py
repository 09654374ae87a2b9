"""The house keeps its shape: sizes, names, what may be imported, and a README that tells the truth.

The last part breaks the house on purpose, five times, and sees each breakage caught.
"""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points, version
from pathlib import Path

import click
import pytest

import drivers
from drivers.terminal import OPERATIONS
from edge import VERSION
from edge.journal import Draft, Journal, JournalLocked
from edge.writer import ThreadWriter
from tests.test_journal import Onlooker

ROOT = Path(__file__).parent.parent
LEGS = ("edge", "drivers", "cloud_bridge", "simulators")
LINES_MAX = 400
FUNCTION_LINES_MAX = 50


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize(
    "path", sorted(sources(*LEGS, "tests")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_room_is_crowded(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LINES_MAX, f"{lines} lines: make it a package"
    crowded = {name: size for name, size in functions(path) if size > FUNCTION_LINES_MAX}
    assert not crowded, "a function this long does two things"


def test_nine_of_ten_functions_are_short() -> None:
    sizes = sorted(size for path in sources(*LEGS) for _, size in functions(path))
    assert sizes[len(sizes) * 9 // 10] <= 30


def test_a_driver_is_three_files_with_one_name() -> None:
    names = drivers.available()
    assert "lines_scanner" in names
    for name in names:
        assert drivers.load(name).doc
        assert (ROOT / "simulators" / f"{name}.py").exists()
        assert (ROOT / "tests" / "captures" / f"{name}.txt").exists()


def test_the_version_is_said_the_same_everywhere() -> None:
    assert version("edgebox") == VERSION


def test_the_top_level_is_what_it_should_be() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    folders = {name.split("/")[0] for name in tracked if "/" in name}
    assert folders == {*LEGS, "tests", "scripts", "examples", ".ci"}


# --- the README ---------------------------------------------------------------------------------


README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_names_only_files_that_exist() -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", README))
    folders = "edge|drivers|cloud_bridge|simulators|tests|examples"
    paths = set(re.findall(rf"`((?:{folders})/[^`*{{}}]*)`", README))
    assert links
    missing = {name for name in links | paths if "x." not in name and not (ROOT / name).exists()}
    assert not missing


def test_the_readme_names_only_commands_that_exist() -> None:
    commands = {point.name: point.load() for point in entry_points(group="edgebox.commands")}
    named = re.findall(r"edgebox ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", README)
    assert {name for name, _ in named} >= {"run", "verify", "explain", "config"}
    for name, sub in named:
        assert name in commands
        if isinstance(commands[name], click.Group):
            assert sub in commands[name].commands
    goals = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= goals


def test_the_readme_names_exactly_the_operations_there_are() -> None:
    line = next(line for line in README.splitlines() if "Operations:" in line)
    assert set(re.findall(r"`([a-z_]+)`", line.split("Operations:")[1])) == set(OPERATIONS)


@pytest.mark.parametrize("path", ["README.md", "CHANGELOG.md", "Makefile", "pyproject.toml"])
def test_the_project_stands_alone(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert "../" not in text
    assert "://pypi" not in text


# --- the house, broken on purpose ---------------------------------------------------------------


def lint(code: str, place: str) -> str:
    """Return what ruff says of `code` as if it stood at `place`."""
    return subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--stdin-filename", place, "-"],
        cwd=ROOT, input=code, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip


def test_an_impure_import_in_the_shop_is_caught(tmp_path: Path) -> None:
    for leg in LEGS:
        shutil.copytree(ROOT / leg, tmp_path / leg)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    good = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout
    money = tmp_path / "edge" / "shop" / "money.py"
    money.write_text(money.read_text("utf-8") + "\nimport socket\n", "utf-8")
    broken = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert broken.returncode != 0
    assert "The shop is pure BROKEN" in broken.stdout


def test_a_room_without_a_floor_is_caught(tmp_path: Path) -> None:
    for leg in LEGS:
        shutil.copytree(ROOT / leg, tmp_path / leg)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "edge" / "attic.py").write_text('"""Nobody gave it a floor."""\n')
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    broken = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert broken.returncode != 0
    assert "attic" in broken.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import time\n\nNOW = time.time()\n",
        "from time import monotonic\n\nNOW = monotonic()\n",
        "import datetime\n\nNOW = datetime.datetime.now(datetime.UTC)\n",
        "import random\n",
        "import uuid\n",
    ],
)
def test_a_hidden_clock_or_dice_is_caught(code: str) -> None:
    assert "TID251" in lint(f'"""A room."""\n\n{code}', "edge/desk/pins.py")
    assert "TID251" not in lint(f'"""A room."""\n\n{code}', "edge/world.py")


@pytest.mark.parametrize("module", ["sqlite3", "apsw"])
def test_a_second_writer_in_the_code_is_caught(module: str) -> None:
    assert "TID251" in lint(f'"""A room."""\n\nimport {module}\n', "edge/desk/placing.py")


async def test_a_second_writer_on_the_file_is_caught(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    with pytest.raises(JournalLocked):
        Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    await journal.close()


async def test_an_early_bookmark_is_caught(tmp_path: Path) -> None:
    """A bookmark on what is not durable; one on what the cloud has not is test_bridge's."""
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    durable = journal.place(Draft("pos-1", "k", "0", "sale.v1", b"{}"), None, now=1)[1]
    with pytest.raises(AssertionError):
        journal.move_bookmark("cloud", 1)
    await durable
    await journal.move_bookmark("cloud", 1)
    await journal.close()
