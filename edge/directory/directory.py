"""The cloud's members, cards and products as of a cursor: a cache that can be fetched again.

It lives in an SQLite file of its own and holds nothing of ours: a file that is torn or not
ours is moved aside, and the cloud is asked from the beginning. One thread at a time calls
`apply`; the loop's thread alone reads. A reader sees a page of changes wholly or not at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import apsw
import msgspec

from cloud_bridge import contract
from edge.directory import tables
from edge.directory.tables import DAMAGE, normal_code, unseal
from edge.shop.basket import Product
from edge.shop.member import Member
from edge.steady import Steady

MMAP_BYTES_MAX = 48 << 20
"""How much of the file is read in place; the rest is read through the system's cache, which does
not count as this process's memory."""
BY_CODE = """
select record from code join product on product.id = code.product
where code.code = ? order by product.id limit 1
"""
BY_ID = """
select record from member
where id = ?1 and not exists (select 1 from alias where member = ?1)
"""
ALIASES_MAX = 16
"""How often one member may have been merged into another, one after the other."""

T = TypeVar("T")


class DirectoryDamaged(Exception):
    """The file was damaged under us. Opening it again moves it aside and starts afresh."""


class Held(msgspec.Struct, frozen=True):
    """A member as the cloud last told. `points` contains our facts up to `as_of` already."""

    member: Member
    status: Literal["active", "frozen", "closed"]
    points: int
    as_of: contract.AsOf | None
    totals: Mapping[str, int] = {}
    """What else they hold in all, by unit."""
    confirmed: bool = True
    code_key: bytes | None = None
    """The Ed25519 public key of the phone that signs this member's codes."""


@dataclass(frozen=True, slots=True)
class CardHeld:
    """A card as the cloud last told; `member` is an id."""

    member: str
    status: Literal["active", "frozen", "lost", "replaced", "inactive"]


@dataclass(frozen=True, slots=True)
class Fill:
    """How far the directory is: `members` it knows of `total`, None once it has them all."""

    members: int
    total: int | None


