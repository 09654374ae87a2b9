"""What a test must not leave behind: open file descriptors and unfinished tasks."""

import asyncio
import gc
import os
from collections.abc import Mapping

GRACE_SECONDS = 10.0
"""What is on its way out (a cancelled task, a port being closed) may take this long."""

HARMLESS = ("/dev/urandom", "/zoneinfo/", "/tzdata/")
"""Opened once by the interpreter or the time zone database, and kept."""


def descriptors() -> Mapping[int, str]:
    """Return what each open file descriptor of this process points at."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the one that listed the directory
    return found


def descriptors_leaked(before: Mapping[int, str]) -> list[str]:
    """Return what is open now and was not before, in words."""
    if _opened_since(before):
        gc.collect()  # what nobody holds any more is closed by this
    return _opened_since(before)


def _opened_since(before: Mapping[int, str]) -> list[str]:
    return [
        f"fd {number} -> {target}"
        for number, target in sorted(descriptors().items())
        if before.get(number) != target and not any(word in target for word in HARMLESS)
    ]


async def tasks_left() -> list[str]:
    """Return the names of this loop's other tasks, those that do not end by themselves."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        _, others = await asyncio.wait(others, timeout=GRACE_SECONDS)
    return sorted(f"{task.get_name()} {task.get_coro()}" for task in others)
