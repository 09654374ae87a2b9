"""Facts get their places here: stamped, put into letters, and answered in the same step.

Nothing in this file awaits. What it returns may be told once its future completes.
"""

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec
import structlog

from drivers import terminal as words
from edge import VERSION, letters, replies
from edge.book import MEMBER, Book, members
from edge.clock import Reading
from edge.config import Store
from edge.desk.answer import OK, Answer, refuse, reply
from edge.desk.keys import Placed
from edge.journal import Draft, Head, Journal, Room
from edge.refusals import Language, Refusal
from edge.shop.accounts.lots import Holdings
from edge.shop.bundle import Tier
from edge.shop.calendar import plus_days
from edge.shop.declined import Declined
from edge.shop.facts import (
    CloudReached,
    DayClosed,
    DayOpened,
    DrawerCounted,
    EpochOpened,
    Fact,
    KeyFenced,
    RequestRefused,
    SaleMade,
)
from edge.shop.ledger import POINTS
from edge.shop.operations.bring_in import Carried, bring_in
from edge.shop.operations.made import Made, receipt_number
from edge.shop.operations.sell import sell
from edge.shop.pricing import Moment, RuleSet, moment
from edge.shop.receipt import ReceiptHeader, render
from edge.shop.reports.day import Amounts
from edge.shop.sale import Quote
from edge.shop.tender import Paid
from edge.world import World

OURSELVES = "box"
"""The origin of facts that nobody asked for."""
DISK_LOOK_SECONDS = 0.25
log = structlog.get_logger(__name__)
SOFTWARE = f"edgebox {VERSION}"


class Request(msgspec.Struct, frozen=True):
    """Whose request is being answered. `content` is the request's hash."""

    origin: str
    key: str
    content: str
    operation: str
    lang: Language


class Seller(msgspec.Struct, frozen=True):
    """By whom and where a sale is made."""

    terminal: str
    terminal_kind: str
    cashier: str
    seller: str | None = None
    lane: str | None = None


class Deal(msgspec.Struct, frozen=True):
    """A quote that was accepted and settled, and the rules it was made by.

    `points_before` are what the member held before, None if nobody was named.
    """

    quote: Quote
    rules: RuleSet
    paid: Paid
    points_before: int | None


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

    def sale(self, request: Request, deal: Deal, by: Seller) -> Placed | Declined:
        """Place a sale; declined if what it spends is no longer held."""
        self.day()
        head, before = self._journal.head, deal.points_before
        reading, sequence = self._world.clock.read(), head.sequence + 1
        at = reading.placed_at(head.at)
        # Dates are judged by what the time is for certain; the stamp only never falls.
        made = self._made(by, request.key, moment(reading.floor_ms, deal.rules.bundle.zone), at)
        member = deal.quote.member
        held = self._book.holdings(member.id) if member else Holdings()
        fact = sell(deal.quote, deal.paid, deal.rules, held, made)
        if isinstance(fact, Declined):
            return fact
        points = None if before is None else before + _gained(fact)
        tier = _tier(deal)
        header = ReceiptHeader(
            store_zh=self._store.name_zh, store_en=self._store.name_en, epoch=head.epoch,
            sequence=sequence, previous=head.digest, at_ms=at.at_ms, zone=self._store.zone.key,
            points_balance=points, tier_zh=tier.name_zh if tier else "",
            tier_en=tier.name_en if tier else "", training=self._training,
        )  # fmt: skip
        sold = replies.sold(
            fact, key=request.key, epoch=head.epoch, sequence=sequence, previous=head.digest,
            points_balance=points, text=render(fact, header, request.lang),
        )  # fmt: skip
        return self._place(request, fact, reply(sold))

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
        )

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
        date = self._store.business_date(max(self._world.now(), self._journal.head.at))
        standing = self._book.standing
        if standing.day is not None and standing.day >= date:
            return
        if standing.day is not None:
            self._own(DayClosed(business_date=standing.day))
        last = standing.last_day  # closed by hand, it is over though its date is not
        self._own(DayOpened(business_date=max(date, plus_days(last, 1)) if last else date))

    def close_day(
        self, counts: Sequence[DrawerCounted], totals: str, unsent: Amounts
    ) -> "asyncio.Future[None]":
        """Close the open business day: what was counted, and then the digest of its totals.

        `unsent` is what the cloud does not know yet: how many facts, and what they sold.
        """
        day = self._book.standing.day
        assert day is not None, "only an open day can be closed"
        for count in counts:
            self._own(count)
        closed = DayClosed(
            business_date=day, totals=totals, unsent=unsent.count, unsent_amount=unsent.amount
        )
        return self._own(closed)

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
        return self._place(request, fact, Answer(OK, b"{}"))

    def epoch(self) -> "asyncio.Future[None]":
        """Begin an epoch of this box: its first, or the next after a restore."""
        head = self._journal.head
        fact = epoch_opened(head, head.epoch + 1, self._world)
        return self._journal.open_epoch(self._draft(fact), fact, self._world.now())[1]

    def cloud(self, *, online: bool) -> None:
        """Write down that the cloud stopped answering, or answers again."""
        self._own(CloudReached(online=online))

    def _own(self, fact: Fact) -> "asyncio.Future[None]":
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
    return members(fact).get((f"{MEMBER}{fact.member}", POINTS), 0)


def _tier(deal: Deal) -> Tier | None:
    """Return the tier of the deal's member, as the bundle names it."""
    name = deal.quote.member.tier if deal.quote.member else ""
    return next((tier for tier in deal.rules.bundle.tiers if tier.id == name), None)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
