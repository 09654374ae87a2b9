"""The news the cloud tells to boxes: the latest of each thing, in the order of its changing."""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from cloud_bridge.contract import (
    CameBack,
    Card,
    Change,
    Coupon,
    Erase,
    Hot,
    HotList,
    Lease,
    Member,
    Merge,
    Product,
    Recall,
)

SCHEMA = """
create table if not exists news (
  version integer primary key autoincrement, kind text not null, id text not null,
  body blob not null, box text not null default '',
  unique (kind, id)
) strict;
create index if not exists news_by_kind on news(kind, version);
create table if not exists alias (member text primary key, target text not null) strict;
create table if not exists phone (
  hash text not null, member text not null, primary key (hash, member)
) strict, without rowid;
create table if not exists hot (
  version integer primary key autoincrement, kind text not null, id text not null,
  blocked integer not null, unique (kind, id)
) strict;
"""


class News:
    """Members, cards, coupons, products and leases, and the hot list; `db` is the cloud's file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def tell(self, changes: Iterable[Change], box: str = "") -> None:
        """Put changes at the end of the news; an older one of the same thing is forgotten.

        They are for one `box`, or for all.
        """
        with self._db:
            self._db.execute("begin immediate")
            self.tell_inside(changes, box)

    def tell_inside(self, changes: Iterable[Change], box: str = "") -> None:
        """Tell, as part of a transaction of the caller."""
        for change in changes:
            if isinstance(change, Member) and change.phone_hash:
                self._db.execute(
                    "insert or ignore into phone values(?, ?)", (change.phone_hash, change.id)
                )
            kind, name = identity(change)
            self._db.execute(
                "insert or replace into news(version, kind, id, body, box)"
                " values((select coalesce(max(version), 0) + 1 from news), ?, ?, ?, ?)",
                (kind, name, msgspec.json.encode(change), box),
            )

    def news(self, since: int, limit: int, box: str = "") -> Sequence[tuple[int, Change]]:
        """Return what changed after version `since` for a box, oldest first."""
        return [
            (version, msgspec.json.decode(body, type=Change))
            for version, body in self._db.execute(
                "select version, body from news where version > ? and box in ('', ?)"
                " order by version limit ?",
                (since, box, limit),
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
            self.tell_inside([erase])  # first: a version is never given twice
            gone = [("member", erase.member), *[("card", number) for number in erase.cards]]
            self._db.executemany("delete from news where kind = ? and id = ?", gone)

    def members(self) -> int:
        """Return how many members there are. Reads all keys."""
        row = self._db.execute("select count(*) from news where kind = 'member'").fetchone()
        return int(row[0])

    def knows(self, member: str) -> bool:
        """Tell whether there is such a member."""
        row = self._db.execute(
            "select 1 from news where kind = 'member' and id = ?", (self.called(member),)
        ).fetchone()
        return row is not None

    def tell_again(self, member: str) -> None:
        """Put a member at the end of the news."""
        self._db.execute(
            "update news set version = (select max(version) + 1 from news)"
            " where kind = 'member' and id = ?",
            (member,),
        )

    def called(self, member: str) -> str:
        """Return by which id a member goes now."""
        row = self._db.execute("select target from alias where member = ?", (member,)).fetchone()
        return member if row is None else self.called(str(row[0]))

    def once_called(self, member: str) -> list[str]:
        """Return the ids that were merged into this one, directly or not."""
        rows = self._db.execute("select member from alias where target = ? order by 1", (member,))
        old = [str(name) for (name,) in rows]
        return [*old, *[older for name in old for older in self.once_called(name)]]

    def merge(self, merge: Merge) -> None:
        """Let a member go by another id from now on; cards follow, and what they brought is kept.

        Part of a transaction of the caller.
        """
        old, into = self.member(merge.member), self.member(merge.into)
        assert old is not None, f"{merge.member} is no member"
        assert into is not None, f"{merge.into} is no member"
        self._db.execute("insert into alias values(?, ?)", (merge.member, merge.into))
        cards = [
            msgspec.structs.replace(card, member=merge.into)
            for card in self._of(Card, "card")
            if card.member == merge.member
        ]
        both = msgspec.structs.replace(into, points=into.points + old.points)
        self.tell_inside([merge, both, *cards])
        self._db.execute("delete from news where kind = 'member' and id = ?", (merge.member,))
        self._db.execute("update phone set member = ? where member = ?", (merge.into, merge.member))

    def member(self, id: str) -> Member | None:
        """Return a member as the news has them."""
        row = self._db.execute(
            "select body from news where kind = 'member' and id = ?", (self.called(id),)
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Member)

    def by_phone(self, phone_hash: str) -> list[str]:
        """Return all members with this phone."""
        rows = self._db.execute("select member from phone where hash = ? order by 1", (phone_hash,))
        return [str(member) for (member,) in rows]

    def lease(self, id: str) -> Lease | None:
        """Return a lease that was told; its box has seen it or will see it."""
        row = self._db.execute(
            "select body from news where kind = 'lease' and id = ?", (id,)
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Lease)

    def _of(self, change: type[Card], kind: str) -> list[Card]:
        rows = self._db.execute("select body from news where kind = ?", (kind,))
        return [msgspec.json.decode(body, type=change) for (body,) in rows]

    # --- the hot list ----------------------------------------------------------------------------

    def heat(self, entry: Hot) -> None:
        """Put something on the hot list, or take it off: at the end of its own news."""
        self._db.execute(
            "insert or replace into hot(version, kind, id, blocked)"
            " values((select coalesce(max(version), 0) + 1 from hot), ?, ?, ?)",
            (entry.of, entry.id, entry.blocked),
        )

    def hot(self, since: int, limit: int) -> HotList:
        """Return what changed on the hot list after a version."""
        rows = self._db.execute(
            "select version, kind, id, blocked from hot where version > ? order by 1 limit ?",
            (since, limit + 1),
        ).fetchall()
        some = rows[:limit]
        return HotList(
            entries=tuple(
                Hot(of=kind, id=id, blocked=bool(is_hot)) for _, kind, id, is_hot in some
            ),
            cursor=str(some[-1][0] if some else since),
            more=len(rows) > limit,
        )

    def is_hot(self, of: str, id: str) -> bool:
        """Tell whether nothing may be spent from it."""
        row = self._db.execute(
            "select blocked from hot where kind = ? and id = ?", (of, id)
        ).fetchone()
        return row is not None and bool(row[0])


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
        case Coupon():
            return "coupon", change.id
        case Merge():
            return "merge", change.member
        case Lease():
            return "lease", change.id
        case Recall():
            return "recall", change.id
        case CameBack():
            return "came_back", change.letter.hash
