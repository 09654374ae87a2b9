"""Facts get their places here: stamped, put into letters, and answered in the same step.

Nothing in this file awaits. What it returns may be told once its future completes.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog

from drivers import terminal as words
from edge import VERSION, letters
from edge.book import MEMBER, Book
from edge.clock import Reading
from edge.config import Store
from edge.desk.answer import DONE, Answer, refuse, reply
from edge.desk.dealing import Deal, Request, Seller
from edge.desk.following import Following
from edge.desk.keys import Placed
from edge.desk.slips import Slips
from edge.journal import CLOUD, Draft, Head, Journal, Room
from edge.refusals import Refusal
from edge.replies import Stamp
from edge.shop.accounts.lots import PRINCIPAL, Holdings
from edge.shop.declined import Declined
from edge.shop.facts import (
    After,
    CloudReached,
    DayClosed,
    DayOpened,
    DrawerCounted,
    EpochOpened,
    Fact,
    KeyFenced,
    NoticesShown,
    RequestRefused,
    SaleMade,
)
from edge.shop.ledger import BONUS, POINTS
from edge.shop.operations.bring_in import Carried, bring_in
from edge.shop.operations.in_force import InForce
from edge.shop.operations.made import Made, receipt_number
from edge.shop.operations.sell import sell
from edge.shop.pricing import Moment, RuleSet, moment
from edge.world import World

__all__ = [
    "OURSELVES",
    "SOFTWARE",
    "Deal",
    "Placing",
    "Request",
    "Seller",
    "always",
    "epoch_opened",
]

OURSELVES = "box"
"""The origin of facts that nobody asked for."""
Tell = Callable[[Any, Stamp], words.Reply]
"""Says what a fact is told as, at the place that it is about to take."""
Leave = Callable[[Any], After]
"""Says what a deed that is about to be placed leaves its member with."""
DISK_LOOK_SECONDS = 0.25
log = structlog.get_logger(__name__)
SOFTWARE = f"edgebox {VERSION}"


def always() -> bool:
    """Tell that the cloud can be asked, where there is nobody to say otherwise."""
    return True


class Placing:
    """The way into the journal, for everything the desk decides."""

    def __init__(
        self,
        store: Store,
        box: str,
        world: World,
        journal: Journal,
        book: Book,
        *,
        training: bool = False,
    ) -> None:
        self._store, self._box, self._world = store, box, world
        self._journal, self._book, self._training = journal, book, training
        self._following = Following(book, store.zone.key)
        self.slips = Slips(store, training=training)
        """What is printed of it all."""
        self.online: Callable[[], bool] = always
        """Whether the cloud can be asked; whoever knows says so."""
        self._room: Room = "ample"
        self._look_at = float("-inf")

    def blocked(self, *, closing: bool = False) -> Refusal | None:
        """Return why nothing may be placed just now, or None.

        What is needed for `closing` the books may take from the disk's reserve.
        """
        if self._journal.broken.done():
            return Refusal("E-STOPPING")
        if self._journal.full:
            return Refusal("E-BUSY", retry_after=1)
        room = self._look()
        if room == "spent" or (room == "low" and not closing):
            return Refusal("E-DISK-LOW", retry_after=60)
        return None

    def _look(self) -> Room:
        """Look at the disk now and then: it does not fill up faster than its reserve."""
        now = self._world.monotonic()
        if now < self._look_at:
            return self._room
        before, self._room = self._room, self._journal.room
        self._look_at = now + DISK_LOOK_SECONDS
        if self._room != "ample":
            self._journal.refill()
        if self._room != before:
            log.warning("disk_room", room=self._room, before=before)
        return self._room

    def deed(
        self,
        request: Request,
        by: Seller,
        rules: InForce,
        make: Callable[[Made], Fact | Declined],
        tell: Tell,
        leave: Leave | None = None,
    ) -> Placed | Declined:
        """Place what `make` makes of the circumstances, and what `tell` says of that very fact.

        It is done under these `rules`. What it `leave`s its member with, the fact says, too. What
        `make` declines leaves nothing behind; what follows from a fact by itself is placed right
        behind it.
        """
        self.day()
        head, reading = self._journal.head, self._world.clock.read()
        stamped = reading.placed_at(head.at)
        # Dates are judged by what the time is for certain; the stamp only never falls.
        at = moment(reading.floor_ms, rules.bundle.zone)
        fact = make(self._made(by, request.key, at, stamped))
        if isinstance(fact, Declined):
            return fact
        if leave is not None:
            fact = msgspec.structs.replace(fact, afterwards=leave(fact))
        placed = self._place(request, fact, reply(tell(fact, self.stamp(request))))
        self._follow(fact, rules, by, at)
        return placed

    def _follow(self, fact: Fact, rules: InForce, by: Seller, at: Moment) -> None:
        """Place what a deed brings with it: nobody asked, so that nobody is answered.

        It shares the deed's commit, so that no power cut parts them.
        """

        def made() -> Made:
            stamped = self._world.clock.read().placed_at(self._journal.head.at)
            alone = msgspec.structs.replace(by, approved_by=None)  # nobody had to approve it
            return self._made(alone, self._world.new_key(), at, stamped)

        for more in self._following.after(fact, rules, made):
            self._journal.place(self._draft(more), more, self._world.now(), joined=True)

    def sale(self, request: Request, deal: Deal, by: Seller) -> Placed | Declined:
        """Place a sale; declined if what it spends is no longer held."""

        def make(made: Made) -> SaleMade | Declined:
            return sell(deal.quote, deal.paid, deal.rules, self._held(deal), made)

        def leave(fact: SaleMade) -> After:
            return self._after_sale(fact, deal)

        return self.deed(request, by, deal.rules, make, self.slips.told, leave)

    def _held(self, deal: Deal) -> Holdings:
        """Return what the member of a deal holds, and the coupons of others that it redeems."""
        member = deal.quote.member
        held = self._book.holdings(member.id) if member else Holdings()
        shown = [judged.coupon for judged in deal.quote.coupons if judged.reason == "R-APPLIED"]
        return Holdings({**self._book.lots(shown), **held.lots}, held.last_activity)

    def _after_sale(self, fact: SaleMade, deal: Deal) -> After:
        """Return what the member of a sale has left, for the receipt to say."""
        after = deal.after(_gained(fact))
        paid = any(tender.kind in ("principal", "bonus") for tender in fact.tenders)
        if not paid:
            return after
        left = self._held(deal).after(fact.moves)
        bonus = left.balance(BONUS)
        return msgspec.structs.replace(after, value=left.balance(PRINCIPAL) + bonus, bonus=bonus)

    def _made(self, by: Seller, key: str, at: Moment, stamp: Reading) -> Made:
        head, standing = self._journal.head, self._book.standing
        assert standing.day is not None, "a deed belongs to an open day"
        return Made(
            # Two boxes that ran from one backup give the same numbers, but never the same key.
            deed=f"{self._box}:{head.epoch}:{head.sequence + 1}:{key[-8:]}",
            receipt=receipt_number(
                self._box, head.epoch, standing.receipts + 1, training=self._training
            ),
            business_date=standing.day,
            at=at,
            clock=stamp.certainty,
            training=self._training,
            store=self._store.id,
            terminal=by.terminal,
            terminal_kind=by.terminal_kind,
            lane=by.lane,
            cashier=by.cashier,
            seller=by.seller,
            approved_by=by.approved_by,
            online=self.online(),
            flags=by.flags,
        )

    @property
    def store(self) -> str:
        """The store all of it is done in."""
        return self._store.id

    @property
    def business_date(self) -> str | None:
        """The open business day, or None."""
        return self._book.standing.day

    def chance(self, numbers: int) -> int:
        """Return a fair number from 0 to `numbers` - 1, which nobody could know before."""
        return int.from_bytes(self._world.nonce(32)) % numbers

    def is_ours(self, name: str) -> bool:
        """Tell whether a deed or a receipt is called as this box calls its own."""
        return name.startswith((f"{self._box}:", f"{self._box}-"))

    def refusal(
        self, request: Request, refusal: Refusal, quote: words.Quoted | None = None
    ) -> Placed:
        """Place a refusal that binds its request's key."""
        answer = refuse(refusal, request.lang, request.key, quote)
        fact = RequestRefused(
            terminal=request.origin, operation=request.operation, code=refusal.code
        )
        return self._place(request, fact, answer)

    def fence(self, request: Request) -> Placed:
        """Place the fact that a key never happened and never will."""
        answer = reply(words.Fate(key=request.key, fate="never"))
        return self._place(request, KeyFenced(terminal=request.origin), answer)

    def day(self) -> None:
        """Open the business day it is by the shop's clock, closing one that is over.

        A clock that steps back never reopens a day.
        """
        date = self._next_day()
        if date is not None:
            self.own(DayOpened(business_date=date))

    def open_day(self, request: Request, tell: Tell) -> Placed | None:
        """Open the business day because somebody asks for it; None if it is open."""
        date = self._next_day()
        if date is None:
            return None
        return self.told(request, DayOpened(business_date=date), tell)

    def _next_day(self) -> str | None:
        """Return the day that is to be opened, None for none; one that is over is closed."""
        standing = self._book.standing
        now = max(self._world.now(), self._journal.head.at)
        day = standing.day_on(self._store.business_date(now))
        if day == standing.day:
            return None
        if standing.day is not None:
            self.own(self.day_closed())
        return day

    def stamp(self, request: Request) -> Stamp:
        """Return the place that the next fact takes."""
        head = self._journal.head
        at = self._world.clock.read().placed_at(head.at)
        return Stamp(
            request.key, request.lang, head.epoch, head.sequence + 1, head.digest, at.at_ms
        )

    def told(self, request: Request, fact: Fact, tell: Tell, *before: Fact) -> Placed:
        """Place a fact that is no deed because a terminal asks for it; others of it go `before`."""
        for one in before:
            self.own(one)
        return self._place(request, fact, reply(tell(fact, self.stamp(request))))

    def day_closed(self) -> DayClosed:
        """Return the fact that closes the open business day, as far as it can be told here."""
        day = self._book.standing.day
        assert day is not None, "only an open day can be closed"
        unsent = self._book.unsent(self._journal.head.sequence, self._journal.bookmark(CLOUD))
        return DayClosed(business_date=day, unsent=unsent.count, unsent_amount=unsent.amount)

    def close_day(
        self, counts: Sequence[DrawerCounted], closed: DayClosed
    ) -> "asyncio.Future[None]":
        """Close the open business day: what was counted, and then the fact that closes it."""
        for count in counts:
            self.own(count)
        return self.own(closed)

    def opening(
        self, request: Request, row: tuple[str, int], carried: Carried, rules: RuleSet
    ) -> Placed | Declined:
        """Place one row of an import, which is named by the import's id and its number."""
        self.day()
        head, reading = self._journal.head, self._world.clock.read()
        today = moment(reading.floor_ms, rules.bundle.zone)
        by = Seller(OURSELVES, "pc_pos", "")
        made = self._made(by, request.key, today, reading.placed_at(head.at))
        fact = bring_in(carried, *row, rules, msgspec.structs.replace(made, receipt=""))
        if isinstance(fact, Declined):
            return fact
        return self._place(request, fact, DONE)

    def unasked(
        self, key: str, rules: InForce, make: Callable[[Made], Fact | Declined | None]
    ) -> "asyncio.Future[None] | None":
        """Place what happens by itself, once for each key; None where nothing was due."""
        if self._journal.find(OURSELVES, key) is not None:
            return None
        self.day()
        head, reading = self._journal.head, self._world.clock.read()
        today = moment(reading.floor_ms, rules.bundle.zone)
        by = Seller(OURSELVES, "pc_pos", "")
        made = self._made(by, key, today, reading.placed_at(head.at))
        fact = make(msgspec.structs.replace(made, receipt=""))
        if fact is None or isinstance(fact, Declined):
            return None
        kind, body = self._write(fact)
        draft = Draft(OURSELVES, key, _hash(body), kind, body)
        return self._journal.place(draft, fact, self._world.now())[1]

    def epoch(self) -> "asyncio.Future[None]":
        """Begin an epoch of this box: its first, or the next after a restore."""
        head = self._journal.head
        fact = epoch_opened(head, head.epoch + 1, self._world)
        return self._journal.open_epoch(self._draft(fact), fact, self._world.now())[1]

    def notices(self, fact: NoticesShown) -> None:
        """Write down what a member was told: how often is counted."""
        self.own(fact)

    def cloud(self, *, online: bool) -> None:
        """Write down that the cloud stopped answering, or answers again."""
        self.own(CloudReached(online=online))

    def own(self, fact: Fact) -> "asyncio.Future[None]":
        """Place a fact that no request asked for."""
        return self._journal.place(self._draft(fact), fact, self._world.now())[1]

    def _write(self, fact: Fact) -> tuple[str, bytes]:
        return letters.write_training(fact) if self._training else letters.write(fact)

    def _draft(self, fact: Fact) -> Draft:
        kind, body = self._write(fact)
        return Draft(OURSELVES, self._world.new_key(), _hash(body), kind, body)

    def _place(self, request: Request, fact: Fact, answer: Answer) -> Placed:
        kind, body = self._write(fact)
        draft = Draft(request.origin, request.key, request.content, kind, body, answer.stored())
        _, durable = self._journal.place(draft, fact, self._world.now())
        return answer, durable


def epoch_opened(parent: Head, ordinal: int, world: World) -> EpochOpened:
    """Return the fact that opens the epoch `ordinal` on top of a journal that ends at `parent`."""
    return EpochOpened(
        ordinal=ordinal,
        nonce=world.nonce(16).hex(),
        parent_ordinal=parent.epoch or None,
        parent_sequence=parent.sequence,
        parent_head=parent.digest,
        software=SOFTWARE,
        opened_at=world.now(),
    )


def _gained(fact: SaleMade) -> int:
    """Return by how many of the programme's own points the member holds more, or fewer."""
    account = f"{MEMBER}{fact.member}"
    return sum(
        [leg.amount for leg in fact.postings if leg.account == account and leg.unit == POINTS]
    )


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
