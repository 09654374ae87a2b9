"""The journal: append-only, hash-chained, one writer. The outbox is a bookmark in it.

`place` gives a fact its place without waiting and cannot fail; the writer makes all it finds
durable in one transaction (WAL, synchronous=FULL) and only then completes what `place` returned.
The book follows in the same transaction, through the `Follower` that the box hands in.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import apsw
import msgspec

from cloud_bridge.contract import seal, sha256
from edge.writer import Writer

SCHEMA_VERSION = 1
APPLICATION_ID = 0x65646765  # "edge"
GENESIS = "0" * 64
WAITING_FACTS_MAX = 10_000
DISK_RESERVE_BYTES = 64 * 1024 * 1024
"""Kept free for closing the books: nothing new is placed below it."""
WAL_PAGES_PASSIVE = 1_000
WAL_PAGES_MAX = 4_000

COLUMNS = "sequence, epoch, at, origin, key, content, kind, body, answer, digest"

SCHEMA = """
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
create table bookmark (name text primary key, sequence integer not null) strict, without rowid;
"""


class JournalError(Exception):
    """Base of what can go wrong with the file; none of it can be mended while running."""


class JournalBroken(JournalError):
    """The disk refused a write: whatever was waiting is not known to be durable."""


class JournalLocked(JournalError):
    """Another daemon has this journal open."""


class JournalNewer(JournalError):
    """The file was written by a newer edgebox; it was left untouched."""


class Draft(msgspec.Struct, frozen=True):
    """A fact that wants a place. `key` belongs to `origin`: the terminal, the lane or "box".

    `content` is the hash of the request it answers, `answer` what was (or will be) told.
    """

    origin: str
    key: str
    content: str
    kind: str
    body: bytes
    answer: bytes = b""


class Page(msgspec.Struct, frozen=True):
    """One fact in its place. `at` is ms since 1970 UTC and never falls from page to page."""

    sequence: int
    epoch: int
    at: int
    origin: str
    key: str
    content: str
    kind: str
    body: bytes
    answer: bytes
    digest: str

    def sealed_after(self, previous: str) -> str:
        """Return the digest this page must have, given the digest of the page before it."""
        return seal(
            previous, self.sequence, self.epoch, self.at, self.origin, self.key, self.content,
            self.kind, sha256(self.body), sha256(self.answer),
        )  # fmt: skip


class Head(msgspec.Struct, frozen=True):
    """Where the journal ends."""

    sequence: int
    epoch: int
    at: int
    digest: str


class Follower(Protocol):
    """What keeps step with the journal: the book."""

    schema: str
    """Tables of its own in the journal's file; each "if not exists"."""

    def opened(self, db: apsw.Connection) -> None:
        """Begin: `db` reads what is durable, on the loop's thread only."""

    def placed(self, page: Page, fact: object) -> None:
        """On the loop, at once: decisions made from now on count this fact."""

    def follow(self, cursor: apsw.Cursor, page: Page, fact: object) -> None:
        """On the writer, inside the transaction that makes the fact durable."""

    def committed(self, sequence: int) -> None:
        """On the loop: everything up to `sequence` is durable."""


def connect(path: Path, *, writable: bool) -> apsw.Connection:
    """Open the journal's file; a writable connection creates it if need be."""
    flags = (
        apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        if writable
        else apsw.SQLITE_OPEN_READONLY
    )
    db = apsw.Connection(str(path), flags=flags)
    db.set_busy_timeout(5_000)
    version = int(db.pragma("user_version"))
    if version > SCHEMA_VERSION:
        db.close()
        raise JournalNewer(f"{path}: schema {version}, this edgebox knows up to {SCHEMA_VERSION}")
    if writable:
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        db.pragma("wal_autocheckpoint", 0)
        if version == 0:
            with db:
                db.execute(SCHEMA)
                db.pragma("application_id", APPLICATION_ID)
                db.pragma("user_version", SCHEMA_VERSION)
    return db


def pages(db: apsw.Connection, after: int, limit: int = -1) -> Sequence[Page]:
    """Return up to `limit` pages after sequence `after`, in order."""
    return [
        Page(*row)
        for row in db.execute(
            f"select {COLUMNS} from page where sequence > ? order by sequence limit ?",
            (after, limit),
        )
    ]


def find_key(db: apsw.Connection, key: str) -> Sequence[Page]:
    """Return the facts that carry `key`, one for each terminal that used it."""
    return [
        Page(*row)
        for row in db.execute(
            f"select {COLUMNS} from page where key = ? order by sequence",
            (key,),
        )
    ]


