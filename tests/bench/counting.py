"""Counts, which do not depend on how busy the machine is: flushes and SQL, by thread."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.load import drive
from tests.bench.shop import Shop, is_sold, open_shop, sale
from tests.bench.statements import LOOP_THREAD
from tests.bench.watched_box import TRACE_FILE

_FLUSH = re.compile(r"(\d+) +f(?:data)?sync\(\d+<([^>]*)>")


@dataclass(frozen=True, slots=True)
class Flushes:
    """What was flushed while so many sales were made."""

    sales: int
    commits: int
    log_flushes: int
    """Of the journal's write-ahead log: one for each commit, and one before each checkpoint."""
    checkpoints: int
    """Flushes of the journal's file itself; never in a sale's way."""

    @property
    def per_sale(self) -> float:
        """Flushes that a sale waited for, on average: all of the log but for checkpoints."""
        return (self.log_flushes - self.checkpoints) / self.sales


@dataclass(frozen=True, slots=True)
class Counts:
    """What one watched box did from start to stop. Threads go by their names."""

    alone: Flushes
    together: Flushes
    flushes_by_thread: Mapping[str, int]
    journal_writes_by_thread: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return this for a report."""
        return {
            "fsyncs_per_sale_alone": self.alone.per_sale,
            "fsyncs_per_sale_at_50": self.together.per_sale,
            "fsyncs_in_the_loop_thread": self.flushes_by_thread.get(LOOP_THREAD, 0),
            "journal_writes_in_the_loop_thread": self.journal_writes_by_thread.get(LOOP_THREAD, 0),
            **asdict(self),
        }


async def count(folder: Path, sales_alone: int = 50, seconds_together: float = 1.0) -> Counts:
    """Let a watched box make sales, one after another and then from 50 terminals at once."""
    trace = folder / "flushes.txt"
    with _environment(TRACE_FILE, str(trace)):
        async with open_shop(folder, "tests.bench.watched_box") as shop:
            loop_id = shop.box.pid
            opened = _size(trace)
            alone = await _alone(shop, trace, sales_alone)
            together = await _together(shop, trace, seconds_together)
            sold = _text(trace, opened)
    watched = json.loads((folder / "watched.json").read_text())
    names = {number: name for name, number in watched["threads"].items()} | {loop_id: LOOP_THREAD}
    by_thread = Counter(names.get(int(line[1]), "others") for line in _FLUSH.finditer(sold))
    return Counts(alone, together, dict(by_thread), watched["journal_writes"])


async def _alone(shop: Shop, trace: Path, sales: int) -> Flushes:
    caller = await shop.caller("mqtt", "t01")
    request = await sale(caller)
    began, commits = _size(trace), await shop.commits()
    for _ in range(sales):
        assert is_sold(await caller.ask("sell", request()))
    caller.close()
    return _flushes(_text(trace, began), sales, await shop.commits() - commits)


async def _together(shop: Shop, trace: Path, seconds: float) -> Flushes:
    callers = await shop.callers("mqtt", 50)
    selling = [(caller, await sale(caller)) for caller in callers]
    began, commits = _size(trace), await shop.commits()
    sample = await drive(selling, "sell", is_sold, seconds)
    for caller in callers:
        caller.close()
    return _flushes(_text(trace, began), sample.asked, await shop.commits() - commits)


def _flushes(trace: str, sales: int, commits: int) -> Flushes:
    files = Counter(match[2].rpartition("/")[2] for match in _FLUSH.finditer(trace))
    return Flushes(sales, commits, files["journal.db-wal"], files["journal.db"])


def _size(path: Path) -> int:
    return path.stat().st_size


def _text(path: Path, start: int) -> str:
    with path.open() as file:
        file.seek(start)
        return file.read()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
