"""What the bench of terminals stands on: a disk that is late, and a box that commits one by one."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.shop import GUESTS_AT_ONCE, is_sold, open_shop
from tests.bench.slow_flush import SlowFlush

CALLERS = 12
FLUSH = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
os.fdatasync(file), os.fsync(file)
"""
SLEPT = re.compile(r"nanosleep\([^{]*\{tv_sec=(\d+), tv_nsec=(\d+)\}")


def slept_ms(slow: SlowFlush, folder: Path) -> list[int]:
    """Return how long a process slept that flushes a file in both ways, by each of its sleeps."""
    trace = folder / "trace.txt"
    preload = [
        part for name, value in slow.environment.items() for part in ("-E", f"{name}={value}")
    ]
    subprocess.run(
        ["strace", "-f", "-o", trace, "-e", "trace=nanosleep,clock_nanosleep", *preload,
         sys.executable, "-S", "-E", "-c", FLUSH, str(folder / "flushed")],
        check=True, env=dict(os.environ),
    )  # fmt: skip
    return [
        int(seconds) * 1000 + int(rest) // 1_000_000
        for seconds, rest in SLEPT.findall(trace.read_text())
    ]


@pytest.mark.parametrize(("milliseconds", "slept"), [(0, []), (7, [7, 7]), (1020, [1020, 1020])])
def test_each_flush_is_as_late_as_was_said(
    tmp_path: Path, milliseconds: int, slept: list[int]
) -> None:
    slow = SlowFlush(tmp_path)
    slow.set(5)
    slow.set(milliseconds)
    assert slept_ms(slow, tmp_path) == slept


async def test_the_box_without_batches_commits_every_sale_by_itself(tmp_path: Path) -> None:
    async with open_shop(tmp_path, "tests.bench.one_commit_box", guests=GUESTS_AT_ONCE) as shop:
        selling = await shop.selling(await shop.callers("mqtt", CALLERS))
        first, request = selling[0]
        assert is_sold(await first.ask("sell", request())), "and the day is open"
        before = await shop.commits()
        sold = await asyncio.gather(*(caller.ask("sell", request()) for caller, request in selling))
        assert all(map(is_sold, sold))
        assert await shop.commits() - before >= CALLERS
        for caller, _ in selling:
            caller.close()
