"""The journal as the courier sees it: letters after a bookmark. And where the cloud's news goes."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec
import structlog

from cloud_bridge.contract import (
    Changes,
    CloudHead,
    Envelope,
    Erase,
    Lease,
    Merge,
    Outcome,
    Recall,
    sha256,
)
from cloud_bridge.parcels import Written, write
from edge.bundles import Bundles
from edge.desk import Placing
from edge.desk.homes.leasing import Leasing
from edge.directory import Directory
from edge.epochs import History, Life
from edge.journal import CLOUD, Journal, Page
from edge.sealed import SealedStore
from edge.shop.calendar import moment
from edge.tray import Tray
from edge.world import World

FACTS_AT_ONCE = 50
"""How many are read on the loop; more are read in a thread, which costs as much as ten facts."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Offload(Protocol):
    """Runs a blocking call somewhere it disturbs nobody."""

    async def __call__(self, call: Callable[[], T]) -> T:
        """Return what `call` returns."""


class Backlog:
    """Durable pages as they travel: a few are read on the loop, many in the thread of `offload`."""

    def __init__(self, journal: Journal, offload: Offload) -> None:
        self._journal, self._offload = journal, offload

    async def read(self, pack: Callable[[Iterable[Written]], T], after: int, previous: str) -> T:
        """Return what `pack` makes of the facts after one, whose page has the digest `previous`.

        Raises JournalBroken where the file cannot be read.
        """
        journal = self._journal
        with journal.guard():
            if journal.committed - after <= FACTS_AT_ONCE:
                return pack(_letters(journal.after(after, FACTS_AT_ONCE), previous))
            return await self._offload(
                lambda: journal.read_aside(after, lambda pages: pack(_letters(pages, previous)))
            )


def _letters(pages: Iterable[Page], previous: str) -> Iterator[Written]:
    """Yield pages in a row, the first after one with the digest `previous`, as they travel."""
    for page in pages:
        yield write(
            Envelope(
                sequence=page.sequence, epoch=page.epoch, at=page.at, origin=page.origin,
                key=page.key, content=page.content, kind=page.kind, body=msgspec.Raw(page.body),
                answer=sha256(page.answer), previous=previous, hash=page.digest,
            )
        )  # fmt: skip
        previous = page.digest


class JournalOutbox:
    """Durable pages in order, as letters.

    `history` knows what is missing of our past, `life` what to do if it went on elsewhere;
    `tray` keeps what the cloud did not simply accept; for `offload` see `Backlog`.
    """

    def __init__(
        self, journal: Journal, history: History, life: Life, tray: Tray, offload: Offload
    ) -> None:
        self._journal, self._history, self._life = journal, history, life
        self._tray, self._backlog = tray, Backlog(journal, offload)
        self._fed: int | None = None
        """How far a cloud that has forgotten facts has got them again."""

    def last(self) -> int:
        """Return the sequence of the last durable fact."""
        return self._journal.committed

    def epoch_at(self, sequence: int) -> int | None:
        """Return the epoch of a durable fact, None where there is none."""
        with self._journal.guard():
            return self._journal.epoch_at(sequence)

    def agreed(self, common: int) -> None:
        """Hear that the cloud has our facts up to `common`, if that is less than it once had."""
        bookmark = self._journal.bookmark(CLOUD)
        self._fed = common if common < bookmark else None
        if self._fed is not None:
            log.warning("cloud_forgot", seq=common, acknowledged=bookmark)

    def parted(self, common: int, cloud: CloudHead) -> None:
        """Hear that after `common` the cloud's facts of this box are not ours.

        Raises HistoryForked; returns if that has to wait.
        """
        self._history.suspect()
        self._life.parted(common, cloud)

    def missing(self) -> tuple[int, int] | None:
        """Return the place after which the cloud may have facts that are missing here."""
        with self._journal.guard():
            return self._history.missing()

    async def take_back(self, facts: Sequence[Envelope], *, more: bool) -> str | None:
        """Give facts of another life a place here, durably, or return why not now."""
        with self._journal.guard():
            return await self._history.take_back(facts, more=more)

    async def pending(
        self, pack: Callable[[Iterable[Written]], T], after: Written | None = None
    ) -> T:
        """Return what `pack` makes of the facts after the bookmark, or after one of ours."""
        start, previous = (after.sequence, after.hash) if after else self._mark()
        return await self._backlog.read(pack, start, previous)

    def _mark(self) -> tuple[int, str]:
        """Return the place of the last fact that needs not be sent, and its page's digest."""
        bookmark = self._journal.bookmark(CLOUD) if self._fed is None else self._fed
        with self._journal.guard():
            previous = self._journal.digest_at(bookmark)
        assert previous is not None, "the bookmark is on a page"
        return bookmark, previous

    def digest_at(self, sequence: int) -> str | None:
        """Return the digest of a durable fact, None where there is none."""
        with self._journal.guard():
            return self._journal.digest_at(sequence)

    def acknowledged(self, sequence: int, outcomes: Sequence[Outcome]) -> None:
        """Move the bookmark; durable with the next commit.

        A lost move is harmless: the same facts go again, and the cloud knows them by their hash.
        """
        for outcome in outcomes:
            if outcome.outcome != "accepted":
                log.warning("cloud_exception", seq=outcome.sequence, outcome=outcome.outcome)
        self._tray.put(outcomes)
        bookmark = self._journal.bookmark(CLOUD)
        self._fed = sequence if self._fed is not None and sequence < bookmark else None
        if sequence > bookmark:
            self._journal.move_bookmark(CLOUD, sequence)


