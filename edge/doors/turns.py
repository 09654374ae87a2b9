"""Whose request is begun next: one of each terminal in each turn of the event loop.

Between two turns of the loop the sockets are looked at. So a terminal that has asked fifty things
at once holds nobody else up for longer than one or two of them take: the others' requests are
read meanwhile, and are begun beside its next one. Its own stay in order. What different terminals
ask at the same time is begun together, and made durable together.

A request that has begun and waits, for the disk or for the cloud, is in nobody's way.
"""

import asyncio
from collections import deque
from collections.abc import Hashable


class Turns:
    """Gives turns. Who asks one thing after the other has theirs at once, and waits for nothing."""

    def __init__(self) -> None:
        self._had: set[Hashable] = set()
        """Who had theirs in this turn of the loop; everybody who waits is one of them."""
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    async def mine(self, who: Hashable) -> None:
        """Return when it is the turn of `who`; what is done before the next await is in it."""
        loop = asyncio.get_running_loop()
        if who not in self._had:
            if not self._had:
                loop.call_soon(self._go_round)
            self._had.add(who)
            return
        turn = loop.create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        await turn

    def _go_round(self) -> None:
        """Give everybody who waits one turn, now that the sockets were looked at."""
        self._had = {who for who in tuple(self._waiting) if self._give(who)}
        if self._had:
            asyncio.get_running_loop().call_soon(self._go_round)

    def _give(self, who: Hashable) -> bool:
        """Give a turn to the first of `who` that still waits for it; tell whether one does."""
        queue = self._waiting[who]
        is_given = False
        while queue and not is_given:
            turn = queue.popleft()
            if not turn.done():  # else the client has hung up meanwhile
                turn.set_result(None)
                is_given = True
        if not queue:
            del self._waiting[who]
        return is_given
