"""What a box is busy with when a fault hits it: its life, cut into steps that can be repeated.

A step ends when it is done. Whoever runs it ends it when the box dies.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from cloud_bridge.contract import Card, Member
from simulators import demo_data
from tests.faults.clocks import WallClock
from tests.faults.scene import LOG_PAGES, POLL_SECONDS, Scene
from tests.faults.till import OK

DAY_SECONDS = 24 * 60 * 60
MARGIN_PAGES = 12
"""About as many as a sale and the cloud's bookmark add to the log."""
SALES_MAX = 100
MX_FRAME, BACKFILLED = slice(16, 20), slice(96, 100)
"""Where the index of a write-ahead log says how many pages it has, and how many were moved
(https://www.sqlite.org/walformat.html#the_wal_index_header)."""

Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a box does. `prepare` comes before anybody watches."""

    act: Act
    prepare: Act
    starts: bool = False
    """Whether it is watched from the first moment of its process."""
    ends: bool = False
    """Whether the process is to be gone afterwards."""


async def nothing(scene: Scene) -> None:
    """Needs no preparation."""


async def sell(scene: Scene) -> None:
    """Sell one basket."""
    await scene.till.sell()


async def start(scene: Scene) -> None:
    """Come up, and sell."""
    await scene.ready()
    await scene.till.sell()


async def anew(scene: Scene) -> None:
    """Stop the box; the next one has an empty state folder."""
    await scene.box.stop()
    scene.forget()


async def stopped(scene: Scene) -> None:
    """Kill the box, so that the next start has something to mend."""
    await scene.till.sell()
    await scene.box.kill()


async def bundle(scene: Scene) -> None:
    """Switch to the cloud's next rules, and sell by them."""
    scene.publish()
    await scene.ready()
    await scene.till.sell()


async def directory(scene: Scene) -> None:
    """Take in a member the cloud has just told, and sell."""
    scene.members += 1
    index = 90_000 + scene.members
    number = demo_data.card_number(index)
    member = Member(id=f"m{index}", display="新**", tier="", points=0)
    scene.twin.seed_members([member], [Card(number=number, member=member.id)])
    asked = {"credential": {"kind": "card", "text": number}}
    while (found := await scene.till.attempt("identify", asked)) is None or found["status"] != OK:
        await asyncio.sleep(POLL_SECONDS)
    await scene.till.sell()


def day(clock: WallClock) -> Act:
    """Return the step in which the shop's clock passes midnight and it sells."""

    async def pass_midnight(scene: Scene) -> None:
        clock.set(clock.ahead_seconds + DAY_SECONDS)
        await scene.till.quote()
        await scene.till.sell()

    return pass_midnight


async def fill(scene: Scene) -> None:
    """Sell until the write-ahead log is almost long enough to be moved."""
    for _ in range(SALES_MAX):
        if _log_pages(scene) >= LOG_PAGES - MARGIN_PAGES:
            return
        await scene.till.sell()


async def checkpoint(scene: Scene) -> None:
    """Sell until the write-ahead log was moved into the journal's file."""
    before = _log_pages(scene)
    for _ in range(SALES_MAX):
        if not await scene.till.sell() or _log_pages(scene) < before:
            return


async def stop(scene: Scene) -> None:
    """End in good order."""
    os.kill(scene.box.pid, signal.SIGTERM)


def _log_pages(scene: Scene) -> int:
    """Return how many pages the write-ahead log has that were not moved yet."""
    index = (scene.state / "journal.db-shm").read_bytes()
    return int.from_bytes(index[MX_FRAME], "little") - int.from_bytes(index[BACKFILLED], "little")


NAMES = ("first start", "start", "sale", "checkpoint", "bundle", "directory", "day", "stop")


def steps(clock: WallClock) -> Mapping[str, Step]:
    """Return all steps by name; the box lives by `clock`."""
    return {
        "first start": Step(start, anew, starts=True),
        "start": Step(start, stopped, starts=True),
        "sale": Step(sell, nothing),
        "checkpoint": Step(checkpoint, fill),
        "bundle": Step(bundle, nothing),
        "directory": Step(directory, nothing),
        "day": Step(day(clock), nothing),
        "stop": Step(stop, sell, ends=True),
    }
