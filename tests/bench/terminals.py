"""Durable sales through every door, from one terminal to two hundred, beside what they rest on.

    python -m tests.bench.terminals --out terminals.json          seven rounds, about ten minutes
    python -m tests.bench.terminals --out quick.json --quick      two short ones: does it run?

One run starts everything: the box with its endpoint, its HTTP door and a mosquitto it has joined;
the same box with a commit for every sale; the references. Their cells follow one another in every
round. A disk is made slow by a library that both boxes are started with (tests/bench/slow_flush.c);
where it is not, the library only reads a number. The backlog (tests.bench.drain) comes last.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvloop

from tests import big_journal
from tests.bench import drain, echo, report
from tests.bench.brokered import Brokered
from tests.bench.costs import at_least, at_most
from tests.bench.drain import cpu_seconds
from tests.bench.load import Request, Sample, drive
from tests.bench.references import Disk, Far, mosquitto
from tests.bench.references import echo as run_echo
from tests.bench.report import Round, spread
from tests.bench.shop import BASKET, Shop, is_sold, open_shop, sale
from tests.bench.slow_flush import SlowFlush
from tests.bench.wires import Caller, HttpWire, MqttWire

TERMINALS = tuple(f"t{number:03}" for number in range(1, 201))
CALLERS = (1, 10, 50, 200)
TOGETHER = 50
SELLERS = 20
"""How many sell while another one asks for prices."""
SLOW_MS, SLOWEST_MS = 5, 20
WARM_UP_SECONDS = 0.2

Cell = Callable[[float], Awaitable[Sample]]
"""Measures one thing for so many seconds."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything there is to measure. `single` commits every sale by itself."""

    box: Shop
    single: Shop
    flush: SlowFlush
    disk: Disk
    broker: Far
    echo: Far
    http: Far
    aiohttp: Far
    request: Request
    """A sale's payload, for the echoes."""


@asynccontextmanager
async def stand(folder: Path) -> AsyncIterator[Stand]:
    """Start everything."""
    async with AsyncExitStack() as stack:
        flush, joined = SlowFlush(folder), Brokered(folder)
        box = open_shop(
            _new(folder / "box"), terminals=TERMINALS, environment=flush.environment,
            adjust=joined.furnish,
        )  # fmt: skip
        single = open_shop(
            _new(folder / "single"), "tests.bench.one_commit_box", environment=flush.environment
        )
        shop = await stack.enter_async_context(box)
        await stack.enter_async_context(joined.running())
        await joined.proven(shop)
        disk = Disk(folder)
        stack.callback(disk.close)
        broker = await stack.enter_async_context(mosquitto(folder))
        yield Stand(
            box=shop, single=await stack.enter_async_context(single), flush=flush, disk=disk,
            broker=broker, echo=await stack.enter_async_context(run_echo("mqtt", broker.port)),
            http=await stack.enter_async_context(run_echo("http")),
            aiohttp=await stack.enter_async_context(run_echo("aiohttp")),
            request=await _payload(shop),
        )  # fmt: skip


def cells_of(here: Stand) -> Mapping[str, Cell]:
    """Return what is measured, in the order of a round."""

    async def flushed(seconds: float) -> Sample:
        return here.disk.measure(seconds)

    alone = {
        "R1": flushed,
        "R2": _echoed(here, 1),
        "sale broker 1": _sold(here.box, "broker", 1),
        "sale mqtt 1": _sold(here.box, "mqtt", 1),
        "R4": _posted(here, here.http),
        "sale http 1": _sold(here.box, "http", 1),
        "R4 aiohttp": _posted(here, here.aiohttp),
    }
    together = {
        f"sale {door} {count}": _sold(here.box, door, count)
        for count in CALLERS[1:] for door in ("mqtt", "http", "broker")
        if door != "broker" or count == TOGETHER
    }  # fmt: skip
    slow = {
        f"sale {door} {count}": _sold(shop, door, count)
        for shop, door, count in ((here.box, "mqtt", 1), (here.box, "broker", 1),
                                  (here.box, "mqtt", TOGETHER), (here.box, "http", TOGETHER))
    }  # fmt: skip
    return {
        **alone,
        f"R2 {TOGETHER}": _echoed(here, TOGETHER),
        **together,
        **{f"{name}, {SLOW_MS} ms": _late(here, SLOW_MS, cell) for name, cell in slow.items()},
        f"one commit a sale, mqtt {TOGETHER}, {SLOW_MS} ms": _late(
            here, SLOW_MS, _sold(here.single, "mqtt", TOGETHER)
        ),
        **{f"{name}, {SLOWEST_MS} ms": _late(here, SLOWEST_MS, cell)
           for name, cell in slow.items() if "broker" not in name},
        **{f"quote while {SELLERS} sell, {ms} ms": _late(here, ms, _quoted(here.box))
           for ms in (0, SLOWEST_MS)},
    }  # fmt: skip


