"""What a box asks of its cloud besides facts and news.

The time, a safe for people's data, the hot list, and what it may spend: leases and holds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from cloud_bridge.authority import Authority, HotWatch
from cloud_bridge.contract import HotList
from cloud_bridge.http import Wire
from cloud_bridge.line import Line
from cloud_bridge.sealed_post import SealedPost
from cloud_bridge.timekeeper import Asking, Timekeeper
from edge import config as settings
from edge.desk.homes.away import Away, Records
from edge.desk.homes.lease_keeping import LeaseKeeper
from edge.directory import Directory
from edge.enrolments import Enrolments
from edge.sealed import SealedStore
from edge.world import World

SEALED_FILE = "sealed.db"

T = TypeVar("T")


class Far(Protocol):
    """The way to the cloud, and a helper for blocking work."""

    @property
    def wire(self) -> Wire:
        """How requests travel."""

    async def offload(self, call: Callable[[], T]) -> T:
        """Return what a blocking `call` returns, without blocking the loop."""


class HotShelf:
    """Where the hot list goes: into the directory, beside the loop."""

    def __init__(
        self, directory: Directory, offload: Callable[[Callable[[], None]], Awaitable[None]]
    ) -> None:
        self._directory, self._offload = directory, offload

    def hot_cursor(self) -> str:
        """Return the cursor of what came last."""
        return self._directory.hot_cursor

    async def heat(self, news: HotList) -> str | None:
        """Take changes with their cursor, durably, or return why not."""
        try:
            await asyncio.shield(self._offload(lambda: self._directory.heat(news)))
        except OSError as error:
            return f"disk: {error}"
        return None


class Errands:
    """`run` them as a task; `enrolments` takes what people tell."""

    def __init__(self, config: settings.Config, world: World, far: Far) -> None:
        cloud, clock = config.cloud, world.clock
        sign = settings.read_or_create_box_key(config.secrets.box_key_file).sign
        line = Line(cloud.box, sign, far.wire, world.now)
        asking = Asking(line, cloud.keys, world.monotonic, lambda: world.nonce(16).hex())
        self._timekeeper = Timekeeper(
            asking, clock.wants_the_cloud, lambda told: clock.hear(told.at, told.error_ms)
        )
        self.sealed = SealedStore(config.store.state_dir / SEALED_FILE)
        self.enrolments = Enrolments(
            self.sealed, cloud.sealing_key, cloud.sealed_retention_days, world, far.offload
        )
        self._post = SealedPost(line, self.enrolments)
        self.enrolments.on_kept = self._post.wake
        self.authority = Authority(
            line, world.monotonic, world.luck.random, hold_seconds_max=cloud.hold_seconds_max
        )
        self.line, self._far, self._luck = line, far, world.luck.random
        self._hot_seconds = cloud.hot_interval_seconds
        self._keeper: LeaseKeeper | None = None
        self._hot: HotWatch | None = None

    def keep_leases(self, away: Away, records: Records, blocked: Callable[[], bool]) -> None:
        """Take over what the desk needs done in the background; ask before `run`."""
        self._keeper = LeaseKeeper(
            away.leasing, records.journal, self.authority, away.today, lambda: not blocked()
        )
        away.on_low = self._keeper.wish
        shelf = HotShelf(records.directory, self._far.offload)
        self._hot = HotWatch(self.line, shelf, self._luck, every_seconds=self._hot_seconds)

    async def run(self) -> None:
        """Run them until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._timekeeper.run(), name="cloud: time")
            tasks.create_task(self._post.run(), name="cloud: sealed letters")
            if self._hot is not None and self._keeper is not None:
                tasks.create_task(self._hot.run(), name="cloud: hot list")
                tasks.create_task(self._keeper.run(), name="cloud: leases")

    def close(self) -> None:
        """Close the safe. No blocking work may be under way."""
        self.sealed.close()
