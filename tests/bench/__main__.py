"""Measure durable sales and prices; progress goes to stderr, one JSON document to stdout.

make bench                         seven rounds, about eight minutes
make bench ARGS="--rounds 21"      a figure to publish
"""

import argparse
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from tests.bench import echo, pricing, report
from tests.bench.counting import count
from tests.bench.load import Request, Sample, drive
from tests.bench.references import Disk, Far, mosquitto
from tests.bench.references import echo as run_echo
from tests.bench.shop import Shop, is_sold, open_shop, sale
from tests.bench.wires import Caller, HttpWire, MqttWire

WARM_UP_SECONDS = 0.2
CALLERS = (1, 10, 50)

Cell = Callable[[float], Awaitable[Sample]]
"""Measures one thing for so many seconds."""


@asynccontextmanager
async def stand(folder: Path) -> AsyncIterator[Mapping[str, Cell]]:
    """Start everything there is to measure; yield the cells in the order of a round."""
    async with AsyncExitStack() as stack:
        shop = await stack.enter_async_context(open_shop(folder))
        broker = await stack.enter_async_context(mosquitto(folder))
        await stack.enter_async_context(run_echo("mqtt", broker.port))
        http = await stack.enter_async_context(run_echo("http"))
        aiohttp = await stack.enter_async_context(run_echo("aiohttp"))
        disk = Disk(folder)
        stack.callback(disk.close)
        request = await _payload(shop)

        async def flush(seconds: float) -> Sample:
            return disk.measure(seconds)

        through_broker = await MqttWire.connect(_local(broker), ("load", ""), echo.TOPICS)
        bare = await HttpWire.connect(_local(http), ("load", ""))
        real = await HttpWire.connect(_local(aiohttp), ("load", ""))
        for wire in (through_broker, bare, real):
            stack.callback(wire.close)
        yield {
            "R1": flush,
            "R2": _echoed(through_broker, request),
            "sale mqtt 1": _sold(shop, "mqtt", 1),
            "R4": _echoed(bare, request),
            "R4 aiohttp": _echoed(real, request),
            "sale http 1": _sold(shop, "http", 1),
            **{f"sale {door} {n}": _sold(shop, door, n)
               for n in CALLERS[1:] for door in ("mqtt", "http")},
        }  # fmt: skip


async def _payload(shop: Shop) -> Request:
    caller = await shop.caller("mqtt", "t01")
    request = await sale(caller)
    caller.close()
    return request


def _echoed(caller: Caller, request: Request) -> Cell:
    async def measure(seconds: float) -> Sample:
        return await drive([(caller, request)], "echo", bool, seconds)

    return measure


def _sold(shop: Shop, door: str, count: int) -> Cell:
    async def measure(seconds: float) -> Sample:
        callers = await shop.callers(door, count)
        selling = await shop.selling(callers)
        sample = await drive(selling, "sell", is_sold, seconds)
        for caller in callers:
            caller.close()
        return sample

    return measure


async def measure(folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the whole report."""
    head = report.header(folder, rounds, seconds)
    done: list[report.Round] = []
    async with stand(_new(folder / "speed")) as cells:
        for cell in cells.values():
            await cell(WARM_UP_SECONDS)
        for number in range(1, rounds + 1):
            _say(f"round {number} of {rounds}")
            done.append({name: await cell(seconds) for name, cell in cells.items()})
            _say("  " + ", ".join(f"{name}: {s.p50_us:.0f} us" for name, s in done[-1].items()))
    _say("counting flushes and SQL under strace")
    counts = await count(_new(folder / "counts"))
    return {
        "header": head,
        "goals": report.goals(done),
        "cells": report.cells(done),
        "counts": counts.as_json(),
        "pricing": await pricing.measure(_new(folder / "pricing"), rounds, seconds / 3),
    }


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _local(far: Far) -> tuple[str, int]:
    return "127.0.0.1", far.port


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each cell of a round")
    parser.add_argument("--folder", default="/var/tmp", help="on the disk to measure")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="edgebox-bench-") as folder:
        result = uvloop.run(measure(Path(folder), asked.rounds, asked.seconds))
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
