"""Leases, in the background: more is asked for where little is left; what is over goes back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from cloud_bridge import contract
from cloud_bridge.authority import Authority
from edge.desk.homes.leasing import Leasing
from edge.journal import Journal
from edge.shop.accounts.limits import Kind

WISHES_MAX = 1000
"""How many wait to be asked for; more are wished for again at the next spend."""
LOOK_SECONDS = 600.0
"""How often to look for leases that are over."""

log = structlog.get_logger(__name__)


class LeaseKeeper:
    """`run` it as a task. `today` is the date in the programme's zone, or None if it is unknown."""

    def __init__(
        self,
        leasing: Leasing,
        journal: Journal,
        authority: Authority,
        today: Callable[[], str | None],
        may_place: Callable[[], bool],
    ) -> None:
        self._leasing, self._journal, self._authority = leasing, journal, authority
        self._today, self._may_place = today, may_place
        self._wishes: dict[tuple[str, Kind], None] = {}
        self._woken = asyncio.Event()

    def wish(self, member: str, kind: Kind) -> None:
        """Ask for more of what a member holds, soon; it costs nothing."""
        if len(self._wishes) < WISHES_MAX:
            self._wishes[member, kind] = None
            self._woken.set()

    async def run(self) -> None:
        """Keep leases until cancelled."""
        while True:
            self.expire()
            while self._wishes:
                await self._ask(*next(iter(self._wishes)))
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()

    def expire(self) -> None:
        """Give back what is left of leases that are over, if it is known what day it is."""
        today = self._today()
        if today is not None and self._may_place():
            with self._journal.guard():
                count = self._leasing.expire(today)
            if count:
                log.info("leases_over", count=count)

    async def _ask(self, member: str, kind: Kind) -> None:
        """Ask for one lease. A no, or no answer, is no news: the next spend will wish again."""
        del self._wishes[member, kind]
        asked = contract.LeaseAsked(id=self._leasing.new_id(), member=member, kind=kind)
        lease = await self._authority.lease(asked)
        today = self._today()
        if not isinstance(lease, contract.Lease) or lease.id != asked.id:
            return
        if today is not None and self._may_place():
            with self._journal.guard():
                self._leasing.take(lease, today)
