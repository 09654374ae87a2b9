"""The book as the daemon asks it: what is durable, and what is placed on top of that.

Decisions count what is placed but not yet durable; answers to mere questions read what was
durable at the sequence they name (`balance_at`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import apsw

from edge.book import tables
from edge.book.changes import Changes, changes, spent
from edge.book.overlay import Overlay
from edge.book.schema import MILESTONE_PAGES, SCHEMA
from edge.book.standing import (
    Folded,
    Standing,
    advance,
    read_folded,
    read_standing,
    unfit,
    write_folded,
    write_layout,
    write_standing,
)
from edge.book.tables import Row, Told
from edge.book.unsent import unsent
from edge.journal import Page
from edge.letters import KINDS
from edge.shop.accounts.lots import Held, Holdings, Move
from edge.shop.bundle import Bundle
from edge.shop.calendar import moment
from edge.shop.facts import CountUsed, Deed, PointsExchanged, SaleMade
from edge.shop.reports.counters import Counter, Limited, Used, asked_for, limits_of, purchases_of
from edge.shop.reports.tally import Amounts

ACTIVITY = (KINDS[SaleMade], KINDS[PointsExchanged], KINDS[CountUsed])
"""What keeps points alive where they expire by inactivity."""


class Book:
    """What all facts add up to: the journal's `Follower`, in the journal's own file.

    `zone` is the programme's, an IANA name: its calendar says on which day something was done.
    """

    schema = SCHEMA

    def __init__(self, zone: str = "UTC") -> None:
        self.standing = Standing()
        self._zone = zone
        self._followed = self._written = self.standing
        self._folded = self._kept = Folded()
        self._overlay = Overlay()
        self._begins = False
        self._limits: tuple[Bundle | None, tuple[Limited, ...]] = None, ()
        self._placed = 0
        self._ahead: dict[int, tuple[Changes, Standing]] = {}
        """What pages change that are placed and not followed yet, by sequence, and the standing
        then: the writer need not work it out again."""
        self._held: tuple[str, int, Holdings] = "", -1, Holdings()
        """Who was asked for last, after which page, and what they held: a deed asks twice."""

    def opened(self, db: apsw.Connection) -> None:
        """Take up where the last run ended. The book fits its pages: `rebuild` has seen to that."""
        reason = unfit(db)
        assert not reason, f"the book is no use: {reason}"
        self._db = db
        self.standing = self._followed = self._written = read_standing(db)
        self._folded = self._kept = read_folded(db)
        self._begins = self._folded == Folded()

    def resumed(self, db: apsw.Connection) -> None:
        """Take up where an interrupted rebuild ended: only `follow`, `followed` may be called."""
        self._followed = self._written = read_standing(db)
        self._folded = self._kept = read_folded(db)

    # --- the journal tells -------------------------------------------------------------------

    def placed(self, page: Page, fact: object) -> None:
        """On the loop, at once: decisions made from now on count this fact."""
        self.standing = advance(self.standing, page, fact)
        made = changes(page, fact, self.sale)
        self._ahead[page.sequence] = made, self.standing
        told = tables.told_of(page.sequence, page.at, made.kind, fact)
        self._overlay.add(told, made, self._owners(made))
        self._placed = page.sequence

    def follow(self, cursor: apsw.Cursor, page: Page, fact: object) -> None:
        """On the writer, inside the transaction that makes the fact durable."""
        ahead = self._ahead.pop(page.sequence, None)
        if ahead is None:  # it was placed in an earlier run: the book is made again
            made = changes(page, fact, lambda name: tables.sale_of(cursor, name))
            ahead = made, advance(self._followed, page, fact)
        made, self._followed = ahead
        tables.apply(cursor, page, made)
        if page.sequence % MILESTONE_PAGES == 0:
            tables.put_milestone(cursor, page.sequence, self._followed)
        self._folded = Folded(page.sequence, page.digest)

    def followed(self, cursor: apsw.Cursor) -> None:
        """On the writer, right before the commit: all its pages were followed."""
        if self._folded == self._kept:
            return
        if self._followed != self._written:
            self._written = self._followed
            write_standing(cursor, self._written)
        if self._begins:
            write_layout(cursor)
            self._begins = False
        write_folded(cursor, self._folded)
        self._kept = self._folded

    def committed(self, sequence: int) -> None:
        """On the loop: everything up to `sequence` is durable and can be read from the file."""
        self._overlay.committed(sequence)

    def _owners(self, made: Changes) -> dict[str, str]:
        """Return whose the lots are that a page moves, by lot."""
        owners = {move.lot: move.opens.member for move in made.moves if move.opens}
        others = {move.lot for move in made.moves if move.lot not in owners}
        if not others:
            return owners
        owners |= {lot: self._overlay.owner(lot) for lot in others}
        rows = tables.lots(self._db, [lot for lot in others if not owners[lot]])
        return owners | {lot: row.held.lot.member for lot, row in rows.items()}

    # --- balances ----------------------------------------------------------------------------

    def gained(self, account: str, unit: str, after: int) -> int:
        """Return what an account gained after the fact at `after`, decided facts included.

        A decided fact is placed, and perhaps not yet durable.
        """
        sequence, total = tables.entry_at(self._db, (account, unit), _END)
        gained = self._overlay.amount((account, unit), max(sequence, after))
        if sequence <= after:
            return gained
        return gained + total - (self.balance_at(account, unit, after) if after else 0)

    def balance_at(self, account: str, unit: str, sequence: int) -> int:
        """Return what an account held right after the fact at `sequence`."""
        return tables.entry_at(self._db, (account, unit), sequence)[1]

    def offline(
        self, kind: str, member: str, terminal: str, store: str, acknowledged: int
    ) -> dict[str, int]:
        """Return what was spent of a kind since the cloud acknowledged the fact `acknowledged`.

        `kind` is value (minor units), points, uses (of count cards) or coupons. Keys are those of
        caps on offline spending: "member|amount", "member|count", and the same of the terminal
        and the store. What the cloud had put on hold for it is counted like all else.
        """
        subjects = ("member", member), ("terminal", terminal), ("store", store)
        return {
            f"{subject}|{of}": self.gained(spent(kind, subject, name), of, acknowledged)
            for subject, name in subjects
            for of in ("amount", "count")
        }

    def unsent(self, last: int, acknowledged: int) -> Amounts:
        """Return how many facts the cloud does not know, decided ones included, and what they sold.

        It has acknowledged the durable fact `acknowledged`; `last` was placed last.
        """
        return unsent(self._db, self.standing, last, acknowledged)

    # --- lots --------------------------------------------------------------------------------

    def holdings(self, member: str, deed: Deed | None = None) -> Holdings:
        """Return all that a member holds, decided facts included; empty lots are left out.

        With a `deed` also the lots that it moved, empty ones and other members' too: whatever
        undoes it gives back to those.
        """
        if deed is not None:
            return self._holdings(member, deed.moves)
        if self._held[:2] != (member, self._placed):
            self._held = member, self._placed, self._holdings(member)
        return self._held[2]

    def _holdings(self, member: str, moves: Sequence[Move] = ()) -> Holdings:
        keep = {move.lot for move in moves}
        lots = tables.open_lots(self._db, member)
        held = self._decided(lots, self._overlay.lots_of(member) | keep)
        return Holdings(
            {name: one for name, one in held.items() if one.left or one.money or name in keep},
            self.last_activity(member),
        )

    def lots(self, names: Collection[str]) -> dict[str, Held]:
        """Return lots by id, whoever holds them, decided facts included and empty ones too."""
        return self._decided({}, {*names})

    def _decided(self, known: Mapping[str, Row], more: Collection[str]) -> dict[str, Held]:
        """Return lots with all that is pending: those `known`, and `more` of them by id."""
        missing = [name for name in more if name not in known]
        rows: dict[str, Row | None] = {**dict.fromkeys(missing), **known}
        rows.update(tables.lots(self._db, missing))
        decided = {name: self._overlay.held(name, row) for name, row in rows.items()}
        return {name: row.held for name, row in decided.items() if row is not None}

    def last_activity(self, member: str) -> str:
        """Return the last day on which a member bought or spent something, "" for never."""
        subject = "member", member
        known, at = tables.last_at(self._db, subject, ACTIVITY)
        pending = self._overlay.told(subject, ACTIVITY, known)
        at = pending[-1].at if pending else at
        return moment(at, self._zone).date if known or pending else ""

    # --- counters ----------------------------------------------------------------------------

    def counters(
        self, bundle: Bundle, member: str | None, store: str, business_date: str
    ) -> dict[str, int]:
        """Return how much of each limit of a bundle was used up, as a price asks for it.

        Keys are "{rule}|{of}|{per}", for this member (None: a guest), store and business day.
        """
        if self._limits[0] is not bundle:
            self._limits = bundle, limits_of(bundle)
        wanted = [*asked_for(self._limits[1], store, member, business_date)]
        used = self._used({counter: None for _, counter in wanted})
        return {limited.key: getattr(used[counter], limited.of) for limited, counter in wanted}

    def purchases(self, member: str) -> int:
        """Return how many purchases a member made here, voided ones left out."""
        counter = purchases_of(member)
        return self._used([counter])[counter].uses

    def drawn(self, draw: str) -> dict[str, int]:
        """Return how often each prize of a draw was given, and not taken back."""
        rows = tables.counters_of(self._db, "draw", draw)
        used = self._used({*rows, *self._overlay.counters("draw", draw)})
        return {counter.rule: one.uses for counter, one in used.items() if one.uses}

    def _used(self, wanted: Iterable[Counter]) -> dict[Counter, Used]:
        wanted = [*wanted]
        rows = tables.counters(self._db, wanted)
        return {counter: self._overlay.used(counter, rows.get(counter)) for counter in wanted}

    # --- facts -------------------------------------------------------------------------------

    def facts(
        self, topic: str, subject: str, kinds: Iterable[str], *, last: int = -1
    ) -> list[Told]:
        """Return the facts of these kinds about a member, deed or card, decided ones included.

        `topic` is "member", "deed" or "card". They come in order; `last` wants only so many of
        the newest (-1: all).
        """
        kinds = [*kinds]
        durable = tables.trail(self._db, (topic, subject), kinds, last=last)
        known = durable[-1].sequence if durable else 0
        found = durable + self._overlay.told((topic, subject), kinds, known)
        return found if last < 0 else found[-last:]

    def subjects_after(self, topic: str, name: str, limit: int) -> list[str]:
        """Return the next subjects of a topic with any durable fact about them, after this one."""
        return tables.subjects(self._db, topic, name, limit)

    def member_count(self) -> int:
        """Return how many members there are any durable facts about. Reads all their names."""
        return tables.count(self._db, "member")

    def totals(self) -> list[tuple[str, int, int]]:
        """Return the durable lots by unit: how many there are with anything in them, and the sum.

        Reads all of them.
        """
        return tables.totals(self._db)

    def sale(self, name: str) -> SaleMade | None:
        """Return a sale by its id, decided ones included, or None."""
        found = self.facts("deed", name, [tables.SALE], last=1)
        sale = found[-1].fact if found else None
        return sale if isinstance(sale, SaleMade) else None


_END = (1 << 63) - 1
"""No fact has a higher place."""
