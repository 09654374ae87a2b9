"""The directory's file: its tables, how a change gets into them, and how damage shows."""

import zlib
from pathlib import Path

import apsw
import msgspec

from cloud_bridge import contract

APPLICATION_ID = 0x45444752
"""Marks the file as a directory of ours ("EDGR"); SQLite keeps it in the header."""
LAYOUT = 4
WAL_BYTES_MAX = 16 << 20
BUSY_MILLISECONDS_MAX = 5000
ALL = ("news", "member", "alias", "card", "coupon", "came_back", "hot", "product", "code")
GTIN_LENGTHS = (8, 12, 13, 14)

TABLES = f"""
create table news(name text primary key, value any) strict, without rowid;
create table member(id text primary key, phone_hash text, record blob not null)
    strict, without rowid;
create index member_phone on member(phone_hash, id) where phone_hash is not null;
create table alias(member text primary key, target text not null) strict, without rowid;
create index alias_target on alias(target);
create table card(number text primary key, record blob not null) strict, without rowid;
create table coupon(id text primary key, record blob not null) strict, without rowid;
create table came_back(sale text, hash text, record blob not null, primary key(sale, hash))
    strict, without rowid;
create table hot(kind text, id text, primary key(kind, id)) strict, without rowid;
create table product(id text primary key, record blob not null) strict, without rowid;
create table code(code text, product text, primary key(code, product)) strict, without rowid;
create index code_product on code(product);
insert into news values
  ('cursor', ''), ('hot', ''), ('price_book', 0), ('members', 0), ('total', null);
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
DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, msgspec.DecodeError)
"""How a file shows that it is torn, not SQLite at all, or not laid out by us."""


def normal_code(code: str) -> str:
    """Return a GTIN in its 14-digit form, so that its lengths meet; any other code as it is.

    GS1 General Specifications, section 3.3.2: shorter GTINs are filled with zeros on the left.
    """
    if code.isascii() and code.isdigit() and len(code) in GTIN_LENGTHS:
        return code.zfill(14)
    return code


def put(connection: apsw.Connection, change: contract.Change) -> int:
    """Put one change into its table; return how many members more there are."""
    record = seal(msgspec.msgpack.encode(change))
    match change:
        case contract.Coupon():
            connection.execute("insert or replace into coupon values(?, ?)", (change.id, record))
        case contract.CameBack():
            letter = contract.original(change.letter)  # told once more if its box had lost it
            connection.execute(
                "insert or replace into came_back values(?, ?, ?)",
                (change.sale, letter.hash, seal(msgspec.json.encode(letter))),
            )
        case contract.Merge():
            pair = (change.member, change.into)
            connection.execute("insert or replace into alias values(?, ?)", pair)
            connection.execute("delete from member where id = ?", (change.member,))
            return -connection.changes()
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
            connection.execute("delete from alias where ?1 in (member, target)", (change.member,))
            connection.execute("delete from member where id = ?", (change.member,))
            return -connection.changes()
    return 0


def seal(record: bytes) -> bytes:
    """Put a checksum before a record: SQLite has none, and a flipped bit can be a price."""
    return zlib.crc32(record).to_bytes(4, "big") + record


def unseal(raw: bytes) -> memoryview:
    """Return a record without its checksum. Raises apsw.CorruptError if they do not match."""
    record = memoryview(raw)[4:]
    if not raw.startswith(zlib.crc32(record).to_bytes(4, "big")):
        raise apsw.CorruptError("a record does not match its checksum")
    return record


def connect(path: Path) -> apsw.Connection:
    """Open the file to write."""
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


def lay_out(connection: apsw.Connection) -> None:
    """Make the tables in an empty file; raise one of `DAMAGE` for a file that is not ours."""
    if connection.execute("select count(*) from sqlite_schema").get == 0:
        with connection:
            connection.execute(TABLES)
    mark = connection.pragma("application_id"), connection.pragma("user_version")
    if mark != (APPLICATION_ID, LAYOUT):
        raise apsw.NotADBError(f"not a directory of layout {LAYOUT}: {mark}")
    for table in ALL:
        connection.execute(f"select * from {table} limit 1").fetchall()


def mark_of(path: Path) -> Path:
    """Return the file whose being there says that the directory is damaged."""
    return path.with_name(f"{path.name}.is-damaged")


def move_aside(path: Path) -> None:
    """Keep a damaged file beside its place, for whoever wants to look."""
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.damaged{suffix}"))
    # Last, so that a crash on the way only makes us do it again.
    mark_of(path).unlink(missing_ok=True)
