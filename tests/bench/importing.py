"""Old balances brought in while tills sell: how fast, and what a sale waits for meanwhile.

    python -m tests.bench.importing --rows 100000 --out import.json

The box is `edgebox run` and the import `edgebox import`, each a process of its own. Eight tills
sell over MQTT, once without anything else and once beside a part of the import, in turns, so that
each ratio is within a round. A till pauses between two sales, as whoever hurries no till: what is
measured is how long one waits, not how many the box can do.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import apsw
import uvloop

from simulators import demo_data
from tests.bench.costs import at_most
from tests.bench.load import Request, quantile
from tests.bench.report import spread
from tests.bench.shop import GUESTS, Shop, is_sold, open_shop
from tests.bench.wires import Caller

SELLERS = 8
PAUSE_SECONDS = 0.5
ALONE_SECONDS = 30.0
FIRST_CARD = 200_000
Round = Mapping[str, float]
"""Milliseconds for a sale, rows a second and MB of memory, by the cell's name."""


def old_books(path: Path, first: int, count: int) -> None:
    """Write down what members held in an old system, each row with an old card."""
    rows = [
        f"g{number % len(GUESTS):05},{demo_data.card_number(FIRST_CARD + number)}"
        f",{number % 500},{number % 1000}.{number % 100:02},{number % 10}"
        for number in range(first, first + count)
    ]
    path.write_text("\n".join(["member,card,points,principal,bonus", *rows, ""]), "utf-8")


async def importing(shop: Shop, file: Path, name: str) -> Process:
    """Begin to bring a file in."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "import", str(file), "--id", name,
        "--config", str(shop.premises.config_path), stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def selling(
    callers: Sequence[tuple[Caller, Request]], until: Callable[[], bool]
) -> list[float]:
    """Let all tills sell at their pace; return what each sale took, in milliseconds."""
    taken: list[float] = []

    async def sell(caller: Caller, request: Request, late: float) -> None:
        await asyncio.sleep(late)
        while not until():
            asked = perf_counter()
            assert is_sold(await caller.ask("sell", request()))
            taken.append((perf_counter() - asked) * 1e3)
            await asyncio.sleep(PAUSE_SECONDS)

    apart = PAUSE_SECONDS / len(callers)
    await asyncio.gather(*(sell(*one, apart * place) for place, one in enumerate(callers)))
    return sorted(taken)


def memory(pid: int, name: str) -> float:
    """Return a figure of a process's memory in MB (Linux, proc(5)): VmRSS or VmHWM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024


async def measure(folder: Path, rows: int, rounds: int, seconds: float) -> list[Round]:
    """Sell alone and beside a part of the import, in turns."""
    done: list[Round] = []
    async with open_shop(folder) as shop:
        pid = shop.box.pid
        callers = await shop.selling(await shop.callers("mqtt", SELLERS))
        for number in range(rounds):
            alone = await selling(callers, _after(seconds))
            before = memory(pid, "VmRSS")
            beside, took = await _beside(shop, callers, number, rows // rounds)
            cells = {
                "sale alone p50": quantile(alone, 0.5), "sale alone p99": quantile(alone, 0.99),
                "sale beside p50": quantile(beside, 0.5), "sale beside p99": quantile(beside, 0.99),
                "sales beside": len(beside), "rows a second": rows // rounds / took,
                "memory before": before, "memory after": memory(pid, "VmRSS"),
                "memory at most": memory(pid, "VmHWM"),
            }  # fmt: skip
            print(number + 1, {k: round(v, 1) for k, v in cells.items()}, file=sys.stderr)
            done.append(cells)
    return done


def _after(seconds: float) -> Callable[[], bool]:
    until = perf_counter() + seconds
    return lambda: perf_counter() > until


async def _beside(
    shop: Shop, callers: Sequence[tuple[Caller, Request]], number: int, rows: int
) -> tuple[list[float], float]:
    """Import so many rows while all tills sell; return what sales took, and the import."""
    file = shop.premises.folder / f"old-{number}.csv"
    old_books(file, number * rows, rows)
    began, ended = perf_counter(), [0.0]
    command = await importing(shop, file, f"old-{number}")

    async def imported() -> None:
        out, err = await command.communicate()
        ended[0] = perf_counter()
        assert command.returncode == 0, (out, err)

    waiting: Awaitable[None] = asyncio.ensure_future(imported())
    beside = await selling(callers, lambda: command.returncode is not None)
    await waiting
    return beside, ended[0] - began


def goals(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the ratio within rounds against its goal."""
    late = [one["sale beside p99"] / one["sale alone p99"] for one in rounds]
    usual = [one["sale beside p50"] / one["sale alone p50"] for one in rounds]
    return {
        "sale p99, beside / alone": at_most(late, 2, 1.5),
        "sale p50, beside / alone": spread(usual, 2),
    }


def main() -> None:
    """Read the arguments, measure, write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.importing", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=ALONE_SECONDS, help="of selling alone")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="on the disk")
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    asked = parser.parse_args()
    if asked.quick:
        asked.rows, asked.rounds, asked.seconds = 1_000, 1, 1.0
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="edgebox-bench-") as folder:
        done = uvloop.run(measure(Path(folder), asked.rows, asked.rounds, asked.seconds))
    head = {
        "what": f"{asked.rows} old balances, each with a card, beside {SELLERS} tills over MQTT",
        "units": "milliseconds for a sale, rows a second, MB of the box's memory",
        "pause_seconds": PAUSE_SECONDS, "rounds": asked.rounds, "cores": os.cpu_count(),
        "load_average_at_start": round(load, 2), "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
    }  # fmt: skip
    cells = {name: spread([one[name] for one in done], 1) for name in done[0]}
    report = {"header": head, "goals": goals(done), "cells": cells}
    asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
