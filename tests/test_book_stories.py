"""Every golden story, played onto a real file: the book knows what the story's own box knows.

After each step it is asked while nothing of it is durable yet, and again after the file was closed
and opened. In the end all of it is compared with what the pages add up to.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from edge import letters
from edge.book import Book
from edge.book.people import People
from edge.journal import Draft, Journal
from edge.shop.accounts.limits import Kind
from edge.shop.accounts.lots import PRINCIPAL, Held, Holdings, Move
from edge.shop.accounts.tiers import TierStanding
from edge.shop.facts import Fact, OpeningBalance, PrizeDrawn
from edge.shop.facts.counts import CountUsed
from edge.shop.facts.value import ToppedUp
from edge.shop.ledger import POINTS, Posting, entry
from edge.story.home import Home
from edge.story.page import Page, cut
from edge.story.play import done, opened
from edge.story.scene import Scene
from edge.verify import verify
from edge.writer import SteppedWriter
from tests.test_receipts import STORIES

BEFORE_MS = 946_684_800_000
"""Long before any story: when the opening balances were brought in."""


class Began(NamedTuple):
    """What a story gives a member that no fact tells."""

    tier: str
    purchases: int


class Shop:
    """A story's home, and a journal and book on a real file beside it."""

    def __init__(self, scene: Scene, path: Path) -> None:
        self.scene, self.home, self._path = scene, scene.home, path
        self.told = self.acknowledged = 0
        self.synced_ms = 0
        self.held_by_cloud = Counter[str]()
        self.began = {
            name: Began(person.standing.tier, person.purchases)
            for name, person in self.home.people.items()
        }
        self._open()

    def _open(self) -> None:
        zone = self.scene.rules.bundle.zone
        self.book = Book(zone)
        self.people = People(self.book, zone)
        self.journal = Journal(self._path, self.book, SteppedWriter(0))

    async def reopen(self) -> None:
        await self.journal.close()
        self._open()

    def place(self, fact: Fact, at_ms: int) -> "asyncio.Future[None]":
        kind, body = letters.write(fact)
        draft = Draft("pos-1", f"key-{self.journal.head.sequence}", "00" * 32, kind, body)
        return self.journal.place(draft, letters.read(body), at_ms)[1]

    def begin(self) -> "asyncio.Future[None]":
        """Bring in what members hold before the story begins, each in a fact."""
        for row, (name, held) in enumerate(self.home.holdings.items(), 1):
            durable = self.place(opening(name, row, held, self.scene), BEFORE_MS)
        return durable if self.home.holdings else resolved()

    def follow(self) -> "asyncio.Future[None]":
        """Place what happened since."""
        durable = resolved()
        for entered in self.home.facts[self.told :]:
            assert entered.at is not None, "a story dates all that happens"
            durable = self.place(entered.fact, entered.at.at_ms)
        self.told = len(self.home.facts)
        if self.home.away.acknowledged_ms != self.synced_ms:
            self.synced_ms = self.home.away.acknowledged_ms
            self.acknowledged = self.journal.head.sequence
            self.held_by_cloud.clear()
        return durable

    def hear(self, rows: Sequence[str]) -> None:
        """Remember what the cloud has put on hold: the book counts that like all else."""
        for row in rows:
            if found := re.match(r"the cloud holds ¥?([0-9.]+)( PTS| CNT)? for it", row):
                kind = {" PTS": "points", " CNT": "uses"}.get(found[2], "value")
                amount = self.scene.money(found[1]) if kind == "value" else int(found[1])
                self.held_by_cloud[kind] += amount


def resolved() -> "asyncio.Future[None]":
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def opening(name: str, row: int, held: Holdings, scene: Scene) -> OpeningBalance:
    """Return the fact that brings in what a member holds, with the entry that says the same."""
    bundle = scene.rules.bundle
    moves = [Move(lot=lot, amount=one.left, opens=one.lot) for lot, one in held.lots.items()]
    legs: list[Posting] = []
    for one in held.lots.values():
        unit, issuer = one.lot.unit, one.lot.issuer
        if unit == PRINCIPAL:
            legs += [
                Posting(f"principal:{name}", bundle.currency, -one.left, issuer),
                Posting("opening", bundle.currency, one.left, issuer),
            ]
        elif unit != "CPN":
            legs += [
                Posting(f"member:{name}", unit, one.left, issuer),
                Posting("programme", unit, -one.left, issuer),
            ]
    return OpeningBalance(
        receipt="", business_date="2000-01-01", store="", terminal="", lane=None, cashier="",
        seller=None, member=name, bundle="", postings=entry(*legs), moves=tuple(moves),
        imported="opening", row=row, currency=bundle.currency, exponent=bundle.exponent,
    )  # fmt: skip


# --- the same questions to both -------------------------------------------------------------------


def filled(held: Holdings) -> dict[str, Held]:
    return {name: one for name, one in held.lots.items() if one.left or one.money}


