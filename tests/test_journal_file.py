"""The journal's file: who may open it, what is refused untouched, and how an old one is renewed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import PIPE

import apsw
import pytest
from sqlite_utils import Database

from edge.journal import (
    SCHEMA_VERSION,
    Journal,
    JournalForeign,
    JournalLocked,
    JournalNewer,
    JournalNotMigrated,
    connect,
    lock,
)
from edge.journal.file import read_header
from edge.journal.migrating import migrate
from edge.verify import verify
from edge.writer import ThreadWriter
from tests import big_journal
from tests.test_journal import Onlooker, chain_holds, draft, read

Looks = Mapping[str, tuple[int, bytes]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def write_some(path: Path, facts: int = 20) -> None:
    journal = Journal(path, Onlooker(), ThreadWriter())
    await asyncio.gather(
        *(journal.place(draft(journal.committed + n), None, n)[1] for n in range(facts))
    )
    await journal.close()


def look(folder: Path) -> Looks:
    """Return every file's time and bytes, but for the lock, which holds nothing."""
    return {
        each.name: (each.stat().st_mtime_ns, each.read_bytes())
        for each in folder.iterdir()
        if each.suffix != ".lock"
    }


# --- refused, and not touched -------------------------------------------------------------------


@pytest.mark.parametrize("writable", [True, False])
async def test_a_newer_file_is_refused_untouched(path: Path, *, writable: bool) -> None:
    await write_some(path)
    db = connect(path, writable=True)
    db.pragma("user_version", SCHEMA_VERSION + 1)
    db.close()
    before = look(path.parent)
    assert before.keys() == {"journal.db"}
    with pytest.raises(JournalNewer, match=f"up to {SCHEMA_VERSION}"):
        connect(path, writable=writable)
    with pytest.raises(JournalNewer):
        Journal(path, Onlooker(), ThreadWriter())
    assert look(path.parent) == before
    os.close(lock(path))  # and nothing is held


@pytest.mark.parametrize("writable", [True, False])
def test_another_programs_database_is_refused_untouched(path: Path, *, writable: bool) -> None:
    db = apsw.Connection(str(path))
    db.execute("create table theirs(a); pragma application_id = 42; pragma user_version = 1")
    db.close()
    before = look(path.parent)
    with pytest.raises(JournalForeign, match="another program"):
        connect(path, writable=writable)
    assert look(path.parent) == before


@pytest.mark.parametrize("content", [b"x", b"a text that somebody saved here by mistake\n" * 9])
def test_what_is_no_database_is_refused_untouched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    before = look(path.parent)
    with pytest.raises(JournalForeign, match="no SQLite database"):
        connect(path, writable=True)
    assert look(path.parent) == before


def test_a_file_made_and_never_written_is_a_new_journal(path: Path) -> None:
    path.touch()
    connect(path, writable=True).close()
    assert read_header(path).version == SCHEMA_VERSION


# --- pages stay in order --------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", [1, 20, 22, 0, -1])
async def test_a_page_is_neither_replaced_nor_out_of_turn(path: Path, sequence: int) -> None:
    await write_some(path)
    db = connect(path, writable=True)
    for verb in ("insert", "insert or replace"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            db.execute(f"{verb} into page values(?,1,0,'x','x','','',x'',x'','')", (sequence,))
    db.close()
    assert chain_holds(read(path))


# --- an older file --------------------------------------------------------------------------------


NEWER = {"page_follows_the_last", "page_sums_to_zero"}
"""What files of version 1 do not have."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with its book, as version 1 was."""
    path = tmp_path_factory.mktemp("grown") / "journal.db"
    big_journal.write(path, 300)
    db = apsw.Connection(str(path))
    for trigger in NEWER:
        db.execute(f"drop trigger {trigger}")
    db.pragma("user_version", 1)
    db.pragma("journal_mode", "wal")
    db.close()
    return path


@pytest.fixture
def old(path: Path, grown: Path) -> Iterator[Path]:
    shutil.copy(grown, path)
    yield path
    assert verify(path).books_agree
    assert verify(path).facts == 300


def triggers(path: Path) -> set[str]:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = {name for (name,) in db.execute("select name from sqlite_schema where type='trigger'")}
    db.close()
    return found


def test_an_older_file_is_renewed_and_a_copy_is_kept(old: Path) -> None:
    content = old.read_bytes()
    db = connect(old, writable=True)
    db.close()
    assert read_header(old).version == SCHEMA_VERSION
    assert triggers(old) > NEWER
    kept = old.with_name("journal.v1.db")
    assert read_header(kept).version == 1
    assert not triggers(kept) & NEWER
    # But for the two bytes that say how it is written: they are rollback's until it is opened.
    assert kept.read_bytes()[20:24] + kept.read_bytes()[100:] == content[20:24] + content[100:]
    assert verify(kept).facts == 300


def test_reading_an_older_file_renews_nothing(old: Path) -> None:
    connect(old, writable=False).close()
    assert read_header(old).version == 1


def test_the_log_of_an_older_file_is_not_lost(old: Path, tmp_path: Path) -> None:
    db = apsw.Connection(str(old))
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    db.execute("insert into bookmark values('cloud', 7)")
    db.close()
    assert old.with_name("journal.db-wal").stat().st_size > 0
    db = connect(old, writable=True)
    assert db.execute("select sequence from bookmark").fetchone() == (7,)
    db.close()


def test_a_step_that_fails_leaves_the_version_before_it(old: Path) -> None:
    def half(db: Database) -> None:
        db.execute("create table half_done(a)")

    def fail(db: Database) -> None:
        half(db)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        migrate(old, {2: lambda db: None, 3: fail})
    assert read_header(old).version == 2
    assert migrate(old, {2: fail, 3: half}) == old.with_name("journal.v2.db")
    assert read_header(old).version == 3
    assert not migrated_again(old)
    db = apsw.Connection(str(old))
    db.execute(f"drop table half_done; pragma user_version = {SCHEMA_VERSION}")
    db.close()


def migrated_again(path: Path) -> bool:
    before = path.read_bytes()
    migrate(path, {2: drop_pages})
    return path.read_bytes() != before


def drop_pages(db: Database) -> None:
    db.execute("drop table page")


def test_without_room_for_the_copy_nothing_is_changed(old: Path) -> None:
    (old.parent / "journal.v1.partial").mkdir()  # nothing can be written there
    with pytest.raises(JournalNotMigrated, match="no copy could be kept"):
        connect(old, writable=True)
    assert read_header(old).version == 1


# --- one at a time --------------------------------------------------------------------------------


def test_the_lock_goes_with_whoever_holds_it(path: Path) -> None:
    holds = (
        "import sys, time; from pathlib import Path; from edge.journal import lock;"
        "lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", holds, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(JournalLocked, match="another edgebox"):
        lock(path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    os.close(lock(path))


def test_a_program_we_start_does_not_inherit_the_lock(path: Path) -> None:
    held = lock(path)
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, close_fds=False, stdin=PIPE, stdout=PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # until it says something, it may not be that program yet
        os.close(held)
        os.close(lock(path))  # though the child still runs
        assert child.poll() is None
