"""The record at scale: commits, starts and recoveries with a big journal, as ratios in a round.

    python -m tests.bench.record --out record.json
    python -m tests.bench.record --facts 2000000 --shop-facts 1000000 --folder /var/tmp

The big journals are written first, which takes minutes, and kept in the folder for the next time.
An ack means: the fact is in the write-ahead log and flushed (synchronous=FULL).
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import apsw
import msgspec
import uvloop

from edge.journal import Draft, Head, Journal, Page, connect
from edge.journal.page import find_last
from edge.writer import ThreadWriter
from simulators.premises import BoxProcess
from simulators.request_keys import new_key
from tests import big_journal
from tests.bench.costs import at_most
from tests.bench.load import drive, sample
from tests.bench.references import Disk
from tests.bench.report import spread
from tests.bench.shop import BASKET, TERMINALS, Shop, is_sold, open_shop, sale
from tests.bench.wires import HttpWire
from tests.test_journal import Onlooker

BODY, ANSWER = b"b" * 1_600, b"a" * 1_000
"""As long as those of a sale of two lines."""
BATCH = 32
KILL_AFTER_SECONDS = 0.5
START_SECONDS_MAX = 60.0
Round = Mapping[str, float]
"""Microseconds for a fact, and milliseconds for a start, by the cell's name."""


def draft() -> Draft:
    return Draft("pos-1", new_key(), "0c" * 32, "sale.v1", BODY, ANSWER)


async def alone(journals: Mapping[str, Journal], seconds: float) -> dict[str, float]:
    """Return the p50 of one fact a commit, in turn, so that whatever disturbs disturbs all."""
    taken: dict[str, list[float]] = {name: [] for name in journals}
    until = (began := perf_counter()) + seconds * len(journals)
    while perf_counter() < until:
        for name, journal in journals.items():
            asked = perf_counter()
            await journal.place(draft(), None, 0)[1]
            taken[name].append(perf_counter() - asked)
    elapsed = perf_counter() - began
    return {
        f"commit {name}": sample(each, elapsed, len(each)).p50_us for name, each in taken.items()
    }


async def together(journal: Journal, seconds: float) -> float:
    """Return microseconds for a fact where so many share a commit."""
    facts, began = 0, perf_counter()
    while perf_counter() < began + seconds:
        await [journal.place(draft(), None, 0)[1] for _ in range(BATCH)][-1]
        facts += BATCH
    return (perf_counter() - began) * 1e6 / facts


class Bare:
    """R3: the same rows into the same table, so many a commit, and nothing else."""

    def __init__(self, path: Path) -> None:
        self._db = connect(path, writable=True)
        self._head = find_last(self._db)

    def measure(self, seconds: float) -> float:
        """Return microseconds for a fact."""
        facts, began = 0, perf_counter()
        while perf_counter() < began + seconds:
            with self._db:
                self._db.executemany(
                    "insert into page values(?,?,?,?,?,?,?,?,?,?)",
                    [msgspec.structs.astuple(self._page()) for _ in range(BATCH)],
                )
            facts += BATCH
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return (perf_counter() - began) * 1e6 / facts

    def _page(self) -> Page:
        self._head = Head(self._head.sequence + 1, 1, 0, "0d" * 32)
        return Page(
            self._head.sequence, 1, 0, "pos-1", new_key(), "0c" * 32, "sale.v1", BODY, ANSWER,
            self._head.digest,
        )  # fmt: skip

    def close(self) -> None:
        """Close the file."""
        self._db.close()


# --- starts ---------------------------------------------------------------------------------------


async def first_quote(box: BoxProcess, shop: Shop) -> float:
    """Start a box; return milliseconds until it has answered a quote."""
    login = TERMINALS[0], shop.premises.tokens[TERMINALS[0]]
    address = "127.0.0.1", shop.premises.http_port
    began = perf_counter()
    await box.spawn()
    async with asyncio.timeout(START_SECONDS_MAX):
        while True:
            with suppress(ConnectionError):
                # From another address: a port nobody listens on may else be given to the caller.
                _, probe = await asyncio.open_connection(*address, local_addr=("127.0.0.2", 0))
                probe.close()
                wire = await HttpWire.connect(address, login)
                said = await wire.ask("quote", json.dumps(BASKET).encode())
                wire.close()
                if b'"quote":"' in said:
                    return (perf_counter() - began) * 1e3
            await asyncio.sleep(0.002)


