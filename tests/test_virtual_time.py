"""The tests' own tools: the jumping clock, and the two leak alarms."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests import virtual_time

ROOT = Path(__file__).parent.parent


def test_two_weeks_pass_at_once() -> None:
    async def main() -> float:
        await asyncio.sleep(14 * 24 * 3600)
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main()) == 14 * 24 * 3600


def test_the_clock_stands_still_while_anybody_works() -> None:
    async def main() -> list[str]:
        order: list[str] = []

        async def sleeper(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            order.append(f"{name} {asyncio.get_running_loop().time():.1f}")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sleeper("late", 2.0))
            tasks.create_task(sleeper("early", 0.5))
            for _ in range(1000):
                await asyncio.sleep(0)
            order.append(f"busy {asyncio.get_running_loop().time():.1f}")
        return order

    assert virtual_time.run(main()) == ["busy 0.0", "early 0.5", "late 2.0"]


def test_timeouts_time_out() -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        virtual_time.run(main())


def test_a_deadlock_is_said_and_not_waited_for() -> None:
    async def main() -> None:
        await asyncio.sleep(5)
        await asyncio.Event().wait()

    with pytest.raises(virtual_time.Deadlock, match=r"at 5\.0 s and nobody will come: Task"):
        virtual_time.run(main())


def test_a_task_left_behind_is_an_error() -> None:
    async def main() -> asyncio.Task[bool]:
        return asyncio.create_task(asyncio.Event().wait(), name="forgotten")

    with pytest.raises(AssertionError, match=r"tasks left behind.*forgotten"):
        virtual_time.run(main())


def day(seed: int) -> list[tuple[float, int]]:
    """Ten busy tasks talk through a queue; return who said something when."""

    async def main() -> list[tuple[float, int]]:
        luck, queue = random.Random(seed), asyncio.Queue[int](3)
        said: list[tuple[float, int]] = []

        async def talk(name: int) -> None:
            for _ in range(20):
                await asyncio.sleep(luck.expovariate(1))
                await queue.put(name)

        async def listen() -> None:
            for _ in range(200):
                said.append((asyncio.get_running_loop().time(), await queue.get()))
                await asyncio.sleep(luck.random() / 5)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen())
            for name in range(10):
                tasks.create_task(talk(name))
        return said

    return virtual_time.run(main())


def test_the_same_seed_is_the_same_day() -> None:
    assert day(7) == day(7)
    assert day(7) != day(8)


# --- the alarms of conftest.py ------------------------------------------------------------------

LEAKS = {
    "a file": "def test_it():\n    os.open('/dev/null', os.O_RDONLY)",
    "a socket": "def test_it():\n    global s\n    s = socket.socket()",
    "a task": "async def test_it():\n    global t\n    t = asyncio.create_task(asyncio.sleep(99))",
    "a task of a fixture": (
        "@pytest.fixture\nasync def f():\n    global t\n"
        "    t = asyncio.create_task(asyncio.sleep(99))\n\nasync def test_it(f): pass"
    ),
}
CLEAN = {
    "a closed file": "def test_it():\n    os.close(os.open('/dev/null', os.O_RDONLY))",
    "a file that chance needs": (
        "def test_it():\n    global f\n    f = os.open('/dev/urandom', os.O_RDONLY)"
    ),
    "a task on its way out": (
        "async def test_it():\n    asyncio.create_task(asyncio.sleep(99)).cancel()"
    ),
    "a tidy fixture": (
        "@pytest.fixture\nasync def f():\n    t = asyncio.create_task(asyncio.sleep(99))\n"
        "    yield\n    t.cancel()\n\nasync def test_it(f): pass"
    ),
}


def outcomes(folder: Path, tests: dict[str, str]) -> list[str]:
    """Run these tests under our conftest; return what became of each, in order."""
    for number, text in enumerate(tests.values()):
        header = (
            "import asyncio, os, socket\nimport pytest\nfrom tests import leaks\n\n"
            "leaks.GRACE_SECONDS = 0.1\n\n"
        )
        (folder / f"test_{number}.py").write_text(header + text + "\n")
    options = ["-c", "pyproject.toml", "-p", "tests.conftest", "-vv", "-rE", f"--rootdir={folder}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "999"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    *lines, summary = done.stdout.splitlines()
    errors = [line for line in lines if line.startswith("ERROR ")]
    return [*errors, summary.strip("= ").partition(" in ")[0]]


def test_whoever_leaks_fails(tmp_path: Path) -> None:
    *errors, summary = outcomes(tmp_path, LEAKS)
    assert summary == "4 passed, 4 errors"
    assert [line.partition(" - ")[2].partition(": ['")[0] for line in errors] == [
        "AssertionError: file descriptors left open",
        "AssertionError: file descriptors left open",
        "AssertionError: tasks left behind",
        "AssertionError: tasks left behind",
    ]


def test_whoever_is_tidy_passes(tmp_path: Path) -> None:
    assert outcomes(tmp_path, CLEAN) == ["4 passed"]
