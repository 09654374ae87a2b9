"""The demo from opening to closing, on a screen or as plain lines."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from simulators.demo import day
from simulators.demo.scene import Happening, Scene
from simulators.demo.screen import TONES, watch
from simulators.demo.store import VISITOR, Store, open_store
from simulators.demo.tills import DemoFailed
from simulators.demo.words import Lang, money

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Options:
    """How the demo is to be. `speed` 2 is twice as fast as people are."""

    is_once: bool
    lang: Lang
    seed: int
    speed: float


class Lines:
    """What happens as plain lines, unless a screen shows it; `nobody_reads` hears of a cut pipe."""

    def __init__(self, nobody_reads: Callable[[], None]) -> None:
        self.console = _Console(highlight=False, markup=False, soft_wrap=True)
        self.console.nobody_reads = nobody_reads
        self.is_silent = False

    def say(self, text: str, style: str = "") -> None:
        """Print a line."""
        self.console.print(Text(text, style=style))

    def happened(self, scene: Scene, happening: Happening) -> None:
        """Print what happened."""
        if not self.is_silent:
            who = scene.say(happening.who)
            self.say(f"{happening.at}  {who}  {happening.text}", TONES[happening.tone])


class _Console(Console):
    nobody_reads: Callable[[], None]

    def on_broken_pipe(self) -> None:
        """Say no more, as in `edgebox demo | head`; the store is closed in good order."""
        self.quiet = True
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        self.nobody_reads()


async def show(folder: Path, options: Options) -> bool:
    """Open the store, let it live, close it; return False if one round was interrupted.

    Ctrl-C closes the store in good order; a second one does not wait for that. Raises DemoFailed
    (perhaps in a group), BoxFailed or OSError when the demo could not do what it should.
    """
    began, stop = time.monotonic(), _stop_on_signals()
    lines = Lines(stop.set)
    scene = Scene(options.lang, lambda happening: lines.happened(scene, happening))
    lines.say(scene.say("opening"), "dim")
    lines.say(scene.say("folder", folder=folder), "dim")
    luck = random.Random(options.seed)

    async def pause(seconds: float) -> None:
        await asyncio.sleep(0 if options.is_once else seconds / options.speed)

    async with open_store(folder, luck, scene, pause) as store:
        if options.is_once:
            if not await _until(stop, day.one_round(store, luck)):
                return False
            await _judge(store, lines, began)
            return True
        _invite(store, lines)
        async with AsyncExitStack() as stack:
            if lines.console.is_terminal and not lines.console.is_dumb_terminal:
                lines.is_silent = True
                await stack.enter_async_context(watch(scene))
            await _until(stop, day.endless_day(store, luck, pause))
        lines.is_silent = False
        await _farewell(store, lines)
        return True


def _invite(store: Store, lines: Lines) -> None:
    """Say how to join in from another terminal."""
    premises = store.premises
    invitation = store.scene.say(
        "visit", terminal=VISITOR, http=premises.http_url,
        mqtt=f"127.0.0.1:{premises.mqtt_port}", token=premises.token_path(VISITOR),
    )  # fmt: skip
    lines.say(invitation, "dim")


async def _judge(store: Store, lines: Lines, began: float) -> None:
    """End a round: everything must be in the cloud and add up. The last line is the verdict."""
    ending = await day.close(store, day.SETTLE_SECONDS_MAX)
    tally = store.scene.tally
    good = ending.is_settled and ending.books_agree and ending.sales == tally.sales
    verdict = {
        "sales": tally.sales,
        "acknowledged": ending.recorded,
        "refused": tally.refused,
        "books_agree": good,
        "offline_sales": tally.offline_sales,
        "seconds": round(time.monotonic() - began, 1),
    }
    if not good:
        raise DemoFailed(
            "the books do not agree, or the cloud has not got everything",
            f"{verdict}, {ending}",
            "keep the files with --keep FOLDER and look with `edgebox verify`",
        )
    _sum_up(store.scene, ending, lines)
    lines.say(json.dumps(verdict))


async def _farewell(store: Store, lines: Lines) -> None:
    """End a day that was interrupted, as all days are."""
    ending = await day.close(store, day.SETTLE_SECONDS_MAX_AT_CTRL_C)
    _sum_up(store.scene, ending, lines)
    if not ending.books_agree:
        raise DemoFailed(
            "the box's books do not agree",
            f"{ending}",
            "keep the files with --keep FOLDER and look with `edgebox verify`",
        )


def _sum_up(scene: Scene, ending: day.Ending, lines: Lines) -> None:
    tally = scene.tally
    revenue = money(tally.revenue)
    lines.say("")
    lines.say(
        scene.say(
            "summary", sales=ending.sales, offline=tally.offline_sales, revenue=revenue,
            refused=tally.refused,
        ),
        "bold",
    )  # fmt: skip
    if ending.books_agree:
        name = "agree" if ending.is_settled else "agree_waiting"
        lines.say(scene.say(name, facts=ending.facts, recorded=ending.recorded), "bold green")


def _stop_on_signals() -> asyncio.Event:
    """Return an event that the first signal sets; the second cancels this task."""
    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None, "called from a task"

    def heard() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, heard)
    return stop


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Work until it is done, or until `stop`; return whether it was done. Raises what it raises."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.done()
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
        if working.done() and not working.cancelled():
            working.result()
