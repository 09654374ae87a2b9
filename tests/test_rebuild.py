"""The book made again from the pages: asked to, after another layout, however often killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.book import Book
from edge.book.rebuild import PAGES_A_STEP, fit, reason_to_rebuild
from edge.commands.books import rebuild, verify
from edge.journal import Journal, JournalLocked, connect, lock
from edge.verify import verify as verify_books
from edge.writer import ThreadWriter
from simulators.premises import Plan, furnish
from tests import big_journal

FACTS = 2 * PAGES_A_STEP + 7


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "journal.db"
    big_journal.write(path, FACTS, members=300)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    premises = furnish(tmp_path, Plan("http://127.0.0.1:1", {"cloud-1": bytes(32)}))
    state = premises.config_path.parent / "state"
    state.mkdir(exist_ok=True)
    shutil.copy(made, state / "journal.db")
    return state / "journal.db"


def content(path: Path) -> list[tuple[object, ...]]:
    """Return every row of the book."""
    db = connect(path, writable=False)
    tables = ("entry", "lot", "counter", "trail", "standing")
    rows = [(table, *row) for table in tables for row in db.execute(f"select * from {table}")]
    db.close()
    return rows


def change(path: Path, statement: str) -> None:
    db = connect(path, writable=True)
    db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update standing set value = '1' where name = 'layout'", "its layout is 1"),
        ("delete from standing where name = 'layout'", "it is not whole"),
        ("delete from standing where name = 'folded'", "it ends with page 0"),
        ("drop table lot", "there is no book of this layout yet"),
        ("update standing set value = '{' where name = 'folded'", "the book cannot be read"),
    ],
)
def test_a_start_makes_a_book_again_that_is_no_use(path: Path, statement: str, reason: str) -> None:
    good = content(path)
    assert not reason_to_rebuild(path)
    change(path, statement)
    assert reason_to_rebuild(path).startswith(reason)
    fit(path, "UTC")
    assert not reason_to_rebuild(path)
    assert content(path) == good
    report = verify_books(path)
    assert report.books_agree, report.findings


def test_a_start_with_a_good_book_reads_no_page(path: Path) -> None:
    before = path.read_bytes()
    fit(path, "UTC")
    assert path.read_bytes() == before


def test_the_command_makes_it_again_also_when_it_seemed_good(path: Path, tmp_path: Path) -> None:
    good = content(path)
    change(path, "update lot set amount = amount + 1 where id in (select id from lot limit 1)")
    assert not verify_books(path).books_agree
    config = str(tmp_path / "store.toml")
    done = CliRunner().invoke(rebuild, ["--config", config, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["facts"] == FACTS
    assert content(path) == good
    done = CliRunner().invoke(verify, ["--config", config])
    assert done.exit_code == 0, done.output
    assert f"the books agree: {FACTS} facts" in done.stdout


def test_the_command_leaves_a_running_box_alone(path: Path, tmp_path: Path) -> None:
    held = lock(path)
    before = path.read_bytes()
    done = CliRunner().invoke(rebuild, ["--config", str(tmp_path / "store.toml")])
    assert done.exit_code == 70
    assert "stop the box first" in done.stderr
    with pytest.raises(JournalLocked):
        lock(path)
    assert path.read_bytes() == before
    os.close(held)


def test_a_page_that_holds_no_fact_stops_it_with_its_number(path: Path, tmp_path: Path) -> None:
    change(path, "drop trigger page_is_never_changed")
    change(path, "update page set body = cast('{}' as blob) where sequence = 77")
    done = CliRunner().invoke(rebuild, ["--config", str(tmp_path / "store.toml")])
    assert done.exit_code == 70
    assert "page 77 holds no fact" in done.stderr


REBUILD = """
import os, sys
from pathlib import Path
from edge.book.rebuild import rebuild

def progress(done, everything):
    if done >= int(sys.argv[2]):
        os.kill(os.getpid(), 9)

rebuild(Path(sys.argv[1]), progress)
"""


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_killed_at_any_step_the_next_start_goes_on(path: Path, steps: int) -> None:
    good = content(path)
    killed = subprocess.run(
        [sys.executable, "-c", REBUILD, str(path), str(steps * PAGES_A_STEP)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert reason_to_rebuild(path)
    fit(path, "UTC")
    assert content(path) == good


async def test_a_new_journal_has_a_book_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    assert not reason_to_rebuild(path)
    journal = Journal(path, fit(path, "UTC"), ThreadWriter())
    await journal.close()
    assert not reason_to_rebuild(path)


def test_a_book_that_is_no_use_is_never_opened(path: Path) -> None:
    change(path, "delete from standing where name = 'layout'")
    db = connect(path, writable=False)
    with pytest.raises(AssertionError, match="no use: it is not whole"):
        Book().opened(db)
    db.close()
