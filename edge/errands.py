"""What a box asks of its cloud besides facts and news: the time, and a safe for people's data."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from cloud_bridge.http import Wire
from cloud_bridge.line import Line
from cloud_bridge.sealed_post import SealedPost
from cloud_bridge.timekeeper import Asking, Timekeeper
from edge import config as settings
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

    async def run(self) -> None:
        """Run them until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._timekeeper.run(), name="cloud: time")
            tasks.create_task(self._post.run(), name="cloud: sealed letters")

    def close(self) -> None:
        """Close the safe. No blocking work may be under way."""
        self.sealed.close()
