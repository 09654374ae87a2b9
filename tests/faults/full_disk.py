"""A small disk that fills up under a selling box, and is emptied again.

    unshare --user --map-root-user --mount python -m tests.faults.full_disk FOLDER SEED

Run as a program inside a mount namespace of its own, so that it may mount a disk without being
root and nothing is left of it. Prints its figures as JSON. Exits 1 at a violation.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.boxes import PYTHON_PATH, ROOT
from tests.faults.judging import must
from tests.faults.scene import Scene, scene

DISK_BYTES = 24 << 20
DISK = {"reserve_bytes": 4 << 20, "wal_bytes_max": 1 << 20, "waiting_bytes_max": 1 << 20}
MARGIN_BYTES = DISK["wal_bytes_max"] + DISK["waiting_bytes_max"]
LOW = "E-DISK-LOW"
PAUSE_SECONDS = 0.05
SECONDS_MAX = 60.0
BLOCK_BYTES = 4096


def command(folder: Path, seed: int) -> list[str]:
    """Return the command that fills a disk in `folder`, whoever we are."""
    alone = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        alone += ["--user", "--map-root-user"]
    return [*alone, sys.executable, "-m", "tests.faults.full_disk", str(folder), str(seed)]


def run(folder: Path, seed: int) -> Mapping[str, Any]:
    """Fill a disk in `folder` and empty it again; return the figures. Raises AssertionError."""
    done = subprocess.run(
        command(folder, seed), cwd=ROOT, env={**os.environ, **PYTHON_PATH},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"a full disk (or mounting a small one) failed:\n{done.stderr}"
    figures = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(figures, dict)
    return figures


class Ballast:
    """A file that takes up a disk's room."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        self._size = 0

    def leave(self, free_bytes: int) -> None:
        """Grow until the disk has at most so many bytes left."""
        disk = os.statvfs(self._path)
        free = disk.f_bavail * disk.f_frsize
        more = max(0, free - free_bytes) // BLOCK_BYTES * BLOCK_BYTES
        if more:
            os.posix_fallocate(self._file, self._size, more)
            self._size += more

    def clear(self) -> None:
        """Give it all back."""
        self._size = 0
        os.ftruncate(self._file, 0)


async def fill(folder: Path, seed: int) -> Mapping[str, Any]:
    """Sell on a small disk until it is full, close the day, free it, and sell again."""
    luck = random.Random(f"disk {seed}")
    async with scene(folder, seed) as shop:
        _configure(shop)
        await shop.start()
        must(await shop.till.sell(), "it does not sell on an empty disk:", shop.till.refused)
        ballast = Ballast(folder / "ballast")
        rounds = []
        for left in (luck.randrange(MARGIN_BYTES), 0):
            ballast.leave(left)
            await _refuses(shop)
            closed = await _close_day(shop)
            must(closed.returncode == 0, f"with {left} bytes the day cannot be closed:", closed)
            ballast.clear()
            rounds.append({"bytes_left": left, "asked": await _sells_again(shop)})
        await shop.stop()
        return {"rounds": rounds, "facts": len(shop.judge())}


def _configure(shop: Scene) -> None:
    config = shop.premises.config_path
    text = config.read_text("utf-8")
    before, _, rest = text.partition("[disk]\n")
    _, _, after = rest.partition("\n[")
    section = "".join(f"{name} = {value}\n" for name, value in DISK.items())
    config.write_text(f"{before}[disk]\n{section}\n[{after}", "utf-8")


async def _refuses(shop: Scene) -> None:
    """Sell until it is refused for want of room, politely."""
    shop.till.refused = None
    async with asyncio.timeout(SECONDS_MAX):
        while await shop.till.sell():
            pass
    refused = shop.till.refused
    must(refused is not None and refused["code"] == LOW, "on a full disk it says", refused)


async def _sells_again(shop: Scene) -> int:
    """Wait until it sells, without a restart; return what was left to ask for."""
    async with asyncio.timeout(SECONDS_MAX):
        while not await shop.till.sell():
            await asyncio.sleep(PAUSE_SECONDS)
    asked = await shop.till.settle()
    shop.judge()
    return asked


async def _close_day(shop: Scene) -> "subprocess.CompletedProcess[str]":
    arguments = ["z-close", "--yes", "--json", "--config", str(shop.premises.config_path)]
    return await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "edge", *arguments],
        cwd=ROOT, env={**os.environ, **PYTHON_PATH}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1]) / "disk"
    folder.mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], check=True
    )
    print(json.dumps(asyncio.run(fill(folder, int(sys.argv[2])))))


if __name__ == "__main__":
    main()