class Directory:
    """Members, cards and products, looked up in microseconds.

    Reads and `apply` raise `DirectoryDamaged` when the file turns out to be damaged.
    """

    @classmethod
    def open(cls, path: Path) -> "Directory":
        """Open the file at `path`; where there is no good one, make a new, empty one.

        What was there instead is kept beside it as `<name>.damaged`.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if tables.mark_of(path).exists():
            tables.move_aside(path)
        try:
            return cls(path)
        except DAMAGE:
            tables.move_aside(path)
            return cls(path)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write = tables.connect(path)
        try:
            tables.lay_out(self._write)
            # Read-only, so that the loop's thread cannot write even by mistake.
            self._read = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        except BaseException:
            self._write.close()
            raise
        self._read.set_busy_timeout(tables.BUSY_MILLISECONDS_MAX)
        self._read.pragma("mmap_size", MMAP_BYTES_MAX)
        self._read.pragma("cell_size_check", 1)  # a torn page must not look like an empty one
        # No value that is bound is worth a plan of its own, which takes longer than the search.
        self._read.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self._steady = Steady(self._begin, self._end)
        self._price_book: int | None = None
        self._decode_member = msgspec.msgpack.Decoder(contract.Member).decode
        self._decode_card = msgspec.msgpack.Decoder(contract.Card).decode
        self._decode_coupon = msgspec.msgpack.Decoder(contract.Coupon).decode
        self._decode_letter = msgspec.json.Decoder(contract.Envelope).decode
        self._decode_product = msgspec.msgpack.Decoder(Product).decode

    def close(self) -> None:
        """Close the file. No `apply` may be under way."""
        self._read.close()
        self._write.close()

    def apply(self, changes: contract.Changes) -> None:
        """Take one page of changes, its cursor and price book in one transaction (blocking).

        Taking a page again changes nothing. Raises OSError, with nothing changed, when the disk
        takes no more.
        """
        try:
            with self._write:
                new = sum([tables.put(self._write, change) for change in changes.changes])
                self._write.executemany(
                    "update news set value = ? where name = ?",
                    ((changes.cursor, "cursor"), (changes.price_book, "price_book")),
                )
                self._write.execute(tables.COUNTED, (new, changes.more, changes.members))
        except (apsw.FullError, apsw.IOError) as error:
            raise OSError(str(error)) from error
        except DAMAGE as error:
            raise self._damaged(error) from error

    def forget(self) -> None:
        """Let the cloud be asked for everything again (blocking); what is here stays meanwhile."""
        try:
            self._write.execute("update news set value = '' where name = 'cursor'")
        except DAMAGE as error:
            raise self._damaged(error) from error

    def heat(self, news: contract.HotList) -> None:
        """Take changes of the hot list with their cursor (blocking); errors are those of `apply`.

        What is blocked and what is not any more, in the order in which it was told.
        """
        try:
            with self._write:
                for entry in news.entries:
                    row = (entry.of, entry.id)
                    if entry.blocked:
                        self._write.execute("insert or ignore into hot values(?, ?)", row)
                    else:
                        self._write.execute("delete from hot where kind = ? and id = ?", row)
                self._write.execute("update news set value = ? where name = 'hot'", (news.cursor,))
        except (apsw.FullError, apsw.IOError) as error:
            raise OSError(str(error)) from error
        except DAMAGE as error:
            raise self._damaged(error) from error

    def steady(self) -> Steady:
        """Let all reads inside see one and the same state, whatever is applied meanwhile."""
        return self._steady

    def _begin(self) -> None:
        self._read.execute("begin")

    def _end(self) -> None:
        self._price_book = None
        self._read.execute("commit")

    @property
    def cursor(self) -> str:
        """What to ask the cloud for next; "" for everything."""
        return str(self._one("select value from news where name = 'cursor'", ()))

    @property
    def hot_cursor(self) -> str:
        """What to ask the cloud for next of the hot list; "" for all of it."""
        return str(self._one("select value from news where name = 'hot'", ()))

    @property
    def price_book(self) -> int:
        """The version of the price book, 0 for none."""
        if self._price_book is not None:
            return self._price_book
        version = int(self._one("select value from news where name = 'price_book'", ()))
        if self._steady.is_held:
            self._price_book = version
        return version

    @property
    def fill(self) -> Fill:
        """How many members are here, of how many."""
        with self.steady():
            members = self._one("select value from news where name = 'members'", ())
            return Fill(members, self._one("select value from news where name = 'total'", ()))

    def member(self, member_id: str) -> Held | None:
        """Return a member by id."""
        m = self._record(BY_ID, member_id, self._decode_member)
        if m is None and (now := self.called(member_id)) != member_id:
            m = self._record(BY_ID, now, self._decode_member)
        if m is None:
            return None
        shop_member = Member(id=m.id, display=m.display, tier=m.tier, tags=m.tags)
        return Held(shop_member, m.status, m.points, m.as_of, m.totals, m.confirmed, m.code_key)

    def called(self, member_id: str) -> str:
        """Return by which id a member goes now: another one, if they were merged."""
        for _ in range(ALIASES_MAX):
            into = self._one("select target from alias where member = ?", (member_id,))
            if into is None:
                break
            member_id = str(into)
        return member_id

    def once_called(self, member_id: str) -> tuple[str, ...]:
        """Return the ids that were merged into this one, directly or not."""
        found = [member_id]
        for name in found:
            found += self._all("select member from alias where target = ? order by 1", name)
            if len(found) > ALIASES_MAX:
                break
        return tuple(found[1:])

    def coupon(self, coupon_id: str) -> contract.Coupon | None:
        """Return what the cloud told of a coupon; whether it was used, its lot's holder knows."""
        sql = "select record from coupon where id = ?"
        return self._record(sql, coupon_id, self._decode_coupon)

    def came_back(self, sale: str) -> tuple[contract.Envelope, ...]:
        """Return the letters by which other boxes took back some of a sale of ours."""
        try:
            rows = self._read.execute("select record from came_back where sale = ?", (sale,))
            return tuple([self._decode_letter(unseal(record)) for (record,) in rows])
        except DAMAGE as error:
            raise self._damaged(error) from error

    def is_hot(self, kind: Literal["card", "member", "coupon"], name: str) -> bool:
        """Tell whether nothing may be spent from a card, a member or a coupon."""
        sql = "select 1 from hot where kind = ? and id = ?"
        return self._one(sql, (kind, name)) is not None

    def card(self, number: str) -> CardHeld | None:
        """Return a card by its number."""
        sql = "select record from card where number = ?"
        card = self._record(sql, number, self._decode_card)
        return None if card is None else CardHeld(self.called(card.member), card.status)

    def members_by_phone(self, phone_hash: str) -> tuple[str, ...]:
        """Return the ids of all members with this phone, in order."""
        sql = "select id from member where phone_hash = ? order by id"
        return tuple(self._all(sql, phone_hash))

    def product(self, code: str) -> Product | None:
        """Return a product by GTIN (in any of its lengths) or by id; a GTIN goes first.

        When the price book gives one code to several products, the first by id is meant.
        """
        by_code = self._record(BY_CODE, normal_code(code), self._decode_product)
        if by_code is not None:
            return by_code
        return self._record("select record from product where id = ?", code, self._decode_product)

    def counts(self) -> Mapping[str, int]:
        """Return how many members, cards and products there are. Reads all keys: not for tills."""
        return {
            f"{table}s": int(self._one(f"select count(*) from {table}", ()))
            for table in ("member", "card", "product")
        }

    def _all(self, sql: str, key: str) -> list[str]:
        """Return the first column of all rows."""
        try:
            return [str(row[0]) for row in self._read.execute(sql, (key,))]
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _one(self, sql: str, values: tuple[str, ...]) -> Any:
        """Return the one value of the one row, or None for no row."""
        try:
            return self._read.execute(sql, values).get
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _record(self, sql: str, key: str, decode: Callable[[memoryview], T]) -> T | None:
        try:
            raw = self._read.execute(sql, (key,)).get
            return None if raw is None else decode(unseal(raw))
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DirectoryDamaged:
        tables.mark_of(self._path).touch()
        return DirectoryDamaged(f"{self._path}: {error}")
