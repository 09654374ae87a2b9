"""A box killed at one system call after another, or refused one after another by its disk.

Each point is a step of its life, a call, and a number: the box is hit at that call, comes up
again, is asked for the sale under which it died, and everything is judged. A box is never twice
quite as busy: where it made fewer calls this time than a point's number, the point is taken nearer
to the step's beginning. One at which nothing was injected is no point, and counts as nothing.
"""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from signal import SIGKILL

from tests.faults.boxes import RUN, ForkedBox
from tests.faults.clocks import WallClock
from tests.faults.judging import must
from tests.faults.scene import Scene, scene
from tests.faults.steps import Step, steps
from tests.faults.strace import KILL, Injection, Strace

KILLING = (
    "write", "writev", "sendto", "sendmsg", "pwrite64", "fsync", "fdatasync",
    "rename", "renameat", "renameat2", "ftruncate", "unlink",
)  # fmt: skip
FAILING = ("write", "pwrite64", "fsync", "fdatasync", "openat", "ftruncate", "rename")
"""Calls on the box's own files; sockets are not the disk."""
ERRORS = ("error=EIO", "error=ENOSPC")
FATAL = re.compile(r"(fsync|fdatasync|pwrite64)\(\d+<[^>]*/journal\.db(-wal|-journal)?>")
"""What the journal must not survive, as strace writes it: a write of it or a flush that failed."""
OTHERS = ("access.json", ".access.json.new", "tray.jsonl")
"""More files of a box, beside its databases."""
STEP_SECONDS_MAX = 60.0
END_SECONDS_MAX = 60.0
SALES_MAX = 30
PAUSE_SECONDS = 0.02
EXIT_BROKEN = 70
POINTS_MAX = 60
"""How many faults one store takes before a new one is furnished."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a fault hits."""

    step: str
    injection: Injection

    def __str__(self) -> str:
        return f"{self.step} {self.injection}"


@dataclass(slots=True)
class Swept:
    """What a sweep did and met."""

    found: int = 0
    """Points there are in one run of each step."""
    points: Counter[str] = field(default_factory=Counter)
    """Faults that happened, by step."""
    by_call: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    """How the box took it, by exit code; "goes on" for one that did not end."""
    fatal: int = 0
    """Of these: a write or a flush of the journal that failed; every one ended the run."""
    missed: int = 0
    """Points whose call the box did not make at all this time: not counted."""
    asked: int = 0
    """Requests without an answer, all of which ended as done or never."""
    facts: int = 0
    seconds: float = 0.0


