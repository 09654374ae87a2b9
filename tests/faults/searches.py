"""The searches for a fault that a box does not survive; each round has a seed.

    python -m tests.soak --only kill_points --minutes 10
    python -m tests.faults.searches --evidence tests/evidence/faults.json     the full run, kept

The full run can be made in parts: `--only` names some, the figures of others stay as they are.
"""

import argparse
import asyncio
import json
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import structlog

from tests.faults import full_disk, hardship, wires
from tests.faults.ink import Tampered, tamper
from tests.faults.judging import must
from tests.faults.power import Cuts, cut, flush_seldom
from tests.faults.scene import scene
from tests.faults.steps import NAMES
from tests.faults.strace import KILL
from tests.faults.sweeping import ERRORS, Sweep, Swept
from tests.faults.wires import Suffered
from tests.figures import Figures, added, keep, loaded

POINTS_A_ROUND = 60
ERRORS_A_ROUND = 40
IMAGES_A_DAY = 1_000
IMAGES_OF_A_FAULT = 300
STROKES_A_ROUND = 1_000
JUMPS_A_ROUND = 12
WIRES_A_ROUND = 25
HELD_SECONDS = 5.0
HELD_SECONDS_MAX = 300.0
POINTS, FAILURES, IMAGES, STROKES, JUMPS, WIRES = 1_100, 300, 20_000, 10_000, 60, 200
"""How many the full run makes of each."""
EVERY = 1_000_000
"""More points than a box has."""


def kill_points(seed: int, count: int = POINTS_A_ROUND) -> Figures:
    """Kill a box at system calls of all its steps."""
    swept = _sweep(seed, count, [KILL])
    return {"seed": seed, "kill_points": swept.points.total(), **_plain(swept)}


def disk_errors(seed: int, count: int = ERRORS_A_ROUND) -> Figures:
    """Refuse a box system calls on its files."""
    swept = _sweep(seed, count, ERRORS)
    return {"seed": seed, "disk_errors": swept.points.total(), **_plain(swept)}


def every_kill(step: int) -> Figures:
    """Kill a box at every system call of a step, each once."""
    swept = _sweep(step, EVERY, [KILL], NAMES[step : step + 1])
    return {"kill_points": swept.points.total(), **_plain(swept)}


def every_error(step: int) -> Figures:
    """Refuse a box every system call of a step on its files, each once in each way."""
    swept = _sweep(step, EVERY, ERRORS, NAMES[step : step + 1])
    return {"disk_errors": swept.points.total(), **_plain(swept)}


def _sweep(seed: int, count: int, effects: Sequence[str], names: Sequence[str] = NAMES) -> Swept:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(Sweep(Path(folder), seed).search(names, effects, count))


def power_cuts(seed: int, count: int = IMAGES_A_DAY) -> Figures:
    """Cut the power of a box's day, and of one whose SQLite flushes too seldom."""
    with tempfile.TemporaryDirectory() as folder:
        cuts = cut(Path(folder), seed, count)
    must(not cuts.wrong, "a power cut took what was told:", dict(cuts.wrong))
    with tempfile.TemporaryDirectory() as folder:
        seldom = cut(Path(folder), seed, IMAGES_OF_A_FAULT, spoil=flush_seldom)
    with tempfile.TemporaryDirectory() as folder:
        lying = cut(Path(folder), seed, IMAGES_OF_A_FAULT, lying=True)
    for name, spoiled in (("synchronous=NORMAL", seldom), ("a lying disk", lying)):
        must(bool(spoiled.wrong), "nothing is lost with", name)
    return {
        "seed": seed, **_plain(cuts), "lost": cuts.wrong.total(),
        "planted": IMAGES_OF_A_FAULT, "planted_normal_lost": seldom.wrong.total(),
        "planted_lying_lost": lying.wrong.total(),
    }  # fmt: skip


def tampering(seed: int, count: int = STROKES_A_ROUND) -> Figures:
    """Tamper with a journal's file."""
    with tempfile.TemporaryDirectory() as folder:
        tampered = tamper(Path(folder), seed, count)
    return {"seed": seed, "strokes": tampered.done.total(), **_plain(tampered)}


