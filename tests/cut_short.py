"""A box that is killed right after the commit of one fact: python -m tests.cut_short FOLDER KIND N.

It commits one by one what may be parted, brings a member in by another one, and takes everything
back; the N-th fact of the KIND is the last one that it commits.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge import writer
from edge.journal import Page
from edge.writer import Commit, Done, Fail, Idle, ThreadWriter
from tests.counter_kit import LATTE, OIL, SILVER, Till, trusting
from tests.stand import stand
from tests.test_vocabulary_people import TERMS, bringing


class Killed(ThreadWriter):
    """Its process is gone once so many facts of a kind are durable."""

    def __init__(self, kind: str, count: int) -> None:
        super().__init__()
        self._kind, self._to_go = kind, count

    def start(self, commit: Commit, done: Done, fail: Fail, idle: Idle) -> None:
        """Begin."""

        def last(jobs: Sequence[object]) -> None:
            commit(jobs)
            pages = [job[0] for job in jobs if isinstance(job, tuple)]
            self._to_go -= sum(isinstance(p, Page) and p.kind == self._kind for p in pages)
            if not self._to_go:
                os.kill(os.getpid(), signal.SIGKILL)

        super().start(last, done, fail, idle)


async def live(folder: Path, kind: str, count: int) -> None:
    """Sell, enrol, reward and take back, until the end."""
    dying = Killed(kind, count)
    async with stand(folder, bundle=bringing(), adjust=trusting, writer=dying) as shop:
        till = Till(shop)
        first = await till.sell(OIL)
        new = await till.do("enrol", consents=TERMS, receipts=[first["receipt"]], introducer=SILVER)
        bought = await till.sell(LATTE, member={"kind": "member", "text": new["member"]})
        await till.do("return", sale=bought["receipt"])
        await till.do("return", sale=first["receipt"])


if __name__ == "__main__":
    writer.BATCH_MAX = 1
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
