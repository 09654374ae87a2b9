"""What the cloud remembers: boxes, facts, accounts, and the news it tells to boxes."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from cloud_bridge.contract import AsOf, Card, Change, Envelope, Member, Outcome, Posting, Product

SCHEMA = """
create table if not exists box (
  id text primary key, public_key blob not null
) strict;
create table if not exists fact (
  box text not null, sequence integer not null, epoch integer not null, hash text not null,
  envelope blob not null, outcome blob not null,
  primary key (box, sequence)
) strict, without rowid;
create table if not exists account (
  account text not null, unit text not null, total integer not null,
  primary key (account, unit)
) strict, without rowid;
create table if not exists news (
  version integer primary key autoincrement, kind text not null, id text not null,
  body blob not null,
  unique (kind, id)
) strict;
create table if not exists bundle (
  number integer primary key, hash text not null, raw blob not null
) strict;
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The last fact recorded of a box; all zero and empty before the first."""

    sequence: int = 0
    epoch: int = 0
    hash: str = ""


class Judged(NamedTuple):
    """What is made of a fact: the outcome, what it moves, and what boxes are told of it."""

    outcome: Outcome
    postings: Sequence[Posting] = ()
    changes: Sequence[Change] = ()


class Tables:
    """The cloud's SQLite file; ":memory:" for one that is gone with the process."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- boxes and facts -------------------------------------------------------------------------

    def add_box(self, box: str, public_key: bytes) -> None:
        """Let a box in (or give it another key)."""
        self._db.execute("insert or replace into box values(?, ?)", (box, public_key))

    def public_key(self, box: str) -> bytes | None:
        """Return a box's raw public key."""
        row = self._db.execute("select public_key from box where id = ?", (box,)).fetchone()
        return None if row is None else bytes(row[0])

    def head(self, box: str) -> Head:
        """Return the last fact of a box."""
        row = self._db.execute(
            "select sequence, epoch, hash from fact where box = ? order by sequence desc limit 1",
            (box,),
        ).fetchone()
        return Head() if row is None else Head(*row)

    def outcome(self, box: str, sequence: int) -> Outcome | None:
        """Return what was made of a fact when it was first seen."""
        row = self._db.execute(
            "select outcome from fact where box = ? and sequence = ?", (box, sequence)
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Outcome)

    def record(
        self, box: str, envelopes: Iterable[Envelope], judge: Callable[[Envelope], Judged]
    ) -> Sequence[Outcome]:
        """Record new facts and what follows from them, all or none; each judged in its turn."""
        outcomes = []
        with self._db:
            self._db.execute("begin immediate")
            for envelope in envelopes:
                outcome, postings, changes = judge(envelope)
                self._db.execute(
                    "insert into fact values(?, ?, ?, ?, ?, ?)",
                    (
                        box,
                        envelope.sequence,
                        envelope.epoch,
                        envelope.hash,
                        msgspec.json.encode(envelope),
                        msgspec.json.encode(outcome),
                    ),
                )
                self._tell(changes)
                for posting in postings:
                    self._post(posting)
                outcomes.append(outcome)
        return outcomes

    def facts(self, box: str) -> Sequence[Envelope]:
        """Return all facts of a box, in sequence."""
        return [
            msgspec.json.decode(row[0], type=Envelope)
            for row in self._db.execute(
                "select envelope from fact where box = ? order by sequence", (box,)
            )
        ]

    def outcomes(self, box: str) -> Sequence[Outcome]:
        """Return what was made of all facts of a box, in sequence."""
        return [
            msgspec.json.decode(row[0], type=Outcome)
            for row in self._db.execute(
                "select outcome from fact where box = ? order by sequence", (box,)
            )
        ]

    def _post(self, posting: Posting) -> None:
        self._db.execute(
            "insert into account values(?, ?, ?) on conflict(account, unit)"
            " do update set total = total + excluded.total",
            (posting.account, posting.unit, posting.amount),
        )
        kind, _, member = posting.account.partition(":")
        if kind == "member":
            self._db.execute(
                "update news set version = (select max(version) + 1 from news)"
                " where kind = 'member' and id = ?",
                (member,),
            )

    # --- accounts --------------------------------------------------------------------------------

    def books(self) -> dict[str, dict[str, int]]:
        """Return what every account holds, by unit."""
        books: dict[str, dict[str, int]] = {}
        for account, unit, total in self._db.execute("select * from account order by 1, 2"):
            books.setdefault(account, {})[unit] = total
        return books

    def total(self, account: str, unit: str) -> int:
        """Return what one account holds."""
        row = self._db.execute(
            "select total from account where account = ? and unit = ?", (account, unit)
        ).fetchone()
        return 0 if row is None else int(row[0])

    # --- news ------------------------------------------------------------------------------------

    def tell(self, changes: Iterable[Change]) -> None:
        """Put changes at the end of the news; an older one of the same thing is forgotten."""
        with self._db:
            self._db.execute("begin immediate")
            self._tell(changes)

    def _tell(self, changes: Iterable[Change]) -> None:
        for change in changes:
            kind, name = identity(change)
            self._db.execute(
                "insert or replace into news(version, kind, id, body)"
                " values((select coalesce(max(version), 0) + 1 from news), ?, ?, ?)",
                (kind, name, msgspec.json.encode(change)),
            )

    def news(self, since: int, limit: int) -> Sequence[tuple[int, Change]]:
        """Return what changed after version `since`, oldest first."""
        return [
            (version, msgspec.json.decode(body, type=Change))
            for version, body in self._db.execute(
                "select version, body from news where version > ? order by version limit ?",
                (since, limit),
            )
        ]

    def price_book(self, upto: int) -> int:
        """Return the price book's version as of a version of the news."""
        row = self._db.execute(
            "select max(version) from news where kind = 'product' and version <= ?", (upto,)
        ).fetchone()
        return row[0] or 0

    def knows(self, member: str) -> bool:
        """Tell whether there is such a member."""
        row = self._db.execute(
            "select 1 from news where kind = 'member' and id = ?", (member,)
        ).fetchone()
        return row is not None

    # --- bundles ---------------------------------------------------------------------------------

    def publish(self, digest: str, raw: bytes) -> None:
        """Make a signed bundle the current one."""
        self._db.execute("insert into bundle(hash, raw) values(?, ?)", (digest, raw))

    def bundle(self) -> tuple[str, bytes] | None:
        """Return the current bundle's hash and bytes."""
        row = self._db.execute(
            "select hash, raw from bundle order by number desc limit 1"
        ).fetchone()
        return None if row is None else (str(row[0]), bytes(row[1]))


def identity(change: Change) -> tuple[str, str]:
    """Return what a change is about."""
    match change:
        case Member():
            return "member", change.id
        case Card():
            return "card", change.number
        case Product():
            return "product", change.id


def as_seen_by(box: Head, member: Member, moved: int) -> Member:
    """Return a member with the points they hold now, and what of the asking box that contains.

    Facts are counted when they are recorded, so everything up to the box's head is contained.
    """
    as_of = AsOf(epoch=box.epoch, sequence=box.sequence) if box.sequence else None
    return msgspec.structs.replace(member, points=member.points + moved, as_of=as_of)
