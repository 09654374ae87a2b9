"""Parts of lots come from the cloud and go back: each as a fact, before anybody spends them.

Whatever the cloud says twice, late or after a crash, a grant is taken once: its id is the key of
its fact. Nothing in this file awaits.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

import msgspec
import structlog

from cloud_bridge import contract
from edge import letters
from edge.book import Book
from edge.book.changes import leased
from edge.config import Store
from edge.desk.placing import OURSELVES
from edge.journal import Draft, Journal
from edge.letters import KINDS
from edge.shop.accounts.lots import COUPON, PRINCIPAL, Held, Lot, Move
from edge.shop.calendar import plus_days
from edge.shop.facts import LeaseReturned, LeaseTaken
from edge.shop.facts.leases import Kind, Reason, Way
from edge.shop.ledger import BONUS, COUNTS
from edge.world import World

KINDS_OF: Mapping[str, Kind] = {
    BONUS: "value", PRINCIPAL: "value", COUNTS: "uses", COUPON: "coupon",
}  # fmt: skip
"""Of which kind a unit is; points have units of their own by partner."""
MERGED: tuple[Kind, ...] = ("value", "points", "uses")
"""What goes over to whom a member turns out to be; a coupon keeps its lot, and its code."""
BACK_DAYS_MAX = 400
"""How far back a box that was switched off looks for leases that ended meanwhile."""

Durable = asyncio.Future[None]
log = structlog.get_logger(__name__)


class Leasing:
    """Takes grants, and gives them back. All that it returns may be told once it is durable."""

    def __init__(self, store: Store, world: World, journal: Journal, book: Book) -> None:
        self._store, self._world = store, world
        self._journal, self._book = journal, book
        self._expired_until = ""

    def guard(self) -> AbstractContextManager[None]:
        """Let a journal that cannot be read end the run, as everywhere."""
        return self._journal.guard()

    # --- grants ------------------------------------------------------------------------------

    def take(self, lease: contract.Lease, today: str) -> Durable | None:
        """Take a lease; None for one that was taken before, or that is over."""
        if self._known(lease.id) or (lease.expires and lease.expires < today):
            return None
        fact = LeaseTaken(
            lease=lease.id, way="lease", member=lease.member, kind=lease.kind,
            store=self._store.id, moves=self._moves(lease.parts), single_max=lease.single_max,
            count_max=lease.count_max, low=lease.low, expires=lease.expires,
        )  # fmt: skip
        return self._place(_key(lease.id), fact)

    def take_hold(self, asked: contract.HoldAsked, hold: contract.Hold) -> Durable | None:
        """Take what was held for one deed; None if it came too late, and is given up for good."""
        if self._known(asked.id):
            return None
        if hold.until <= max(self._world.now(), self._journal.head.at):
            self.give_up(asked)
            return None
        fact = LeaseTaken(
            lease=asked.id, way="hold", member=asked.member, kind=asked.kind,
            store=self._store.id, moves=self._moves(hold.parts),
        )  # fmt: skip
        return self._place(_key(asked.id), fact)

    def give_up(self, asked: contract.HoldAsked) -> Durable | None:
        """Say that a hold is not taken and never will be, whatever the cloud has granted."""
        if self._known(asked.id):
            return None
        fact = LeaseReturned(
            lease=asked.id, member=asked.member, kind=asked.kind, moves=(), reason="late"
        )
        return self._place(_key(asked.id), fact)

    def risk(self, member: str, kind: Kind, lot: Lot, amount: int) -> str:
        """Take at the store's own risk what the cloud cannot be asked for; return the grant."""
        lease = self.new_id()
        known = self._book.lots([lot.id])
        move = Move(lot=lot.id, amount=amount, opens=None if known else lot)
        self._place(_key(lease), self._taken_at_risk(lease, member, kind, move))
        return lease

    def _taken_at_risk(self, lease: str, member: str, kind: Kind, move: Move) -> LeaseTaken:
        way: Way = "risk"
        return LeaseTaken(
            lease=lease, way=way, member=member, kind=kind, store=self._store.id, moves=(move,)
        )

    def new_id(self) -> str:
        """Return an id for a grant that this box will ask for."""
        return f"{self._store.id}:{self._world.new_key()}"

    # --- the way back ------------------------------------------------------------------------

    def give_back(self, lease: str, reason: Reason = "unused") -> Durable | None:
        """Give back what is left of a grant; None if it was not taken, or went back before."""
        taken = self._taken(lease)
        if taken is None or self._known(lease, back=True):
            return None
        return self._back(lease, taken, taken.moves, reason)

    def recall(self, recall: contract.Recall) -> Durable | None:
        """Give back what the cloud wants: so much of a kind, the last to be spent first."""
        if self._known(recall.id, back=True):
            return None
        held = self._book.holdings(recall.member).lots.values()
        mine = sorted([one for one in held if kind_of(one.lot.unit) == recall.kind], key=_ends)
        wanted = sum(one.left for one in mine) if recall.amount is None else recall.amount
        moves: list[Move] = []
        for one in reversed(mine):
            part = min(wanted, max(0, one.left))
            if part:
                moves.append(_out(one, part))
                wanted -= part
        fact = LeaseReturned(
            lease=recall.id, member=recall.member, kind=recall.kind, moves=tuple(moves),
            reason="recalled",
        )  # fmt: skip
        return self._place(_key(recall.id, back=True), fact)

    def merged(self, merge: contract.Merge) -> Durable | None:
        """Give back all that a member held who is another one from now on."""
        held = self._book.holdings(merge.member).lots.values()
        last: Durable | None = None
        for kind in MERGED:
            lease = f"merge:{merge.member}:{kind}"
            if self._known(lease, back=True):
                continue
            mine = [one for one in held if kind_of(one.lot.unit) == kind and one.left > 0]
            if mine:
                fact = LeaseReturned(
                    lease=lease, member=merge.member, kind=kind,
                    moves=tuple([_out(one, one.left) for one in mine]), reason="merged",
                )  # fmt: skip
                last = self._place(_key(lease, back=True), fact)
        return last

    def expire(self, today: str) -> int:
        """Give back what is left of leases whose last day is over; return how many there were."""
        count = 0
        for day in self._days_over(today):
            for told in self._book.facts("expiry", day, [KINDS[LeaseTaken]]):
                fact = told.fact
                assert isinstance(fact, LeaseTaken), "the trail says what it is"
                count += self.give_back(fact.lease, "expired") is not None
        self._expired_until = today
        return count

    def _days_over(self, today: str) -> list[str]:
        """Return the last days of leases that were not looked at yet, ascending."""
        if not self._expired_until:
            long_ago = plus_days(today, -BACK_DAYS_MAX)
            days = self._book.subjects_after("expiry", long_ago, BACK_DAYS_MAX)
            return [day for day in days if day < today]
        days, day = [], self._expired_until
        while day < today:
            days.append(day)
            day = plus_days(day, 1)
        return days

    # --- what there is -----------------------------------------------------------------------

    def lease_of(self, member: str, kind: Kind) -> tuple[int, LeaseTaken] | None:
        """Return the lease whose terms bind what is spent now, and its fact's place."""
        both = [KINDS[LeaseTaken], KINDS[LeaseReturned]]
        found = self._book.facts("lease", leased(member, kind), both, last=1)
        if found and isinstance(found[0].fact, LeaseTaken):
            return found[0].sequence, found[0].fact
        return None

    def at_risk(self, member: str, kind: Kind, acknowledged: int) -> int:
        """Return what was taken at the store's own risk since the cloud knows what was done."""
        return sum(
            sum(move.amount for move in told.fact.moves)
            for told in self._book.facts("member", member, [KINDS[LeaseTaken]])
            if told.sequence > acknowledged
            and isinstance(told.fact, LeaseTaken)
            and (told.fact.way, told.fact.kind) == ("risk", kind)
        )

    def _taken(self, lease: str) -> LeaseTaken | None:
        page = self._journal.find(OURSELVES, _key(lease))
        fact = letters.read(page.body) if page is not None else None
        return fact if isinstance(fact, LeaseTaken) else None

    def _known(self, lease: str, *, back: bool = False) -> bool:
        return self._journal.find(OURSELVES, _key(lease, back=back)) is not None

    def _moves(self, granted: Iterable[contract.LotPart]) -> tuple[Move, ...]:
        """Return the moves of what was granted, one for each lot: a cloud may name one twice."""
        parts = _together(granted)
        known = self._book.lots([part.lot.id for part in parts])
        return tuple(
            [
                Move(
                    lot=part.lot.id, amount=part.amount, money=part.money,
                    opens=None if part.lot.id in known else _lot(part.lot),
                )
                for part in parts
            ]
        )  # fmt: skip

    def _back(
        self, lease: str, taken: LeaseTaken, moves: Sequence[Move], reason: Reason
    ) -> Durable:
        """Place that parts go back, as far as they were not spent."""
        held = self._book.lots([move.lot for move in moves])
        back = [
            _out(one, part)
            for move in moves
            if (one := held.get(move.lot)) and (part := min(_due(taken, move, one), one.left)) > 0
        ]
        fact = LeaseReturned(
            lease=lease, member=taken.member, kind=taken.kind, moves=tuple(back), reason=reason
        )
        return self._place(_key(lease, back=True), fact)

    def _place(self, key: str, fact: LeaseTaken | LeaseReturned) -> Durable:
        kind, body = letters.write(fact)
        draft = Draft(OURSELVES, key, hashlib.sha256(body).hexdigest(), kind, body)
        return self._journal.place(draft, fact, self._world.now())[1]


