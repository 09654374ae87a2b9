"""A journal in memory for tests of the cloud leg: sealed pages, and the far end's view of them."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from cloud_bridge.contract import (
    CloudHead,
    DayOpened,
    Envelope,
    FactBody,
    MemberEnrolled,
    Outcome,
    Phone,
    Posting,
    SaleBasis,
    SaleFact,
    Words,
    seal,
    sha256,
)
from cloud_bridge.parcels import Written, write

T = TypeVar("T")


class Journal:
    """Pages in memory; an `Outbox` that remembers each move of its bookmark."""

    def __init__(self, epoch: int = 1) -> None:
        self.pages: list[Envelope] = []
        self.bookmark = 0
        self.fed: int | None = None
        self.moves: list[int] = []
        self.outcomes: list[Outcome] = []
        self._epoch = epoch

    def add(self, fact: FactBody) -> Envelope:
        """Seal one more page."""
        kind = fact.__struct_config__.tag
        assert isinstance(kind, str)
        return self.add_raw(kind, msgspec.json.encode(fact))

    def add_raw(self, kind: str, body: bytes) -> Envelope:
        sequence = len(self.pages) + 1
        previous = self.pages[-1].hash if self.pages else ""
        content, answer = sha256(b"content%d" % sequence), sha256(b"answer")
        key, at, origin = f"key-{sequence}", 1_800_000_000_000 + sequence, "till-1"
        digest = seal(
            previous, sequence, self._epoch, at, origin, key, content, kind, sha256(body), answer
        )
        page = Envelope(
            sequence=sequence,
            epoch=self._epoch,
            at=at,
            origin=origin,
            key=key,
            content=content,
            kind=kind,
            body=msgspec.Raw(body),
            answer=answer,
            previous=previous,
            hash=digest,
        )
        self.pages.append(page)
        return page

    def written(self, after: int = 0) -> list[Written]:
        """The pages after one of them, as they travel."""
        return [write(page) for page in self.pages[after:]]

    def last(self) -> int:
        return len(self.pages)

    def epoch_at(self, sequence: int) -> int | None:
        return self.pages[sequence - 1].epoch if 0 < sequence <= len(self.pages) else None

    def agreed(self, common: int) -> None:
        self.fed = common if common < self.bookmark else None

    def parted(self, common: int, cloud: CloudHead) -> None:
        raise AssertionError("this journal never forks")

    def missing(self) -> tuple[int, int] | None:
        return None

    async def take_back(self, facts: Sequence[Envelope], *, more: bool) -> str | None:
        raise AssertionError("nothing is missing")

    async def pending(
        self, pack: Callable[[Iterable[Written]], T], after: Written | None = None
    ) -> T:
        start = self.bookmark if self.fed is None else self.fed
        start = start if after is None else after.sequence
        return pack(self.written(start))

    def digest_at(self, sequence: int) -> str | None:
        assert -(2**63) <= sequence < 2**63, "an SQLite integer"
        return self.pages[sequence - 1].hash if 0 < sequence <= len(self.pages) else None

    def acknowledged(self, sequence: int, outcomes: Sequence[Outcome]) -> None:
        if self.fed is not None:
            self.fed = sequence if sequence < self.bookmark else None
        if sequence <= self.bookmark:
            return
        outcomes = [o for o in outcomes if o.sequence > self.bookmark]
        assert [o.sequence for o in outcomes] == list(range(self.bookmark + 1, sequence + 1))
        self.bookmark = sequence
        self.moves.append(sequence)
        self.outcomes += outcomes


def outcome(
    page: Envelope,
    kind: Literal["accepted", "accepted_with_exception", "rejected_invalid"] = "accepted",
) -> Outcome:
    return Outcome(sequence=page.sequence, hash=page.hash, outcome=kind)


def day(date: str = "2027-01-15") -> DayOpened:
    return DayOpened(business_date=date)


def sale(member: str | None, total: int, earned: int) -> SaleFact:
    """A sale as small as a sale can be."""
    legs = [Posting(account="cash:till-1", unit="CNY", amount=total)]
    legs.append(Posting(account="sales:standard", unit="CNY", amount=-total))
    if member is not None:
        legs += points(member, earned)
    return SaleFact(
        **deed(member, legs),
        sale="s",
        terminal_kind="pc_pos",
        channel="till",
        region="",
        online=True,
        tier="",
        currency="CNY",
        exponent=2,
        lines=(),
        tenders=(),
        handed=total,
        change=0,
        list_total=total,
        total=total,
        tax=(),
        points_earned=earned,
        quote="",
        price_book=1,
        buyer=None,
        basis=SaleBasis(at_ms=0, store="s1", online=True),
    )


def deed(member: str | None, legs: Sequence[Posting]) -> dict[str, Any]:
    """What every deed says, and nothing else."""
    return {
        "receipt": "1", "business_date": "2027-01-15", "store": "s1", "terminal": "till-1",
        "lane": None, "cashier": "li", "seller": None, "member": member, "bundle": "",
        "postings": tuple(legs),
    }  # fmt: skip


def points(member: str, amount: int, unit: str = "PTS") -> list[Posting]:
    """So many points, or something else that is counted, given to a member."""
    return [
        Posting(account=f"member:{member}", unit=unit, amount=amount),
        Posting(account="programme", unit=unit, amount=-amount),
    ]


def enrolment(member: str, card: str, welcome: int) -> MemberEnrolled:
    """Somebody called 李 joins, and is welcomed with points."""
    return MemberEnrolled(
        **deed(member, points(member, welcome)), display="李**", tier="",
        phone=Phone(hash="ab" * 32, last4="0077"), birthday="", adult=False, card=card,
        consents=(), sealed="", way="open", receipts=(), must_keep=0, partner="", group="",
        introducer="",
    )  # fmt: skip


def some_sales(journal: Journal, count: int, luck: random.Random, members: Sequence[str]) -> None:
    """Let a few people buy something."""
    for _ in range(count):
        total = luck.randint(1, 20_000)
        journal.add(sale(luck.choice([None, *members]), total, total // 100))


def sums(pages: Sequence[Envelope]) -> dict[str, dict[str, int]]:
    """Add the postings up, independently of everybody else."""
    books: dict[str, dict[str, int]] = {}
    for page in pages:
        for posting in msgspec.json.decode(bytes(page.body), type=Moving).postings:
            units = books.setdefault(posting.account, {})
            units[posting.unit] = units.get(posting.unit, 0) + posting.amount
    return books


class Moving(Words, frozen=True, kw_only=True):
    postings: tuple[Posting, ...] = ()
