"""What is placed and not yet durable, kept in memory: decisions count it, the file does not yet.

Each row of the file says which page changed it last, so that what the file already holds is never
counted twice, whenever it is read: the writer commits before the loop hears of it.
"""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from edge.book.changes import Account, Changes, Subject
from edge.book.tables import Count, Row, Told
from edge.shop.accounts.lots import Held, Move
from edge.shop.reports.counters import NOTHING, Counter, Used

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Pending(Generic[K, V]):
    """What pages have added to things by name, until it is durable."""

    def __init__(self) -> None:
        self._by_name: dict[K, deque[tuple[int, V]]] = {}

    def add(self, name: K, sequence: int, value: V) -> None:
        """Remember what the page at `sequence` adds."""
        self._by_name.setdefault(name, deque()).append((sequence, value))

    def after(self, name: K, sequence: int) -> Iterator[tuple[int, V]]:
        """Yield what pages after `sequence` add, in order."""
        for at, value in self._by_name.get(name, ()):
            if at > sequence:
                yield at, value

    def forget(self, name: K, sequence: int) -> None:
        """Drop what is durable: everything up to `sequence`."""
        added = self._by_name.get(name, deque())
        while added and added[0][0] <= sequence:
            added.popleft()
        if not added:
            self._by_name.pop(name, None)

    def names(self) -> Iterable[K]:
        """Return everything to which something is added."""
        return self._by_name.keys()


class _Step(NamedTuple):
    sequence: int
    made: Changes
    owners: frozenset[str]


class Overlay:
    """The changes of all pages that are placed and not yet durable."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque()
        self._entries = Pending[Account, int]()
        self._moves = Pending[str, Move]()
        self._lots_of = Pending[str, str]()
        self._counts = Pending[Counter, Used]()
        self._told = Pending[Subject, Told]()

    def add(self, told: Told, made: Changes, owners: dict[str, str]) -> None:
        """Take a page in. `owners` says whose the lots are that it moves."""
        sequence = told.sequence
        self._steps.append(_Step(sequence, made, frozenset(owners.values())))
        for account, amount in made.entries.items():
            self._entries.add(account, sequence, amount)
        for move in made.moves:
            self._moves.add(move.lot, sequence, move)
        for lot, owner in owners.items():
            self._lots_of.add(owner, sequence, lot)
        for counter, used, _ in made.counts:
            self._counts.add(counter, sequence, used)
        for subject in made.about:
            self._told.add(subject, sequence, told)

    def committed(self, sequence: int) -> None:
        """Drop everything up to `sequence`: the file has it."""
        while self._steps and self._steps[0].sequence <= sequence:
            step = self._steps.popleft()
            for account in step.made.entries:
                self._entries.forget(account, sequence)
            for move in step.made.moves:
                self._moves.forget(move.lot, sequence)
            for owner in step.owners:
                self._lots_of.forget(owner, sequence)
            for counter, _, _ in step.made.counts:
                self._counts.forget(counter, sequence)
            for subject in step.made.about:
                self._told.forget(subject, sequence)

    # --- what is counted on top of a row of the file -------------------------------------------

    def amount(self, account: Account, after: int) -> int:
        """Return what pages after `after` post on an account."""
        return sum([amount for _, amount in self._entries.after(account, after)])

    def held(self, name: str, row: Row | None) -> Row | None:
        """Return a lot with all that is pending; None if nobody has opened it."""
        for sequence, move in self._moves.after(name, row.sequence if row else 0):
            opened = Held(move.opens, 0) if move.opens else None
            held = row.held if row else opened
            if held is None:
                continue
            row = Row(
                Held(
                    held.lot,
                    held.left + move.amount,
                    held.money + move.money,
                    held.lapsed + move.lapsed,
                ),
                sequence,
            )
        return row

    def owner(self, lot: str) -> str:
        """Return whose a lot is that a pending page opens, "" if none does."""
        opened = (move.opens for _, move in self._moves.after(lot, 0) if move.opens)
        return next((opens.member for opens in opened), "")

    def lots_of(self, member: str) -> set[str]:
        """Return the lots of a member that pending pages move."""
        return {lot for _, lot in self._lots_of.after(member, 0)}

    def used(self, counter: Counter, row: Count | None) -> Used:
        """Return a counter with all that is pending."""
        used = row.used if row else NOTHING
        for _, more in self._counts.after(counter, row.sequence if row else 0):
            used = used.plus(more)
        return used

    def counters(self, per: str, subject: str) -> Iterator[Counter]:
        """Yield the counters of one subject to which something is pending."""
        for counter in self._counts.names():
            if (counter.per, counter.subject) == (per, subject):
                yield counter

    def told(self, subject: Subject, kinds: Iterable[str], after: int) -> list[Told]:
        """Return the pending facts of these kinds about a subject."""
        wanted = {*kinds}
        return [told for _, told in self._told.after(subject, after) if told.kind in wanted]
