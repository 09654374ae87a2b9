"""What the cloud remembers: boxes, facts, accounts, and the news it tells to boxes."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from cloud_bridge.contract import (
    CameBack,
    Change,
    DeedFact,
    Envelope,
    HomeMoved,
    LeaseReturned,
    LeaseTaken,
    Outcome,
    Posting,
    TakenBack,
    fact_identity,
    original,
)
from simulators.cloud.homes import arrived
from simulators.cloud.lots import Lots, Moving, Short
from simulators.cloud.news import News
from simulators.cloud.receipts import Receipts

HELD = ("member", "principal", "deferred")
"""The accounts of what members hold; the rest of their names is whose."""

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
    fact: object = None
    """The fact itself, also of one that was lost and came back."""


class Tables(News):
    """The cloud's SQLite file; ":memory:" for one that is gone with the process."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(SCHEMA)
        super().__init__(self._db)
        self.lots = Lots(self._db)
        self.receipts = Receipts(self._db)

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

    @property
    def era(self) -> int:
        """How often one was restored: cursors of an earlier era are not known any more."""
        return int(self._db.execute("pragma user_version").fetchone()[0])

    @era.setter
    def era(self, era: int) -> None:
        self._db.execute(f"pragma user_version = {era}")

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
                fresh = self._is_fresh(box, judged.lost or _identity_of(envelope))
                outcome = self._noticed_twice(box, envelope, judged, fresh=fresh)
                if fresh:
                    outcome = self._moved(box, judged.fact, outcome)
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
                self.tell_inside(judged.changes)
                self._count(judged.postings if fresh else ())
                self._touch(judged.postings)
                self.receipts.index(box, envelope, judged.fact)
                self._tell_seller(box, envelope, judged)
                self.lots.lapse(box, envelope.at)
                outcomes.append(outcome)
        return outcomes

    def _is_fresh(self, box: str, identity: str) -> bool:
        """Tell whether a fact counts: once, however often and in whatever page it comes."""
        known = self._is_counted(box, identity)
        if not known:
            self._db.execute("insert into counted values(?, ?)", (box, identity))
        return not known

    def _count(self, postings: Sequence[Posting]) -> None:
        for posting in postings:
            self.post(posting)

    def _moved(self, box: str, fact: object, outcome: Outcome) -> Outcome:
        """Let parts of lots follow a fact; an exception if more was spent than there was."""
        if isinstance(fact, HomeMoved):
            return arrived(fact, self.lots.all_at(box), outcome)
        if outcome.outcome == "rejected_invalid" or not isinstance(fact, Moving):
            return outcome
        shorts = self.lots.follow(box, fact)
        if isinstance(fact, LeaseReturned):
            self.receipts.release(fact.lease)
            if (into := self.called(fact.member)) != fact.member:
                self.lots.rehome(fact.member, into)
        twice = self.receipts.came_back_twice(fact) if isinstance(fact, TakenBack) else 0
        if not shorts and not twice:
            return outcome
        kind, amount, unit = shorts[0] if shorts else Short("returned_twice", twice, "")
        return msgspec.structs.replace(
            outcome, outcome="accepted_with_exception", kind=kind, amount=amount, unit=unit,
            liable=fact.store if isinstance(fact, DeedFact | LeaseTaken) else box,
            reason=f"{kind}: {amount} {unit}".strip(),
        )  # fmt: skip

    def _tell_seller(self, box: str, envelope: Envelope, judged: Judged) -> None:
        """Tell the box that made a sale what came back of it at another one."""
        fact = judged.fact
        if judged.outcome.outcome == "rejected_invalid" or not isinstance(fact, TakenBack):
            return
        sold = self.receipts.sale(fact.sale)
        if sold is not None and sold[0] != box:
            self.tell_inside([CameBack(sale=fact.sale, letter=original(envelope))], sold[0])

    def _is_counted(self, box: str, identity: str) -> bool:
        row = self._db.execute(
            "select 1 from counted where box = ? and identity = ?", (box, identity)
        ).fetchone()
        return row is not None

    def _noticed_twice(
        self, box: str, envelope: Envelope, judged: Judged, *, fresh: bool
    ) -> Outcome:
        """Return the outcome, with an exception where two lives of a box served one request."""
        earlier = self._db.execute(
            "select epoch, sequence from fact where box = ? and origin = ? and key = ?",
            (box, envelope.origin, envelope.key),
        ).fetchone()
        is_plain = judged.postings and not judged.lost and judged.outcome.outcome == "accepted"
        if earlier is None or not is_plain or not fresh:
            return judged.outcome
        reason = f"the same request was served in epoch {earlier[0]} at {earlier[1]}"
        return msgspec.structs.replace(
            judged.outcome, outcome="accepted_with_exception", reason=reason, kind="served_twice"
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Do all inside, or nothing."""
        with self._db:
            self._db.execute("begin immediate")
            yield

    def all_facts(self) -> Sequence[tuple[Envelope, Outcome]]:
        """Return all facts of all boxes, with what was made of them."""
        return [
            (msgspec.json.decode(said, type=Envelope), msgspec.json.decode(made, type=Outcome))
            for said, made in self._db.execute(
                "select envelope, outcome from fact order by box, epoch, sequence"
            )
        ]

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

    def post(self, posting: Posting) -> None:
        """Post one leg; what is posted on a member who was merged is posted on whom they are."""
        kind, colon, name = posting.account.partition(":")
        if kind in HELD:
            name = self.called(name)
        self._db.execute(
            "insert into account values(?, ?, ?) on conflict(account, unit)"
            " do update set total = total + excluded.total",
            (f"{kind}{colon}{name}", posting.unit, posting.amount),
        )

    def _touch(self, postings: Iterable[Posting]) -> None:
        """Tell of members again: what they hold, or what of a box that contains, has changed."""
        for posting in postings:
            kind, _, member = posting.account.partition(":")
            if kind in HELD:
                self.tell_again(self.called(member))

    def move_accounts(self, member: str, into: str) -> None:
        """Post on one member's accounts what is on another's."""
        rows = self._db.execute(
            "select account, unit, total from account where account in (?, ?, ?)",
            [f"{kind}:{member}" for kind in HELD],
        ).fetchall()
        for account, unit, total in rows:
            self._db.execute("delete from account where account = ?", (account,))
            kind = str(account).partition(":")[0]
            self.post(Posting(account=f"{kind}:{into}", unit=unit, amount=total))

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


def _identity_of(envelope: Envelope) -> str:
    return fact_identity(envelope.origin, envelope.key, bytes(envelope.body))
