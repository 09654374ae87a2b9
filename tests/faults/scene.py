"""One store for one fault after another: a cloud, a box that starts quickly, and a lone till.

After each fault everything is judged: what the till was told, what the journal says, and what
the box answers when it is asked for the sale under which it died.
"""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    nullcontext,
)
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloud_bridge.contract import Lot
from edge.journal import Page
from simulators import demo_data
from simulators.cloud.server import CloudServer
from simulators.cloud.twin import CloudTwin, wall_clock
from simulators.keys import make_key
from simulators.premises import Plan, Premises, furnish
from tests.faults.boxes import ForkedBox
from tests.faults.cashiers import Record
from tests.faults.clocks import WallClock
from tests.faults.judging import Violation, journal_path, judge_journal, must, read_pages
from tests.faults.owner import Owner
from tests.faults.till import Till

TERMINAL = "pos-1"
RATE = 100_000
READY_SECONDS_MAX = 60.0
POLL_SECONDS = 0.01
NEWS_SECONDS = 0.05
LOG_PAGES = 80
"""So early a box moves its write-ahead log here: after a dozen sales."""
LOG_TAIL_CHARACTERS = 2_000
RICH = (2, 3, 4)
"""Members who have stored value, as much as anybody wants; the cloud lets the box spend it."""
RICHES = 10**9

Way = Callable[[str], AbstractAsyncContextManager[str]]
"""Leads to a cloud: of its URL makes the one by which the box asks it."""


class Scene:
    """A store, its cloud, its box and its till; made by `scene`."""

    def __init__(
        self,
        premises: Premises,
        twin: CloudTwin,
        box: ForkedBox,
        tool: ForkedBox,
        till: Till,
        record: Record,
    ) -> None:
        self.premises, self.twin, self.box, self.till = premises, twin, box, till
        self.tool, self.record = tool, record
        self.owner = Owner(premises)
        self.given = twin.books()
        """What the cloud's books held before anything was sold."""
        self.bundle_version = 1
        self.members = 0
        """How many the cloud has told of since the box first ran."""
        self.copies = 0
        """How many backups were made, or begun."""

    @property
    def copy(self) -> Path:
        """Where the last backup is."""
        return self.premises.folder / f"backup-{self.copies}"

    @property
    def state(self) -> Path:
        """Where the box keeps everything."""
        return self.premises.folder / "state"

    async def start(self) -> None:
        """Start the box and wait until it sells."""
        await self.box.spawn()
        await self.ready()

    async def ready(self) -> None:
        """Wait until the box sells by the newest rules, and get its prices."""
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                while not self.sells(await self.till.health()):
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise Violation(f"the box does not come back: {self.log()}") from None
        await self.till.quote()

    def sells(self, health: Mapping[str, Any] | None) -> bool:
        """Tell whether a box that says this of itself sells by the newest rules."""
        return (
            health is not None
            and health["state"] != "not_selling"
            and health["bundle_version"] == self.bundle_version
        )

    async def recover(self) -> None:
        """Start a box that died, ask what became of everything, and judge."""
        await self.start()
        await self.till.settle()
        here = {page.key for page in read_pages(journal_path(self.premises))}
        for sold in self.record.sold():
            if sold.key not in here:  # the cloud has it, if anybody has
                must((await self.till.asked(sold.key))["fate"] == "done", sold.key, "is lost")
        self.judge()

    async def sent(self) -> None:
        """Wait until the cloud has all that was done."""
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                while (health := await self.till.health()) is None or health["waiting"]:
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise Violation(f"the box does not send: {self.log()}") from None

    def judge(self) -> Sequence[Page]:
        """Hold the journal against what the till was told; return its pages."""
        return judge_journal(self.record, journal_path(self.premises))

    async def stop(self) -> None:
        """End the box in good order and judge."""
        must(await self.box.stop() == 0, "the box did not end in good order:", self.log())
        self.judge()

    def publish(self) -> int:
        """Have the cloud publish the next bundle, of the same rules; return its version."""
        self.bundle_version += 1
        self.twin.publish_bundle(_rules(self.bundle_version))
        return self.bundle_version

    def forget(self) -> None:
        """Give the shop a new box: an empty state, a name the cloud never heard. None may run."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.record.intents.clear()
        config, old = self.premises.config_path, self.premises.box
        new = f"s1-box-{int(old.rpartition('-')[2]) + 1}"
        config.write_text(config.read_text("utf-8").replace(f'"{old}"', f'"{new}"'), "utf-8")
        self.premises = replace(self.premises, box=new)
        self.twin.register_box(new, self.premises.public_key)

    def log(self) -> str:
        """Return the end of the box's log, for whoever has to say what went wrong."""
        text = (self.premises.folder / "box.log").read_text("utf-8", "replace")
        return f"its log ends:\n{text[-LOG_TAIL_CHARACTERS:]}"


@asynccontextmanager
async def scene(
    folder: Path,
    seed: int,
    clock: WallClock | None = None,
    way: Way = nullcontext,
    **planned: Any,
) -> AsyncIterator[Scene]:
    """Furnish a store in `folder`; its box does not run yet. It lives by `clock`, if given.

    `planned` fields of its plan are not as usual.
    """
    luck = random.Random(f"scene {seed}")

    def now() -> int:
        return wall_clock() + 1000 * (clock.ahead_seconds if clock else 0)

    with closing(CloudTwin(make_key("cloud-1", luck), now=now)) as twin:
        twin.seed_members(demo_data.members(), demo_data.cards())
        twin.seed_products(demo_data.products())
        for number in RICH:
            twin.keeping.give(_value(number), RICHES)
        twin.publish_bundle(_rules(1))
        async with CloudServer(twin) as cloud, AsyncExitStack() as stack:
            keys = {twin.signing_key.id: twin.signing_key.public_key}
            url = await stack.enter_async_context(way(cloud.url))
            premises = furnish(folder, replace(_plan(url, keys), **planned))
            _trust(premises.config_path)
            twin.register_box(premises.box, premises.public_key)
            record = Record()
            till = await stack.enter_async_context(Till(premises, TERMINAL, record, luck))
            environment = {"LOG_PAGES": str(LOG_PAGES), **(clock.environment if clock else {})}
            box = await stack.enter_async_context(ForkedBox(premises, environment))
            tool = await stack.enter_async_context(ForkedBox(premises, environment))
            yield Scene(premises, twin, box, tool, till, record)


def _plan(url: str, keys: dict[str, bytes]) -> Plan:
    return Plan(
        url, keys, {TERMINAL: "pc_pos"}, requests_per_second_max=RATE,
        changes_interval_seconds=NEWS_SECONDS, bundle_interval_seconds=NEWS_SECONDS,
    )  # fmt: skip


def _rules(version: int) -> dict[str, Any]:
    programme = {"issuer": "hq", "top_up": {}}
    return {**demo_data.bundle("s1", version), "programme": programme}


def _value(number: int) -> Lot:
    member, first = f"m{number:04}", "2026-01-01"
    return Lot(
        id=f"cloud:PRN:{member}", member=member, unit="PRN", opened=first, active_from=first,
        issuer="hq",
    )  # fmt: skip


def _trust(config: Path) -> None:
    """Let members spend for a card they show, and the till do what else a day needs."""
    text = config.read_text("utf-8")
    text = text.replace("[store]\n", '[store]\nspending = "shown"\n')
    kind = 'kind = "pc_pos"\n'
    config.write_text(text.replace(kind, f'{kind}rights = ["day", "approve"]\n'), "utf-8")
