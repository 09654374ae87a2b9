"""verify: no row of the book can be changed, added or lost unseen, and its page is named."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.book.changes import changes
from edge.book.skimming import skim
from edge.commands.books import verify as verify_command
from edge.journal import connect, pages
from edge.letters import read
from edge.verify import verify
from tests import big_journal

FACTS = 500


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "journal.db"
    big_journal.write(path, FACTS, members=80)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "journal.db"))


def change(path: Path, *statements: str) -> None:
    db = connect(path, writable=True)
    for statement in statements:
        db.execute(statement)
    db.close()


def test_a_big_journal_is_sound_and_told_how_far_it_is(path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = verify(path, lambda done, everything: seen.append((done, everything)))
    assert report.books_agree, report.findings
    assert (report.facts, report.waiting) == (FACTS, FACTS)
    assert report.facts_per_second > 0
    assert seen == [(0, FACTS)]


ONE = {
    "entry": "(account, unit, sequence) = (select account, unit, sequence from entry"
    " where account like 'member:%' limit 1 offset 20)",
    "lot": "id = (select id from lot limit 1 offset 20)",
    "counter": "(per, subject, rule) = (select per, subject, rule from counter where per ="
    " 'member' limit 1 offset 5)",
    "trail": "(topic, subject, sequence) = (select topic, subject, sequence from trail"
    " limit 1 offset 20)",
    "milestone": "sequence = 300",
}
CHANGED = {
    "entry": ["amount", "total", "account", "sequence"],
    "lot": [
        "id", "member", "unit", "opened", "active_from", "expires", "issuer", "terms", "origin",
        "home", "kind", "amount", "money", "lapsed", "sequence",
    ],
    "counter": ["per", "subject", "rule", "uses", "units", "amount", "day", "sequence"],
    "trail": ["topic", "subject", "sequence", "kind"],
    "milestone": ["sequence", "sold", "recovered"],
}  # fmt: skip


@pytest.mark.parametrize("table", ONE)
def test_every_column_of_every_table_is_compared(path: Path, table: str) -> None:
    db = connect(path, writable=True)
    numbers = {str(row[1]) for row in db.execute(f"pragma table_info({table})")
               if row[2] == "INTEGER"}  # fmt: skip
    columns = {str(row[1]) for row in db.execute(f"pragma table_info({table})")}
    db.close()
    totals = {"unit"} if table == "entry" else set()
    assert {*CHANGED[table]} | totals == columns
    for column in CHANGED[table]:
        value = f"{column} + 1000000" if column in numbers else f"{column} || 'x'"
        bad = Path(shutil.copy(path, path.with_name("bad.db")))
        change(bad, f"update {table} set {column} = {value} where {ONE[table]}")
        report = verify(bad)
        assert not report.books_agree, column
        assert all(found.sequence is not None for found in report.findings), report.findings


@pytest.mark.parametrize("table", ONE)
def test_a_lost_row_and_one_too_many_are_named_with_their_page(path: Path, table: str) -> None:
    db = connect(path, writable=False)
    row = db.execute(f"select * from {table} where {ONE[table]}").fetchone()
    names = [str(found[1]) for found in db.execute(f"pragma table_info({table})")]
    db.close()
    assert row is not None
    page = row[names.index("sequence")]
    bad = Path(shutil.copy(path, path.with_name("bad.db")))
    change(bad, f"delete from {table} where {ONE[table]}")
    assert page in {found.sequence for found in verify(bad).findings}
    first = {"counter": "subject", "milestone": "sequence"}.get(table, names[0])
    changed = "sequence + 50" if first == "sequence" else f"{first} || 'x'"
    page += 50 * (first == "sequence")
    other = ", ".join(changed if name == first else name for name in names)
    bad = Path(shutil.copy(path, path.with_name("bad.db")))
    change(bad, f"insert into {table} select {other} from {table} where {ONE[table]}")
    assert page in {found.sequence for found in verify(bad).findings}


@pytest.mark.parametrize("name", ["standing", "folded", "layout"])
def test_what_the_book_says_of_itself_is_checked(path: Path, name: str) -> None:
    change(path, f"update standing set value = value || '1' where name = '{name}'")
    report = verify(path)
    assert not report.books_agree
    assert report.findings[0].sequence == FACTS


@pytest.mark.parametrize("table", [*ONE, "standing", "bookmark"])
def test_a_table_that_is_gone_is_a_finding(path: Path, table: str) -> None:
    change(path, f"drop table {table}")
    report = verify(path)
    assert not report.books_agree
    assert report.facts == FACTS


def test_a_file_that_is_cut_anywhere_is_no_traceback(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for cut in range(10):
        bad = tmp_path / "cut.db"
        bad.write_bytes(whole[: len(whole) * cut // 10])
        done = CliRunner().invoke(verify_command, ["--journal", str(bad), "--json"])
        assert done.exit_code in (1, 70), done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)


def test_the_command_on_no_terminal_prints_json_and_nothing_else(path: Path) -> None:
    command = [sys.executable, "-m", "edge", "verify", "--journal", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["facts"] == FACTS


def test_a_fact_that_is_skimmed_changes_what_the_whole_fact_does(path: Path) -> None:
    db = connect(path, writable=False)
    for page in pages(db, 0):
        kind, fact = skim(page)
        assert kind == page.kind
        whole = changes(page, read(page.body), lambda _: None)
        assert changes(page, fact, lambda _: None) == whole
    db.close()
