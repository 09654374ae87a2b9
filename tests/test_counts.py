"""What a sale costs, in counts: they hold on any machine, however busy it is."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.directory import Directory
from edge.journal.file import connect
from simulators.cloud.weather import OFF
from simulators.request_keys import new_key
from tests.bench.counting import count
from tests.bench.shop import BASKET
from tests.bench.statements import LOOP_THREAD, WRITER_THREAD, Statements, watch
from tests.stand import Stand, stand, until

CALLERS = 50
SALES_EACH = 4
COMMITS_PER_SALE_MAX = 0.2
CALLS_MAX = 750
"""How many functions written in Python the loop may call for a sale of three lines to a member."""


async def sales(here: Stand, number: int) -> list[dict[str, Any]]:
    """Return sell requests that differ in nothing but their keys."""
    one = await here.sale(new_key(), BASKET["lines"], BASKET["member"])
    return [{**one, "key": new_key()} for _ in range(number)]


async def sell(here: Stand, requests: list[dict[str, Any]]) -> None:
    for request in requests:
        answer = await here.ask("sell", request)
        assert answer["status"] == 200, json.dumps(answer)


async def quiet(here: Stand) -> None:
    """Send the cloud away, and wait until everything it was owed is on the disk."""
    here.weather.sky = OFF
    await until(lambda: here.box.health().cloud == "down")
    await sell(here, await sales(here, 1))


async def test_a_sale_alone_is_one_commit(tmp_path: Path) -> None:
    async with stand(tmp_path) as here:
        await quiet(here)
        requests = await sales(here, 20)
        before = here.box.journal.commits
        await sell(here, requests)
        assert here.box.journal.commits - before == 20


async def test_sales_at_once_share_their_commits(tmp_path: Path) -> None:
    async with stand(tmp_path) as here:
        await quiet(here)
        requests = [await sales(here, SALES_EACH) for _ in range(CALLERS)]
        before = here.box.journal.commits
        await asyncio.gather(*(sell(here, one) for one in requests))
        commits = here.box.journal.commits - before
        assert commits / (CALLERS * SALES_EACH) < COMMITS_PER_SALE_MAX


@pytest.fixture
def statements() -> Any:
    with watch() as seen:
        yield seen


async def test_the_loop_writes_no_sql(tmp_path: Path, statements: Statements) -> None:
    async with stand(tmp_path) as here:
        await quiet(here)
        await sell(here, await sales(here, 20))
    writes = statements.writes()
    assert writes[WRITER_THREAD] >= 20
    assert writes[LOOP_THREAD] == 0


async def test_questions_write_nothing(tmp_path: Path, statements: Statements) -> None:
    async with stand(tmp_path) as here:
        await quiet(here)
        seen, commits = len(statements.seen), here.box.journal.commits
        await here.quote(BASKET["lines"], BASKET["member"])
        await here.ask("identify", {"credential": BASKET["member"]})
        await here.ask("balance", {"credential": BASKET["member"]})
        assert here.box.journal.commits == commits
        asked = statements.seen[seen:]
        assert asked, "questions are answered from the files"
        assert not [each for each in asked if each.writes]


async def test_a_sale_alone_is_one_flush_and_never_the_loops(tmp_path: Path) -> None:
    counts = await count(tmp_path, sales_alone=20, seconds_together=0.3)
    assert counts.alone.commits == counts.alone.sales == 20
    assert counts.alone.per_sale == 1
    assert counts.together.per_sale < COMMITS_PER_SALE_MAX
    assert set(counts.flushes_by_thread) == {WRITER_THREAD}
    assert LOOP_THREAD not in counts.journal_writes_by_thread


async def test_a_sale_calls_no_more_functions_than_it_needs(tmp_path: Path) -> None:
    calls = 0

    def count_calls(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    taken = []
    async with stand(tmp_path) as here:
        await quiet(here)
        for request in await sales(here, 10):
            payload, calls = json.dumps(request).encode(), 0
            sys.setprofile(count_calls)
            answer = await here.box.desk.handle(here.terminal(), "sell", payload)
            sys.setprofile(None)
            assert answer.status == 200
            taken.append(calls)
    # Other tasks of the loop may have had a turn in some of them, not in all.
    assert min(taken) <= CALLS_MAX, taken


def test_no_statement_is_compiled_anew_for_the_values_that_are_bound(tmp_path: Path) -> None:
    opened: list[apsw.Connection] = []
    apsw.connection_hooks.append(opened.append)
    try:
        connect(tmp_path / "journal.db", writable=True)
        connect(tmp_path / "journal.db", writable=False)
        directory = Directory.open(tmp_path / "directory.db")
    finally:
        apsw.connection_hooks.remove(opened.append)
    writing, reading, _, asked_by_sales = opened
    for db in (writing, reading, asked_by_sales):
        assert db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1) == 1, db.filename
    directory.close()
    reading.close()
    writing.close()
