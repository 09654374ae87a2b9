"""Carries sealed letters to the cloud, beside the facts that name them."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Protocol

import msgspec

from cloud_bridge.contract import (
    SEALED_COUNT_MAX,
    Sealed,
    SealedBatch,
    SealedKept,
    sha256,
)
from cloud_bridge.courier import Failure, Later, read
from cloud_bridge.line import Line

LOOK_SECONDS = 60.0
IDLE_SECONDS = 3600.0
"""With nothing to carry: what the cloud has had for long enough is still thrown away."""
REQUEST_SECONDS_MAX = 15.0


class SealedBox(Protocol):
    """What waits to be carried."""

    async def waiting(self, limit: int) -> Sequence[bytes]:
        """Return the oldest letters that the cloud has not confirmed."""
        ...

    async def confirmed(self, hashes: Sequence[str]) -> None:
        """Hear that the cloud has these; whatever it has had for long enough is thrown away."""
        ...


class SealedPost:
    """`run` it as a task, `wake` it for a new letter."""

    def __init__(self, line: Line, box: SealedBox) -> None:
        self._line, self._box = line, box
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Tell that there is a letter. Call it on the loop."""
        self._woken.set()

    async def run(self) -> None:
        """Carry until cancelled. A cloud that does not answer is the bridge's to report."""
        while True:
            self._woken.clear()
            letters = await self._box.waiting(SEALED_COUNT_MAX)
            kept = await self._carry(letters) if letters else ()
            if isinstance(kept, tuple):
                await self._box.confirmed(kept)
            if not kept or not isinstance(kept, tuple) or len(letters) < SEALED_COUNT_MAX:
                await self._rest(LOOK_SECONDS if letters else IDLE_SECONDS)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _carry(self, letters: Sequence[bytes]) -> tuple[str, ...] | Failure:
        """Return the hashes of what the cloud keeps now, of these letters alone."""
        sent = {sha256(body): body for body in letters}
        batch = SealedBatch(
            letters=tuple(
                [
                    Sealed(hash=name, body=base64.b64encode(body).decode())
                    for name, body in sent.items()
                ]
            )
        )
        answer = await self._line.ask(
            "POST", "/v1/sealed", msgspec.json.encode(batch), REQUEST_SECONDS_MAX
        )
        kept = answer if isinstance(answer, Later) else read(answer, SealedKept)
        if not isinstance(kept, SealedKept):
            return kept
        return tuple([name for name in kept.hashes if name in sent])
