"""What a box asks the cloud to authorise: leases, holds, receipts; and the hot list, asked often.

A guest is waiting while a hold is asked for, so the answer has to come soon or counts as none. A
cloud that did not answer is not asked again for a while: one guest waits for it, not each of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec

from cloud_bridge.contract import (
    CloudProblem,
    Hold,
    HoldAsked,
    HotList,
    Lease,
    LeaseAsked,
    ReceiptFound,
    SettlementStatement,
)
from cloud_bridge.courier import Backoff, Failure, Later, Pace, WireAnswer, is_unknown_cursor, read
from cloud_bridge.line import Line

REST_SECONDS_MAX = 15.0
"""The longest time for which a silent cloud is not asked for holds."""
BACKGROUND_SECONDS_MAX = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer, or none in time: what was asked for may have been granted all the same."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The cloud said no. `possible` is how much it would have granted."""

    code: str
    possible: int = 0


class HotInbox(Protocol):
    """Where the hot list is kept."""

    def hot_cursor(self) -> str:
        """Return the cursor of what came last, "" for nothing yet."""
        ...

    async def heat(self, news: HotList) -> str | None:
        """Take changes with their cursor, durably, or return why not."""
        ...


class Authority:
    """One box's questions. `now` is in seconds that never step back, `jitter` in [0, 1)."""

    def __init__(
        self,
        line: Line,
        now: Callable[[], float],
        jitter: Callable[[], float],
        *,
        hold_seconds_max: float = 0.8,
    ) -> None:
        self._line, self._now, self._jitter = line, now, jitter
        self._hold_seconds_max = hold_seconds_max
        self._rest = Backoff(Pace(delay_seconds_max=REST_SECONDS_MAX))

    @property
    def resting(self) -> bool:
        """Whether the cloud is left alone just now, because it did not answer the last time."""
        return self._now() < self._rest.not_before

    async def hold(self, asked: HoldAsked) -> Hold | Refused | Silent:
        """Ask for what one deed needs; whoever hears nothing in time must not take it later."""
        if self.resting:
            return Silent("the cloud did not answer a moment ago")
        answer = await self._post("/v1/holds", asked, Hold, self._hold_seconds_max)
        if isinstance(answer, Hold) and answer.id != asked.id:
            return Silent("the answer is about another hold")
        return answer

    async def lease(self, asked: LeaseAsked) -> Lease | Refused | Silent:
        """Ask for more of what a member holds."""
        if self.resting:
            return Silent("the cloud did not answer a moment ago")
        return await self._post("/v1/leases", asked, Lease, BACKGROUND_SECONDS_MAX)

    async def receipt(self, name: str) -> ReceiptFound | Refused | Silent:
        """Return another store's sale."""
        target = f"/v1/receipts/{quote(name, safe='')}"
        return await self._ask("GET", target, b"", ReceiptFound, self._hold_seconds_max)

    async def statement(self, month: str) -> SettlementStatement | Refused | Silent:
        """Return the settlement of a month (YYYY-MM)."""
        target = f"/v1/statement?month={quote(month, safe='')}"
        return await self._ask("GET", target, b"", SettlementStatement, BACKGROUND_SECONDS_MAX)

    async def _post(
        self, target: str, asked: msgspec.Struct, kind: type[T], seconds_max: float
    ) -> T | Refused | Silent:
        return await self._ask("POST", target, msgspec.json.encode(asked), kind, seconds_max)

    async def _ask(
        self, method: str, target: str, body: bytes, kind: type[T], seconds_max: float
    ) -> T | Refused | Silent:
        answer = await self._line.ask(method, target, body, seconds_max)
        if isinstance(answer, WireAnswer) and answer.status in {404, 409}:
            no = _problem(answer)
            if no is not None:
                self._rest.succeeded()
                return Refused(no.code, no.possible)
        found = answer if isinstance(answer, Later) else read(answer, kind)
        if isinstance(found, Failure):
            wish = found.retry_after if isinstance(found, Later) else None
            self._rest.failed(self._now(), self._jitter(), wish)
            return Silent(found.reason)
        self._rest.succeeded()
        return found


def _problem(answer: WireAnswer) -> CloudProblem | None:
    try:
        return msgspec.json.decode(answer.body, type=CloudProblem)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


class HotWatch:
    """`run` it as a task: asks for the hot list every few seconds, and keeps what is new."""

    def __init__(
        self, line: Line, inbox: HotInbox, jitter: Callable[[], float], *, every_seconds: float
    ) -> None:
        self._line, self._inbox, self._jitter = line, inbox, jitter
        self._pace = Pace(delay_seconds_base=every_seconds)
        self._every_seconds = every_seconds

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Ask until cancelled. A cloud that does not answer here is the bridge's to report."""
        backoff = Backoff(self._pace)
        while True:
            more = await self.look()
            if more is None:
                backoff.failed(0.0, self._jitter())
                await sleep(max(self._every_seconds, backoff.not_before))
            else:
                backoff.succeeded()
                await sleep(0.0 if more else self._every_seconds * (0.75 + self._jitter() / 2))

    async def look(self) -> bool | None:
        """Ask once: whether there is more, None if nothing could be learned."""
        since = self._inbox.hot_cursor()
        target = f"/v1/hot?since={quote(since, safe='')}"
        answer = await self._line.ask("GET", target, b"", BACKGROUND_SECONDS_MAX)
        if since and isinstance(answer, WireAnswer) and is_unknown_cursor(answer):
            await self._inbox.heat(HotList(entries=(), cursor=""))
            return None
        news = answer if isinstance(answer, Later) else read(answer, HotList)
        if not isinstance(news, HotList) or (news.more and news.cursor == since):
            return None
        if news.entries or news.cursor != since:
            return news.more if await self._inbox.heat(news) is None else None
        return False
