"""What an idle box weighs: its memory against its bare dependencies, its processor, its wake-ups.

    python -m tests.bench.weight --out weight.json --rules 10000 --members 1000000 --facts 1000000

The box is `edgebox run` with so many rules, members and facts; its cloud is away, as it may be for
days. R6 is a bare process that imports every module the box imports from elsewhere, and waits.
Memory is resident (VmRSS); beside it stands what of it is private, without the mapped files.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvloop

from cloud_bridge.contract import Changes
from edge.directory import Directory
from simulators.premises import BoxProcess
from tests import big_journal
from tests.bench import directory, supermarket
from tests.bench.costs import at_most
from tests.bench.drain import cpu_seconds
from tests.bench.shop import open_shop

OURS = ("__main__", "__mp_main__", "edge", "cloud_bridge", "drivers", "simulators", "tests")
IMPORTED = f"""
import sys, json
import edge.__main__, edge.box, edge.commands.serving
print(json.dumps([n for n in sys.modules if n.partition(".")[0] not in {OURS!r}]))
"""
BARE = """
import sys, json, importlib, time, contextlib
for name in json.loads(sys.stdin.readline()):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
print("ready", flush=True)
sys.stdin.read()
"""
SETTLE_SECONDS = 30.0


def memory(pid: int) -> dict[str, float]:
    """Return MB: resident, and of that private (proc_pid_smaps(5))."""
    sums = {"Rss:": 0, "Private_Clean:": 0, "Private_Dirty:": 0, "Anonymous:": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, amount, *_ = line.split()
        if name in sums:
            sums[name] += int(amount)
    private = sums["Private_Clean:"] + sums["Private_Dirty:"]
    return {
        "rss_mb": round(sums["Rss:"] / 1024, 1),
        "private_mb": round(private / 1024, 1),
        "anonymous_mb": round(sums["Anonymous:"] / 1024, 1),
    }


def wake_ups(pid: int) -> int:
    """Return how often the threads of a process have given up the processor to wait."""
    found = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text("ascii").splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                found += int(line.split()[1])
    return found


@contextmanager
def bare() -> Iterator[int]:
    """R6: run a process that has imported what the box imports from elsewhere; yield its id."""
    names = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True
    ).stdout
    command = [sys.executable, "-c", BARE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(names)
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.stdin.close()


def paced_as_in_a_shop(config: Path) -> None:
    """Ask the cloud as seldom as a box does by default: the bench's store asks every second."""
    paces = r"^(changes_interval_seconds|bundle_interval_seconds|retry_seconds_max) = .*\n"
    text, found = re.subn(paces, "", config.read_text("utf-8"), flags=re.MULTILINE)
    assert found == 3, "the store sets all three"
    config.write_text(text, "utf-8")


async def idle(box: BoxProcess, seconds: float) -> dict[str, float]:
    """Return the processor's share and the wake-ups of a box that nobody asks anything."""
    await asyncio.sleep(SETTLE_SECONDS)
    cpu, woken = cpu_seconds(box.pid), wake_ups(box.pid)
    await asyncio.sleep(seconds)
    return {
        "cpu_percent": round((cpu_seconds(box.pid) - cpu) / seconds * 100, 2),
        "wake_ups_per_second": round((wake_ups(box.pid) - woken) / seconds, 2),
    }


async def measure(
    folder: Path, journal: Path, rules: int, members: int, seconds: float
) -> dict[str, Any]:
    """Return the whole report; the journal is the box's meanwhile, and comes back."""
    more_rules = supermarket.named(supermarket.elsewhere(rules))
    async with open_shop(folder, more_rules=more_rules) as shop:
        small = memory(shop.box.pid)
        await shop.box.stop()
        state = folder / "state"
        directory.fill(state / "directory.db", members)
        with closing(Directory.open(state / "directory.db")) as filled:  # with prices once more
            filled.apply(Changes(changes=(), cursor="", more=False, price_book=1))
        paced_as_in_a_shop(shop.premises.config_path)
        shutil.move(journal, state / "journal.db")
        try:
            await shop.box.start()
            weighed = memory(shop.box.pid)
            rest = await idle(shop.box, seconds)
            with bare() as pid:
                reference = memory(pid)
            await shop.box.stop()
        finally:
            shutil.move(state / "journal.db", journal)
    ratio = weighed["rss_mb"] / reference["rss_mb"]
    return {
        "goals": {
            "RSS / R6": at_most([ratio], 1.75, 1.3),
            "idle CPU, percent": at_most([rest["cpu_percent"]], 0.3, 0.05),
            "wake-ups a second": at_most([rest["wake_ups_per_second"]], 5, 2),
        },
        "box": weighed,
        "box without members and facts": small,
        "R6": reference,
    }


def main() -> None:
    """Read the arguments, write the journal if it is missing, measure, write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.weight", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--facts", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of idleness")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="on the disk")
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    asked = parser.parse_args()
    if asked.quick:
        asked.rules, asked.members, asked.facts, asked.seconds = 100, 1_000, 6_000, 2.0
    journal = asked.folder / f"shop-{asked.facts}.db"
    if not journal.exists():
        big_journal.write(journal, asked.facts)
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="edgebox-bench-") as folder:
        report = uvloop.run(
            measure(Path(folder), journal, asked.rules, asked.members, asked.seconds)
        )
    head = {
        "what": "an idle box, its cloud away",
        "rules": asked.rules, "members": asked.members, "facts": asked.facts,
        "seconds": asked.seconds, "cores": os.cpu_count(),
        "load_average_at_end": round(os.getloadavg()[0], 2),
        "python": platform.python_version(), "kernel": platform.release(),
    }  # fmt: skip
    text = json.dumps({"header": head} | report, indent=1, ensure_ascii=False)
    asked.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
