"""A shop that had no cloud joins one: its whole past goes there, then the home of its accounts.

cloud_join   `look` says how far the cloud has come, `compare` holds both books against each other
             member by member, `move` does so too and, if they agree, moves the home: a fact

All that a member holds follows from facts, so that facts are what is handed over: each once, in
order, acknowledged by its digest. A box that is killed on the way goes on where it was. Until the
home has moved nothing changes for anybody: the box sells, and spends what its members hold.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec

from cloud_bridge import contract
from cloud_bridge.courier import Later, WireAnswer, read
from edge import letters
from edge.book import MEMBER, Book
from edge.desk.answer import OK, Answer, refuse
from edge.desk.homes.home import MOVED, Home
from edge.desk.placing import OURSELVES, Placing
from edge.journal import CLOUD, Draft, Journal
from edge.letters import KINDS
from edge.refusals import Language, Refusal
from edge.shop.accounts.cards import Card
from edge.shop.facts import Deed, HomeMoved, UnitTotal
from edge.shop.ledger import POINTS
from edge.world import World

PAGE_COUNT = 1000
"""How many of the cloud's records are compared at once."""
MEMBERS_AT_ONCE = 50
"""Members of one turn of the loop, so that a sale never waits for more than a few milliseconds."""
DIFFERENCES_MAX = 50
"""How many differences are named."""
PASSES_MAX = 5
"""How often the news is read again for members who were just buying something."""
QUIET_TRIES_MAX = 500
QUIET_SECONDS = 0.005
"""How long a moment is waited for in which nothing is on its way to the disk."""

Ask = Callable[[str], Awaitable[WireAnswer | Later]]
"""GET a target of the cloud: a path with its query."""
CardOf = Callable[[str], Card | None]
"""Returns a card as it stands by what was done here."""
DEEDS = [name for kind, name in KINDS.items() if issubclass(kind, Deed)]
"""What may change what a member holds."""


class JoinAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far to go."""

    step: Literal["look", "compare", "move"]
    lang: Language = "zh"


class Difference(msgspec.Struct, frozen=True):
    """Something that the box and the cloud say differently, in units of a kind (or a card)."""

    what: str
    unit: str
    here: str
    there: str


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """How far a box has come on its way to a cloud."""

    facts: int
    acknowledged: int
    members: int
    totals: tuple[UnitTotal, ...]
    compared: int = 0
    """How many members hold the same on both sides."""
    differences: tuple[Difference, ...] = ()
    moved: bool = False


class _Compared(NamedTuple):
    """What a comparison found; `busy` members had more done here than the cloud had told."""

    same: set[str]
    busy: set[str]
    differences: list[Difference]
    price_book: int


class Joining:
    """Answers `cloud_join`. `on_moved` makes the box live with a cloud from then on."""

    def __init__(
        self, store: str, world: World, home: Home, placing: Placing, journal: Journal, book: Book,
        ask: Ask, on_moved: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._store, self._world, self._home, self._placing = store, world, home, placing
        self._journal, self._book, self._ask, self._on_moved = journal, book, ask, on_moved
        self.cards: CardOf = _nobody
        """Knows cards; whoever does says so before anything is asked."""

    async def join(self, payload: bytes) -> Answer:
        """Go as far as is asked, or say why not, with nothing changed.

        E-NOT-JOINING, E-JOIN-WAITS, E-JOIN-DIFFERS, E-NO-PRICES-THERE, E-NEEDS-CLOUD or E-BUSY.
        """
        asked = msgspec.json.decode(payload, type=JoinAsked)
        if not self._home.is_joining:
            if self._home.has_moved:
                return _told(self._looked(moved=True))
            return refuse(Refusal("E-NOT-JOINING"), asked.lang)
        looked = self._looked()
        if asked.step == "look":
            return _told(looked)
        if waiting := looked.facts - looked.acknowledged:
            return refuse(Refusal("E-JOIN-WAITS", {"waiting": waiting}), asked.lang)
        compared = await self._compared()
        if isinstance(compared, Refusal):
            return refuse(compared, asked.lang)
        told = msgspec.structs.replace(
            looked, compared=len(compared.same), differences=tuple(compared.differences)
        )
        if asked.step == "compare":
            return _told(told)
        no = _unready(compared) or await self._move()
        return refuse(no, asked.lang) if no else _told(msgspec.structs.replace(told, moved=True))

    def _looked(self, *, moved: bool = False) -> Joined:
        with self._journal.guard():
            return Joined(
                facts=self._journal.committed, acknowledged=self._journal.bookmark(CLOUD),
                members=self._book.member_count(), totals=self._totals(), moved=moved,
            )  # fmt: skip

    def _totals(self) -> tuple[UnitTotal, ...]:
        return tuple([UnitTotal(unit=unit, lots=lots, amount=amount)
                      for unit, lots, amount in self._book.totals()])  # fmt: skip

    # --- comparing ---------------------------------------------------------------------------

    async def _compared(self) -> _Compared | Refusal:
        """Hold what every member holds here against what the cloud says they do."""
        found = _Compared(set(), set(), [], 0)
        for _ in range(PASSES_MAX):
            found = _Compared(set(), set(), [], 0)
            async for page in self._news():
                if isinstance(page, Refusal):
                    return page
                for start in range(0, len(page.changes), MEMBERS_AT_ONCE):
                    with self._journal.guard():
                        for change in page.changes[start : start + MEMBERS_AT_ONCE]:
                            self._compare(change, found)
                    await asyncio.sleep(0)
                found = found._replace(price_book=page.price_book)
            if not found.busy:
                break
        await self._find_missing(found)
        return found

    async def _news(self) -> AsyncIterator[contract.Changes | Refusal]:
        """Yield all that the cloud tells from the beginning, and keep none of it."""
        since = ""
        while True:
            target = f"/v1/changes?since={quote(since, safe='')}&limit={PAGE_COUNT}"
            answer = await self._ask(target)
            page = answer if isinstance(answer, Later) else read(answer, contract.Changes)
            if not isinstance(page, contract.Changes) or (page.more and page.cursor == since):
                yield Refusal("E-NEEDS-CLOUD")
                return
            yield page
            since = page.cursor
            if not page.more:
                return

    def _compare(self, change: contract.Change, found: _Compared) -> None:
        match change:
            case contract.Member() if self._last(change.id, KINDS.values()):
                self._compare_member(change, found)
            case contract.Card() if self._last(change.member, KINDS.values()):
                ours = self.cards(change.number)
                here = ours.member or "" if ours else ""
                if here != change.member:
                    card = f"card {change.number}"
                    found.differences.append(Difference(card, "", here, change.member))
            case _:
                pass

    def _compare_member(self, told: contract.Member, found: _Compared) -> None:
        counted = told.as_of.sequence if told.as_of else 0
        if self._last(told.id, DEEDS) > counted:
            found.busy.add(told.id)
            return
        found.busy.discard(told.id)
        here = self._held(told.id)
        there = {unit: amount for unit, amount in told.totals.items() if amount}
        there |= {POINTS: told.points} if told.points else {}
        found.same.add(told.id)
        for unit in sorted(here.keys() | there.keys()):
            ours, theirs = here.get(unit, 0), there.get(unit, 0)
            if ours != theirs:
                found.same.discard(told.id)
                found.differences.append(Difference(told.id, unit, str(ours), str(theirs)))

    def _last(self, member: str, kinds: Iterable[str]) -> int:
        """Return the place of the last fact of these kinds about a member, 0 for none."""
        found = self._book.facts("member", member, kinds, last=1)
        return found[0].sequence if found else 0

    def _held(self, member: str) -> dict[str, int]:
        """Return what a member holds by unit: points by their account, all else by its lots."""
        held: dict[str, int] = {}
        for one in self._book.holdings(member).lots.values():
            held[one.lot.unit] = held.get(one.lot.unit, 0) + one.left
        held[POINTS] = self._book.gained(MEMBER + member, POINTS, 0)
        return {unit: amount for unit, amount in held.items() if amount}

    async def _find_missing(self, found: _Compared) -> None:
        """Name the members of whom the cloud does not tell."""
        told = found.same | found.busy | {one.what for one in found.differences}
        after = ""
        while members := self._members_after(after):
            missing = [name for name in members if name not in told]
            found.differences.extend([Difference(name, "", "member", "") for name in missing])
            after = members[-1]
            await asyncio.sleep(0)
        del found.differences[DIFFERENCES_MAX:]

    def _members_after(self, name: str) -> Sequence[str]:
        with self._journal.guard():
            return self._book.subjects_after("member", name, PAGE_COUNT)

    # --- moving ------------------------------------------------------------------------------

    async def _move(self) -> Refusal | None:
        """Place the fact that moves the home, in a moment in which every lot is on the disk."""
        for _ in range(QUIET_TRIES_MAX):
            if (no := self._placing.blocked()) is not None:
                return no
            if self._journal.committed == self._journal.head.sequence:
                with self._journal.guard():
                    durable = self._place()
                await durable
                self._home.moved()
                await self._on_moved()
                return None
            await asyncio.sleep(QUIET_SECONDS)
        return Refusal("E-BUSY", retry_after=1)

    def _place(self) -> "asyncio.Future[None]":
        acknowledged = self._journal.bookmark(CLOUD)
        fact = HomeMoved(
            store=self._store, sequence=acknowledged,
            head=self._journal.digest_at(acknowledged) or "",
            members=self._book.member_count(), totals=self._totals(),
        )  # fmt: skip
        kind, body = letters.write(fact)
        draft = Draft(OURSELVES, MOVED, hashlib.sha256(body).hexdigest(), kind, body)
        return self._journal.place(draft, fact, self._world.now())[1]


def _unready(compared: _Compared) -> Refusal | None:
    """Return why the home cannot move yet, None if both books are the same."""
    if compared.differences:
        return Refusal("E-JOIN-DIFFERS", {"differences": len(compared.differences)})
    if compared.busy:
        return Refusal("E-JOIN-WAITS", {"waiting": len(compared.busy)})
    return None if compared.price_book else Refusal("E-NO-PRICES-THERE")


def _nobody(number: str) -> None:
    """Know no card."""


def _told(joined: Joined) -> Answer:
    return Answer(OK, msgspec.json.encode(joined))
