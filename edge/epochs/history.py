"""Whether facts of another life of this box are missing here, and how they come back.

When an epoch opens on top of another one, the cloud may have facts of this box that the journal
has not. Once it has acknowledged the new epoch, none can be added to those before it; then all of
them are fetched, and each gets a place here as `recovered.v1`, under its own key.
"""

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from cloud_bridge.contract import Envelope, fact_identity, original
from edge import letters
from edge.desk.placing import OURSELVES, Placing
from edge.epochs.reprint import Reprint
from edge.journal import CLOUD, EPOCH, HISTORY, Draft, Journal, Page
from edge.letters import KINDS
from edge.shop.facts import EpochOpened, Recovered
from edge.world import World

RECOVERED = KINDS[Recovered]
FACTS_IN_FLIGHT_MAX = 100

log = structlog.get_logger(__name__)


class History:
    """What is known of the facts that this box once made."""

    def __init__(self, journal: Journal, placing: Placing, world: World, reprint: Reprint) -> None:
        self._journal, self._placing, self._world = journal, placing, world
        self._reprint = reprint
        self._place: tuple[int, int] | None = None
        """How far the cloud's facts have been looked through in this run."""
        self._suspect_until = -1

    @property
    def is_whole(self) -> bool:
        """Tell whether all facts of earlier epochs are here."""
        return self._journal.bookmark(HISTORY) >= self._journal.bookmark(EPOCH)

    def suspect(self) -> None:
        """Learn that some are missing of which the journal does not know."""
        self._suspect_until = self._world.now()

    def lacks(self, key: str) -> bool:
        """Tell whether a key that is unknown here may have been served in another life.

        Only keys that were made before this life began can have been.
        """
        until = self._suspect_until
        if not self.is_whole:
            until = max(until, self._opened_at())
        return minted_at(key) < until

    def _opened_at(self) -> int:
        """Return when the epoch began, ms since 1970 UTC."""
        (page,) = self._journal.after(self._journal.bookmark(EPOCH) - 1, 1)
        fact = letters.read(page.body)
        assert isinstance(fact, EpochOpened), "the bookmark is on the fact that opens the epoch"
        return fact.opened_at

    # --- what the bridge asks and brings ---------------------------------------------------------

    def missing(self) -> tuple[int, int] | None:
        """Return the place (epoch, sequence) after which the cloud may have facts of ours.

        None if there are none, or as long as the cloud would still add to them.
        """
        journal = self._journal
        if self.is_whole or journal.bookmark(CLOUD) < journal.bookmark(EPOCH):
            return None
        if self._place is None:
            whole = journal.bookmark(HISTORY)
            self._place = journal.epoch_at(whole) or 0, whole
        return self._place

    async def take_back(self, facts: Sequence[Envelope], *, more: bool) -> str | None:
        """Give each fact a place that has none here, durably, or return why not now."""
        ours = self._journal.epoch_at(self._journal.bookmark(EPOCH))
        assert ours is not None, "the epoch was acknowledged"
        earlier = [fact for fact in facts if fact.epoch < ours]
        for start in range(0, len(earlier), FACTS_IN_FLIGHT_MAX):
            reason = await self._take_some(earlier[start : start + FACTS_IN_FLIGHT_MAX])
            if reason is not None:
                return reason
        if earlier:
            self._place = earlier[-1].epoch, earlier[-1].sequence
        if not more or len(earlier) < len(facts):
            await self._journal.move_bookmark(HISTORY, self._journal.bookmark(EPOCH))
            self._suspect_until = -1
            log.info("history_whole", epoch=ours)
        return None

    async def _take_some(self, facts: Sequence[Envelope]) -> str | None:
        blocked = self._placing.blocked()
        if blocked is not None:
            return blocked.code
        try:
            placed = [durable for fact in facts if (durable := self._take(fact)) is not None]
        except (msgspec.MsgspecError, UnicodeError) as error:
            return f"a fact that this edgebox cannot read: {error}"
        await asyncio.gather(*placed)
        return None

    def _take(self, fact: Envelope) -> "asyncio.Future[None] | None":
        """Place a fact of another life; None if it is here already."""
        lost = original(fact)
        if self._journal.digest_at(lost.sequence) == lost.hash:
            return None
        owner = self._owner(lost)
        if owner is None:
            return None
        recovered = letters.recovered(lost)
        kind, body = letters.write(recovered)
        answer = self._reprint.answer(lost)
        draft = Draft(*owner, lost.content, kind, body, answer)
        return self._journal.place(draft, recovered, self._world.now())[1]

    def _owner(self, lost: Envelope) -> tuple[str, str] | None:
        """Return the origin and key under which a lost fact finds its place; None if it has one.

        Where this life has served the same request with another outcome, both count: the key is
        this life's, and somebody will have to look at it.
        """
        own, words = (lost.origin, lost.key), bytes(lost.body)
        for owner in (own, (OURSELVES, f"recovered:{fact_identity(*own, words)}")):
            page = self._journal.find(*owner)
            if page is None:
                return owner
            if words in (page.body, _wrapped(page)):
                return None  # as at the cloud, the same words in another life are the same fact
        return None


def _wrapped(page: Page) -> bytes:
    """Return the fact that came back in a page, b"" for none."""
    if page.kind != RECOVERED:
        return b""
    fact = letters.read(page.body)
    assert isinstance(fact, Recovered), "the page says so"
    return fact.body.encode()


def minted_at(key: str) -> int:
    """Return when a key was made, ms since 1970 UTC (UUIDv7, RFC 9562 section 5.7)."""
    return int(key[:8] + key[9:13], 16)
