"""The journal: one place a fact, durable before told, and every change to it noticed."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from edge.journal import (
    GENESIS,
    Draft,
    Journal,
    JournalBroken,
    JournalLocked,
    JournalNewer,
    Page,
    connect,
    pages,
)
from edge.writer import SteppedWriter, ThreadWriter
from tests import virtual_time


class Onlooker:
    """A follower that writes down what it is told, and fails when asked to."""

    schema = ""

    def __init__(self) -> None:
        self.placed_at: list[int] = []
        self.followed_at: list[int] = []
        self.committed_at: list[int] = []
        self.fail_at = 0

    def opened(self, db: apsw.Connection) -> None:
        self.db = db

    def placed(self, page: Page, fact: object) -> None:
        self.placed_at.append(page.sequence)

    def follow(self, cursor: apsw.Cursor, page: Page, fact: object) -> None:
        if page.sequence == self.fail_at:
            raise OSError(5, "Input/output error")
        self.followed_at.append(page.sequence)

    def followed(self, cursor: apsw.Cursor) -> None:
        self.followed_to = self.followed_at[-1:]

    def committed(self, sequence: int) -> None:
        self.committed_at.append(sequence)


def draft(number: int) -> Draft:
    return Draft("pos-1", f"key-{number}", "00" * 32, "sale.v1", b"{}", b"200{}")


def read(path: Path) -> Sequence[Page]:
    db = connect(path, writable=False)
    found = pages(db, 0)
    db.close()
    return found


def chain_holds(found: Sequence[Page]) -> bool:
    previous = GENESIS
    for number, page in enumerate(found, start=1):
        if page.sequence != number or page.sealed_after(previous) != page.digest:
            return False
        previous = page.digest
    return True


async def test_what_is_placed_together_is_durable_together_and_in_order(tmp_path: Path) -> None:
    seen = Onlooker()
    journal = Journal(tmp_path / "journal.db", seen, ThreadWriter())
    waiting = [journal.place(draft(n), None, now=1000 - n)[1] for n in range(300)]
    assert seen.placed_at == list(range(1, 301))
    await asyncio.gather(*waiting)
    assert journal.committed == 300
    assert seen.committed_at[-1] == 300
    assert len(seen.committed_at) < 300, "many facts share one commit"
    found = journal.after(0, 1000)
    assert chain_holds(found)
    assert {page.at for page in found} == {1000}, "a clock that steps back does not pull facts back"
    await journal.close()
    assert seen.followed_at == list(range(1, 301))


async def test_a_key_is_found_before_and_after_it_is_durable(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    page, durable = journal.place(draft(1), None, now=5)
    assert journal.find("pos-1", "key-1") == page
    await durable
    assert journal.find("pos-1", "key-1") == page
    assert journal.find("pos-2", "key-1") is None, "keys belong to their terminal"
    await journal.close()


async def test_a_reader_gets_no_further_than_its_bookmark_may_go(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, Onlooker(), ThreadWriter())
    _, durable = journal.place(draft(1), None, now=5)
    await asyncio.sleep(0)  # the writer is given what this turn of the loop has placed
    while not read(path):
        pass  # the loop stands still: the writer has committed, and nobody here knows it yet
    assert not journal.after(0, 10)
    await durable
    assert [page.sequence for page in journal.after(0, 10)] == [1]
    await journal.move_bookmark("cloud", 1)
    assert not journal.after(1, 10)
    await journal.close()


async def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for start in (0, 10):
        journal = Journal(path, Onlooker(), ThreadWriter())
        for n in range(start, start + 10):
            journal.place(draft(n), None, now=n)
        await journal.close()
    assert len(read(path)) == 20
    assert chain_holds(read(path))


async def test_an_epoch_begins_with_its_own_fact(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    first, _ = journal.open_epoch(draft(1), None, now=1)
    second, durable = journal.place(draft(2), None, now=2)
    await durable
    assert (first.epoch, second.epoch) == (1, 1)
    await journal.close()


async def test_bookmarks_go_forward_only_and_survive(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, Onlooker(), ThreadWriter())
    for n in range(3):
        journal.place(draft(n), None, now=n)
    with pytest.raises(AssertionError):
        journal.move_bookmark("cloud", 3)  # not durable yet
    await journal.place(draft(3), None, now=3)[1]
    await journal.move_bookmark("cloud", 2)
    with pytest.raises(AssertionError):
        journal.move_bookmark("cloud", 1)
    await journal.close()
    again = Journal(path, Onlooker(), ThreadWriter())
    assert again.bookmark("cloud") == 2
    await again.close()


async def test_a_failed_write_fails_every_waiter_and_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    seen = Onlooker()
    seen.fail_at = 2
    journal = Journal(path, seen, ThreadWriter())
    waiting = [journal.place(draft(n), None, now=n)[1] for n in range(3)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[1], JournalBroken)
    assert isinstance(results[2], JournalBroken)
    assert isinstance(journal.broken.exception(), JournalBroken)
    late = journal.place(draft(9), None, now=9)[1]
    with pytest.raises(JournalBroken):
        await late
    await journal.close()
    durable = [result for result in results if result is None]
    assert len(read(path)) == len(durable), "what was promised is there, and nothing else"


def test_a_power_cut_loses_only_what_was_not_promised(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def main() -> None:
        writer = SteppedWriter(flush_seconds=0.01)
        journal = Journal(path, Onlooker(), writer)
        await asyncio.gather(*(journal.place(draft(n), None, now=n)[1] for n in range(3)))
        lost = journal.place(draft(3), None, now=3)[1]
        writer.abandon()
        assert lost.cancelled()
        await journal.close()

    virtual_time.run(main())
    assert len(read(path)) == 3


async def test_pages_cannot_be_changed_through_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, Onlooker(), ThreadWriter())
    await journal.place(draft(1), None, now=1)[1]
    await journal.close()
    db = connect(path, writable=True)
    for statement in ("update page set body = x'00'", "delete from page"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            db.execute(statement)
    db.close()


async def test_every_edit_of_a_page_breaks_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, Onlooker(), ThreadWriter())
    for n in range(20):
        journal.place(draft(n), None, now=n)
    await journal.close()
    db = connect(path, writable=True)
    db.execute("drop trigger page_is_never_changed")
    db.execute("drop trigger page_is_never_removed")
    luck = random.Random(7)
    edits = {
        "at": "at + 1", "epoch": "epoch + 1", "origin": "origin || 'x'", "key": "key || 'x'",
        "content": "content || '0'", "kind": "'fence.v1'", "body": "cast('[]' as blob)",
        "answer": "cast('404{}' as blob)", "digest": "'00'",
    }  # fmt: skip
    for column, value in edits.items():
        db.execute("begin")
        db.execute(f"update page set {column} = {value} where sequence = ?", (luck.randint(1, 20),))
        assert not chain_holds(pages(db, 0)), column
        db.execute("rollback")
    db.execute("begin")
    db.execute("delete from page where sequence = 7")
    assert not chain_holds(pages(db, 0))
    db.execute("rollback")
    assert chain_holds(pages(db, 0))
    db.close()


async def test_two_daemons_cannot_share_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    with pytest.raises(JournalLocked):
        Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    await journal.close()


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    db = connect(path, writable=True)
    db.pragma("user_version", 99)
    db.close()
    before = path.read_bytes()
    with pytest.raises(JournalNewer):
        connect(path, writable=True)
    assert path.read_bytes() == before


async def test_the_write_ahead_log_stays_short(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, Onlooker(), ThreadWriter())
    big = Draft("pos-1", "", "00" * 32, "sale.v1", b" " * 200_000)
    for n in range(60):
        await journal.place(
            Draft(big.origin, f"key-{n}", big.content, big.kind, big.body), None, now=n
        )[1]
    assert path.with_name("journal.db-wal").stat().st_size < 20 * 1024 * 1024
    await journal.close()
