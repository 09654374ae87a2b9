"""The loop between the box and the cloud: facts out; members, products and rules in.

Three loops which never wait for one another. Whatever the cloud does, or fails to do, ends in a
verdict and a pause: nothing it says raises, and nothing here blocks the event loop. Errors of
`Outbox` and `Inbox` are the box's own and do end the run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from urllib.parse import quote

import msgspec

from cloud_bridge.auth import write_auth_for
from cloud_bridge.contract import Changes, RecordedFacts, check, sha256
from cloud_bridge.courier import (
    Acknowledged,
    Alien,
    Backoff,
    Courier,
    Failure,
    Forked,
    Garbage,
    Later,
    Pace,
    Presence,
    Rewound,
    TooLarge,
    Unfit,
    Verdict,
    WireAnswer,
    code_of,
    is_unknown_cursor,
    judge,
    read,
)
from cloud_bridge.ends import Inbox, Outbox
from cloud_bridge.http import Unreachable, Wire
from cloud_bridge.meeting import Agreed, Parted, meet
from cloud_bridge.parcels import Parcel, Written, bind

NO_BUNDLE = "no-bundle"
"""What a cloud says that has no rules yet: anybody may answer 404."""
REASON_MAX = 200
"""How much of a reason is kept: the cloud, or whoever answers for it, may have written it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How often to ask, how long to wait, how much at once."""

    pace: Pace = field(default_factory=Pace)
    request_seconds_max: float = 15.0
    changes_seconds: float = 30.0
    changes_count_max: int = 1000
    bundle_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class CloudState:
    """How the cloud is, for health. `last_success_at` is in milliseconds since 1970 UTC."""

    up: bool = False
    last_success_at: int | None = None
    last_error: str = ""


def silent(trouble: Failure | Unfit) -> None:
    """Say nothing."""


class Bridge:
    """One box's connection to its cloud; `run` it as a task, `wake` it for new facts.

    `sign` is by the box's Ed25519 key, `now` in milliseconds since 1970 UTC, `jitter` in [0, 1);
    `say` hears of every trouble, for the log.
    """

    def __init__(  # noqa: PLR0913 - the composition root names them all, once
        self,
        box_id: str,
        *,
        sign: Callable[[bytes], bytes],
        outbox: Outbox,
        inbox: Inbox,
        wire: Wire,
        now: Callable[[], int],
        jitter: Callable[[], float],
        settings: Settings | None = None,
        say: Callable[[Failure | Unfit], None] = silent,
    ) -> None:
        self._box_id = box_id
        self._sign = sign
        self._outbox = outbox
        self._inbox = inbox
        self._wire = wire
        self._now = now
        self._jitter = jitter
        self._settings = settings or Settings()
        self._say = say
        self._courier = Courier(self._settings.pace)
        self._presence = Presence(self._settings.pace)
        self._woken = asyncio.Event()
        self._back = asyncio.Event()
        self._has_met = False
        self._ahead: Parcel | None = None
        """What follows the bookmark, bound while the parcel before it was on its way."""
        self.state = CloudState()

    def wake(self) -> None:
        """Tell that new facts are durable. Call it on the loop; it costs nothing."""
        self._woken.set()

    async def run(self) -> None:
        """Carry until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._push(), name="cloud: facts")
            loops.create_task(self._pull(self._changes), name="cloud: changes")
            loops.create_task(self._pull(self._bundle), name="cloud: bundle")

    async def push(self) -> None:
        """Carry facts alone until cancelled: a box that has its own news sends them all the same.

        Afterwards it may `run`.
        """
        await self._push()

    # --- facts -----------------------------------------------------------------------------------

    async def _push(self) -> None:
        self._ahead = None
        while True:
            await self._until_it_may_leave()
            self._woken.clear()
            if not self._has_met:
                await self._meet()
            elif (place := self._outbox.missing()) is not None:
                await self._fetch(*place)
            elif parcel := self._ahead or await self._next():
                await self._deliver(parcel)
            else:
                await self._woken.wait()

    async def _meet(self) -> None:
        """Compare our past with the cloud's, before anything is sent."""
        met = await meet(self._get, self._outbox)
        match met:
            case Agreed(common):
                self._outbox.agreed(common)
                self._has_met, self._ahead = True, None
                await self._succeeded()
            case Parted(common, cloud):
                self._outbox.parted(common, cloud)
                await self._stumbled(Forked(f"ours parts from the cloud's after {common}"))
            case _:
                await self._stumbled(met)

    async def _fetch(self, epoch: int, sequence: int) -> None:
        """Fetch the next of the facts that we may have lost."""
        limit = self._settings.pace.batch_count_max
        answer = await self._get(f"/v1/facts?epoch={epoch}&after={sequence}&limit={limit}")
        found = answer if isinstance(answer, Later) else read(answer, RecordedFacts)
        if not isinstance(found, RecordedFacts):
            return await self._stumbled(found)
        places = [(epoch, sequence), *((e.epoch, e.sequence) for e in found.envelopes)]
        if not all(map(check, found.envelopes)) or any(a >= b for a, b in pairwise(places)):
            return await self._stumbled(Garbage("lost facts that are none"))
        if found.more and not found.envelopes:
            return await self._stumbled(Garbage("more lost facts, and none of them came"))
        reason = await self._outbox.take_back(found.envelopes, more=found.more)
        return await (
            self._succeeded() if reason is None else self._stumbled(Later(f"lost facts: {reason}"))
        )

    def _meet_anew(self) -> None:
        """Let the next thing that is sent be the question how far the cloud has come."""
        self._has_met = False
        self.wake()

    async def _stumbled(self, failure: Failure) -> None:
        """Leave the cloud alone for a while, and meet it anew."""
        self._has_met = False
        self._courier.heard(failure, 0, self._time(), self._jitter())
        await self._failed(failure)

    async def _get(self, target: str) -> WireAnswer | Later:
        return await self._ask("GET", target)

    async def _until_it_may_leave(self) -> None:
        """Wait for the courier's moment, which comes sooner when the cloud turns out to be back."""
        while (left := self._courier.not_before - self._time()) > 0:
            self._back.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._back.wait()
        await asyncio.sleep(0)

    async def _next(self, after: Written | None = None) -> Parcel | None:
        """Return what is to be sent next, after a fact if one is given."""
        return await self._outbox.pending(self._bind, after)

    def _bind(self, pending: Iterable[Written]) -> Parcel | None:
        """Make a parcel of the first facts, if there are any; in whatever thread they are read."""
        batch = self._courier.pack(pending)
        return bind(self._box_id, self._sign, batch) if batch else None

    async def _deliver(self, parcel: Parcel) -> None:
        batch, began = parcel.facts, self._time()
        answer = await self._ask_reading_ahead(parcel)
        taken = (self._time() - began) / self._settings.request_seconds_max
        verdict: Verdict = (
            answer if isinstance(answer, Later) else judge(answer, batch, self._outbox.digest_at)
        )
        self._courier.heard(verdict, len(batch), self._time(), self._jitter(), taken)
        if isinstance(verdict, Acknowledged):
            self._outbox.acknowledged(verdict.sequence, verdict.outcomes)
            if verdict.sequence != batch[-1].sequence:
                self._ahead = None
            await self._succeeded()
        else:
            self._ahead = None
            # Before anything else is sent, we ask how far the cloud has come.
            self._has_met &= not isinstance(verdict, Rewound | Alien | Forked)
            await self._failed(verdict)

    async def _ask_reading_ahead(self, parcel: Parcel) -> WireAnswer | Later:
        """Send a parcel; meanwhile bind the next one, for when all of this is acknowledged."""
        asking = asyncio.create_task(
            self._ask("POST", "/v1/facts", parcel.body, body_hash=parcel.body_hash)
        )
        try:
            self._ahead = await self._next(parcel.facts[-1])
            return await asking
        finally:
            asking.cancel()

    # --- news ------------------------------------------------------------------------------------

    async def _pull(self, ask: Callable[[], Awaitable[float | Failure | Unfit]]) -> None:
        """Ask again and again; an answer is how many seconds to leave until the next time."""
        backoff = Backoff(self._settings.pace)
        while True:
            result = await ask()
            if isinstance(result, float):
                backoff.succeeded()
                await self._succeeded()
                await asyncio.sleep(result)
            elif isinstance(result, Unfit):
                # Whether the cloud is there, the other loops know better.
                self._trouble(result)
                await asyncio.sleep(self._spread(self._settings.bundle_seconds))
            else:
                wish = result.retry_after if isinstance(result, Later) else None
                backoff.failed(self._time(), self._jitter(), wish)
                await self._failed(result)
                await self._until(backoff.not_before)

    async def _changes(self) -> float | Failure | Unfit:
        since = self._inbox.cursor()
        limit = self._settings.changes_count_max
        answer = await self._ask("GET", f"/v1/changes?since={quote(since, safe='')}&limit={limit}")
        if isinstance(answer, Later):
            return answer
        if since and is_unknown_cursor(answer):
            self._meet_anew()  # a cloud that forgot its news forgot facts, too
            await self._inbox.forget()
            return self._spread(self._settings.changes_seconds)
        page = read(answer, Changes)
        if not isinstance(page, Changes):
            return page
        if page.more and page.cursor == since:
            return Garbage("more changes, and the cursor stands still")
        reason = await self._inbox.apply(page)
        if reason is not None:
            return Unfit(f"changes not kept: {reason}")
        return 0.0 if page.more else self._spread(self._settings.changes_seconds)

    async def _bundle(self) -> float | Failure | Unfit:
        etag = self._inbox.bundle_etag()
        headers = {} if etag is None else {"If-None-Match": f'"{etag}"'}
        answer = await self._ask("GET", "/v1/bundle", headers=headers)
        if isinstance(answer, Later):
            return answer
        nothing_new = answer.status == 304 and etag is not None
        if not nothing_new and (answer.status, code_of(answer)) != (404, NO_BUNDLE):
            body = read(answer, msgspec.Raw)
            if not isinstance(body, msgspec.Raw):
                return body
            reason = await self._inbox.offer_bundle(answer.body)
            if reason is not None:
                return Unfit(f"bundle refused: {reason}")
        return self._spread(self._settings.bundle_seconds)

    # --- both ------------------------------------------------------------------------------------

    async def _ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        body_hash: str = "",
    ) -> WireAnswer | Later:
        """Return the answer to a request; `body_hash` is its body's SHA-256 where that is known."""
        told = body_hash or sha256(body)
        auth = write_auth_for(self._box_id, self._now(), self._sign, method, target, told)
        sent = {"Edge-Auth": auth, **(headers or {})}
        if body:
            sent["Content-Type"] = "application/json"
        try:
            return await self._wire.request(
                method, target, sent, body, self._settings.request_seconds_max
            )
        except Unreachable as error:
            return Later(str(error))

    async def _succeeded(self) -> None:
        self.state = replace(self.state, last_success_at=self._now())
        await self._seen(True)

    async def _failed(self, failure: Failure) -> None:
        self._trouble(failure)
        if not isinstance(failure, TooLarge):
            await self._seen(False)

    async def _seen(self, success: bool) -> None:
        changed = self._presence.saw(success)
        self.state = replace(self.state, up=self._presence.up)
        if changed and self._presence.up:
            self._courier.cloud_is_back()
            self._back.set()
        if changed:
            await self._inbox.online(self._presence.up)

    def _trouble(self, trouble: Failure | Unfit) -> None:
        name = type(trouble).__name__.lower()
        self.state = replace(self.state, last_error=f"{name}: {trouble.reason[:REASON_MAX]}")
        self._say(trouble)

    async def _until(self, moment: float) -> None:
        """Sleep until `moment` of the loop's clock; always let others run."""
        await asyncio.sleep(max(0.0, moment - self._time()))

    def _spread(self, seconds: float) -> float:
        """Return about `seconds`, so that boxes which start together do not ask together."""
        return seconds * (0.75 + 0.5 * self._jitter())

    def _time(self) -> float:
        return asyncio.get_running_loop().time()
