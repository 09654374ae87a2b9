"""The long searches: boxes killed under load, days with bad luck, random bills priced twice,
small mistakes made in the code on purpose, and faults of disk, clock, process and wire.

Each round has a new seed.

    make soak MINUTES=60
    python -m tests.soak --minutes 60 --resume soak.json     goes on where the last one ended
    python -m tests.soak --minutes 0 --only days --seed 7    one round again
    python -m tests.soak --evidence tests/evidence/kill.json one run of 200 kills, kept

Prints each round as it goes and a JSON summary last. Exits 1 at the first violation, after
saying how to repeat it.
"""

import argparse
import asyncio
import json
import logging
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.faults import searches as faults
from tests.faults.boxes import real_box
from tests.faults.killing import KillPlan, kill_box
from tests.figures import added
from tests.kernel import machine
from tests.kernel.scenes import SCENES
from tests.mutation import TESTS
from tests.pricer.searching import search
from tests.seeds import live

KILLS_IN_EVIDENCE = 200
KILLS_A_ROUND = 25
DAYS_A_ROUND = 25
BILLS_A_ROUND = 5_000
MISTAKES_MINUTES = 2
MISSED_MAX = 0.15
"""The part of all mistakes that tests may miss in a round, those apart that none can find."""
COUNTED = (
    "kills",
    "struck",
    "struck_before_commit",
    "struck_after_commit",
    "days",
    "raids",
    "sold",
    "sales",
    "bills",
    "junk",
    "mistakes",
    "scenes",
    "baskets",
    *faults.COUNTED,
)

Round = Callable[[int], dict[str, Any]]
"""Runs a round from a seed and returns its figures; raises when a promise was broken."""


def kills(seed: int) -> dict[str, Any]:
    """Kill a box, started as a store starts it."""
    with tempfile.TemporaryDirectory() as folder:
        plan = KillPlan(seed, KILLS_A_ROUND, KILLS_A_ROUND)
        return asdict(asyncio.run(kill_box(plan, Path(folder), real_box)))


def bills(seed: int) -> dict[str, Any]:
    """Price random bills by the engine and by the second pricer."""
    first = seed * BILLS_A_ROUND
    done = search(first, BILLS_A_ROUND)
    return {"seed": seed, "bills": done.seeds, "first": first, "next": done.next_seed}


def mistakes(seed: int) -> dict[str, Any]:
    """Make small mistakes in one of the exact parts of the shop, and let its tests find them."""
    module = random.Random(seed).choice(sorted(TESTS))
    command = [sys.executable, "-m", "tests.mutation", "--module", module, "--seed", str(seed)]
    command += ["--minutes", str(MISTAKES_MINUTES)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    figures = json.loads(ran.stdout.splitlines()[-1])
    tried, missed = figures["tried"], figures["unexplained"]
    assert missed <= tried * MISSED_MAX, f"tests find too few mistakes in {module}:\n{ran.stdout}"
    return {"seed": seed, "module": module, "mistakes": tried, "missed": missed}


def kernel(seed: int) -> dict[str, Any]:
    """Plug and unplug devices on a real kernel; there is no chance in it but the machine's own."""
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(machine.run(list(SCENES), Path(folder)))
    failed = [name for name in SCENES if "failed" in report.scenes.get(name, {"failed": ""})]
    assert not failed, f"{failed}:\n{report}"
    return {"seed": seed, "scenes": len(report.scenes), "found": report.scenes}


def each(search: str, seeds: int) -> Round:
    """Return a round of so many seeds; the seed of the round is the first of them."""

    def lived(seed: int) -> dict[str, Any]:
        figures: dict[str, Any] = {}
        for number in range(seed, seed + seeds):
            figures = added(figures, live(search, number))
        return {"seed": seed, **figures}

    return lived


SEARCHES: dict[str, Round] = {
    "raids": each("raids", DAYS_A_ROUND), "kills": kills, "days": each("days", DAYS_A_ROUND),
    "bills": bills, "mistakes": mistakes, "kernel": kernel, "fortnights": each("fortnights", 1),
    "mendings": each("mendings", 1), "junk": each("junk", 1), **faults.SEARCHES,
}  # fmt: skip


@dataclass(slots=True)
class State:
    """What a soak must know to go on: the next seed, and what was done so far."""

    next_seed: int
    done: Counter[str]

    def keep(self, path: Path | None) -> None:
        """Write it down, if anybody wants to resume."""
        if path is not None:
            path.write_text(json.dumps({"next_seed": self.next_seed, "done": self.done}), "utf-8")


def load(path: Path | None, seed: int | None) -> State:
    """Go on from a file if there is one, else begin at `seed`, or anywhere."""
    if path is not None and path.exists():
        kept = json.loads(path.read_text("utf-8"))
        return State(kept["next_seed"] if seed is None else seed, Counter(kept["done"]))
    return State(random.SystemRandom().randrange(10**6) if seed is None else seed, Counter())


def soak(options: argparse.Namespace) -> int:
    """Search until the time is up; return the exit code."""
    state = load(options.resume, options.seed)
    began = time.monotonic()
    failed: dict[str, Any] | None = None
    for name in _searches(options.only):
        seed, state.next_seed = state.next_seed, state.next_seed + DAYS_A_ROUND
        state.keep(options.resume)
        print(f"{name} seed {seed} ...", end=" ", flush=True)
        try:
            figures = SEARCHES[name](seed)
        except Exception as error:
            failed = _violation(name, seed, error)
            break
        print(json.dumps(figures), flush=True)
        state.done.update({field: figures[field] for field in COUNTED if field in figures})
        state.keep(options.resume)
        if time.monotonic() - began >= options.minutes * 60:
            break
    summary = {
        "held": failed is None, "seconds": round(time.monotonic() - began, 1),
        "next_seed": state.next_seed, "done": state.done, "violation": failed,
    }  # fmt: skip
    print(json.dumps(summary))
    return 0 if failed is None else 1


def _searches(only: str | None) -> Iterator[str]:
    return cycle([only] if only else SEARCHES)


def _violation(name: str, seed: int, error: Exception) -> dict[str, Any]:
    repeat = f"python -m tests.soak --minutes 0 --only {name} --seed {seed}"
    notes = getattr(error, "__notes__", [])
    print(f"VIOLATED\n{type(error).__name__}: {error}\n{notes}\nrepeat it with: {repeat}")
    return {"search": name, "seed": seed, "what": str(error)[:500], "repeat": repeat}


def evidence(path: Path, seed: int) -> int:
    """Make the full run of kills and keep its figures."""
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(kill_box(KillPlan(seed, KILLS_IN_EVIDENCE), Path(folder), real_box))
    kept = {
        "made_with": f"python -m tests.soak --evidence {path} --seed {seed}",
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        **asdict(figures),
    }
    text = json.dumps(kept, indent=2)
    path.write_text(text + "\n", "utf-8")
    print(text)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_AsWritten)
    parser.add_argument("--minutes", type=float, default=10, help="how long (0: one round)")
    parser.add_argument("--seed", type=int, help="the first seed")
    parser.add_argument("--only", choices=sorted(SEARCHES), help="one search instead of all")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on from and keep in FILE")
    parser.add_argument("--evidence", type=Path, metavar="FILE", help="200 kills into FILE")
    options = parser.parse_args()
    # Terminals grumble whenever their box dies under them, which here is all the time.
    logging.disable(logging.CRITICAL)
    if options.evidence is not None:
        return evidence(options.evidence, 1 if options.seed is None else options.seed)
    return soak(options)


_AsWritten = argparse.RawDescriptionHelpFormatter

if __name__ == "__main__":
    sys.exit(main())
