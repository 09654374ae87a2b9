"""One effect: one key, one fact, one answer, however often and through whatever door it is asked.

A key is bound in the same step of the loop in which its fact is placed. Until the fact is
durable, whoever comes with the same key and content waits for that same answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

import msgspec

from drivers import terminal as words
from edge import letters
from edge.desk.answer import Answer, read_stored, refuse, reply
from edge.journal import Journal, JournalBroken, Page
from edge.letters import KINDS
from edge.refusals import Language, Refusal
from edge.shop.facts import KeyFenced, Recovered

JOIN_SECONDS_MAX = 5.0
FENCE = KINDS[KeyFenced]
_GAP = Refusal("E-HISTORY-GAP", retry_after=5)
_UNDER_WAY = Refusal("E-IN-PROGRESS", retry_after=1)

Placed = tuple[Answer, "asyncio.Future[None]"]
"""An answer, and when it may be told."""
Decide = Callable[[], Placed | Answer]
"""Decides a request without awaiting."""


class Keys:
    """The keys of all terminals. `origin` is the terminal a key belongs to.

    `lacks` tells of a key that is unknown here whether another life of the box may have served it.
    """

    def __init__(self, journal: Journal, lacks: Callable[[str], bool] = lambda key: False) -> None:
        self._journal, self._lacks = journal, lacks
        self._waiting: dict[tuple[str, str], tuple[str, Placed]] = {}
        self._preparing: dict[tuple[str, str], tuple[str, asyncio.Future[None]]] = {}

    async def once(
        self,
        origin: str,
        key: str,
        content: str,
        lang: Language,
        decide: Decide,
    ) -> Answer:
        """Return the one answer to `key`, deciding it only if nobody has yet.

        `decide` runs without awaiting. It gives what it placed, or a bare answer if nothing was
        placed and the key stays free.
        """
        earlier = await self._earlier(origin, key, content, lang)
        return earlier or await self._decide(origin, key, content, lang, decide)

    async def once_prepared(
        self,
        origin: str,
        key: str,
        content: str,
        lang: Language,
        prepare: Callable[[], Awaitable[Decide | Answer]],
    ) -> Answer:
        """Return the one answer to `key`, as `once`, where something must be awaited first.

        What `prepare` returns decides, without awaiting; a bare answer leaves the key free.
        Whoever comes with the same key meanwhile waits, and so does who asks what became of it.
        """
        earlier = await self._earlier(origin, key, content, lang)
        if earlier is not None:
            return earlier
        done = asyncio.get_running_loop().create_future()
        self._preparing[origin, key] = content, done
        try:
            prepared = await prepare()
        finally:
            del self._preparing[origin, key]
            done.set_result(None)
        if isinstance(prepared, Answer):
            return prepared
        # Whoever waited is woken in a later turn of the loop: the key is still free.
        return await self._decide(origin, key, content, lang, prepared)

    async def _earlier(self, origin: str, key: str, content: str, lang: Language) -> Answer | None:
        """Return what there is to say to a key that is not free; None, in that same turn."""
        if (refusal := await self._prepared(origin, key, content)) is not None:
            return refuse(refusal, lang, key)
        if self._journal.broken.done():
            return refuse(Refusal("E-STOPPING"), lang, key)
        if (waiting := self._waiting.get((origin, key))) is not None:
            bound, placed = waiting
            if bound == FENCE:
                return refuse(Refusal("E-FENCED"), lang, key)
            if bound != content:
                return refuse(Refusal("E-KEY-REUSED"), lang, key)
            return await _told(placed, key, lang, JOIN_SECONDS_MAX)
        if (page := self._journal.find(origin, key)) is not None:
            if self._is_under_way(page):
                return refuse(_UNDER_WAY, lang, key)
            if _is_fence(page):
                return refuse(Refusal("E-FENCED"), lang, key)
            if page.content != content:
                return refuse(Refusal("E-KEY-REUSED"), lang, key)
            return read_stored(page.answer)
        return refuse(_GAP, lang, key) if self._lacks(key) else None

    async def _prepared(self, origin: str, key: str, content: str | None) -> Refusal | None:
        """Wait for whoever prepares this very key; return why that cannot be, or None.

        Without a `content` it is only asked after.
        """
        while (found := self._preparing.get((origin, key))) is not None:
            bound, done = found
            if content not in (bound, None):
                return Refusal("E-KEY-REUSED")
            ready, _ = await asyncio.wait((done,), timeout=JOIN_SECONDS_MAX)
            if not ready:
                return _UNDER_WAY
        return None

    async def _decide(
        self, origin: str, key: str, content: str, lang: Language, decide: Decide
    ) -> Answer:
        decided = decide()
        if isinstance(decided, Answer):
            return decided
        self._bind(origin, key, content, decided)
        return await _told(decided, key, lang)

    async def ask(self, origin: str, key: str, lang: Language, fence: Decide) -> Answer:
        """Return what became of `key`: done with its answer, or never, which `fence` makes true."""
        if (unable := await self._prepared(origin, key, None)) is not None:
            return refuse(unable, lang, key)
        if self._journal.broken.done():
            return refuse(Refusal("E-STOPPING"), lang, key)
        if (waiting := self._waiting.get((origin, key))) is not None:
            refusal = await _until_durable(waiting[1][1], JOIN_SECONDS_MAX)
            if refusal is not None:
                return refuse(refusal, lang, key)
        if (page := self._journal.find(origin, key)) is not None:
            if self._is_under_way(page):
                return refuse(_UNDER_WAY, lang, key)
            return reply(_fate(key, page))
        if self._lacks(key):
            return refuse(_GAP, lang, key)
        decided = fence()
        if isinstance(decided, Answer):
            return decided
        self._bind(origin, key, FENCE, decided)
        return await _told(decided, key, lang)

    def known(self, origin: str, key: str, lang: Language) -> Answer:
        """Return what is known of `key`, changing nothing."""
        if self._journal.broken.done():
            return refuse(Refusal("E-STOPPING"), lang, key)
        try:
            with self._journal.guard():
                return reply(self._known(origin, key))
        except JournalBroken:
            return refuse(Refusal("E-STOPPING"), lang, key)

    def guard(self) -> AbstractContextManager[None]:
        """Raise JournalBroken for whatever the journal's file refuses inside."""
        return self._journal.guard()

    def _known(self, origin: str, key: str) -> words.Known:
        if (origin, key) in self._waiting or (origin, key) in self._preparing:
            return words.Known(key=key, state="in_progress")
        page = self._journal.find(origin, key)
        if page is None or _is_fence(page):
            return words.Known(key=key, state="unknown")
        if self._is_under_way(page):
            return words.Known(key=key, state="in_progress")
        answer = read_stored(page.answer)
        return words.Known(
            key=key, state="done", status=answer.status, answer=msgspec.Raw(answer.body)
        )

    def _is_under_way(self, page: Page) -> bool:
        """Tell whether a page that no request here waits for is not durable: it is coming back."""
        return page.sequence > self._journal.committed

    def _bind(self, origin: str, key: str, content: str, placed: Placed) -> None:
        self._waiting[origin, key] = (content, placed)
        placed[1].add_done_callback(lambda _: self._waiting.pop((origin, key)))


async def _told(
    placed: Placed, key: str, lang: Language, seconds_max: float | None = None
) -> Answer:
    answer, durable = placed
    refusal = await _until_durable(durable, seconds_max)
    return answer if refusal is None else refuse(refusal, lang, key)


async def _until_durable(
    durable: "asyncio.Future[None]", seconds_max: float | None
) -> Refusal | None:
    shared = asyncio.shield(durable)  # it is others' too: whoever goes away cancels nothing
    try:
        await (shared if seconds_max is None else asyncio.wait_for(shared, seconds_max))
    except TimeoutError:
        return _UNDER_WAY
    except JournalBroken:
        return Refusal("E-STOPPING")
    return None


def _is_fence(page: Page) -> bool:
    """Tell whether a key was called off, in this life of the box or in one that came back."""
    if page.kind != KINDS[Recovered]:
        return page.kind == FENCE
    fact = letters.read(page.body)
    return isinstance(fact, Recovered) and fact.kind == FENCE


def _fate(key: str, page: Page) -> words.Fate:
    if _is_fence(page):
        return words.Fate(key=key, fate="never")
    answer = read_stored(page.answer)
    return words.Fate(key=key, fate="done", status=answer.status, answer=msgspec.Raw(answer.body))
