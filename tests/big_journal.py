"""Big journals, fast: chained, balanced, and followed by the book, as if a shop had run for years.

    write(path, 1_000_000)                       # a new file, the book in it
    write(path, 2_000_000, follower=Onlooker())  # the same pages, another book or none
    python -m tests.big_journal PATH --facts 1000000

Every page is sealed, every deed comes from the shop's own operations (`verify` finds nothing
wrong), and the same arguments give the same bytes. Of 1,000 facts about 950 are sales of one to
four lines, half of them to members, who earn points; 20 are whole returns of a sale before, 10
top-ups, 15 refusals, 5 fences; a business day has 2,000 facts, with the cloud away once in it.
"""

import argparse
import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import NamedTuple

import apsw
import msgspec

from edge import letters, replies
from edge.book import Book
from edge.desk.answer import reply
from edge.journal import GENESIS, Follower, Head, Page, connect
from edge.shop.accounts.lots import Holdings
from edge.shop.basket import Basket, Product, line
from edge.shop.bundle import decode
from edge.shop.calendar import plus_days
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
from edge.shop.member import Member
from edge.shop.operations.made import Made
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.operations.sell import sell
from edge.shop.operations.top_up import TopUpAsked, top_up
from edge.shop.pricing import RuleSet, compile_rules, moment, price
from edge.shop.receipt import ReceiptHeader, render
from edge.shop.tender import Tender, settle
from simulators import demo_data

BOX, STORE, ZONE = "s1-box-1", "s1", "Asia/Shanghai"
BEGAN, FIRST_DAY = 1_704_067_200_000, "2024-01-01"
"""2024-01-01 08:00 in Shanghai, in ms since 1970."""
STEP_MS = 43_200
FACTS_A_DAY = 2_000
FACTS_A_COMMIT = 5_000
TEMPLATES = 64
CONTENT = "0c" * 32

# What a template has in the place of what differs from page to page. The day is a real one,
# because the shop reckons with it.
DEED, RECEIPT, MEMBER, SALE, DAY = "@deed@", "@receipt@", "@member@", "@sale@", "2031-01-01"
_MARKS = re.compile("({})".format("|".join((DEED, RECEIPT, MEMBER, SALE, DAY))).encode())
_AT = moment(1_925_000_000_000, ZONE)


Parts = tuple[bytes, ...]
"""JSON cut at its marks, the marks included."""


class Template(NamedTuple):
    """A fact and its stored answer, to be filled in. `back` is its whole return, for a sale."""

    kind: str
    body: Parts
    answer: Parts
    member: bool
    back: "Template | None" = None


class Sold(NamedTuple):
    """A sale that may still come back."""

    template: Template
    deed: str
    member: str


def write(
    path: Path,
    facts: int,
    *,
    follower: Follower | None = None,
    members: int = 20_000,
    seed: int = 1,
) -> Head:
    """Write a new journal of so many facts at `path`, closed and in WAL mode; return its head.

    `follower` follows as in the daemon, but is told of nothing that is only placed; None is the
    shop's own book.
    """
    assert not path.exists(), "a journal is written once"
    db = connect(path, writable=True)
    for name, value in {
        "journal_mode": "off",
        "synchronous": "off",
        "cache_size": -500_000,
    }.items():
        db.pragma(name, value)
    with _no_collector():
        head = _fill(db, follower or Book(), _Shop(Random(seed), members).facts(facts))
    db.pragma("journal_mode", "wal")
    db.close()
    return head


def _fill(db: apsw.Connection, follower: Follower, facts: Iterator[tuple[Page, Fact]]) -> Head:
    db.execute(follower.schema)
    follower.opened(db)
    cursor = db.cursor()
    head = Head(0, 0, 0, GENESIS)
    cursor.execute("begin")
    for unsealed, fact in facts:
        digest = unsealed.sealed_after(head.digest)
        page = msgspec.structs.replace(unsealed, digest=digest)
        head = Head(page.sequence, page.epoch, page.at, digest)
        cursor.execute(
            "insert into page values(?,?,?,?,?,?,?,?,?,?)", msgspec.structs.astuple(page)
        )
        follower.follow(cursor, page, fact)
        if page.sequence % FACTS_A_COMMIT == 0:
            follower.followed(cursor)
            cursor.execute("commit")
            cursor.execute("begin")
    follower.followed(cursor)
    cursor.execute("commit")
    return head