# --- cells ----------------------------------------------------------------------------------------


def _echoed(here: Stand, count: int) -> Cell:
    requests, answers = echo.TOPICS

    async def measure(seconds: float) -> Sample:
        callers = [
            await MqttWire.connect(
                _local(here.broker), (f"load{n}", ""), (requests, f"{answers}{n}/")
            )
            for n in range(count)
        ]
        pids = here.broker.pid, here.echo.pid
        return await _driven([(one, here.request) for one in callers], "echo", bool, seconds, pids)

    return measure


def _posted(here: Stand, far: Far) -> Cell:
    async def measure(seconds: float) -> Sample:
        caller = await HttpWire.connect(_local(far), ("load", ""))
        return await _driven([(caller, here.request)], "echo", bool, seconds, (far.pid,))

    return measure


def _sold(shop: Shop, door: str, count: int) -> Cell:
    async def measure(seconds: float) -> Sample:
        selling = await shop.selling(await shop.callers(door, count))
        return await _driven(selling, "sell", is_sold, seconds, (shop.box.pid,))

    return measure


def _quoted(shop: Shop) -> Cell:
    payload = json.dumps(BASKET).encode()

    async def measure(seconds: float) -> Sample:
        *sellers, asker = await shop.callers("mqtt", SELLERS + 1)
        selling = await shop.selling(sellers)
        quotes, _ = await asyncio.gather(
            _driven([(asker, lambda: payload)], "quote", _is_quote, seconds, ()),
            _driven(selling, "sell", is_sold, seconds, ()),
        )
        return quotes

    return measure


def _late(here: Stand, milliseconds: int, cell: Cell) -> Cell:
    """Return a cell on a disk that flushes so much later."""

    async def measure(seconds: float) -> Sample:
        here.flush.set(milliseconds)
        try:
            return await cell(seconds)
        finally:
            here.flush.set(0)

    return measure


async def _driven(
    callers: Sequence[tuple[Caller, Request]],
    operation: str,
    judge: Callable[[bytes], bool],
    seconds: float,
    pids: Sequence[int],
) -> Sample:
    """Let callers ask, then hang up; also look at what the far end's processes spent."""
    began = sum(map(cpu_seconds, pids))
    sample = await drive(callers, operation, judge, seconds)
    spent = sum(map(cpu_seconds, pids)) - began
    for caller, _ in callers:
        caller.close()
    return replace(sample, cpu_us=spent * 1e6 / sample.asked)


def _is_quote(answer: bytes) -> bool:
    return b'"quote":"' in answer


async def _payload(shop: Shop) -> Request:
    caller = await shop.caller("mqtt", TERMINALS[0])
    request = await sale(caller)
    caller.close()
    return request


# --- goals ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio within a round: how to take it, and what it should come to, at most or at least."""

    name: str
    ratio: Callable[[Round], float]
    must: float
    stretch: float
    judged: Callable[[Sequence[float], float, float], dict[str, Any]] = at_most


def _wire(r: Round) -> float:
    return r["R2"].p50_us + r["R1"].p50_us


def _slow_wire(r: Round) -> float:
    return _wire(r) + SLOW_MS * 1000