class Journal:
    """The only object in the box that writes facts to disk.

    All methods belong to the event loop's thread. Reads see what is durable, except `find`,
    which also sees what has only been placed.
    """

    def __init__(self, path: Path, follower: Follower, writer: Writer) -> None:
        self._path = path
        self._lock = _lock(path.with_suffix(".lock"))
        self._write = connect(path, writable=True)
        self._read = connect(path, writable=False)
        self._write.execute(follower.schema)
        follower.opened(self._read)
        self._follower = follower
        self._wal_pages = 0
        self.commits = 0
        self.on_commit: Callable[[], None] = _nothing
        self._write.set_wal_hook(self._wal_grew)
        self._placed: dict[tuple[str, str], Page] = {}
        last = self._read.execute(
            "select sequence, epoch, at, digest from page order by sequence desc limit 1"
        ).fetchone()
        self.head = Head(*last) if last else Head(0, 0, 0, GENESIS)
        self.committed = self.head.sequence
        self._bookmarks = {
            str(name): int(sequence)
            for name, sequence in self._read.execute("select name, sequence from bookmark")
        }
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer = writer
        writer.start(self._commit, self._done, self._fail, self._idle)

    @property
    def full(self) -> bool:
        """Tell whether so much waits for the disk that nothing more should be placed now."""
        return len(self._placed) >= WAITING_FACTS_MAX

    @property
    def disk_low(self) -> bool:
        """Tell whether the disk has only its reserve left."""
        disk = os.statvfs(self._path)
        return disk.f_bavail * disk.f_frsize < DISK_RESERVE_BYTES

    def place(self, draft: Draft, fact: object, now: int) -> tuple[Page, "asyncio.Future[None]"]:
        """Give a fact the next place; the future completes when it is durable.

        Never waits and cannot fail: whoever places has judged the fact already, in the same
        step of the loop. The future raises JournalBroken if the disk refuses.
        """
        return self._place(draft, fact, now, self.head.epoch)

    def open_epoch(
        self, draft: Draft, fact: object, now: int
    ) -> tuple[Page, "asyncio.Future[None]"]:
        """Place the fact that begins the next epoch."""
        return self._place(draft, fact, now, self.head.epoch + 1)

    def _place(
        self, draft: Draft, fact: object, now: int, epoch: int
    ) -> tuple[Page, "asyncio.Future[None]"]:
        assert (draft.origin, draft.key) not in self._placed, "a key has one place"
        unsealed = Page(
            self.head.sequence + 1, epoch, max(now, self.head.at), draft.origin, draft.key,
            draft.content, draft.kind, draft.body, draft.answer, "",
        )  # fmt: skip
        page = msgspec.structs.replace(unsealed, digest=unsealed.sealed_after(self.head.digest))
        self.head = Head(page.sequence, page.epoch, page.at, page.digest)
        self._placed[page.origin, page.key] = page
        self._follower.placed(page, fact)
        return page, self._writer.put((page, fact))

    def find(self, origin: str, key: str) -> Page | None:
        """Return the fact that bound a key, be it durable or only placed."""
        if page := self._placed.get((origin, key)):
            return page
        row = self._read.execute(
            f"select {COLUMNS} from page where key = ? and origin = ?",
            (key, origin),
        ).fetchone()
        return Page(*row) if row else None

    def after(self, sequence: int, limit: int) -> Sequence[Page]:
        """Return up to `limit` pages after `sequence`, of those known here to be durable.

        The file may already hold more: the writer commits before the loop hears of it.
        """
        return pages(self._read, sequence, min(limit, max(0, self.committed - sequence)))

    def digest_at(self, sequence: int) -> str | None:
        """Return the digest of a durable page; of page 0, the chain's beginning."""
        if sequence == 0:
            return GENESIS
        row = self._read.execute("select digest from page where sequence = ?", (sequence,))
        found = row.fetchone()
        return str(found[0]) if found else None

    def bookmark(self, name: str) -> int:
        """Return how far the reader called `name` has come; 0 for not at all."""
        return self._bookmarks.get(name, 0)

    def move_bookmark(self, name: str, sequence: int) -> "asyncio.Future[None]":
        """Move a reader forward, never back. Durable with the next commit.

        While the disk has only its reserve left the move is remembered, and not written.
        """
        assert self.bookmark(name) <= sequence <= self.committed, "bookmarks only go forward"
        self._bookmarks[name] = sequence
        if self.disk_low:
            unwritten: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            unwritten.set_result(None)
            return unwritten
        return self._writer.put((name, sequence))

    async def close(self) -> None:
        """Wait until everything placed is durable, then close the file."""
        await self._writer.stop()
        self.broken.cancel()
        self._read.close()
        self._write.close()
        os.close(self._lock)

    # --- on the writer's side ---------------------------------------------------------------

    def _commit(self, jobs: Sequence[object]) -> None:
        cursor = self._write.cursor()
        cursor.execute("begin immediate")
        for job in jobs:
            match job:
                case (Page() as page, fact):
                    cursor.execute(
                        "insert into page values(?,?,?,?,?,?,?,?,?,?)",
                        msgspec.structs.astuple(page),
                    )
                    self._follower.follow(cursor, page, fact)
                case (str() as name, int() as sequence):
                    cursor.execute(
                        "insert into bookmark values(?,?) on conflict(name)"
                        " do update set sequence = excluded.sequence",
                        (name, sequence),
                    )
        cursor.execute("commit")

    def _wal_grew(self, _db: apsw.Connection, _name: str, wal_pages: int) -> int:
        self._wal_pages = wal_pages
        return apsw.SQLITE_OK

    def _idle(self, *, hurried: bool) -> None:
        """Move the write-ahead log into the file, when nobody waits or it has grown too long.

        Somebody who reads for long only puts it off: the log grows until they are done.
        """
        if self._wal_pages >= (WAL_PAGES_MAX if hurried else WAL_PAGES_PASSIVE):
            self._write.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._wal_pages = 0

    # --- back on the loop -------------------------------------------------------------------

    def _done(self, jobs: Sequence[object]) -> None:
        for job in jobs:
            match job:
                case (Page() as page, _):
                    del self._placed[page.origin, page.key]
                    self.committed = page.sequence
        self.commits += 1
        self._follower.committed(self.committed)
        self.on_commit()

    def _fail(self, error: BaseException) -> JournalBroken:
        broken = JournalBroken(f"{type(error).__name__}: {error}")
        if not self.broken.done():
            self.broken.set_exception(broken)
        return broken


def _nothing() -> None:
    """Nobody waits for commits."""


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalLocked(f"{path}: another edgebox has this journal open") from None
    return descriptor
