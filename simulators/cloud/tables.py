"""What the cloud remembers: boxes, facts, accounts, and the news it tells to boxes."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from cloud_bridge.contract import (
    AsOf,
    Card,
    Change,
    Envelope,
    Erase,
    Member,
    Outcome,
    Posting,
    Product,
    sha256,
)

SCHEMA = """
create table if not exists box (
  id text primary key, public_key blob not null
) strict;
create table if not exists fact (
  box text not null, sequence integer not null, epoch integer not null, hash text not null,
  envelope blob not null, outcome blob not null,
  origin text not null, key text not null,
  primary key (box, epoch, sequence)
) strict, without rowid;
create index if not exists fact_hash on fact(box, hash);
create index if not exists fact_key on fact(box, origin, key);
create table if not exists counted (
  box text not null, identity text not null, primary key (box, identity)
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
create index if not exists news_by_kind on news(kind, version);
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
    """What is made of a fact: the outcome, what it moves, and what boxes are told of it.

    With `lost`, the identity of another fact, it moves what that one moved: once for both.
    """

    outcome: Outcome
    postings: Sequence[Posting] = ()
    changes: Sequence[Change] = ()
    lost: str = ""


class Tables:
    """The cloud's SQLite file; ":memory:" for one that is gone with the process."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def image(self) -> bytes:
        """Return everything there is, for `restore`."""
        return self._db.serialize()

    def restore(self, image: bytes) -> None:
        """Be as one was when `image` was made."""
        with closing(sqlite3.connect(":memory:")) as earlier:
            earlier.deserialize(image)
            earlier.backup(self._db)

    # --- boxes and facts -------------------------------------------------------------------------

    def add_box(self, box: str, public_key: bytes) -> None:
        """Let a box in (or give it another key)."""
        self._db.execute("insert or replace into box values(?, ?)", (box, public_key))

    def public_key(self, box: str) -> bytes | None:
        """Return a box's raw public key."""
        row = self._db.execute("select public_key from box where id = ?", (box,)).fetchone()
        return None if row is None else bytes(row[0])

    def head(self, box: str) -> Head:
        """Return the last fact of a box, in its latest epoch."""
        row = self._db.execute(
            "select sequence, epoch, hash from fact where box = ?"
            " order by epoch desc, sequence desc limit 1",
            (box,),
        ).fetchone()
        return Head() if row is None else Head(*row)

    def place_of(self, box: str, hash: str) -> Head | None:
        """Return where a fact of a box is recorded, None if it is not."""
        row = self._db.execute(
            "select sequence, epoch, hash from fact where box = ? and hash = ?", (box, hash)
        ).fetchone()
        return None if row is None else Head(*row)

    def outcome(self, box: str, epoch: int, sequence: int) -> Outcome | None:
        """Return what was made of a fact when it was first seen."""
        row = self._db.execute(
            "select outcome from fact where box = ? and epoch = ? and sequence = ?",
            (box, epoch, sequence),
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
                judged = judge(envelope)
                outcome = self._noticed_twice(box, envelope, judged)
                self._db.execute(
                    "insert into fact values(?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        box,
                        envelope.sequence,
                        envelope.epoch,
                        envelope.hash,
                        msgspec.json.encode(envelope),
                        msgspec.json.encode(outcome),
                        envelope.origin,
                        envelope.key,
                    ),
                )
                self._tell(judged.changes)
                self._count(box, judged.lost or _identity_of(envelope), judged.postings)
                outcomes.append(outcome)
        return outcomes

    def _count(self, box: str, identity: str, postings: Sequence[Posting]) -> None:
        """Count what a fact moves, but once however often and in whatever page it comes."""
        if postings and not self._is_counted(box, identity):
            self._db.execute("insert into counted values(?, ?)", (box, identity))
            for posting in postings:
                self._post(posting)
        for posting in postings:
            self._touch(posting)

    def _is_counted(self, box: str, identity: str) -> bool:
        row = self._db.execute(
            "select 1 from counted where box = ? and identity = ?", (box, identity)
        ).fetchone()
        return row is not None

    def _noticed_twice(self, box: str, envelope: Envelope, judged: Judged) -> Outcome:
        """Return the outcome, with an exception where two lives of a box served one request."""
        earlier = self._db.execute(
            "select epoch, sequence from fact where box = ? and origin = ? and key = ?",
            (box, envelope.origin, envelope.key),
        ).fetchone()
        is_plain = judged.postings and not judged.lost and judged.outcome.outcome == "accepted"
        if earlier is None or not is_plain or self._is_counted(box, _identity_of(envelope)):
            return judged.outcome
        reason = f"the same request was served in epoch {earlier[0]} at {earlier[1]}"
        return msgspec.structs.replace(
            judged.outcome, outcome="accepted_with_exception", reason=reason
        )

    def facts(self, box: str) -> Sequence[Envelope]:
        """Return all facts of a box, by epoch and sequence."""
        return self.facts_after(box, 0, 0, -1)

    def facts_after(self, box: str, epoch: int, sequence: int, limit: int) -> Sequence[Envelope]:
        """Return up to `limit` facts of a box after a place, by epoch and sequence."""
        return [
            msgspec.json.decode(row[0], type=Envelope)
            for row in self._db.execute(
                "select envelope from fact where box = ? and (epoch, sequence) > (?, ?)"
                " order by epoch, sequence limit ?",
                (box, epoch, sequence, limit),
            )
        ]

    def outcomes(self, box: str) -> Sequence[Outcome]:
        """Return what was made of all facts of a box, by epoch and sequence."""
        return [
            msgspec.json.decode(row[0], type=Outcome)
            for row in self._db.execute(
                "select outcome from fact where box = ? order by epoch, sequence", (box,)
            )
        ]

    def _post(self, posting: Posting) -> None:
        self._db.execute(
            "insert into account values(?, ?, ?) on conflict(account, unit)"
            " do update set total = total + excluded.total",
            (posting.account, posting.unit, posting.amount),
        )

    def _touch(self, posting: Posting) -> None:
        """Tell of a member again: what they hold, or what of a box that contains, has changed."""
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

    def forget(self, erase: Erase) -> None:
        """Forget a member and their cards, and tell every box to."""
        with self._db:
            self._db.execute("begin immediate")
            self._tell([erase])  # first: a version is never given twice
            gone = [("member", erase.member), *[("card", number) for number in erase.cards]]
            self._db.executemany("delete from news where kind = ? and id = ?", gone)

    def members(self) -> int:
        """Return how many members there are. Reads all keys."""
        row = self._db.execute("select count(*) from news where kind = 'member'").fetchone()
        return int(row[0])

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
        case Erase():
            return "erase", change.member


def fact_identity(origin: str, key: str, body: bytes) -> str:
    """Return what a fact is known by, in whatever page it stands."""
    return sha256(f"{origin}\n{key}\n{sha256(body)}".encode())


def _identity_of(envelope: Envelope) -> str:
    return fact_identity(envelope.origin, envelope.key, bytes(envelope.body))


def as_seen_by(box: Head, member: Member, moved: int) -> Member:
    """Return a member with the points they hold now, and what of the asking box that contains.

    Facts are counted when they are recorded, so everything up to the box's head is contained.
    """
    as_of = AsOf(epoch=box.epoch, sequence=box.sequence) if box.sequence else None
    return msgspec.structs.replace(member, points=member.points + moved, as_of=as_of)