class CloudInbox:
    """Members, cards and products go to the directory, rules to the bundles."""

    def __init__(
        self,
        world: World,
        placing: Placing,
        directory: Directory,
        sealed: SealedStore,
        bundles: Bundles,
        offload: Offload,
        leasing: Leasing,
        zone: str,
    ) -> None:
        self._world, self._placing, self._offload = world, placing, offload
        self._leasing, self._zone = leasing, zone
        self._directory, self._sealed, self._bundles = directory, sealed, bundles

    def cursor(self) -> str:
        """Return the cursor of the last page applied, "" for none."""
        return self._directory.cursor

    async def apply(self, changes: Changes) -> str | None:
        """Take one page of changes and its cursor, durably, or return why not, untouched.

        What concerns our leases goes into the journal first: the cursor moves last.
        """
        concerns = [each for each in changes.changes if isinstance(each, Lease | Recall | Merge)]
        if concerns and (blocked := await self._lease(concerns)):
            return blocked
        try:
            await asyncio.shield(self._offload(lambda: self._take(changes)))
        except OSError as error:
            return f"disk: {error}"
        return None

    async def forget(self) -> None:
        """Ask for all news again: the cloud, restored from a backup, does not know the cursor."""
        log.warning("cloud_news_again", cursor=self._directory.cursor)
        await asyncio.shield(self._offload(self._directory.forget))

    async def _lease(self, concerns: Sequence[Lease | Recall | Merge]) -> str | None:
        """Take leases and give back what is wanted, durably, or return why not now."""
        today = moment(self._world.clock.read().floor_ms, self._zone).date
        for concern in concerns:
            if (no := self._placing.blocked()) is not None:
                return no.code
            with self._leasing.guard():
                durable = self._answer(concern, today)
            if durable is not None:
                await durable
        return None

    def _answer(self, concern: Lease | Recall | Merge, today: str) -> "asyncio.Future[None] | None":
        match concern:
            case Lease():
                return self._leasing.take(concern, today)
            case Recall():
                return self._leasing.recall(concern)
            case Merge():
                return self._leasing.merged(concern)

    def _take(self, changes: Changes) -> None:
        """Erase what is to be erased, then apply: the cursor moves last."""
        erased = [name for c in changes.changes if isinstance(c, Erase) for name in c.sealed]
        if erased:
            self._sealed.erase(erased)
        self._directory.apply(changes)

    def bundle_etag(self) -> str | None:
        """Return the hash of the bundle in force."""
        return self._bundles.etag

    async def offer_bundle(self, raw: bytes) -> str | None:
        """Take a signed bundle, or return why not."""
        now = self._world.now()
        before = self._bundles.etag
        try:
            refused = await asyncio.shield(self._offload(lambda: self._bundles.keep(raw, now)))
        except OSError as error:  # the old bundle stays in force; the cloud will be asked again
            return f"disk: {error.strerror}"
        self._bundles.install()
        if refused is None and self._bundles.etag != before:
            log.info("bundle_in_force", bundle=self._bundles.etag)
        return refused

    async def online(self, up: bool) -> None:
        """Write down that the cloud has come or gone."""
        log.info("cloud_online" if up else "cloud_offline")
        if self._placing.blocked() is None:
            self._placing.cloud(online=up)
