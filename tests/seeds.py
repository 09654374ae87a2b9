"""Searches that live through one seed after another, and keep what came of them as they go.

    python -m tests.seeds days --first 1 --count 2000 --evidence tests/evidence/days.json

The same command goes on where it was ended: the file says which seeds were lived through, as
runs from the first to the last of each. Exits 1 at the first
violation, after saying which seed it was; nothing of that seed is counted.
"""

import argparse
import gc
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import structlog

from simulators.contract import CHECKS, kit, names
from tests.adversary import judge, plan, raid
from tests.away_kit import PRICE
from tests.faults.mended import MENDINGS, cut
from tests.faults.searches import every_error, every_kill
from tests.figures import Figures, added, keep, loaded
from tests.fortnight import run_two_weeks
from tests.virtual_time import run
from tests.voyage import run_day

BOXES, ACTS = 10, 150
"""How many stores there are in a raid, and how many moves."""
BASKETS = 5_000
"""How many are compared in two weeks."""
IMAGES, OLDER_IMAGES = 250, 25
"""How many cuts of each mending; each of an older file starts a program of its own."""
JUNK, JUNK_ROUNDS = ("junk", "host-junk", "damage"), 10_000

KEPT_SECONDS = 20.0
"""How often figures are written down: so much is lost at most when a search is ended."""
IN_MEMORY = Path("/dev/shm")
GARBAGE = 100_000, 50, 50
"""Whole stores are made and dropped here: looking for garbage as often as Python does by itself
takes a quarter of the time."""

Search = Callable[[int, Path], Figures]
"""Lives through a seed in a folder; raises when a promise was broken."""


def days(seed: int, folder: Path) -> Figures:
    """Live through a day with bad luck, judged by the oracle."""
    day = run_day(seed, folder)
    return {"days": 1, "sales": day.sales, "facts": day.facts, "counts": dict(day.counts)}


def kill_points(seed: int, folder: Path) -> Figures:
    """Kill a box at every system call of one of its steps, which has the number of the seed."""
    return every_kill(seed)


def disk_errors(seed: int, folder: Path) -> Figures:
    """Refuse a box every system call on its files in one of its steps."""
    return every_error(seed)


def raids(seed: int, folder: Path) -> Figures:
    """Let adversaries overspend at ten stores; every other time the stores take risks."""
    overdraft = PRICE * (seed % 2)
    found = run(
        raid(
            plan(seed, BOXES, ACTS), folder, seed=seed, boxes=BOXES, overdraft=overdraft,
            risked=bool(overdraft),
        )
    )  # fmt: skip
    judge(found)
    kind = "with_overdraft" if overdraft else "without"
    amounts = ("lost", "named", "risked", "coupons_twice", "coupons_risked")
    totals = {name: getattr(found, name).total() for name in amounts}
    told = {"spent": found.spent, "refused": found.refused, **totals}
    return {"raids": 1, kind: {**told, "exceptions": dict(found.exceptions)}}


def fortnights(seed: int, folder: Path) -> Figures:
    """Live two weeks without a cloud, beside a store that has one."""
    lived = run_two_weeks(seed, folder, BASKETS)
    return {
        "fortnights": 1, "baskets": lived.baskets, "sales": lived.sales, "waiting": lived.waiting,
    }  # fmt: skip


def mendings(seed: int, folder: Path) -> Figures:
    """Cut the power while a journal is put back, written anew, brought up to date or rebuilt."""
    figures: Figures = {}
    for name in MENDINGS:
        found = cut(folder, seed, OLDER_IMAGES if name == "migration" else IMAGES, [name])
        assert not found.wrong, found.wrong
        figures[name] = {"images": found.images, "operations": found.events, "lost": 0}
    return figures


def junk(seed: int, folder: Path) -> Figures:
    """Feed every kind of junk there is to one of the drivers: to each in its turn."""
    turn, number = divmod(seed, len(names()))
    name = names()[number]
    for check in JUNK:
        for kind in range(turn * JUNK_ROUNDS, (turn + 1) * JUNK_ROUNDS):
            try:
                CHECKS[check].run(kit(name), kind)
            except BaseException as error:
                error.add_note(f"edgebox driver test {name} --seed {kind} --rounds 1")
                raise
    return {"junk": len(JUNK) * JUNK_ROUNDS, name: dict.fromkeys(JUNK, JUNK_ROUNDS)}


SEARCHES: Mapping[str, Search] = {
    "days": days, "raids": raids, "fortnights": fortnights,
    "kill_points": kill_points, "disk_errors": disk_errors, "mendings": mendings, "junk": junk,
}  # fmt: skip


def search(name: str, first: int, count: int, kept: Path, made_with: str) -> None:
    """Live through `count` seeds from the `first` on, or those of them that are left."""
    figures = loaded(kept)
    done, lived = figures.get("done", {}), set(_listed(figures.get("seeds", ())))
    written = time.monotonic()
    for seed in range(first, first + count):
        if seed in lived:
            continue
        done = added(done, live(name, seed))
        lived.add(seed)
        if time.monotonic() - written >= KEPT_SECONDS or seed == first + count - 1:
            written = time.monotonic()
            keep(kept, made_with, {"seeds": _runs(lived), "violations": 0, "done": done})


def _runs(seeds: Iterable[int]) -> list[list[int]]:
    """Return seeds as runs without a gap: the first and the last of each."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and runs[-1][1] == seed - 1:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return runs


def _listed(runs: Iterable[Sequence[int]]) -> Iterable[int]:
    return (seed for first, last in runs for seed in range(first, last + 1))


def live(name: str, seed: int) -> Figures:
    """Live through one seed of a search in a folder of its own."""
    began = time.process_time()
    memory = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        try:
            figures = SEARCHES[name](seed, Path(folder))
        except BaseException as error:
            error.add_note(f"python -m tests.seeds {name} --first {seed} --count 1 --evidence FILE")
            raise
    return {**figures, "cpu_seconds": time.process_time() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_AsWritten)
    parser.add_argument("search", choices=sorted(SEARCHES))
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many seeds")
    parser.add_argument("--evidence", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    gc.set_threshold(*GARBAGE)
    made_with = "python -m tests.seeds " + " ".join(sys.argv[1:])
    search(options.search, options.first, options.count, options.evidence, made_with)


_AsWritten = argparse.RawDescriptionHelpFormatter

if __name__ == "__main__":
    main()