def clock_jumps(seed: int, count: int = JUMPS_A_ROUND) -> Figures:
    """Set a selling box's clock by years."""
    with tempfile.TemporaryDirectory() as folder:
        return {"seed": seed, **asyncio.run(hardship.jump(Path(folder), seed, count))}


def bad_wires(seed: int, count: int = WIRES_A_ROUND) -> Figures:
    """Let a box sell over one bad wire to its cloud after another."""
    spells = wires.mix(random.Random(f"spells {seed}"), count)
    with tempfile.TemporaryDirectory() as folder:
        return {"seed": seed, **_plain(asyncio.run(wires.suffer(Path(folder), seed, spells)))}


def hard_times(seed: int, seconds: float = HELD_SECONDS) -> Figures:
    """Hold a box, and let it have too few files, too little memory, and a rival."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "seed": seed,
            "hard_times": 1,
            **asyncio.run(_hard_times(Path(folder), seed, seconds)),
        }


async def _hard_times(folder: Path, seed: int, seconds: float) -> Figures:
    async with scene(folder / "store", seed) as shop:
        await shop.start()
        figures: Figures = {
            "held": await hardship.hold(shop, seconds),
            "few_files": await hardship.few_files(shop),
            "little_memory": await hardship.little_memory(shop),
            "second_box": (await hardship.two_daemons(shop)).splitlines()[0].rpartition(": ")[2],
            "newer_journal": "untouched" if await hardship.newer_layout(shop) else "",
        }
        await shop.stop()
        return {**figures, "facts": len(shop.judge())}


def full_disks(seed: int) -> Figures:
    """Fill a small disk under a selling box, and empty it again."""
    with tempfile.TemporaryDirectory() as folder:
        return {"seed": seed, "full_disks": 1, **full_disk.run(Path(folder), seed)}


def _plain(found: Swept | Cuts | Tampered | Suffered) -> Figures:
    """Return figures as JSON has them, without what is empty."""
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    return {
        name: dict(sorted(value.items())) if isinstance(value, Counter) else value
        for name, value in values.items()
        if value != Counter()
    }


SEARCHES: Mapping[str, Callable[[int], Figures]] = {
    "kill_points": kill_points, "disk_errors": disk_errors, "power_cuts": power_cuts,
    "tampering": tampering, "clock_jumps": clock_jumps, "hard_times": hard_times,
    "full_disks": full_disks, "wires": bad_wires,
}  # fmt: skip
COUNTED = (
    "kill_points", "disk_errors", "images", "strokes", "jumps", "hard_times", "full_disks", "wires",
)  # fmt: skip


# --- the full run -------------------------------------------------------------------------------


def _many(search: Callable[[int, int], Figures], each: int, goal: int) -> Callable[[int], Figures]:
    """Return a search that adds up rounds until it has done so many."""

    def rounds(seed: int) -> Figures:
        total: Figures = {}
        for number in range(-(-goal // each)):
            figures = search(seed + number, each)
            last = {name: figures[name] for name in ("found",) if name in figures}
            total = {**added(total, figures), **last, "seed": seed}
        return total

    return rounds


FULL: Mapping[str, Callable[[int], Figures]] = {
    "kill_points": _many(kill_points, 100, POINTS),
    "disk_errors": _many(disk_errors, 100, FAILURES),
    "power_cuts": _many(power_cuts, IMAGES_A_DAY, IMAGES),
    "tampering": _many(tampering, STROKES_A_ROUND, STROKES),
    "clock_jumps": _many(clock_jumps, 20, JUMPS),
    "hard_times": lambda seed: hard_times(seed, HELD_SECONDS_MAX),
    "full_disks": full_disks,
    "wires": _many(bad_wires, WIRES_A_ROUND, WIRES),
}


def evidence(path: Path, seed: int, names: list[str]) -> None:
    """Make the full run, or parts of it, and keep its figures as each part ends."""
    kept = loaded(path)
    for name in names:
        began = time.monotonic()
        figures = FULL[name](seed)
        kept = {**kept, name: {**figures, "seconds": round(time.monotonic() - began, 1)}}
        keep(path, "python -m tests.faults.searches --evidence tests/evidence/faults.json", kept)
        print(name, json.dumps(kept[name]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evidence", type=Path, required=True, metavar="FILE")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=sorted(FULL), help="parts of the run")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    evidence(options.evidence, options.seed, options.only or list(FULL))


if __name__ == "__main__":
    main()
