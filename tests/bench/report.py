"""What the rounds add up to: medians, ranges, and the goals beside them."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from tests.bench.load import Sample

Round = Mapping[str, Sample]
"""One sample for each cell, by the cell's name."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio within one round, and what it should come to (smaller is better)."""

    name: str
    ratio: Callable[[Round], float]
    must: float
    stretch: float

    def judged(self, rounds: Sequence[Round]) -> dict[str, Any]:
        """Return the median over all rounds, with its range, against the goal."""
        values = spread([self.ratio(one) for one in rounds], 2)
        return {
            **values,
            "must": self.must,
            "stretch": self.stretch,
            "must_met": values["median"] <= self.must,
            "stretch_met": values["median"] <= self.stretch,
        }


GOALS = (
    Goal(
        "sale over MQTT, 1 terminal: p50 / (R2 + R1)",
        lambda r: r["sale mqtt 1"].p50_us / (r["R2"].p50_us + r["R1"].p50_us), 1.5, 1.0,
    ),
    Goal(
        "sale over HTTP, 1 terminal: p50 / (R4 + R1)",
        lambda r: r["sale http 1"].p50_us / (r["R4"].p50_us + r["R1"].p50_us), 2.25, 1.75,
    ),
    Goal(
        "the same against aiohttp: p50 / (R4 aiohttp + R1)",
        lambda r: r["sale http 1"].p50_us / (r["R4 aiohttp"].p50_us + r["R1"].p50_us), 2.25, 1.75,
    ),
    Goal(
        "sale over MQTT, 1 terminal: p99 / p50",
        lambda r: r["sale mqtt 1"].p99_us / r["sale mqtt 1"].p50_us, 2.5, 1.5,
    ),
    Goal(
        "sale over HTTP, 1 terminal: p99 / p50",
        lambda r: r["sale http 1"].p99_us / r["sale http 1"].p50_us, 2.5, 1.5,
    ),
)  # fmt: skip

REFERENCES = {
    "R1": "8 KB pwrite + fdatasync into a file of its full size, on the journal's disk",
    "R2": "the sale's payload, QoS 1, through mosquitto (nodelay) to a bare client and back",
    "R4": "the sale's payload to a bare asyncio protocol that speaks HTTP, and back",
    "R4 aiohttp": "the same to aiohttp's bare server",
}


def spread(values: Sequence[float], digits: int) -> dict[str, float]:
    """Return a median with its range."""
    return {
        "median": round(median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def header(folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return what must be known to read the figures."""
    return {
        "what": "durable sales: 3 lines, a member, cash; a fresh key each; closed loop",
        "an_answer_means": "the sale is on the disk: fdatasync of the write-ahead log came first",
        "flush_policy": f"SQLite {apsw.sqlite_lib_version()}, WAL, synchronous=FULL",
        "cloud": "switched off while measuring, so that no upload shares the cores",
        "doors": "plain, on loopback; box, load and references share the cores",
        "ratios": "within a round; median and range over all rounds",
        "rounds": rounds,
        "seconds_a_cell": seconds,
        "cores": os.cpu_count(),
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "disk": _filesystem(folder),
        "references": REFERENCES,
    }


def cells(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return every cell's figures over all rounds."""
    return {
        name: {
            "p50_us": spread([one[name].p50_us for one in rounds], 1),
            "p99_us": spread([one[name].p99_us for one in rounds], 1),
            "per_second": spread([one[name].per_second for one in rounds], 0),
        }
        for name in rounds[0]
    }


def goals(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return every goal, judged."""
    return {goal.name: goal.judged(rounds) for goal in GOALS}


def _filesystem(folder: Path) -> str:
    """Return the type of the file system that holds `folder` (Linux, proc(5))."""
    mounts = [line.split()[:3] for line in Path("/proc/mounts").read_text().splitlines()]
    held = [
        (len(place), kind) for _, place, kind in mounts if folder.resolve().is_relative_to(place)
    ]
    return max(held)[1]
