"""What a start asks of SQLite does not grow with the journal: counted, not timed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from tests import big_journal
from tests.stand import stand

FACTS = 4_000
TEA = {"code": "6970000000031", "quantity": "1"}


@contextmanager
def counting() -> Iterator[list[int]]:
    """Note the virtual machine's steps of every statement, on whatever connection is opened."""
    steps: list[int] = []

    def ended(event: dict[str, Any]) -> None:
        steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    def watch(db: apsw.Connection) -> None:
        db.trace_v2(apsw.SQLITE_TRACE_PROFILE, ended)

    apsw.connection_hooks.append(watch)
    try:
        yield steps
    finally:
        apsw.connection_hooks.remove(watch)


async def work_of_a_start(folder: Path) -> int:
    """Start a box that was there before; return SQLite's steps up to its first price."""
    with counting() as steps:
        async with stand(folder, interval_seconds=3600.0) as shop:
            quote = await shop.quote([TEA])
            assert "total" in quote, quote
            return sum(steps)


async def test_a_start_with_many_facts_is_no_more_work_than_one_with_few(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    for folder in (few, many):
        folder.mkdir()
        async with stand(folder):
            pass
    (many / "state" / "journal.db").unlink()
    big_journal.write(tmp_path / "big.db", FACTS)
    shutil.move(tmp_path / "big.db", many / "state" / "journal.db")
    async with stand(many):
        pass  # the epoch that a journal from elsewhere may need
    small = await work_of_a_start(few)
    assert 100 < small < FACTS / 2, "a walk over all facts would show"
    assert await work_of_a_start(many) < 2 * small
