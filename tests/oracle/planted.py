"""Mistakes made on purpose in the product, one at a time: some day must show each of them.

They live behind tests only: every one is a patch that pytest takes back.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cloud_bridge import bridge, bundle, courier
from cloud_bridge.contract import Envelope
from cloud_bridge.parcels import Written
from drivers import terminal as words
from edge import bundles, letters, replays
from edge.book import Book, read_folded, tables
from edge.book.people import People
from edge.config import sections
from edge.desk import keys, placing
from edge.desk.answer import Answer, read_stored, refuse, reply
from edge.desk.homes.leasing import Leasing
from edge.journal import CLOUD, Draft, Head, Journal, Page
from edge.outbox import JournalOutbox
from edge.shop import basket
from edge.shop.accounts import value
from edge.shop.facts import BasketParked
from edge.shop.operations import parking
from edge.writer import SteppedWriter
from simulators.cloud.twin import CloudTwin

Patch = pytest.MonkeyPatch
Pack = Callable[[Iterable[Written]], Any]


@dataclass(frozen=True)
class Planted:
    """A mistake, and how it is planted."""

    what: str
    plant: Callable[[Patch], None]
    seed: int = 0
    """The first day to try: those before are known not to show it."""


def _durable() -> "asyncio.Future[None]":
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


# --- what is told, and when -----------------------------------------------------------------------


def _told_before_durable(patch: Patch) -> None:
    honest = SteppedWriter.put

    def put(self: SteppedWriter, job: object) -> "asyncio.Future[None]":
        honest(self, job)
        return _durable()

    patch.setattr(SteppedWriter, "put", put)


def _lane_shows_before_durable(patch: Patch) -> None:
    honest = placing.Placing.sale

    def sale(self: placing.Placing, request: Any, deal: Any, by: Any) -> Any:
        placed = honest(self, request, deal, by)
        return (placed[0], _durable()) if by.lane and isinstance(placed, tuple) else placed

    patch.setattr(placing.Placing, "sale", sale)


def _refusal_binds_nothing(patch: Patch) -> None:
    def refusal(self: Any, request: Any, refusal: Any, quote: Any = None) -> Any:
        return refuse(refusal, request.lang, request.key, quote), _durable()

    patch.setattr(placing.Placing, "refusal", refusal)


def _fence_missing(patch: Patch) -> None:
    def fence(self: Any, request: Any) -> Any:
        never = words.Fate(key=request.key, fate="never")
        return reply(never), _durable()

    patch.setattr(placing.Placing, "fence", fence)


def _answer_made_anew(patch: Patch) -> None:
    def respaced(stored: bytes) -> Answer:
        answer = read_stored(stored)
        return Answer(answer.status, msgspec.json.format(answer.body, indent=1))

    patch.setattr(keys, "read_stored", respaced)


# --- the journal and the book ---------------------------------------------------------------------


def _key_forgotten_after_restart(patch: Patch) -> None:
    honest = Journal.find
    first: dict[int, int] = {}

    def find(self: Journal, origin: str, key: str) -> Page | None:
        start = first.setdefault(id(self), self.committed)
        page = honest(self, origin, key)
        return None if page is None or page.sequence <= start else page

    patch.setattr(Journal, "find", find)


def _one_sequence_twice(patch: Patch) -> None:
    honest, turns = Journal._place, count(1)

    def place(
        self: Journal, draft: Draft, fact: object, now: int, epoch: int, *, joined: bool = False
    ) -> Any:
        before = self.head
        placed = honest(self, draft, fact, now, epoch, joined=joined)
        if next(turns) % 30 == 0:
            self.head = before
        return placed

    patch.setattr(Journal, "_place", place)


def _time_falls(patch: Patch) -> None:
    honest = Journal._place

    def place(
        self: Journal, draft: Draft, fact: object, now: int, epoch: int, *, joined: bool = False
    ) -> Any:
        head = self.head
        self.head = Head(head.sequence, head.epoch, 0, head.digest)
        return honest(self, draft, fact, now, epoch, joined=joined)

    patch.setattr(Journal, "_place", place)


def _time_left_out_of_the_seal(patch: Patch) -> None:
    honest = Page.sealed_after
    patch.setattr(
        Page, "sealed_after", lambda self, previous: honest(
            msgspec.structs.replace(self, at=0), previous
        ),
    )  # fmt: skip


def _entry_dropped(patch: Patch) -> None:
    honest = tables.apply

    def apply(cursor: Any, page: Page, made: Any) -> None:
        if page.sequence % 7:
            honest(cursor, page, made)

    patch.setattr(tables, "apply", apply)


def _stale_balance(patch: Patch) -> None:
    honest = Book.gained
    cache: dict[tuple[str, str], int] = {}

    def gained(self: Book, account: str, unit: str, after: int) -> int:
        return cache.setdefault((account, unit), honest(self, account, unit, after))

    patch.setattr(Book, "gained", gained)


def _receipts_begin_again(patch: Patch) -> None:
    honest = Book.opened

    def opened(self: Book, db: Any) -> None:
        honest(self, db)
        self.standing = msgspec.structs.replace(self.standing, receipts=0)

    patch.setattr(Book, "opened", opened)


def _replay_cache_lost(patch: Patch) -> None:
    patch.setattr(replays, "_load", lambda path: (0, []))


def _coupons_whole_again(patch: Patch) -> None:
    honest, opened = tables.lot_of, Book.opened
    started = [0]

    def open_again(self: Book, db: Any) -> None:
        opened(self, db)
        started[0] = read_folded(db).sequence

    def lot_of(row: Any) -> tables.Row:
        found = honest(row)
        if found.held.lot.unit != "CPN" or found.held.left or found.sequence > started[0]:
            return found
        return tables.Row(msgspec.structs.replace(found.held, left=1), found.sequence)

    patch.setattr(Book, "opened", open_again)
    patch.setattr(tables, "lot_of", lot_of)


def _lease_twice(patch: Patch) -> None:
    honest = Leasing._moves

    def moves(self: Leasing, parts: Any) -> Any:
        return tuple(
            msgspec.structs.replace(move, amount=2 * move.amount) for move in honest(self, parts)
        )

    patch.setattr(Leasing, "_moves", moves)


def _return_twice(patch: Patch) -> None:
    patch.setattr(People, "earlier", lambda self, sale: ())


def _top_up_cancelled_twice(patch: Patch) -> None:
    patch.setattr(People, "is_undone", lambda self, top_up: False)


def _basket_recalled_twice(patch: Patch) -> None:
    honest = parking.waiting

    def waiting(told: Sequence[Any], day: str | None) -> Any:
        return honest([fact for fact in told if isinstance(fact, BasketParked)], day)

    patch.setattr(parking, "waiting", waiting)


def _bonus_first(patch: Patch) -> None:
    patch.setattr(value, "_bonus_part", lambda policy, amount, bonus, principal: min(amount, bonus))


# --- sums and days --------------------------------------------------------------------------------


def _float_money(patch: Patch) -> None:
    patch.setattr(basket, "extend", lambda quantity, price, _: int(float(quantity) * price))


def _leg_lost(patch: Patch) -> None:
    honest = letters.write

    def write(fact: Any) -> tuple[str, bytes]:
        legs = getattr(fact, "postings", ())
        short = msgspec.structs.replace(fact, postings=legs[:-1]) if legs else fact
        return honest(short)

    patch.setattr(letters, "write", write)


def _days_end_at_midnight_in_greenwich(patch: Patch) -> None:
    honest = sections._business_date
    patch.setattr(
        sections, "_business_date", lambda minute, zone, starts: honest(
            minute, ZoneInfo("Etc/UTC"), starts
        ),
    )  # fmt: skip


# --- the cloud ------------------------------------------------------------------------------------


def _bookmark_before_ack(patch: Patch) -> None:
    honest = JournalOutbox.pending

    async def pending(self: JournalOutbox, pack: Pack, after: Written | None = None) -> Any:
        parcel = await honest(self, pack, after)
        if parcel:
            self._journal.move_bookmark(CLOUD, parcel.facts[-1].sequence)
        return parcel

    patch.setattr(JournalOutbox, "pending", pending)
    patch.setattr(JournalOutbox, "agreed", lambda self, common: None)


def _fact_skipped(patch: Patch) -> None:
    honest = JournalOutbox.pending

    async def pending(self: JournalOutbox, pack: Pack, after: Written | None = None) -> Any:
        return await honest(
            self, lambda facts: pack(each for each in facts if each.sequence != 20), after
        )

    patch.setattr(JournalOutbox, "pending", pending)


def _any_ack_believed(patch: Patch) -> None:
    def judge(answer: Any, batch: Sequence[Written], hash_at: Any) -> Any:
        verdict = courier.judge(answer, batch, hash_at)
        if isinstance(verdict, courier.Alien):
            return courier.Acknowledged(batch[-1].sequence, ())
        return verdict

    patch.setattr(bridge, "judge", judge)
    patch.setattr(JournalOutbox, "agreed", lambda self, common: None)


def _cloud_without_dedupe(patch: Patch) -> None:
    honest = CloudTwin._remembered

    def remembered(self: CloudTwin, box: str, envelope: Envelope, *rest: Any) -> Any:
        for posting in self._judge(envelope).postings:
            self._tables.post(posting)
        return honest(self, box, envelope, *rest)

    patch.setattr(CloudTwin, "_remembered", remembered)


def _older_rules_accepted(patch: Patch) -> None:
    def unfloored(raw: Any, keys: Any, store: Any, floor: Any, now: Any, **rest: Any) -> Any:
        return bundle.check(raw, keys, store, 0, now)

    patch.setattr(bundles, "check", unfloored)


PLANTED = (
    Planted("an answer before the disk", _told_before_durable),
    Planted("a lane shows a sale before the disk", _lane_shows_before_durable),
    Planted("a refusal that binds nothing", _refusal_binds_nothing),
    Planted("never, and no fence", _fence_missing),
    Planted("an answer made anew", _answer_made_anew),
    Planted("a key forgotten after a restart", _key_forgotten_after_restart),
    Planted("two facts in one place", _one_sequence_twice),
    Planted("time falls", _time_falls),
    Planted("time left out of the seal", _time_left_out_of_the_seal),
    Planted("an entry dropped", _entry_dropped),
    Planted("a balance kept too long", _stale_balance),
    Planted("receipt numbers begin again", _receipts_begin_again),
    Planted("a replay cache lost at a restart", _replay_cache_lost, 73),
    Planted("a coupon used twice after a restart", _coupons_whole_again),
    Planted("a lease counted twice", _lease_twice),
    Planted("a return that gives back twice", _return_twice),
    Planted("a top-up cancelled twice", _top_up_cancelled_twice),
    Planted("a basket taken up twice", _basket_recalled_twice),
    Planted("bonus spent before what was paid in", _bonus_first),
    Planted("money in floats", _float_money),
    Planted("a leg lost", _leg_lost),
    Planted("days end at midnight elsewhere", _days_end_at_midnight_in_greenwich),
    Planted("the bookmark moves before the ack, and is believed", _bookmark_before_ack),
    Planted("a fact skipped", _fact_skipped),
    Planted("any ack believed", _any_ack_believed),
    Planted("a cloud that counts twice", _cloud_without_dedupe),
    Planted("older rules accepted", _older_rules_accepted),
)
