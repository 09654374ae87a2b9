"""The journal's file: its layout, who may open it, and what is refused without a touch.

What a file is, and how new its layout is, stands in the first 100 bytes of any SQLite database
(https://www.sqlite.org/fileformat.html#the_database_header). They are read before SQLite may
open the file, because opening alone makes a write-ahead log beside it. They can be trusted: a
layout is made and changed with a rollback journal, never through the write-ahead log.
"""

import fcntl
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import msgspec

from edge.journal.errors import (
    JournalForeign,
    JournalLocked,
    JournalNewer,
    JournalNotMigrated,
)

SCHEMA_VERSION = 3
APPLICATION_ID = 0x65646765  # "edge"
BUSY_MS = 5_000

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES, _VERSION_AT, _APPLICATION_AT = 100, 60, 68

PAGES_COME_IN_ORDER = """
create trigger page_follows_the_last before insert on page
when new.sequence <> coalesce((select max(sequence) from page), 0) + 1
begin select raise(abort, 'the journal is append-only'); end;
"""
"""Without it `insert or replace` would get past the triggers that keep pages as they are."""

PAGES_BALANCE = f"""
create trigger page_sums_to_zero before insert on page
when instr(new.body, x'{b'"postings"'.hex()}') and exists (
  select 1 from json_each(cast(new.body as text), '$.postings')
  group by value ->> 'unit' having sum(value ->> 'amount') <> 0
)
begin select raise(abort, 'what a fact posts sums to zero in every unit'); end;
"""
"""Judges the very bytes, whoever writes them; what posts nothing is not even parsed."""

SCHEMA = f"""
create table page (
  sequence integer primary key,
  epoch    integer not null,
  at       integer not null,
  origin   text    not null,
  key      text    not null,
  content  text    not null,
  kind     text    not null,
  body     blob    not null,
  answer   blob    not null,
  digest   text    not null
) strict;
create unique index page_key on page(key, origin);
create trigger page_is_never_changed before update on page
begin select raise(abort, 'the journal is append-only'); end;
create trigger page_is_never_removed before delete on page
begin select raise(abort, 'the journal is append-only'); end;
{PAGES_COME_IN_ORDER}
{PAGES_BALANCE}
create table bookmark (name text primary key, sequence integer not null) strict, without rowid;
"""


class Header(msgspec.Struct, frozen=True):
    """What a file says of itself; both are 0 for an empty one."""

    application: int
    version: int


def connect(path: Path, *, writable: bool) -> apsw.Connection:
    """Open the journal's file; a writable connection creates it, or brings it up to date.

    Raises JournalNewer or JournalForeign, the file untouched; JournalNotMigrated; apsw.Error.
    """
    _roll_back(path)
    version = _admit(path, read_header(path))
    if not writable:
        return _open(path, apsw.SQLITE_OPEN_READONLY)
    if 0 < version < SCHEMA_VERSION:
        _migrate(path)
    db = _open(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    db.pragma("synchronous", "full")
    if int(db.pragma("user_version")) == 0:
        with db:
            db.execute(SCHEMA)
            db.pragma("application_id", APPLICATION_ID)
            db.pragma("user_version", SCHEMA_VERSION)
    db.pragma("journal_mode", "wal")
    db.pragma("wal_autocheckpoint", 0)
    return db


def read_header(path: Path) -> Header:
    """Return what the file says of itself, without SQLite. Raises JournalForeign."""
    try:
        with path.open("rb") as file:
            first = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return Header(0, 0)
    if not first:
        return Header(0, 0)
    if len(first) < _HEADER_BYTES or not first.startswith(_MAGIC):
        raise JournalForeign(f"{path}: this is no SQLite database")
    return Header(
        int.from_bytes(first[_APPLICATION_AT : _APPLICATION_AT + 4], "big"),
        int.from_bytes(first[_VERSION_AT : _VERSION_AT + 4], "big"),
    )


def lock(path: Path) -> int:
    """Take the one lock of the journal at `path`; closing the descriptor, or dying, frees it."""
    beside = path.with_suffix(".lock")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalLocked(f"{beside}: another edgebox has this journal open") from None
    return descriptor


def _roll_back(path: Path) -> None:
    """Have SQLite undo a layout that was half made when the power went; then the header counts."""
    if path.exists() and path.with_name(f"{path.name}-journal").exists():
        with closing(_open(path, apsw.SQLITE_OPEN_READWRITE)) as db:
            db.pragma("user_version")


def _admit(path: Path, header: Header) -> int:
    """Return the version of a file that may be opened."""
    if header.version > SCHEMA_VERSION:
        raise JournalNewer(
            f"{path}: schema {header.version}, this edgebox knows up to {SCHEMA_VERSION}"
        )
    if header.application != APPLICATION_ID and header != Header(0, 0):
        raise JournalForeign(f"{path}: this is the database of another program")
    return header.version


def _open(path: Path, flags: int) -> apsw.Connection:
    db = apsw.Connection(str(path), flags=flags)
    db.set_busy_timeout(BUSY_MS)
    # Else a statement is compiled anew for each value that is bound, in case statistics know a
    # better plan for it: there are none, and that takes longer than the search itself.
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return db


def _migrate(path: Path) -> None:
    """Bring an older file up to date, in a process that loads the other SQLite library."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "edge.journal.migrating", str(path)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise JournalNotMigrated(done.stderr.strip() or f"{path}: the migration was killed")
