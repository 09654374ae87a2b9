"""What people tell of themselves when they enrol: sealed at once, carried to the cloud, forgotten.

Nothing here can be read on the box again. The fact of an enrolment holds the hash that `keep`
returns; wait for it before the fact is placed, so that no fact names a letter that is lost.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from cloud_bridge.contract import Enrolled
from cloud_bridge.sealing import KEY_BYTES, seal
from edge.refusals import Refusal
from edge.sealed import SealedStore
from edge.world import World

DAY_MS = 24 * 3600 * 1000

T = TypeVar("T")


class Offload(Protocol):
    """Runs a blocking call somewhere it disturbs nobody; one at a time."""

    async def __call__(self, call: Callable[[], T]) -> T:
        """Return what `call` returns."""


class Enrolments:
    """The sealed letters of one box.

    `sealing_key` is the cloud's raw X25519 key, None where the box was not told; what the cloud
    has confirmed stays for `retention_days`, lest the cloud come back from an old backup.
    """

    def __init__(
        self,
        store: SealedStore,
        sealing_key: bytes | None,
        retention_days: int,
        world: World,
        offload: Offload,
    ) -> None:
        self._store, self._key, self._retention_ms = store, sealing_key, retention_days * DAY_MS
        self._world, self._offload = world, offload
        self.on_kept: Callable[[], None] = _nobody

    async def keep(self, told: Enrolled) -> str | Refusal:
        """Seal what was told and return its hash once it is durable, or E-NO-SEALING-KEY."""
        if self._key is None:
            return Refusal("E-NO-SEALING-KEY")
        body = seal(msgspec.json.encode(told), self._key, self._world.nonce(KEY_BYTES))
        now = self._now()
        name = await asyncio.shield(self._offload(lambda: self._store.keep(body, now)))
        self.on_kept()
        return name

    async def waiting(self, limit: int) -> Sequence[bytes]:
        """Return the oldest letters that the cloud has not confirmed."""
        return await self._offload(lambda: self._store.waiting(limit))

    async def confirmed(self, hashes: Sequence[str]) -> None:
        """Take down what the cloud has, and erase what it has had for long enough."""
        now = self._now()
        await asyncio.shield(
            self._offload(lambda: self._store.confirmed(hashes, now, self._retention_ms))
        )

    def _now(self) -> int:
        """Return the time for certain: a clock in doubt erases nothing early."""
        return self._world.clock.read().floor_ms


def _nobody() -> None:
    """Hear of a letter, and do nothing."""
