"""Facts get their places here, and the writer makes them durable.

`place` gives a fact its place without waiting and cannot fail; the writer makes all it finds
durable in one transaction (WAL, synchronous=FULL) and only then completes what `place` returned.
The book follows in the same transaction, through the `Follower` that the box hands in.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import apsw
import msgspec

from edge.config import Disk
from edge.journal.errors import JournalBroken, JournalMistaken
from edge.journal.file import connect, lock
from edge.journal.log import Log
from edge.journal.page import COLUMNS, GENESIS, Draft, Head, Page, each_page, find_last, pages
from edge.journal.reserve import Reserve, Room
from edge.writer import Joined, Writer

T = TypeVar("T")
CLOUD = "cloud"
"""The bookmark up to which the cloud has acknowledged."""
EPOCH = "epoch"
"""The bookmark on the fact that opened the epoch."""
HISTORY = "history"
"""The bookmark up to which nothing is missing that another life of this box did; whole from the
bookmark EPOCH on."""
PAGE_BYTES = 1024
"""What a waiting fact takes beside its body and its answer."""
WORLDS = apsw.Error, OSError, MemoryError
"""What the machine does to us, but for what SQLite only says of what it was given."""
MISTAKES = apsw.ConstraintError, apsw.MismatchError, apsw.BindingsError


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

    def followed(self, cursor: apsw.Cursor) -> None:
        """On the writer, right before the commit: all its facts were followed."""

    def committed(self, sequence: int) -> None:
        """On the loop: everything up to `sequence` is durable."""


class State(msgspec.Struct, frozen=True):
    """How the journal stands with its disk, in numbers."""

    commits: int
    waiting_facts: int
    waiting_bytes: int
    wal_bytes: int
    disk_free_bytes: int
    reserve_bytes: int
    room: Room


class Journal:
    """The only object in the box that writes facts to disk.

    All methods belong to the event loop's thread. Reads see what is durable, except `find`,
    which also sees what has only been placed. `disk` says how much may wait; without a
    `reserve` the disk's room is somebody else's business.
    """

    def __init__(
        self,
        path: Path,
        follower: Follower,
        writer: Writer,
        disk: Disk | None = None,
        reserve: Reserve | None = None,
    ) -> None:
        self._path, self._follower, self._writer = path, follower, writer
        self._disk, self._reserve = disk or Disk(), reserve
        with ExitStack() as opening:
            self._lock = lock(path)
            opening.callback(os.close, self._lock)
            self._open(opening)
            opening.pop_all()
        self.commits = 0
        self.on_commit: Callable[[], None] = _nothing
        self._placed: dict[tuple[str, str], Page] = {}
        self._waiting_bytes = 0
        self._refilling = False
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        writer.start(self._commit, self._done, self._fail, self._log.tidy)

    def _open(self, opening: ExitStack) -> None:
        if self._reserve is not None:
            self._reserve.make_room()  # a disk that is full to the brim opens no file
        self._write = connect(self._path, writable=True)
        opening.callback(self._write.close)
        self._log = Log(self._write, self._disk.wal_bytes_max)
        self._log.recover()
        self._read = connect(self._path, writable=False)
        opening.callback(self._read.close)
        self._write.execute(self._follower.schema)
        self._follower.opened(self._read)
        self.head = find_last(self._read)
        self.committed = self.head.sequence
        self._bookmarks = {
            str(name): int(sequence)
            for name, sequence in self._read.execute("select name, sequence from bookmark")
        }
        if self._reserve is not None:
            self._reserve.refill()

    # --- what may be placed ------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Tell whether so much waits for the disk that nothing more should be placed now."""
        return (
            len(self._placed) >= self._disk.waiting_facts_max
            or self._waiting_bytes >= self._disk.waiting_bytes_max
        )

    @property
    def room(self) -> Room:
        """How much the disk still has room for: anything, what closes the books, or nothing."""
        if self._reserve is None:
            return "ample"
        try:
            return self._reserve.room()
        except OSError as error:
            self._fail(error)
            return "spent"

    def refill(self) -> None:
        """Have the reserve made again once there is room for it; nobody waits."""
        if self._reserve is None or self._refilling or not self._reserve.can_refill():
            return
        self._refilling = True
        self._writer.put(self._reserve.refill).add_done_callback(self._refilled)

    def _refilled(self, _: "asyncio.Future[None]") -> None:
        self._refilling = False

    def state(self) -> State:
        """Return how the journal stands with its disk."""
        return State(
            commits=self.commits,
            waiting_facts=len(self._placed),
            waiting_bytes=self._waiting_bytes,
            wal_bytes=self._log.bytes,
            disk_free_bytes=self._reserve.free if self._reserve else 0,
            reserve_bytes=self._reserve.held if self._reserve else 0,
            room=self.room,
        )

    # --- places ------------------------------------------------------------------------------

    def place(
        self, draft: Draft, fact: object, now: int, *, joined: bool = False
    ) -> tuple[Page, "asyncio.Future[None]"]:
        """Give a fact the next place; the future completes when it is durable.

        Never waits and cannot fail: whoever places has judged the fact already, in the same
        step of the loop, and has asked whether the journal is `full`. The future raises
        JournalBroken if the disk refuses. What is `joined` to the fact placed before it, in that
        same step, is durable with that one or not at all.
        """
        return self._place(draft, fact, now, self.head.epoch, joined=joined)

    def open_epoch(
        self, draft: Draft, fact: object, now: int
    ) -> tuple[Page, "asyncio.Future[None]"]:
        """Place the fact that begins the next epoch; its bookmarks share its commit.

        On top of another epoch it begins in doubt: that one may have gone on somewhere else.
        """
        parent, was_whole = self.head.sequence, self.bookmark(HISTORY) >= self.bookmark(EPOCH)
        placed = self._place(draft, fact, now, self.head.epoch + 1)
        marks = {EPOCH: parent + 1}
        if parent == 0 or was_whole:
            marks[HISTORY] = parent or parent + 1
        for name, sequence in marks.items():
            self._bookmarks[name] = sequence
            self._writer.put((name, sequence))
        return placed

    def _place(
        self, draft: Draft, fact: object, now: int, epoch: int, *, joined: bool = False
    ) -> tuple[Page, "asyncio.Future[None]"]:
        assert (draft.origin, draft.key) not in self._placed, "a key has one place"
        assert len(self._placed) < 2 * self._disk.waiting_facts_max, "full() comes first"
        unsealed = Page(
            self.head.sequence + 1, epoch, max(now, self.head.at), draft.origin, draft.key,
            draft.content, draft.kind, draft.body, draft.answer, "",
        )  # fmt: skip
        page = msgspec.structs.replace(unsealed, digest=unsealed.sealed_after(self.head.digest))
        self.head = Head(page.sequence, page.epoch, page.at, page.digest)
        self._placed[page.origin, page.key] = page
        self._waiting_bytes += _size(page)
        self._follower.placed(page, fact)
        job = page, fact
        return page, self._writer.put(Joined(job) if joined else job)

    # --- what is there -----------------------------------------------------------------------

    def find(self, origin: str, key: str) -> Page | None:
        """Return the fact that bound a key, be it durable or only placed."""
        if page := self._placed.get((origin, key)):
            return page
        row = self._read.execute(
            f"select {COLUMNS} from page where key = ? and origin = ?",
            (key, origin),
        ).fetchone()
        return Page(*row) if row else None

    def find_some(self, origin: str, keys: Collection[str]) -> dict[str, Page]:
        """Return the facts that bound some keys of one origin, by key; few questions to the file.

        Be they durable or only placed.
        """
        rows = self._read.execute(
            f"select {COLUMNS} from page where origin = ? and key in"
            " (select value from json_each(?))",
            (origin, msgspec.json.encode([*keys]).decode()),
        )
        durable = {page.key: page for page in (Page(*row) for row in rows)}
        placed = {key: page for key in keys if (page := self._placed.get((origin, key)))}
        return durable | placed

    def since(self, sequence: int) -> Sequence[Page]:
        """Return all pages after `sequence`, be they durable or only placed: meant for a few."""
        durable = self.after(sequence, self.committed)
        return [*durable, *(page for page in self._placed.values() if page.sequence > sequence)]

    def after(self, sequence: int, limit: int) -> Sequence[Page]:
        """Return up to `limit` pages after `sequence`, of those known here to be durable.

        The file may already hold more: the writer commits before the loop hears of it.
        """
        return pages(self._read, sequence, min(limit, max(0, self.committed - sequence)))

    def read_aside(self, sequence: int, use: Callable[[Iterator[Page]], T]) -> T:
        """Return what `use` makes of all durable pages after `sequence`, which it reads in order.

        For any thread: over a connection of its own. Raises apsw.Error; see `guard`.
        """
        with closing(connect(self._path, writable=False)) as db:
            return use(each_page(db, sequence, max(0, self.committed - sequence)))

    def digest_at(self, sequence: int) -> str | None:
        """Return the digest of a durable page; of page 0, the chain's beginning."""
        if sequence == 0:
            return GENESIS
        row = self._read.execute("select digest from page where sequence = ?", (sequence,))
        found = row.fetchone()
        return str(found[0]) if found else None

    def epoch_at(self, sequence: int) -> int | None:
        """Return the epoch of a durable page, None where there is none."""
        row = self._read.execute("select epoch from page where sequence = ?", (sequence,))
        found = row.fetchone()
        return int(found[0]) if found else None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Let no error of the file pass for one request's misfortune: it ends the run.

        Raises JournalBroken for whatever SQLite refuses inside, the book's reads included.
        """
        try:
            yield
        except apsw.Error as error:
            raise self._fail(error) from error

    # --- bookmarks ---------------------------------------------------------------------------

    def bookmark(self, name: str) -> int:
        """Return how far the reader called `name` has come; 0 for not at all."""
        return self._bookmarks.get(name, 0)

    def move_bookmark(self, name: str, sequence: int) -> "asyncio.Future[None]":
        """Move a reader forward, never back. Durable with the next commit.

        Once even the disk's reserve is spent, the move is remembered and not written.
        """
        assert self.bookmark(name) <= sequence <= self.committed, "bookmarks only go forward"
        self._bookmarks[name] = sequence
        if self.room == "spent":
            unwritten: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            unwritten.set_result(None)
            return unwritten
        return self._writer.put((name, sequence))

    async def close(self) -> None:
        """Wait until everything placed is durable, then close the file.

        Raises JournalBroken if the log could not be moved into the file.
        """
        finished = None if self.broken.done() else self._writer.put(self._log.finish)
        await self._writer.stop()
        self.broken.cancel()
        self._read.close()
        self._write.close()
        os.close(self._lock)
        if finished is not None:
            await finished

    # --- on the writer's side ----------------------------------------------------------------

    def _commit(self, jobs: Sequence[object]) -> None:
        facts = [job for job in jobs if not callable(job)]
        if facts:
            self._write_down(facts)
        for chore in jobs:
            if callable(chore):
                chore()

    def _write_down(self, jobs: Sequence[object]) -> None:
        if self._reserve is not None:
            self._reserve.make_room()
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
        self._follower.followed(cursor)
        cursor.execute("commit")

    # --- back on the loop --------------------------------------------------------------------

    def _done(self, jobs: Sequence[object]) -> None:
        if all(callable(job) for job in jobs):
            return
        for job in jobs:
            match job:
                case (Page() as page, _):
                    del self._placed[page.origin, page.key]
                    self._waiting_bytes -= _size(page)
                    self.committed = page.sequence
        self.commits += 1
        self._follower.committed(self.committed)
        self.on_commit()

    def _fail(self, error: BaseException) -> JournalBroken:
        is_ours = isinstance(error, MISTAKES) or not isinstance(error, WORLDS)
        kind = JournalMistaken if is_ours else JournalBroken
        broken = kind(f"{type(error).__name__}: {error}")
        broken.__cause__ = error
        if not self.broken.done():
            self.broken.set_exception(broken)
        return broken


def _size(page: Page) -> int:
    return len(page.body) + len(page.answer) + PAGE_BYTES


def _nothing() -> None:
    """Nobody waits for commits."""
