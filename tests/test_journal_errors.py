"""Whatever the disk refuses is fatal, at once and for good: nobody is told, a restart recovers."""

import asyncio
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.config import Disk
from edge.journal import Draft, Journal, JournalBroken, JournalMistaken
from edge.writer import ThreadWriter
from simulators.request_keys import new_key
from tests.bench.shop import BASKET
from tests.flaky_disk import Fault, FlakyDisk, flaky_disk, told
from tests.stand import stand
from tests.test_journal import Onlooker, chain_holds, draft, read

DATABASE, WAL = "journal.db", "journal.db-wal"
TOLD = 5
"""Facts that are durable before the disk fails."""

IN_A_COMMIT = [
    Fault("sync", WAL, apsw.SQLITE_IOERR_FSYNC),
    Fault("write", WAL, apsw.SQLITE_IOERR_WRITE),
    Fault("write", WAL, apsw.SQLITE_FULL),
    Fault("write", WAL, apsw.SQLITE_READONLY),
]
IN_A_CHECKPOINT = [
    Fault("sync", WAL, apsw.SQLITE_IOERR_FSYNC),
    Fault("read", WAL, apsw.SQLITE_IOERR_READ),
    Fault("write", DATABASE, apsw.SQLITE_IOERR_WRITE),
    Fault("write", DATABASE, apsw.SQLITE_FULL),
    Fault("sync", DATABASE, apsw.SQLITE_IOERR_FSYNC),
]
AT_THE_END = [*IN_A_CHECKPOINT, Fault("truncate", WAL, apsw.SQLITE_IOERR_TRUNCATE)]
EVERY_CLASS = [
    apsw.SQLITE_IOERR, apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_SHORT_READ,
    apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC,
    apsw.SQLITE_IOERR_TRUNCATE, apsw.SQLITE_IOERR_FSTAT, apsw.SQLITE_IOERR_LOCK,
    apsw.SQLITE_IOERR_SHMMAP, apsw.SQLITE_IOERR_MMAP, apsw.SQLITE_IOERR_CORRUPTFS,
    apsw.SQLITE_IOERR_NOMEM, apsw.SQLITE_FULL, apsw.SQLITE_READONLY,
    apsw.SQLITE_READONLY_DBMOVED, apsw.SQLITE_CORRUPT, apsw.SQLITE_CORRUPT_INDEX,
    apsw.SQLITE_NOTADB, apsw.SQLITE_CANTOPEN, apsw.SQLITE_PROTOCOL, apsw.SQLITE_NOMEM,
    apsw.SQLITE_BUSY, apsw.SQLITE_BUSY_SNAPSHOT, apsw.SQLITE_LOCKED, apsw.SQLITE_INTERRUPT,
    apsw.SQLITE_CONSTRAINT, apsw.SQLITE_ABORT, apsw.SQLITE_PERM, apsw.SQLITE_AUTH,
    apsw.SQLITE_TOOBIG, apsw.SQLITE_MISMATCH, apsw.SQLITE_MISUSE, apsw.SQLITE_INTERNAL,
]  # fmt: skip
OURS = {apsw.ConstraintError, apsw.MismatchError, AssertionError, KeyError}
"""What is no disk's fault."""


def said(fault: Fault) -> str:
    names = apsw.mapping_extended_result_codes, apsw.mapping_result_codes
    code = next(names[fault.code] for names in names if fault.code in names)
    return f"{fault.operation}-{fault.file.rpartition('.')[2]}-{code}"


@pytest.fixture
def disk() -> Iterator[FlakyDisk]:
    with flaky_disk() as flaky:
        yield flaky


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE


async def selling(path: Path, limits: Disk | None = None) -> Journal:
    journal = Journal(path, Onlooker(), ThreadWriter(), limits)
    await asyncio.gather(*(journal.place(draft(n), None, n)[1] for n in range(TOLD)))
    return journal


async def recovered(path: Path, disk: FlakyDisk, most: int) -> int:
    """Start again on a disk that is well, and return how many facts there are."""
    disk.fault = None
    again = Journal(path, Onlooker(), ThreadWriter())
    facts = again.committed
    assert TOLD <= facts <= most
    await again.place(draft(10_000), None, 10_000)[1]
    await again.close()
    assert chain_holds(read(path))
    return facts


@pytest.mark.parametrize("fault", IN_A_COMMIT, ids=said)
async def test_in_a_commit(path: Path, disk: FlakyDisk, fault: Fault) -> None:
    journal = await selling(path)
    disk.fault = fault
    waiting = [journal.place(draft(n), None, n)[1] for n in range(TOLD, TOLD + 3)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, JournalBroken) for result in results), "nobody is told"
    assert journal.committed == TOLD
    assert isinstance(journal.broken.exception(), JournalBroken)
    struck = disk.failed.total()
    disk.fault = None  # a second try would go well, and would prove nothing
    with pytest.raises(JournalBroken):
        await journal.place(draft(99), None, 99)[1]
    assert struck == 1, "tried once"
    await journal.close()
    await recovered(path, disk, TOLD + 3)


