"""The write-ahead log: short under any load, gone after a clean end, and never moved by SQLite."""

import asyncio
from pathlib import Path

import apsw
import pytest

from edge.config import Disk
from edge.journal import Draft, Journal, JournalBroken, connect, pages
from edge.journal.log import WAL_PAGES_PASSIVE, Log
from edge.writer import Commit, Done, Fail, Idle, ThreadWriter
from tests.test_journal import Onlooker, chain_holds, draft, read

MIB = 1 << 20
FACTS = 100_000


def wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


async def load(journal: Journal, facts: int, body: bytes) -> None:
    """Place as fast as the bound allows, which is how a store in a rush does it."""
    placed, durable = 0, None
    while placed < facts:
        while placed < facts and not journal.full:
            one = Draft("pos-1", f"{placed:08}", "00" * 32, "sale.v1", body)
            durable = journal.place(one, None, placed)[1]
            placed += 1
        assert durable is not None
        await durable


async def test_a_hundred_thousand_facts_leave_it_short(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    disk = Disk(waiting_facts_max=1_000, wal_bytes_max=4 * MIB)
    journal = Journal(path, Onlooker(), ThreadWriter(), disk)
    longest = 0

    def look() -> None:
        nonlocal longest
        longest = max(longest, wal(path).stat().st_size)

    journal.on_commit = look
    await load(journal, FACTS, b" " * 300)
    assert 4 * MIB < longest < 6 * MIB, "the cap, and what one commit adds to it"
    assert path.stat().st_size > 40 * MIB, "and all of it went into the file"
    await journal.close()
    assert not wal(path).exists()
    assert not path.with_name("journal.db-shm").exists()
    db = connect(path, writable=False)
    assert db.execute("select count(*) from page").fetchone() == (FACTS,)
    assert chain_holds(pages(db, 0, 2_000))
    db.close()


async def test_whoever_reads_for_long_puts_it_off_and_no_sale(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    disk = Disk(wal_bytes_max=MIB)
    journal = Journal(path, Onlooker(), ThreadWriter(), disk)
    await load(journal, 10, b" " * 1_000)
    reader = connect(path, writable=False)
    reader.execute("begin")
    assert reader.execute("select count(*) from page").fetchone() == (10,)
    await load_more(journal, 3_000)
    assert wal(path).stat().st_size > 5 * MIB, "the snapshot is kept for the reader"
    reader.execute("commit")
    await load_more(journal, 3_000, start=3_000)
    grown = journal.state().wal_bytes
    assert grown < 2 * MIB, "as soon as they are done it begins anew"
    assert wal(path).stat().st_size < 8 * MIB
    reader.close()
    await journal.close()


async def load_more(journal: Journal, facts: int, start: int = 0) -> None:
    for number in range(start, start + facts, 100):
        await asyncio.gather(
            *(
                journal.place(
                    Draft("pos-2", f"{each:08}", "00" * 32, "sale.v1", b" " * 2_000), None, 0
                )[1]
                for each in range(number, number + 100)
            )
        )


async def test_a_reader_at_the_end_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, Onlooker(), ThreadWriter())
    await journal.place(draft(1), None, 1)[1]
    reader = connect(path, writable=False)
    reader.execute("begin")
    assert reader.execute("select count(*) from page").fetchone() == (1,)
    await journal.place(draft(2), None, 2)[1]
    await journal.close()
    assert wal(path).stat().st_size > 0
    reader.close()
    assert len(read(path)) == 2


async def test_what_a_kill_left_in_it_is_in_the_file_before_anybody_asks(tmp_path: Path) -> None:
    path, after = tmp_path / "journal.db", tmp_path / "after" / "journal.db"
    after.parent.mkdir()
    journal = Journal(path, Onlooker(), ThreadWriter())
    await journal.place(draft(1), None, 1)[1]
    for name in (path, wal(path)):  # what the disk holds when the power goes
        (after.parent / name.name).write_bytes(name.read_bytes())
    await journal.close()
    assert wal(after).stat().st_size > 0
    again = Journal(after, Onlooker(), ThreadWriter())
    assert again.committed == 1
    assert wal(after).stat().st_size == 0, "flushed into the file"
    await again.close()


def test_it_is_moved_when_there_is_time(tmp_path: Path) -> None:
    db = connect(tmp_path / "journal.db", writable=True)
    log = Log(db, 64 * MIB)
    grow(db, 0, WAL_PAGES_PASSIVE)
    assert log.bytes > 4_000_000
    log.tidy(hurried=True)
    size = (tmp_path / "journal.db").stat().st_size
    log.tidy(hurried=False)
    assert (tmp_path / "journal.db").stat().st_size > size
    before = wal(tmp_path / "journal.db").stat().st_size
    grow(db, WAL_PAGES_PASSIVE, 10)
    assert wal(tmp_path / "journal.db").stat().st_size == before, "it is used again from its start"
    db.close()


def grow(db: apsw.Connection, after: int, facts: int) -> None:
    with db:
        for sequence in range(after + 1, after + facts + 1):
            db.execute(
                "insert into page values(?,1,0,'pos-1',?,'','',zeroblob(3000),x'','')",
                (sequence, f"{sequence:08}"),
            )


class UnmovableLog(ThreadWriter):
    """A writer whose disk refuses every housekeeping after a commit, and no commit."""

    def start(self, commit: Commit, done: Done, fail: Fail, idle: Idle) -> None:
        def refuse(*, hurried: bool) -> None:
            raise apsw.IOError("disk I/O error")

        super().start(commit, done, fail, refuse)


async def test_an_error_while_it_is_moved_is_as_fatal_as_one_in_a_commit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", Onlooker(), UnmovableLog())
    await journal.place(draft(1), None, 1)[1]
    with pytest.raises(JournalBroken, match="IOError"):
        await journal.broken
    with pytest.raises(JournalBroken):
        await journal.place(draft(2), None, 2)[1]
    await journal.close()
    assert len(read(tmp_path / "journal.db")) == 1
