"""Facts get their places here: stamped, put into letters, and answered in the same step.

Nothing in this file awaits. What it returns may be told once its future completes.
"""

import asyncio
import hashlib

import msgspec

from drivers import terminal as words
from edge import VERSION, letters, replies
from edge.book import MEMBER, Book, members
from edge.config import Store
from edge.desk.answer import Answer, refuse, reply
from edge.desk.keys import Placed
from edge.journal import Draft, Journal
from edge.refusals import Language, Refusal
from edge.shop.accounts.lots import Holdings
from edge.shop.bundle import Tier
from edge.shop.declined import Declined
from edge.shop.facts import (
    CloudReached,
    DayClosed,
    DayOpened,
    EpochOpened,
    Fact,
    KeyFenced,
    RequestRefused,
    SaleMade,
)
from edge.shop.ledger import POINTS
from edge.shop.operations.made import Made
from edge.shop.operations.sell import sell
from edge.shop.pricing import Moment, RuleSet, moment
from edge.shop.receipt import ReceiptHeader, render
from edge.shop.sale import Quote
from edge.shop.tender import Paid
from edge.world import World

OURSELVES = "box"
"""The origin of facts that nobody asked for."""
DISK_LOOK_SECONDS = 0.25
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

    def __init__(self, store: Store, box: str, world: World, journal: Journal, book: Book) -> None:
        self._store, self._box, self._world = store, box, world
        self._journal, self._book = journal, book
        self._was_low, self._look_at = False, float("-inf")

    def blocked(self) -> Refusal | None:
        """Return why nothing may be placed just now, or None."""
        if self._journal.broken.done():
            return Refusal("E-STOPPING")
        if self._journal.full:
            return Refusal("E-BUSY", retry_after=1)
        if self._disk_low():
            return Refusal("E-DISK-LOW", retry_after=60)
        return None

    def _disk_low(self) -> bool:
        """Look at the disk now and then: it does not fill up faster than its reserve."""
        now = self._world.monotonic()
        if now >= self._look_at:
            self._was_low, self._look_at = self._journal.disk_low, now + DISK_LOOK_SECONDS
        return self._was_low

    def sale(self, request: Request, deal: Deal, by: Seller) -> Placed | Declined:
        """Place a sale; declined if what it spends is no longer held."""
        self.day()
        head, before = self._journal.head, deal.points_before
        sequence, at = head.sequence + 1, max(self._world.now(), head.at)
        made = self._made(by, sequence, moment(at, deal.rules.bundle.zone))
        fact = sell(deal.quote, deal.paid, deal.rules, Holdings(), made)
        if isinstance(fact, Declined):
            return fact
        points = None if before is None else before + _gained(fact)
        tier = _tier(deal)
        header = ReceiptHeader(
            store_zh=self._store.name_zh, store_en=self._store.name_en, epoch=head.epoch,
            sequence=sequence, previous=head.digest, at_ms=at, zone=self._store.zone.key,
            points_balance=points, tier_zh=tier.name_zh if tier else "",
            tier_en=tier.name_en if tier else "",
        )  # fmt: skip
        sold = replies.sold(
            fact, key=request.key, epoch=head.epoch, sequence=sequence, previous=head.digest,
            points_balance=points, text=render(fact, header, request.lang),
        )  # fmt: skip
        return self._place(request, fact, reply(sold))

    def _made(self, by: Seller, sequence: int, at: Moment) -> Made:
        epoch, standing = self._journal.head.epoch, self._book.standing
        assert standing.day is not None, "a deed belongs to an open day"
        return Made(
            deed=f"{self._box}:{epoch}:{sequence}",
            receipt=f"{self._box}-{epoch}S-{standing.receipts + 1:06d}",
            business_date=standing.day,
            at=at,
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
        self._own(DayOpened(business_date=max(date, standing.last_day)))

    def epoch(self) -> "asyncio.Future[None]":
        """Begin an epoch of this box: its first, or the next after a restore."""
        head = self._journal.head
        fact = EpochOpened(
            ordinal=head.epoch + 1,
            nonce=self._world.nonce(16).hex(),
            parent_ordinal=head.epoch or None,
            parent_sequence=head.sequence,
            parent_head=head.digest,
            software=SOFTWARE,
        )
        return self._journal.open_epoch(self._draft(fact), fact, self._world.now())[1]

    def cloud(self, *, online: bool) -> None:
        """Write down that the cloud stopped answering, or answers again."""
        self._own(CloudReached(online=online))

    def _own(self, fact: Fact) -> None:
        self._journal.place(self._draft(fact), fact, self._world.now())

    def _draft(self, fact: Fact) -> Draft:
        kind, body = letters.write(fact)
        return Draft(OURSELVES, self._world.new_key(), _hash(body), kind, body)

    def _place(self, request: Request, fact: Fact, answer: Answer) -> Placed:
        kind, body = letters.write(fact)
        draft = Draft(request.origin, request.key, request.content, kind, body, answer.stored())
        _, durable = self._journal.place(draft, fact, self._world.now())
        return answer, durable


def _gained(fact: SaleMade) -> int:
    """Return by how many of the programme's own points the member holds more, or fewer."""
    return members(fact).get((f"{MEMBER}{fact.member}", POINTS), 0)


def _tier(deal: Deal) -> Tier | None:
    """Return the tier of the deal's member, as the bundle names it."""
    name = deal.quote.member.tier if deal.quote.member else ""
    return next((tier for tier in deal.rules.bundle.tiers if tier.id == name), None)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