async def killed(shop: Shop) -> None:
    """Kill a box while fifty tills sell."""
    callers = await shop.callers("mqtt", 50)
    selling = [(caller, await sale(caller)) for caller in callers]
    load = asyncio.create_task(drive(selling, "sell", is_sold, 600.0))
    await asyncio.sleep(KILL_AFTER_SECONDS)
    await shop.box.kill()
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)


async def starts(shop: Shop, name: str) -> dict[str, float]:
    """Return what it takes to begin after a good end, and after a kill at full load."""
    await shop.box.stop()
    clean = await first_quote(shop.box, shop)
    await killed(shop)
    return {f"start {name}": clean, f"recovery {name}": await first_quote(shop.box, shop)}


@asynccontextmanager
async def shop_with(folder: Path, journal: Path | None) -> AsyncIterator[Shop]:
    """Run a box on this journal, which is moved there for as long."""
    async with open_shop(folder) as shop:
        if journal is not None:
            await shop.box.stop()
            shutil.move(journal, folder / "state" / "journal.db")
            await first_quote(shop.box, shop)
        yield shop
    if journal is not None:
        shutil.move(folder / "state" / "journal.db", journal)


# --- all of it ------------------------------------------------------------------------------------


async def measure(
    folder: Path, pages: Path, shop: Path, rounds: int, seconds: float
) -> list[Round]:
    async with AsyncExitStack() as stack:
        (folder / "small").mkdir()
        (folder / "large").mkdir()
        disk, bare = Disk(folder), Bare(folder / "bare.db")
        stack.callback(disk.close)
        stack.callback(bare.close)
        journals = {
            name: Journal(path, Onlooker(), ThreadWriter())
            for name, path in (("empty", folder / "journal.db"), ("big", pages))
        }
        for journal in journals.values():
            stack.push_async_callback(journal.close)
        small = await stack.enter_async_context(shop_with(folder / "small", None))
        large = await stack.enter_async_context(shop_with(folder / "large", shop))
        done: list[Round] = []
        for number in range(rounds):
            cells = {"R1": disk.measure(seconds).p50_us, "R3": bare.measure(seconds)}
            cells |= await alone(journals, seconds)
            for name, journal in journals.items():
                cells[f"group {name}"] = await together(journal, seconds)
            cells |= await starts(small, "empty") | await starts(large, "big")
            print(number + 1, {k: round(v, 1) for k, v in cells.items()}, file=sys.stderr)
            done.append(cells)
        return done


def goals(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the ratios within rounds against their goals."""

    def ratio(one: str, other: str) -> list[float]:
        return [cells[one] / cells[other] for cells in rounds]

    after_kill = [cells["recovery big"] - cells["start big"] for cells in rounds]
    return {
        "commit p50, big / empty": at_most(ratio("commit big", "commit empty"), 1.25, 1.1),
        "first quote, big / empty": at_most(ratio("start big", "start empty"), 1.2, 1.05),
        "recovery after kill -9 at full load, ms more than a start": at_most(after_kill, 100, 50),
        "group commit of 32 / R3": spread(ratio("group empty", "R3"), 2),
        "commit p50 / R1": spread(ratio("commit empty", "R1"), 2),
    }


def main() -> None:
    """Read the arguments, write the journals that are missing, measure, write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.record", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--facts", type=int, default=2_000_000, help="in the journal for commits")
    parser.add_argument("--shop-facts", type=int, default=1_000_000, help="and in the shop's")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each cell of a round")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="on the disk")
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    asked = parser.parse_args()
    if asked.quick:
        asked.facts, asked.shop_facts, asked.rounds, asked.seconds = 6_000, 6_000, 1, 0.2
    pages, shop = (asked.folder / name for name in (
        f"pages-{asked.facts}.db", f"shop-{asked.shop_facts}.db"
    ))  # fmt: skip
    if not pages.exists():
        big_journal.write(pages, asked.facts, follower=Onlooker())
    if not shop.exists():
        big_journal.write(shop, asked.shop_facts)
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="edgebox-bench-") as folder:
        done = uvloop.run(measure(Path(folder), pages, shop, asked.rounds, asked.seconds))
    head = {
        "what": "facts of 2.6 kB; an ack means flushed: WAL, synchronous=FULL",
        "units": "microseconds for a fact, milliseconds for a start",
        "facts": asked.facts, "shop_facts": asked.shop_facts, "rounds": asked.rounds,
        "cores": os.cpu_count(), "load_average_at_end": round(os.getloadavg()[0], 2),
        "python": platform.python_version(), "sqlite": apsw.sqlite_lib_version(),
    }  # fmt: skip
    cells = {name: spread([one[name] for one in done], 1) for name in done[0]}
    report = {"header": head, "goals": goals(done), "cells": cells}
    asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
