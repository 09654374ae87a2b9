"""A journal whose past went on somewhere else is written anew, as another epoch.

Up to the last page that the cloud has too, nothing changes. There a new epoch opens, and what
this box did afterwards is sealed again in it, with everything that was told: facts are never
lost, and no number of a page means two things.

Every step can be cut short: until the new file takes the place of the old one in a single rename,
the old one stands; from then on its first new page shows that all is done.
"""

from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import structlog

from cloud_bridge.contract import sha256
from edge import letters
from edge.desk.placing import OURSELVES, epoch_opened
from edge.durable import sync_file, sync_folder
from edge.epochs.marks import FORK, Fork, clear_mark, read_mark
from edge.journal import (
    EPOCH,
    GENESIS,
    HISTORY,
    Follower,
    Head,
    JournalError,
    Page,
    connect,
    find_last,
    pages,
)
from edge.world import World

DRAFT = "journal.mending.db"
PAGES_AT_ONCE = 500

log = structlog.get_logger(__name__)


def mend(path: Path, follower: Follower, world: World) -> bool:
    """Write the journal at `path` anew if its history has forked; tell whether it had.

    The caller holds the journal's lock; `follower` is a fresh one: it takes in every page. The
    old file stays beside the new one as journal.forked-{ordinal}.db. Raises JournalError,
    apsw.Error or OSError; then nothing has changed, and the next start tries again.
    """
    fork = read_mark(path.parent / FORK, Fork)
    if fork is None:
        return False
    if not _is_mended(path, fork):
        ordinal = _write_draft(path, fork, follower, world)
        _exchange(path, ordinal)
        log.warning("history_mended", epoch=ordinal, common=fork.common)
    clear_mark(path.parent / FORK)
    return True


def kept_files(state: Path) -> list[Path]:
    """Return the journals that were written anew, as they were before."""
    return sorted(state.glob("journal.forked-*.db"))


def _is_mended(path: Path, fork: Fork) -> bool:
    db = connect(path, writable=False)
    try:
        following = pages(db, fork.common, 1)
    finally:
        db.close()
    return bool(following) and following[0].epoch > fork.epoch


def _write_draft(path: Path, fork: Fork, follower: Follower, world: World) -> int:
    """Write the new file beside the old one; return the ordinal of its epoch."""
    draft = path.with_name(DRAFT)
    for leftover in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm")):
        leftover.unlink(missing_ok=True)
    old = connect(path, writable=True)
    try:
        old.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        ordinal = 1 + max(fork.epoch, find_last(old).epoch)
        new = connect(draft, writable=True)
        try:
            _fill(new, old, fork, ordinal, follower, world)
        finally:
            new.close()
    finally:
        old.close()
    wal = Path(f"{path}-wal")
    if wal.exists() and wal.stat().st_size:
        raise JournalError(f"{wal}: somebody else has this journal open")
    sync_file(draft)
    return ordinal


def _fill(
    new: apsw.Connection,
    old: apsw.Connection,
    fork: Fork,
    ordinal: int,
    follower: Follower,
    world: World,
) -> None:
    # A draft that is cut short is thrown away: it is made durable once, when it is whole.
    new.pragma("journal_mode", "delete")
    new.pragma("journal_mode", "off")
    new.pragma("synchronous", "off")
    new.execute(follower.schema)
    follower.opened(new)
    cursor = new.cursor()
    cursor.execute("begin immediate")
    for page in _renewed(old, fork.common, ordinal, world):
        cursor.execute(
            "insert into page values(?,?,?,?,?,?,?,?,?,?)", msgspec.structs.astuple(page)
        )
        follower.follow(cursor, page, letters.read(page.body))
    follower.followed(cursor)
    bookmarks = dict(old.execute("select name, sequence from bookmark"))
    for name, sequence in _moved(bookmarks, fork.common).items():
        cursor.execute("insert into bookmark values(?,?)", (name, sequence))
    cursor.execute("commit")


def _renewed(old: apsw.Connection, common: int, ordinal: int, world: World) -> Iterator[Page]:
    """Yield what the new journal holds, in order."""
    head = Head(0, 0, 0, GENESIS)
    for page in _between(old, 0, common):
        head = Head(page.sequence, page.epoch, page.at, page.digest)
        yield page
    following = pages(old, common, 1)
    at = following[0].at if following else max(world.now(), head.at)
    opening = _opening(head, ordinal, at, world)
    yield opening
    head = Head(opening.sequence, ordinal, opening.at, opening.digest)
    for page in _between(old, common):
        again = _sealed(page, head, ordinal)
        head = Head(again.sequence, ordinal, again.at, again.digest)
        yield again


def _between(db: apsw.Connection, after: int, last: int | None = None) -> Iterator[Page]:
    while some := pages(db, after, PAGES_AT_ONCE):
        for page in some:
            if last is not None and page.sequence > last:
                return
            yield page
        after = some[-1].sequence


def _opening(parent: Head, ordinal: int, at: int, world: World) -> Page:
    kind, body = letters.write(epoch_opened(parent, ordinal, world))
    page = Page(
        parent.sequence + 1, ordinal, at, OURSELVES, world.new_key(), sha256(body), kind, body,
        b"", "",
    )  # fmt: skip
    return _sealed(page, parent, ordinal)


def _sealed(page: Page, previous: Head, ordinal: int) -> Page:
    """Return a page as the next one after `previous`, in the epoch `ordinal`."""
    replaced = msgspec.structs.replace(page, sequence=previous.sequence + 1, epoch=ordinal)
    return msgspec.structs.replace(replaced, digest=replaced.sealed_after(previous.digest))


def _moved(bookmarks: dict[str, int], common: int) -> dict[str, int]:
    """Return the bookmarks of the new file. All that the cloud has and we have not is missing."""
    kept = {name: min(sequence, common) for name, sequence in bookmarks.items()}
    was_whole = bookmarks.get(HISTORY, 0) >= bookmarks.get(EPOCH, 0)
    whole = common if was_whole else min(bookmarks[HISTORY], common)
    return {**kept, EPOCH: common + 1, HISTORY: whole}


def _exchange(path: Path, ordinal: int) -> None:
    """Put the new file in the place of the old one, which stays under another name."""
    kept = path.with_name(f"journal.forked-{ordinal}.db")
    copies = 1
    while kept.exists() and not kept.samefile(path):
        copies += 1
        kept = path.with_name(f"journal.forked-{ordinal}-{copies}.db")
    if not kept.exists():
        kept.hardlink_to(path)
    sync_folder(path.parent)
    path.with_name(DRAFT).replace(path)
    sync_folder(path.parent)
