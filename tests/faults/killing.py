"""A box killed again and again under load: nothing told is lost, nothing happens twice.

Three terminals sell without pause over real sockets; the box runs as a process and dies by
SIGKILL at moments drawn from a seed. After each stretch the record, the journal, the cloud and
the box are held against one another (`judging`).
"""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from simulators import demo_data
from simulators.cloud.server import CloudServer
from simulators.cloud.twin import CloudTwin
from simulators.handheld import Handheld
from simulators.keys import make_key
from simulators.pc_pos import PcPos
from simulators.premises import BoxProcess, Plan, Premises, furnish
from tests.faults.boxes import Box, Program
from tests.faults.cashiers import Cashier, Record, Wire
from tests.faults.judging import (
    Violation,
    ask_again,
    journal_path,
    judge_cloud,
    must,
    written_down,
)

TERMINALS = {"handheld-1": "handheld", "handheld-2": "handheld", "pos-1": "pc_pos"}
ANSWERS_MAX = 8
MOMENT_SECONDS_MAX = 0.06
RATE = 100_000
"""Requests a second that a terminal may send: here they are no people."""
STARTING_ONE_IN = 8
ALL_SERVED_ONE_IN = 3
STALLED_SECONDS_MAX = 60.0
LOG_TAIL_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class KillPlan:
    """How often to kill, and after how many kills to compare all books."""

    seed: int
    kills: int
    kills_between_checks: int = 50


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run did and met. A request is struck when its box dies before it is answered."""

    seed: int
    kills: int
    kills_while_starting: int
    struck: int
    struck_before_commit: int
    struck_after_commit: int
    """Of these the outcome was on disk, and the terminal had not been told."""
    asked_done: int
    asked_never: int
    sold: int
    refused: int
    facts: int
    checks: int
    restart_ms_median: int
    seconds: float


@dataclass(slots=True)
class House:
    """A furnished store with its cloud and its three cashiers."""

    premises: Premises
    twin: CloudTwin
    cashiers: Sequence[Cashier]
    record: Record


@asynccontextmanager
async def furnished(folder: Path, luck: random.Random) -> AsyncIterator[House]:
    """Set up a store: the cloud twin listens, the terminals try to reach their box."""
    with closing(CloudTwin(make_key("cloud-1", luck))) as twin:
        twin.seed_members(demo_data.members(), demo_data.cards())
        twin.seed_products(demo_data.products())
        twin.publish_bundle(demo_data.bundle("s1"))
        async with CloudServer(twin) as cloud, AsyncExitStack() as stack:
            keys = {twin.signing_key.id: twin.signing_key.public_key}
            premises = furnish(
                folder, Plan(cloud.url, keys, TERMINALS, requests_per_second_max=RATE)
            )
            twin.register_box(premises.box, premises.public_key)
            record = Record()
            cashiers = []
            for name in TERMINALS:
                wire = await stack.enter_async_context(_wire(premises, name))
                cashiers.append(Cashier(name, wire, record, random.Random(luck.random())))
            yield House(premises, twin, cashiers, record)


def _wire(premises: Premises, name: str) -> AbstractAsyncContextManager[Wire]:
    token = premises.tokens[name]
    if TERMINALS[name] == "pc_pos":
        return PcPos(premises.http_url, name, token, delay_seconds_max=0.05)
    return Handheld(
        "127.0.0.1", premises.mqtt_port, premises.store, name, token, connect_seconds_max=0.5
    )


class Killer:
    """Kills the box of a house by a plan, and keeps the figures."""

    def __init__(self, house: House, box: Box, plan: KillPlan) -> None:
        self._house, self._box, self._plan = house, box, plan
        self._luck = random.Random(f"moments of {plan.seed}")
        self._kills = self._kills_while_starting = self._checks = self._facts = 0
        self._struck: dict[str, bool] = {}  # key -> was it on disk when the box died?
        self._restarts: list[float] = []
        self._spawned_at: float | None = None
        self._compared = 0

    async def run(self) -> Figures:
        """Kill as planned and leave the box running. Raises Violation."""
        began = time.monotonic()
        await self._box.spawn()
        await _selling(self._house.premises)
        while self._kills < self._plan.kills:
            left = self._plan.kills - self._kills
            await self._stretch(min(left, self._plan.kills_between_checks))
            await self._compare()
        return self._figures(time.monotonic() - began)

    async def _stretch(self, kills: int) -> None:
        closing = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as tasks:
                for cashier in self._house.cashiers:
                    tasks.create_task(cashier.trade(closing))
                for _ in range(kills):
                    await self._kill()
                await self._traffic()
                closing.set()
                deadline.reschedule(loop.time() + STALLED_SECONDS_MAX)
        except TimeoutError:
            raise Violation(f"a request is never answered: {self._log()}") from None
        except ExceptionGroup as group:
            if violations := group.subgroup(Violation):
                raise violations.exceptions[0] from None
            if group.subgroup(TimeoutError):  # a terminal gave up
                raise Violation(f"a request is never answered: {self._log()}") from group
            raise

    async def _kill(self) -> None:
        if self._spawned_at is not None and self._luck.randrange(STARTING_ONE_IN) == 0:
            usual = statistics.median(self._restarts or [MOMENT_SECONDS_MAX])
            await asyncio.sleep(self._luck.uniform(0, 1.2 * usual))
            self._kills_while_starting += 1
        else:
            await self._traffic()
            await asyncio.sleep(self._luck.uniform(0, MOMENT_SECONDS_MAX))
        must(await self._box.kill() == -SIGKILL, "the box stopped by itself:", self._log())
        self._kills += 1
        self._strike()
        self._spawned_at = time.monotonic()
        await self._box.spawn()

    def _strike(self) -> None:
        """Note whom the death struck; let half of them ask in the place of sending again."""
        struck = [(c, c.struck.key) for c in self._house.cashiers if c.struck is not None]
        keys = [key for _, key in struck]
        on_disk = written_down(journal_path(self._house.premises), keys)
        for cashier, key in struck:
            self._struck[key] = key in on_disk
            if self._luck.random() < 0.5:
                cashier.cut()

    async def _traffic(self) -> None:
        """Wait until some were served, or all; a box that serves nobody has broken its promise."""
        record = self._house.record
        try:
            async with asyncio.timeout(STALLED_SECONDS_MAX):
                await record.answered(1)
                if self._spawned_at is not None:
                    self._restarts.append(time.monotonic() - self._spawned_at)
                    self._spawned_at = None
                if self._luck.randrange(ALL_SERVED_ONE_IN) == 0:
                    await record.all_answered(TERMINALS)
                else:
                    await record.answered(self._luck.randint(0, ANSWERS_MAX))
        except TimeoutError:
            raise Violation(f"nobody is served any more: {self._log()}") from None

    def _log(self) -> str:
        log = (self._house.premises.folder / "box.log").read_text("utf-8", "replace")
        return f"its log ends:\n{log[-LOG_TAIL_CHARACTERS:]}"

    async def _compare(self) -> None:
        """Hold everything against everything. Each key is asked again at the first comparison."""
        house = self._house
        self._facts = await judge_cloud(house.record, house.premises, house.twin)
        intents = list(house.record.intents.values())
        await ask_again(intents[self._compared :], house.premises)
        self._compared = len(intents)
        self._checks += 1

    def _figures(self, seconds: float) -> Figures:
        intents = self._house.record.intents.values()
        after_commit = sum(self._struck.values())
        return Figures(
            seed=self._plan.seed,
            kills=self._kills,
            kills_while_starting=self._kills_while_starting,
            struck=len(self._struck),
            struck_before_commit=len(self._struck) - after_commit,
            struck_after_commit=after_commit,
            asked_done=sum(intent.fate == "done" for intent in intents),
            asked_never=sum(intent.fate == "never" for intent in intents),
            sold=len(self._house.record.sold()),
            refused=sum((intent.answer or b"").startswith(b"409") for intent in intents),
            facts=self._facts,
            checks=self._checks,
            restart_ms_median=int(1000 * statistics.median(self._restarts or [0])),
            seconds=round(seconds, 1),
        )


async def _selling(premises: Premises) -> None:
    box = BoxProcess(premises)
    async with asyncio.timeout(STALLED_SECONDS_MAX):
        while True:
            health = await box.health()
            if health is not None and health["state"] != "not_selling":
                return
            await asyncio.sleep(0.02)


async def kill_box(plan: KillPlan, folder: Path, program: Program) -> Figures:
    """Furnish a store in `folder`, kill its box by the plan, end it. Raises Violation."""
    async with (
        furnished(folder, random.Random(f"store of {plan.seed}")) as house,
        program(house.premises) as box,
    ):
        figures = await Killer(house, box, plan).run()
        must(await box.stop() == 0, "the box did not end in good order")
    return figures
