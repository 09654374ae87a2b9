"""What waits for a slow disk is bounded, in facts and in bytes; beyond it the box is busy."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.config import Config, Disk
from edge.journal import Draft, Journal, JournalBroken
from edge.writer import BATCH_MAX, SteppedWriter, ThreadWriter, Writer
from simulators.request_keys import new_key
from tests import virtual_time
from tests.bench.shop import BASKET
from tests.stand import stand
from tests.test_journal import Onlooker, draft

STANDS_STILL = 1_000_000.0


class Batches(Onlooker):
    """Remembers how many facts shared each commit."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def committed(self, sequence: int) -> None:
        self.sizes.append(sequence - (self.committed_at[-1] if self.committed_at else 0))
        super().committed(sequence)


def place(journal: Journal, number: int, body: bytes = b"{}") -> "asyncio.Future[None]":
    return journal.place(Draft("pos-1", f"key-{number}", "", "sale.v1", body), None, number)[1]


def test_a_disk_that_stands_still_fills_no_memory(tmp_path: Path) -> None:
    async def main() -> None:
        disk = Disk(waiting_facts_max=100)
        writer = SteppedWriter(STANDS_STILL)
        journal = Journal(tmp_path / "journal.db", Onlooker(), writer, disk)
        placed = 0
        while not journal.full:
            place(journal, placed)
            placed += 1
        assert placed == journal.state().waiting_facts == 100
        await asyncio.sleep(STANDS_STILL + 1)
        assert not journal.full
        assert journal.state().waiting_facts == journal.state().waiting_bytes == 0
        await journal.close()

    virtual_time.run(main())


def test_large_facts_are_few(tmp_path: Path) -> None:
    async def main() -> None:
        disk = Disk(waiting_bytes_max=1 << 20)
        journal = Journal(tmp_path / "journal.db", Onlooker(), SteppedWriter(1.0), disk)
        waiting: list[asyncio.Future[None]] = []
        while not journal.full:
            waiting.append(place(journal, len(waiting), b" " * 100_000))
        assert len(waiting) == 11
        assert journal.state().waiting_bytes >= 1 << 20
        await asyncio.gather(*waiting)
        assert not journal.full
        assert journal.state().waiting_bytes == 0
        await journal.close()

    virtual_time.run(main())


async def test_who_never_asks_is_our_own_mistake(tmp_path: Path) -> None:
    disk = Disk(waiting_facts_max=10)
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter(), disk)
    for number in range(20):
        place(journal, number)
    with pytest.raises(AssertionError, match="full"):
        place(journal, 20)
    await journal.close()


@pytest.mark.parametrize("stepped", [True, False])
def test_a_batch_is_bounded(tmp_path: Path, *, stepped: bool) -> None:
    async def main() -> None:
        seen = Batches()
        writer: Writer = SteppedWriter(0.01) if stepped else ThreadWriter()
        journal = Journal(tmp_path / "journal.db", seen, writer)
        facts = 3 * BATCH_MAX + 7
        await asyncio.gather(*(place(journal, number) for number in range(facts)))
        assert sum(seen.sizes) == facts
        assert max(seen.sizes) == BATCH_MAX
        await journal.close()

    (virtual_time.run if stepped else asyncio.run)(main())


def test_what_was_placed_is_written_when_the_box_ends(tmp_path: Path) -> None:
    async def main() -> int:
        journal = Journal(tmp_path / "journal.db", Onlooker(), SteppedWriter(STANDS_STILL))
        for number in range(2 * BATCH_MAX + 1):
            place(journal, number)
        await journal.close()
        return journal.committed

    assert virtual_time.run(main()) == 2 * BATCH_MAX + 1


async def test_after_a_failure_the_rest_of_a_long_queue_fails_too(tmp_path: Path) -> None:
    seen = Onlooker()
    seen.fail_at = BATCH_MAX + 1
    journal = Journal(tmp_path / "journal.db", seen, ThreadWriter())
    waiting = [journal.place(draft(n), None, n)[1] for n in range(3 * BATCH_MAX)]
    results: Sequence[Any] = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[:BATCH_MAX] == [None] * BATCH_MAX
    assert all(isinstance(result, JournalBroken) for result in results[BATCH_MAX:])
    await journal.close()


# --- at the desk and on a lane --------------------------------------------------------------------


class Stuck(ThreadWriter):
    """A disk that takes its time as long as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[list[tuple[object, asyncio.Future[None]]]] | None = None

    def _hand_over(self) -> None:
        if self.held is None:
            super()._hand_over()
        elif self._turn:
            self.held.append(self._turn)
            self._turn = []

    def let_go(self) -> None:
        held, self.held = self.held or [], None
        for turn in held:
            self._turns.put(turn)


def small(config: Config) -> Config:
    return replace(config, disk=Disk(reserve_bytes=1 << 20, waiting_facts_max=5))


async def test_beyond_the_bound_a_sale_is_told_to_come_again(tmp_path: Path) -> None:
    writer = Stuck()
    async with stand(tmp_path, writer=writer, adjust=small, interval_seconds=7200) as shop:
        requests = [await shop.sale(new_key(), BASKET["lines"]) for _ in range(6)]
        writer.held = []
        asked = [asyncio.create_task(shop.ask("sell", request)) for request in requests[:5]]
        while not shop.box.journal.full:
            await asyncio.sleep(0)
        busy = await shop.ask("sell", requests[5])
        assert (busy["code"], busy["retry_after"]) == ("E-BUSY", 1)
        fenced = await shop.ask("ask", {"key": new_key()})
        assert fenced["code"] == "E-BUSY"
        assert shop.box.health().state == "not_selling"
        assert "waits" in shop.box.health().reason
        writer.let_go()
        answers = await asyncio.gather(*asked)
        served = [answer for answer in answers if answer["status"] == 200]
        assert served, json.dumps(answers)
        # What the box has to say itself (a day begins, the cloud is back) takes room, too.
        assert {answer["code"] for answer in answers if answer not in served} <= {"E-BUSY"}
        again = [await shop.ask("sell", request) for request in requests]
        assert {answer["status"] for answer in again} == {200}, "the same keys, as they were told"
