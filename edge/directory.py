"""The cloud's members, cards and products as of a cursor: a cache that can be fetched again.

It lives in an SQLite file of its own and holds nothing of ours: a file that is torn or not
ours is moved aside, and the cloud is asked from the beginning. One thread at a time calls
`apply`; the loop's thread alone reads. A reader sees a page of changes wholly or not at all.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import apsw
import msgspec

from cloud_bridge import contract
from edge.shop.basket import Product
from edge.shop.member import Member

APPLICATION_ID = 0x45444752
"""Marks the file as a directory of ours ("EDGR"); SQLite keeps it in the header."""
LAYOUT = 2
MMAP_BYTES_MAX = 48 << 20
"""How much of the file is read in place; the rest is read through the system's cache, which does
not count as this process's memory."""
WAL_BYTES_MAX = 16 << 20
BUSY_MILLISECONDS_MAX = 5000
GTIN_LENGTHS = (8, 12, 13, 14)

TABLES = f"""
create table news(name text primary key, value any) strict, without rowid;
create table member(id text primary key, phone_hash text, record blob not null)
    strict, without rowid;
create index member_phone on member(phone_hash, id) where phone_hash is not null;
create table card(number text primary key, record blob not null) strict, without rowid;
create table product(id text primary key, record blob not null) strict, without rowid;
create table code(code text, product text, primary key(code, product)) strict, without rowid;
create index code_product on code(product);
insert into news values('cursor', ''), ('price_book', 0), ('members', 0), ('total', null);
pragma application_id={APPLICATION_ID};
pragma user_version={LAYOUT};
"""
COUNTED = """
update news set value = case name
  when 'members' then value + ?1
  else iif(?2, coalesce(?3, value), null) end
where name in ('members', 'total')
"""
"""Counts new members, and forgets how many there are to come once nothing more is to come."""
BY_CODE = """
select record from code join product on product.id = code.product
where code.code = ? order by product.id limit 1
"""
DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, msgspec.DecodeError)
"""How a file shows that it is torn, not SQLite at all, or not laid out by us."""

T = TypeVar("T")


class DirectoryDamaged(Exception):
    """The file was damaged under us. Opening it again moves it aside and starts afresh."""