class _Shop:
    """What happens, in order."""

    def __init__(self, luck: Random, members: int) -> None:
        self._luck = luck
        self._members = [f"m{number:07}" for number in range(1, members + 1)]
        rules = compile_rules(decode(msgspec.json.encode(demo_data.bundle(STORE))), "b" * 64)
        self._sales = [_sale(rules, Random(f"{number}")) for number in range(TEMPLATES)]
        self._top_up = _top_up(rules)
        self._sold: list[Sold] = []
        self._sequence = self._receipts = 0
        self._day = FIRST_DAY

    def facts(self, count: int) -> Iterator[tuple[Page, Fact]]:
        """Yield pages, not yet sealed, and their facts."""
        for number in range(count):
            place = number % FACTS_A_DAY
            if number == 0:
                yield self._own(_epoch())
            elif place == 0:
                yield self._own(DayClosed(business_date=self._day))
                self._day = plus_days(self._day, 1)
            elif place == 1:
                yield self._own(DayOpened(business_date=self._day))
            elif place in {FACTS_A_DAY // 3, FACTS_A_DAY // 2}:
                yield self._own(CloudReached(online=place == FACTS_A_DAY // 2))
            else:
                yield self._something()

    def _something(self) -> tuple[Page, Fact]:
        chance = self._luck.random()
        if chance < 0.005:
            return self._own(KeyFenced(terminal="pos-1"))
        if chance < 0.02:
            return self._own(
                RequestRefused(terminal="pos-1", operation="sell", code="E-PRICE-CHANGED")
            )
        if chance < 0.03:
            return self._deed(self._top_up, self._luck.choice(self._members))
        if chance < 0.05 and self._sold:
            template, sale, member = self._sold.pop()
            assert template.back is not None
            return self._deed(template.back, member, sale)
        template = self._luck.choice(self._sales)
        member = self._luck.choice(self._members) if template.member else ""
        page, fact = self._deed(template, member)
        if chance > 0.97:
            assert isinstance(fact, SaleMade)
            self._sold.append(Sold(template, fact.sale, member))
        return page, fact

    def _deed(self, template: Template, member: str, sale: str = "") -> tuple[Page, Fact]:
        self._receipts += 1
        key = self._key()
        filled = {
            DEED: f"{BOX}:1:{self._sequence + 1}:{key[-8:]}",
            RECEIPT: f"{BOX}-1S-{self._receipts:06d}",
            MEMBER: member,
            SALE: sale,
            DAY: self._day,
        }
        values = {mark.encode(): value.encode() for mark, value in filled.items()}
        body = _filled(template.body, values)
        page = self._page("pos-1", key, template.kind, body, _filled(template.answer, values))
        return page, letters.read(body)

    def _own(self, fact: Fact) -> tuple[Page, Fact]:
        kind, body = letters.write(fact)
        return self._page("box", self._key(), kind, body, b""), fact

    def _page(self, origin: str, key: str, kind: str, body: bytes, answer: bytes) -> Page:
        self._sequence += 1
        return Page(
            self._sequence, 1, BEGAN + self._sequence * STEP_MS, origin, key, CONTENT, kind, body,
            answer, "",
        )  # fmt: skip

    def _key(self) -> str:
        """Return a UUID version 7 (RFC 9562 5.7): such keys grow, as those of real terminals do."""
        at, luck = f"{BEGAN + self._sequence * STEP_MS:012x}", f"{self._luck.getrandbits(72):018x}"
        return f"{at[:8]}-{at[8:]}-7{luck[:3]}-9{luck[3:6]}-{luck[6:]}"


def _filled(parts: Parts, values: Mapping[bytes, bytes]) -> bytes:
    return b"".join([values.get(part, part) for part in parts])


def _parts(text: bytes) -> Parts:
    return tuple(_MARKS.split(text))


def _epoch() -> Fact:
    return EpochOpened(
        ordinal=1, nonce="5e" * 16, parent_ordinal=None, parent_sequence=0, parent_head=GENESIS,
        software="edgebox",
    )  # fmt: skip


# --- templates, made by the shop itself ---------------------------------------------------------


def _made(deed: str) -> Made:
    return Made(
        deed=deed, receipt=RECEIPT, business_date=DAY, at=_AT, store=STORE, terminal="pos-1",
        cashier="anna",
    )  # fmt: skip


def _sale(rules: RuleSet, luck: Random) -> Template:
    shelf = [_product(row) for row in demo_data.products() if row.unit == "piece"]
    lines = []
    for product in luck.sample(shelf, luck.choice((1, 1, 1, 2, 2, 3, 4))):
        made = line(product, product.gtins[0], Decimal(luck.choice((1, 1, 1, 2))))
        assert not isinstance(made, Declined), made
        lines.append(made)
    member = Member(MEMBER, tier=luck.choice(demo_data.TIERS)) if luck.random() < 0.5 else None
    quote = price(Basket(tuple(lines), member), rules, _AT, "pc_pos", 1)
    tender = Tender(luck.choice(("cash", "wallet")), quote.total)
    paid = settle(quote.total, [tender], Holdings(), rules.bundle, today=_AT.date)
    assert not isinstance(paid, Declined), paid
    fact = sell(quote, paid, rules, Holdings(), _made(DEED))
    assert isinstance(fact, SaleMade), fact
    kind, body = letters.write(fact)
    return Template(kind, _parts(body), _answer(fact), member is not None, _back(fact, rules))


def _product(row: object) -> Product:
    return msgspec.convert(row, Product, from_attributes=True)


def _answer(fact: SaleMade) -> Parts:
    header = ReceiptHeader(
        store_zh="街角小店", store_en="Corner Shop", epoch=1, sequence=1, previous=GENESIS,
        at_ms=BEGAN, zone=ZONE, points_balance=None, tier_zh="", tier_en="",
    )  # fmt: skip
    stamp = replies.Stamp("0" * 36, "zh", 1, 1, GENESIS, BEGAN)
    told = replies.sold(fact, stamp, render(fact, header, "zh"))
    return _parts(reply(told).stored())


def _back(sale: SaleMade, rules: RuleSet) -> Template:
    """Return the return of a whole sale."""
    again = letters.read(letters.write(sale)[1].replace(DEED.encode(), SALE.encode()))
    assert isinstance(again, SaleMade)
    units = [Back(line=at, count=len(sold.unit_nets)) for at, sold in enumerate(again.lines)]
    asked = ReturnAsked(sale=SALE, units=tuple(units), reason="unwanted", home=True)
    holdings = Holdings().after(again.moves)
    fact = give_back(asked, again, (), Terms(bundle=rules.bundle), holdings, _made(DEED))
    assert not isinstance(fact, Declined), fact
    kind, body = letters.write(fact)
    return Template(kind, _parts(body), (), member=fact.member is not None)


def _top_up(rules: RuleSet) -> Template:
    asked = TopUpAsked(member=Member(MEMBER), amount=10_000, tender="cash")
    fact = top_up(asked, rules, Holdings(), _made(DEED))
    assert not isinstance(fact, Declined), fact
    kind, body = letters.write(fact)
    return Template(kind, _parts(body), (), member=True)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Nothing made here is part of a cycle."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.big_journal", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--facts", type=int, default=1_000_000)
    asked = parser.parse_args()
    print(write(asked.path, asked.facts))


if __name__ == "__main__":
    main()