class Sweep:
    """Hits a box at points of its life. `clock` is the one its processes live by."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = WallClock(folder / "clock")
        self._steps = steps(self._clock)
        self.swept = Swept()
        self._scenes = 0

    async def search(self, names: Sequence[str], effects: Sequence[str], count: int) -> Swept:
        """Hit the box at `count` points of these steps, chosen by the seed. Raises Violation."""
        async with self._scene() as shop:
            await shop.start()
            found = [
                Point(name, Injection(call, number, effect))
                for name in names
                for call, times in await self._survey(shop, self._steps[name], effects)
                for number in range(1, times + 1)
                for effect in effects
            ]
            self.swept.found = len(found)
            chosen = sample(found, count, self._seed)
            await self._hit_all(shop, chosen[:POINTS_MAX])
        for start in range(POINTS_MAX, len(chosen), POINTS_MAX):
            await self.run(chosen[start : start + POINTS_MAX])
        return self.swept

    async def run(self, points: Sequence[Point]) -> Swept:
        """Hit the box of a new store at all of these. Raises Violation."""
        async with self._scene() as shop:
            await shop.start()
            await self._hit_all(shop, points)
        return self.swept

    async def _hit_all(self, shop: Scene, points: Sequence[Point]) -> None:
        began = time.monotonic()
        for point in points:
            try:
                self.swept.missed += not await self._hit_near(shop, point)
            except BaseException as error:
                error.add_note(f"at {point}: {shop.log()}")
                raise
        await shop.stop()
        self.swept.facts += len(shop.judge())
        self.swept.seconds += round(time.monotonic() - began, 1)

    def _scene(self) -> AbstractAsyncContextManager[Scene]:
        self._scenes += 1
        folder = self._folder / f"store-{self._scenes}"
        return scene(folder, self._seed * 1000 + self._scenes, self._clock)

    # --- one fault ---------------------------------------------------------------------------

    async def _survey(
        self, shop: Scene, step: Step, effects: Sequence[str]
    ) -> Sequence[tuple[str, int]]:
        """Return how often each call is made in a step that nothing disturbs."""
        await self._prepare(shop, step)
        calls, paths = (KILLING, ()) if KILL in effects else (FAILING, _disk(shop))
        process = _hit_in(shop, step)
        async with Strace(process.pid, self._log, calls, paths=paths) as strace:
            _, code = await asyncio.gather(self._act(shop, step), _end(process, step))
            must(not code, "it did not end in good order:", code, shop.log())
            await strace.end()
        if not shop.box.runs:
            await shop.start()
        return sorted(strace.counts().items())

    async def _hit_near(self, shop: Scene, point: Point) -> bool:
        """Hit the box at a point, or else at half its number, and so on; False for never."""
        number = point.injection.number
        while number:
            injection = replace(point.injection, number=number)
            if await self._hit(shop, replace(point, injection=injection)):
                return True
            number //= 2
        return False

    async def _hit(self, shop: Scene, point: Point) -> bool:
        """Hit the box at a point, and judge it; whether anything was injected."""
        step, injection = self._steps[point.step], point.injection
        killing = injection.effect == KILL
        await self._prepare(shop, step)
        calls, paths = ((injection.call,), () if killing else _disk(shop))
        async with Strace(_hit_in(shop, step).pid, self._log, calls, injection, paths) as strace:
            code = await self._outcome(shop, step, killing=killing)
            await strace.end()
        struck = strace.happened()
        if not struck:
            must(code in (None, 0), "without a fault the box ended with", code)
        else:
            self._judge_end(injection, strace.refused(), code)
            self.swept.points[point.step] += 1
            self.swept.by_call[f"{injection.call} {injection.effect}"] += 1
            self.swept.ended["goes on" if code is None else str(code)] += 1
        await shop.box.kill()
        await step.mend(shop)
        self.swept.asked += sum(intent.open for intent in shop.record.intents.values())
        await shop.recover()
        await step.judge(shop)
        shop.judge()
        return struck

    def _judge_end(self, injection: Injection, refused: str, code: int | None) -> None:
        if injection.effect == KILL:
            must(code == -SIGKILL, "killed, it ended with", code)
            return
        must(code in (None, 0, EXIT_BROKEN), "refused by the disk, it ended with", code)
        if FATAL.search(refused):
            self.swept.fatal += 1
            must(code == EXIT_BROKEN, "it ended with", code, "after", refused)

    async def _prepare(self, shop: Scene, step: Step) -> None:
        await step.prepare(shop)
        if step.starts:
            await _hit_in(shop, step).hold(RUN if step.command is None else step.command(shop))

    async def _act(self, shop: Scene, step: Step) -> None:
        if step.starts:
            _hit_in(shop, step).release()
        async with asyncio.timeout(STEP_SECONDS_MAX):
            await step.act(shop)

    async def _outcome(self, shop: Scene, step: Step, *, killing: bool) -> int | None:
        """Go through a step, and on until the box has ended or is seen to sell.

        Return its exit code, None if it goes on.
        """
        dying = asyncio.create_task(_hit_in(shop, step).ended())
        acting = asyncio.create_task(self._act_on(shop, step, killing=killing))
        try:
            await asyncio.wait({dying, acting}, return_when=asyncio.FIRST_COMPLETED)
            if acting.done():
                acting.result()
                patience = END_SECONDS_MAX if step.ends else 0.0
                await asyncio.wait({dying}, timeout=patience)
        finally:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)
            if not dying.done():
                dying.cancel()
                await asyncio.gather(dying, return_exceptions=True)
        return None if dying.cancelled() else dying.result()

    async def _act_on(self, shop: Scene, step: Step, *, killing: bool) -> None:
        await self._act(shop, step)
        if step.ends:
            return
        async with asyncio.timeout(END_SECONDS_MAX):
            for _ in range(SALES_MAX if killing else 1):
                await shop.till.sell()
                await asyncio.sleep(PAUSE_SECONDS)
            while not shop.sells(await shop.till.health()) or not await shop.till.sell():
                await asyncio.sleep(PAUSE_SECONDS)

    @property
    def _log(self) -> Path:
        return self._folder / "strace.log"


def _hit_in(shop: Scene, step: Step) -> ForkedBox:
    """Return whose process is hit in a step."""
    return shop.box if step.command is None else shop.tool


async def _end(process: ForkedBox, step: Step) -> int:
    return await process.ended() if step.ends else 0


def _disk(shop: Scene) -> Sequence[Path]:
    """Return the files of a box that a failing disk fails; strace wants each by its name."""
    state = shop.state
    names = [
        f"{name}.db{suffix}"
        for name in ("journal", "directory")
        for suffix in ("", "-wal", "-shm", "-journal")
    ]
    return [state, state / "bundles", *(state / name for name in (*names, *OTHERS))]


def sample(points: Sequence[Point], count: int, seed: int) -> Sequence[Point]:
    """Return `count` of the points, some of every step and call, in their order."""
    luck = random.Random(f"points of {seed}")
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        groups.setdefault((point.step, point.injection.call), []).append(point)
    for group in groups.values():
        luck.shuffle(group)
    # A call of each step before another call of any: few points still strike every step.
    calls: Counter[str] = Counter()
    turns = []
    for (step, _), group in groups.items():
        turns.append((calls[step], group))
        calls[step] += 1
    turns.sort(key=itemgetter(0))
    chosen: set[Point] = set()
    while len(chosen) < min(count, len(points)):
        for _, group in turns:
            if group and len(chosen) < count:
                chosen.add(group.pop())
    return [point for point in points if point in chosen]