@dataclass(frozen=True, slots=True)
class Held:
    """A member as the cloud last told. `points` contains our facts up to `as_of` already."""

    member: Member
    status: Literal["active", "frozen", "closed"]
    points: int
    as_of: contract.AsOf | None


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
        if _mark(path).exists():
            _move_aside(path)
        try:
            return cls(path)
        except DAMAGE:
            _move_aside(path)
            return cls(path)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write = _connect(path)
        try:
            _lay_out(self._write)
            # Read-only, so that the loop's thread cannot write even by mistake.
            self._read = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        except BaseException:
            self._write.close()
            raise
        self._read.set_busy_timeout(BUSY_MILLISECONDS_MAX)
        self._read.pragma("mmap_size", MMAP_BYTES_MAX)
        self._decode_member = msgspec.msgpack.Decoder(contract.Member).decode
        self._decode_card = msgspec.msgpack.Decoder(contract.Card).decode
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
                new = sum([_apply(self._write, change) for change in changes.changes])
                self._write.executemany(
                    "update news set value = ? where name = ?",
                    ((changes.cursor, "cursor"), (changes.price_book, "price_book")),
                )
                self._write.execute(COUNTED, (new, changes.more, changes.members))
        except (apsw.FullError, apsw.IOError) as error:
            raise OSError(str(error)) from error
        except DAMAGE as error:
            raise self._damaged(error) from error

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Let all reads inside see one and the same state, whatever is applied meanwhile."""
        if self._read.in_transaction:
            yield
            return
        self._read.execute("begin")
        try:
            yield
        finally:
            self._read.execute("commit")

    @property
    def cursor(self) -> str:
        """What to ask the cloud for next; "" for everything."""
        return str(self._one("select value from news where name = 'cursor'", ()))

    @property
    def price_book(self) -> int:
        """The version of the price book, 0 for none."""
        return int(self._one("select value from news where name = 'price_book'", ()))

    @property
    def fill(self) -> Fill:
        """How many members are here, of how many."""
        with self.steady():
            members = self._one("select value from news where name = 'members'", ())
            return Fill(members, self._one("select value from news where name = 'total'", ()))

    def member(self, member_id: str) -> Held | None:
        """Return a member by id."""
        sql = "select record from member where id = ?"
        m = self._record(sql, member_id, self._decode_member)
        if m is None:
            return None
        shop_member = Member(id=m.id, display=m.display, tier=m.tier, tags=m.tags)
        return Held(shop_member, m.status, m.points, m.as_of)

    def card(self, number: str) -> CardHeld | None:
        """Return a card by its number."""
        sql = "select record from card where number = ?"
        card = self._record(sql, number, self._decode_card)
        return None if card is None else CardHeld(card.member, card.status)

    def members_by_phone(self, phone_hash: str) -> tuple[str, ...]:
        """Return the ids of all members with this phone, in order."""
        sql = "select id from member where phone_hash = ? order by id"
        try:
            return tuple(row[0] for row in self._read.execute(sql, (phone_hash,)))
        except DAMAGE as error:
            raise self._damaged(error) from error

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
            f"{table}s": int(self._one(f"select count(*) from {table}", ()))  # noqa: S608 - ours
            for table in ("member", "card", "product")
        }

    def _one(self, sql: str, values: tuple[str, ...]) -> Any:
        """Return the one value of the one row, or None for no row."""
        try:
            return self._read.execute(sql, values).get
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _record(self, sql: str, key: str, decode: Callable[[memoryview], T]) -> T | None:
        raw = self._one(sql, (key,))
        try:
            return None if raw is None else decode(_unseal(raw))
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DirectoryDamaged:
        _mark(self._path).touch()
        return DirectoryDamaged(f"{self._path}: {error}")


def normal_code(code: str) -> str:
    """Return a GTIN in its 14-digit form, so that its lengths meet; any other code as it is.

    GS1 General Specifications, section 3.3.2: shorter GTINs are filled with zeros on the left.
    """
    if code.isascii() and code.isdigit() and len(code) in GTIN_LENGTHS:
        return code.zfill(14)
    return code


def _apply(connection: apsw.Connection, change: contract.Change) -> int:
    """Put one change into its table; return how many members more there are."""
    record = _seal(msgspec.msgpack.encode(change))
    match change:
        case contract.Member():
            row = (change.id, change.phone_hash, record)
            connection.execute("insert or ignore into member values(?, ?, ?)", row)
            if connection.changes():
                return 1
            connection.execute("update member set phone_hash = ?2, record = ?3 where id = ?1", row)
        case contract.Card():
            connection.execute("insert or replace into card values(?, ?)", (change.number, record))
        case contract.Product():
            connection.execute("delete from code where product = ?", (change.id,))
            if change.deleted:
                connection.execute("delete from product where id = ?", (change.id,))
                return 0
            connection.execute("insert or replace into product values(?, ?)", (change.id, record))
            codes = {(normal_code(code), change.id) for code in change.gtins}
            connection.executemany("insert into code values(?, ?)", sorted(codes))
        case contract.Erase():
            for number in change.cards:
                connection.execute("delete from card where number = ?", (number,))
            connection.execute("delete from member where id = ?", (change.member,))
            return -connection.changes()
    return 0


def _seal(record: bytes) -> bytes:
    """Put a checksum before a record: SQLite has none, and a flipped bit can be a price."""
    return zlib.crc32(record).to_bytes(4, "big") + record


def _unseal(raw: bytes) -> memoryview:
    record = memoryview(raw)[4:]
    if zlib.crc32(record) != int.from_bytes(raw[:4], "big"):
        raise apsw.CorruptError("a record does not match its checksum")
    return record


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(BUSY_MILLISECONDS_MAX)
        connection.pragma("journal_mode", "wal")
        # A power cut may lose the last pages, but their cursor with them: they are asked again.
        connection.pragma("synchronous", "normal")
        connection.pragma("secure_delete", 1)  # whoever is erased is overwritten
        connection.pragma("journal_size_limit", WAL_BYTES_MAX)
    except BaseException:
        connection.close()
        raise
    return connection


def _lay_out(connection: apsw.Connection) -> None:
    """Make the tables in an empty file; raise one of `DAMAGE` for a file that is not ours."""
    if connection.execute("select count(*) from sqlite_schema").get == 0:
        with connection:
            connection.execute(TABLES)
    mark = connection.pragma("application_id"), connection.pragma("user_version")
    if mark != (APPLICATION_ID, LAYOUT):
        raise apsw.NotADBError(f"not a directory of layout {LAYOUT}: {mark}")
    for table in ("news", "member", "card", "product", "code"):
        connection.execute(f"select * from {table} limit 1").fetchall()  # noqa: S608 - ours


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}.is-damaged")


def _move_aside(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.damaged{suffix}"))
    # Last, so that a crash on the way only makes us do it again.
    _mark(path).unlink(missing_ok=True)