_ONE_COMMIT = f"one commit a sale, mqtt {TOGETHER}, {SLOW_MS} ms"
GOALS = (
    Goal("1: sale through mosquitto, 1 terminal: p50 / (R2 + R1)",
         lambda r: r["sale broker 1"].p50_us / _wire(r), 2.25, 1.75),
    Goal("1a: sale through the box's own endpoint, 1 terminal: p50 / (R2 + R1)",
         lambda r: r["sale mqtt 1"].p50_us / _wire(r), 1.5, 1.0),
    Goal("1b: the same, flush 5 ms late: p50 / (R2 + R1 + 5 ms)",
         lambda r: r["sale mqtt 1, 5 ms"].p50_us / _slow_wire(r), 1.25, 1.15),
    Goal("1b through mosquitto, flush 5 ms late: p50 / (R2 + R1 + 5 ms)",
         lambda r: r["sale broker 1, 5 ms"].p50_us / _slow_wire(r), 1.25, 1.15),
    Goal("1c: sale through the box's own endpoint, 1 terminal: p99 / p50",
         lambda r: r["sale mqtt 1"].p99_us / r["sale mqtt 1"].p50_us, 2.5, 1.5),
    Goal("1c, flush 5 ms late: p99 / p50",
         lambda r: r["sale mqtt 1, 5 ms"].p99_us / r["sale mqtt 1, 5 ms"].p50_us, 2.5, 1.5),
    Goal("2: 50 terminals, flush 5 ms late: sales a second / with one commit a sale",
         lambda r: r["sale mqtt 50, 5 ms"].per_second / r[_ONE_COMMIT].per_second,
         10, 16, at_least),
    Goal("2c: CPU of the box per sale / of mosquitto and echo per echo, 50 terminals each",
         lambda r: r["sale mqtt 50"].cpu_us / r["R2 50"].cpu_us, 8, 5),
    Goal("3: p99 of a quote while 20 terminals sell, flush 20 ms late / at once",
         lambda r: r["quote while 20 sell, 20 ms"].p99_us / r["quote while 20 sell, 0 ms"].p99_us,
         1.5, 1.2),
    Goal("9: sale over HTTP, 1 terminal: p50 / (R4 + R1)",
         lambda r: r["sale http 1"].p50_us / (r["R4"].p50_us + r["R1"].p50_us), 2.25, 1.75),
    Goal("9 beside aiohttp: p50 / (R4 aiohttp + R1)",
         lambda r: r["sale http 1"].p50_us / (r["R4 aiohttp"].p50_us + r["R1"].p50_us),
         2.25, 1.75),
)  # fmt: skip


# --- telling --------------------------------------------------------------------------------------


def header(folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return what must be known to read the figures."""
    return {
        **report.header(folder, rounds, seconds),
        "members": "guests in turns: a member whose every visit left points costs more at the next",
        "slow_flush": "each fsync and fdatasync of the box sleeps first; nothing else is late",
        "one_commit_a_sale": "the same box, whose writer takes one fact into each transaction",
        "sale_mqtt": "the box's own endpoint", "sale_broker": "a mosquitto with the box's files",
        "cpu_us": "of all processes behind the caller's socket but a sale's mosquitto, per answer",
        "quotes": f"one terminal asks for prices without pause while {SELLERS} sell",
    }  # fmt: skip


def told(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return every cell's figures over all rounds."""
    cpu = {name: spread([one[name].cpu_us for one in rounds], 1) for name in rounds[0]}
    return {
        name: {**cell, "cpu_us": cpu[name]} if cpu[name]["max"] else cell
        for name, cell in report.cells(rounds).items()
    }


async def measure(folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the report on sales."""
    head, done = header(folder, rounds, seconds), list[Round]()
    async with stand(folder) as here:
        cells = cells_of(here)
        for cell in cells.values():
            await cell(min(WARM_UP_SECONDS, seconds))
        for number in range(1, rounds + 1):
            done.append({name: await cell(seconds) for name, cell in cells.items()})
            said = ", ".join(f"{name}: {one.p50_us:.0f} us" for name, one in done[-1].items())
            print(f"round {number} of {rounds}: {said}", file=sys.stderr, flush=True)
    goals = {goal.name: goal.judged([goal.ratio(one) for one in done], goal.must, goal.stretch)
             for goal in GOALS}  # fmt: skip
    return {"header": head, "goals": goals, "cells": told(done)}


async def whole(folder: Path, rounds: int, seconds: float, facts: int) -> dict[str, Any]:
    """Return the report on sales, with the backlog's in it as goal 6."""
    sales = await measure(_new(folder / "sales"), rounds, seconds)
    journal = folder / "backlog.db"
    big_journal.write(journal, facts)
    backlog = await drain.measure(
        _new(folder / "backlog"), journal, facts // 2, rounds, whole=False
    )
    goals = {f"6: {name}": goal for name, goal in backlog.pop("goals").items()}
    return {**sales, "goals": {**sales["goals"], **goals}, "backlog": backlog}


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _local(far: Far) -> tuple[str, int]:
    return "127.0.0.1", far.port


def main() -> None:
    """Read the arguments, measure, write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.terminals", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each cell of a round")
    parser.add_argument("--facts", type=int, default=100_000, help="in the backlog's journal")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 0.2 s, 4,000 facts")
    parser.add_argument("--folder", default="/var/tmp", help="on the disk to measure")
    asked = parser.parse_args()
    rounds, seconds, facts = (
        (2, 0.2, 4000) if asked.quick else (asked.rounds, asked.seconds, asked.facts)
    )
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="edgebox-bench-") as folder:
        found = uvloop.run(whole(Path(folder), rounds, seconds, facts))
    made = {"made_with": "python -m tests.bench.terminals --out FILE", **found}
    asked.out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