def by_home(shop: Shop) -> Iterator[tuple[str, Any]]:
    """Yield what the story's own box knows."""
    home: Home = shop.home
    for name, person in home.people.items():
        held = home.holdings[name]
        yield f"{name} holds", filled(held)
        yield f"{name} was active", held.last_activity
        yield f"{name} has points", held.balance(POINTS)
        yield f"{name} has principal", held.balance(PRINCIPAL)
        yield f"{name} bought", person.purchases - (shop.began[name].purchases if name in
                                                    shop.began else 0)  # fmt: skip
        yield f"{name} stands", person.standing
        yield f"{name} grew", home.grown(name)
        yield f"{name} is unwelcome", name in home.unwelcomed
        yield f"{name} enrolled", person.enrolled
    for buyer in (None, *home.people):
        yield f"counters of {buyer}", home.counters(buyer)
    yield "lots", {name: one for held in home.holdings.values() for name, one in held.lots.items()}
    for sale in home.sales.values():
        yield f"{sale.sale} came back", home.earlier(sale.sale)
        yield f"{sale.sale} is worth", home.net(sale.sale)
        yield f"{sale.sale} enrolled", home.consumed.get(sale.sale)
        yield f"{sale.sale} grew", home.grown_of(sale)
        lots = [home.holdings_of(sale).lots.get(judged.coupon) for judged in sale.coupons]
        undone = home.undone()
        yield f"{sale.sale} had", {one.lot.origin for one in lots if one} & undone
    for _, fact, _ in home.facts:
        if isinstance(fact, ToppedUp):
            yield f"{fact.top_up} is undone", home.is_undone(fact.top_up)
        if isinstance(fact, CountUsed):
            yield f"{fact.use} returned", home.uses_returned(fact.use)
        if isinstance(fact, PrizeDrawn):
            yield f"{fact.draw} gave", home.drawn(fact.draw)
    for name in home.away.leases:
        for kind in get_args(Kind):
            spent = home.away.seen_by(kind, name, "", "")["member|amount"]
            yield f"{name} spent {kind}", spent + shop.held_by_cloud[kind]


def by_book(shop: Shop) -> Iterator[tuple[str, Any]]:
    """Yield what the book knows."""
    home, book, people = shop.home, shop.book, shop.people
    bundle = shop.scene.rules.bundle
    day = home.business_date or home.today
    policy = bundle.programme.tiers_policy
    for name in home.people:
        held = book.holdings(name)
        yield f"{name} holds", filled(held)
        yield f"{name} was active", held.last_activity
        yield f"{name} has points", book.gained(f"member:{name}", POINTS, 0)
        yield f"{name} has principal", -book.gained(f"principal:{name}", bundle.currency, 0)
        yield f"{name} bought", book.purchases(name)
        began = TierStanding(tier=shop.began[name].tier if name in shop.began else "")
        yield f"{name} stands", people.standing(name, policy, began)
        yield f"{name} grew", people.grown(name)
        yield f"{name} is unwelcome", people.unwelcomed(name)
        yield f"{name} enrolled", people.enrolled(name)
    for buyer in (None, *home.people):
        yield f"counters of {buyer}", book.counters(bundle, buyer, home.store, day)
    yield "lots", book.lots([name for held in home.holdings.values() for name in held.lots])
    for name, sale in home.sales.items():
        assert book.sale(name) == sale
        yield f"{name} came back", people.earlier(name)
        yield f"{name} is worth", people.net(sale)
        yield f"{name} enrolled", people.consumer(name)
        yield f"{name} grew", people.grown_of(sale)
        any_unit = bundle.programme.returns.coupon_given == "any"
        yield f"{name} had", people.undone(sale, any_unit=any_unit)
    for _, fact, _ in home.facts:
        if isinstance(fact, ToppedUp):
            yield f"{fact.top_up} is undone", people.is_undone(fact.top_up)
        if isinstance(fact, CountUsed):
            yield f"{fact.use} returned", people.uses_returned(fact.use)
        if isinstance(fact, PrizeDrawn):
            yield f"{fact.draw} gave", book.drawn(fact.draw)
    for name in home.away.leases:
        for kind in get_args(Kind):
            offline = book.offline(kind, name, "", "", shop.acknowledged)
            yield f"{name} spent {kind}", offline["member|amount"]


def assert_same(shop: Shop, when: str) -> None:
    if not shop.home.at.at_ms:
        return
    wrong = [
        f"{asked}\n  the story: {one}\n  the book:  {other}"
        for (asked, one), (_, other) in zip(by_home(shop), by_book(shop), strict=True)
        if one != other
    ]
    assert not wrong, f"{when}: " + "\n".join(wrong)


async def played(page: Page, scene: Scene, file: Path) -> None:
    shop = Shop(scene, file)
    await shop.begin()
    for step in page.steps:
        shop.hear(done(scene, step))
        durable = shop.follow()
        assert_same(shop, f"line {step.line.number}, placed")
        if step.word == "do":
            await durable
            await shop.reopen()
            assert_same(shop, f"line {step.line.number}, opened again")
    await shop.journal.close()
    findings = [found for found in verify(file).findings if "leaves a gap" not in found.what]
    assert not findings, "a story numbers its receipts in its own way; nothing else is wrong"


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_book_knows_what_the_story_knows(path: Path, tmp_path: Path) -> None:
    page = cut(path.read_text("utf-8"))
    scene = opened(page, lambda name: (path.parent / name).read_bytes())
    asyncio.run(played(page, scene, tmp_path / "journal.db"))