@pytest.mark.parametrize("fault", IN_A_CHECKPOINT, ids=said)
async def test_in_a_checkpoint(path: Path, disk: FlakyDisk, fault: Fault) -> None:
    journal = await selling(path, Disk(wal_bytes_max=1 << 20))
    large = Draft("pos-1", "large", "", "sale.v1", b" " * (2 << 20))
    chores = journal._log  # between the commit and what follows it the disk breaks
    tidy = chores.tidy

    def break_first(*, hurried: bool) -> None:
        if chores.bytes > 1 << 20:  # the commit before may not have been tidied up after yet
            disk.fault = fault
        tidy(hurried=hurried)

    journal._writer._idle = break_first  # type: ignore[attr-defined]
    await journal.place(large, None, 10)[1]  # durable, and so it is told
    with pytest.raises(JournalBroken):
        await journal.broken
    with pytest.raises(JournalBroken):
        await journal.place(draft(99), None, 99)[1]
    assert disk.failed.total() == 1
    await journal.close()
    assert await recovered(path, disk, TOLD + 1) == TOLD + 1


@pytest.mark.parametrize("fault", AT_THE_END, ids=said)
async def test_at_the_end(path: Path, disk: FlakyDisk, fault: Fault) -> None:
    journal = await selling(path)
    disk.fault = fault
    with pytest.raises(JournalBroken):
        await journal.close()
    assert await recovered(path, disk, TOLD) == TOLD


# What SQLite shrugs off on the way to an error of its own, apsw says all the same.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fault", IN_A_CHECKPOINT, ids=said)
async def test_when_a_dead_run_is_taken_up(path: Path, disk: FlakyDisk, fault: Fault) -> None:
    other = path.parent / "after" / DATABASE
    other.parent.mkdir()
    journal = await selling(path)
    for name in (DATABASE, WAL):
        (other.parent / name).write_bytes((path.parent / name).read_bytes())
    await journal.close()
    disk.fault = fault
    with pytest.raises(apsw.Error):
        Journal(other, Onlooker(), ThreadWriter())
    assert await recovered(other, disk, TOLD) == TOLD, "and nothing was held"


async def test_every_class_of_error_in_the_books_too(tmp_path: Path) -> None:
    errors: list[BaseException] = [told(code) for code in EVERY_CLASS]
    errors += [OSError(errno.EIO, "Input/output error"), MemoryError()]
    errors += [AssertionError("ours"), KeyError("ours")]
    for number, error in enumerate(errors):

        class Broken(Onlooker):
            def follow(self, *_: Any, error: BaseException = error) -> None:
                raise error

        journal = Journal(tmp_path / f"{number}.db", Broken(), ThreadWriter())
        with pytest.raises(JournalBroken, match=type(error).__name__) as ended:
            await journal.place(draft(1), None, 1)[1]
        assert isinstance(ended.value, JournalMistaken) == (type(error) in OURS), error
        assert ended.value.__cause__ is error, "the log says where"
        assert journal.broken.done()
        await journal.close()
        assert not read(tmp_path / f"{number}.db")


async def test_a_bookmark_that_cannot_be_written(path: Path, disk: FlakyDisk) -> None:
    journal = await selling(path)
    disk.fault = Fault("sync", WAL, apsw.SQLITE_IOERR_FSYNC)
    with pytest.raises(JournalBroken):
        await journal.move_bookmark("cloud", TOLD)
    assert journal.broken.done()
    await journal.close()


async def test_a_page_that_cannot_be_read_ends_the_run(tmp_path: Path, disk: FlakyDisk) -> None:
    async with stand(tmp_path, interval_seconds=7200) as shop:
        request = await shop.sale(new_key(), BASKET["lines"], BASKET["member"])
        sold = await shop.ask("sell", request)
        assert sold["status"] == 200
        journal = shop.box.journal
        journal._read.pragma("cache_size", 0)
        disk.fault = Fault("read", "", apsw.SQLITE_IOERR_READ)
        answer = await shop.ask("ask", {"key": new_key()})
        assert answer["code"] == "E-STOPPING"
        with pytest.raises(JournalBroken, match="IOError"):
            await asyncio.shield(journal.broken)
        disk.fault = None
        assert (await shop.ask("sell", {**request, "key": new_key()}))["code"] == "E-STOPPING"
        assert shop.box.health().reason == "the disk failed"
