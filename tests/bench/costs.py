"""What a basket costs: CPU and wall time in this process, in the command, and in the box."""

import gc
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from time import perf_counter, process_time
from typing import Any, NamedTuple

from tests.bench.load import drive
from tests.bench.report import spread
from tests.bench.shop import BASKET, Shop
from tests.bench.wires import Caller

TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """What one basket cost, in microseconds: an average over a cell, but p50 through the box."""

    cpu_us: float
    wall_us: float


Cell = Callable[[], Awaitable[Cost]]
"""Measures one thing for a while."""

Round = Mapping[str, Cost]
"""What each cell came to."""


# --- measuring ------------------------------------------------------------------------------------


def repeated(priced: Callable[[], object], seconds: float) -> Cell:
    """Return a cell that prices in this process for so long, at least once, after a warm-up."""

    async def measure() -> Cost:
        priced()
        gc.collect()
        gc.disable()
        times, cpu, wall = 0, process_time(), perf_counter()
        while not times or perf_counter() - wall < seconds:
            priced()
            times += 1
        cost = Cost((process_time() - cpu) / times * 1e6, (perf_counter() - wall) / times * 1e6)
        gc.enable()
        return cost

    return measure


def command_cell(arguments: Sequence[str], asked: Path, lines: int) -> Cell:
    """Return a cell that runs `edgebox price` on a file of lines, less what its start costs."""
    first = asked.with_suffix(".first")
    with asked.open("rb") as file:
        first.write_bytes(file.readline())

    async def measure() -> Cost:
        start, whole = _run(arguments, first), _run(arguments, asked)
        cpu, wall = (after - before for after, before in zip(whole, start, strict=True))
        return Cost(cpu / (lines - 1), wall / (lines - 1))

    return measure


def _run(arguments: Sequence[str], asked: Path) -> Cost:
    """Return what one whole run costs."""
    began = perf_counter()
    with asked.open("rb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge", "price", *arguments], stdin=file,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "every line has a price"
    return Cost((used.ru_utime + used.ru_stime) * 1e6, (perf_counter() - began) * 1e6)


def box_cell(shop: Shop, caller: Caller, seconds: float) -> Cell:
    """Return a cell in which one till asks a box for quotes; CPU is the box's own."""
    request = json.dumps(BASKET).encode()

    async def measure() -> Cost:
        before = _cpu_us(shop.box.pid)
        sample = await drive([(caller, lambda: request)], "quote", _is_quote, seconds)
        return Cost((_cpu_us(shop.box.pid) - before) / sample.asked, sample.p50_us)

    return measure


def _is_quote(answer: bytes) -> bool:
    return b'"total":' in answer


def _cpu_us(pid: int) -> float:
    """Return the CPU time of a process so far (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_US


# --- telling --------------------------------------------------------------------------------------


def fit(costs: Mapping[int, Cost]) -> tuple[float, float]:
    """Return a and b of cost = a + b x count, by least squares."""
    xs, ys = list(costs), [cost.cpu_us for cost in costs.values()]
    x, y = fmean(xs), fmean(ys)
    b = sum((n - x) * (each - y) for n, each in zip(xs, ys, strict=True)) / sum(
        (n - x) ** 2 for n in xs
    )
    return y - b * x, b


def at_most(values: Sequence[float], must: float, stretch: float) -> dict[str, Any]:
    """Return a median with its range against a goal that is an upper bound."""
    told = spread(values, 2)
    met = {"must_met": told["median"] <= must, "stretch_met": told["median"] <= stretch}
    return {**told, "must": must, "stretch": stretch, "bound": "at most", **met}


def at_least(values: Sequence[float], must: float, stretch: float) -> dict[str, Any]:
    """Return a median with its range against a goal that is a lower bound."""
    told = spread(values, 1)
    met = {"must_met": told["median"] >= must, "stretch_met": told["median"] >= stretch}
    return {**told, "must": must, "stretch": stretch, "bound": "at least", **met}


def cells(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return every cell's figures over all rounds."""
    return {
        name: {
            "cpu_us": spread([one[name].cpu_us for one in rounds], 1),
            "wall_us": spread([one[name].wall_us for one in rounds], 1),
        }
        for name in rounds[0]
    }


def header(rounds: int, seconds: float) -> dict[str, Any]:
    """Return what must be known to read the figures."""
    return {
        "what": "a price of 20 lines (3 lines through the box), explained; nothing is written",
        "figures": "CPU microseconds for a basket, wall beside it; ratios are of CPU time",
        "ratios": "within a round; median and range over all rounds",
        "rules": "the same ten candidates, whatever the number of rules",
        "command": "2,000 baskets from a file, a catalogue of 2,000 articles, 100 rules",
        "peers": "tests/bench/peers.py argues that the work is equal, and checks the answers",
        "rounds": rounds,
        "seconds_a_cell": seconds,
        "cores": os.cpu_count(),
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "versions": {name: _version(name) for name in ("zen-engine", "django-oscar", "Django")},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