def kind_of(unit: str) -> Kind:
    """Return of which kind a unit is."""
    return KINDS_OF.get(unit, "points")


def _due(taken: LeaseTaken, move: Move, held: Held) -> int:
    """Return how much of a lot a grant has to give back, if it is there.

    A coupon that came back with another store's sale is good everywhere again, not only here.
    """
    is_restored = taken.kind == "return" and held.lot.unit == COUPON
    return held.left if is_restored else move.amount


def _out(held: Held, part: int) -> Move:
    """Return the move of a part out of a lot, with the money that it is worth.

    A use is worth the money left by the uses left, rounded up.
    """
    money, left = 0, held.left
    for _ in range(part if held.money else 0):
        money += -(-(held.money - money) // left)
        left -= 1
    return Move(lot=held.lot.id, amount=-part, money=-money)


def _together(parts: Iterable[contract.LotPart]) -> list[contract.LotPart]:
    """Return the parts with each lot once, in the order first named."""
    found: dict[str, contract.LotPart] = {}
    for part in parts:
        amount, money = part.amount, part.money
        if (before := found.get(part.lot.id)) is not None:
            amount, money = amount + before.amount, money + before.money
        found[part.lot.id] = msgspec.structs.replace(part, amount=amount, money=money)
    return [*found.values()]


def _ends(held: Held) -> tuple[bool, str, str, str]:
    lot = held.lot
    return not lot.expires, lot.expires, lot.opened, lot.id


def _lot(lot: contract.Lot) -> Lot:
    return msgspec.convert(lot, Lot, from_attributes=True)


def _key(lease: str, *, back: bool = False) -> str:
    return f"back/{lease}" if back else f"lease/{lease}"
