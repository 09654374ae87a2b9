"""What a sale costs, in counts: they hold on any machine, however busy it is."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simulators.cloud.weather import OFF
from simulators.pc_pos import new_key
from tests.bench.counting import count
from tests.bench.shop import BASKET
from tests.bench.statements import LOOP_THREAD, WRITER_THREAD, Statements, watch
from tests.stand import Stand, stand, until

CALLERS = 50
SALES_EACH = 4
COMMITS_PER_SALE_MAX = 0.2


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
