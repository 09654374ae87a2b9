"""Big journals are what they say, and a big one is opened as quickly as a small one."""

from collections import Counter
from pathlib import Path

import apsw
import pytest

from edge.book import Book
from edge.journal import Journal
from edge.verify import verify
from edge.writer import ThreadWriter
from tests.big_journal import FACTS_A_DAY, write
from tests.test_journal import Onlooker, chain_holds, draft, read

FACTS = 3 * FACTS_A_DAY


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "journal.db"
    write(path, FACTS)
    return path


def test_it_is_what_a_shop_would_have_written(big: Path) -> None:
    report = verify(big)
    assert report.books_agree, report.findings
    assert report.facts == FACTS
    assert big.stat().st_size // 4096 > 5_000, "pages of the file"
    kinds = Counter(page.kind for page in read(big))
    assert kinds["sale.v1"] > 0.9 * FACTS
    for kind in ("return.v1", "top_up.v1", "refusal.v1", "fence.v1", "day_closed.v1"):
        assert kinds[kind] >= 2, kinds


def test_the_same_arguments_give_the_same_journal(big: Path, tmp_path: Path) -> None:
    head = write(tmp_path / "again.db", 500, follower=Onlooker())
    assert head.digest == read(big)[499].digest
    assert chain_holds(read(tmp_path / "again.db"))


async def test_opening_reads_a_handful_of_pages(big: Path) -> None:
    """So it takes no longer with a million facts: a tree ten times as large is hardly deeper."""
    journal = Journal(big, Book(), ThreadWriter())
    assert journal.committed == FACTS
    missed = [
        db.status(apsw.SQLITE_DBSTATUS_CACHE_MISS)[0] for db in (journal._read, journal._write)
    ]
    await journal.close()
    assert sum(missed) < 40


async def test_a_dead_run_with_a_long_log_is_taken_up(tmp_path: Path) -> None:
    path, dead = tmp_path / "journal.db", tmp_path / "dead" / "journal.db"
    dead.parent.mkdir()
    journal = Journal(path, Onlooker(), ThreadWriter())
    journal._writer._idle = lambda **_: None  # type: ignore[attr-defined]
    waiting = [journal.place(draft(number), None, number)[1] for number in range(5_000)]
    await waiting[-1]
    for name in ("journal.db", "journal.db-wal"):
        (dead.parent / name).write_bytes((tmp_path / name).read_bytes())
    await journal.close()
    assert (dead.parent / "journal.db-wal").stat().st_size > 1_000_000
    again = Journal(dead, Onlooker(), ThreadWriter())
    assert again.committed == 5_000
    await again.close()
    assert chain_holds(read(dead))
