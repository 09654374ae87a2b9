"""The write-ahead log, moved into the journal's file by ourselves and never behind our back.

SQLite's own checkpoints swallow errors; ours are as fatal as a failed commit. They run between
two commits, on the writer's side.
"""

import apsw

from edge.journal.file import BUSY_MS

WAL_PAGES_PASSIVE = 1_000
"""So many are moved as soon as nobody waits."""
RESTART_BUSY_MS = 50
"""How long readers may keep the log from starting anew; then it is tried again later."""
_FRAME_HEADER_BYTES = 24


class Log:
    """Keeps the write-ahead log of one writing connection below about `bytes_max`."""

    def __init__(self, db: apsw.Connection, bytes_max: int) -> None:
        self._db = db
        self._frame_bytes = int(db.pragma("page_size")) + _FRAME_HEADER_BYTES
        self._pages_max = bytes_max // self._frame_bytes
        self._step = min(WAL_PAGES_PASSIVE, self._pages_max)
        self._pages = self._tried_at = 0
        # Nothing is moved in passing when the connection is closed, either.
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        db.pragma("journal_size_limit", bytes_max)
        db.set_wal_hook(self._grew)

    @property
    def bytes(self) -> int:
        """How much of it is in use."""
        return self._pages * self._frame_bytes

    def tidy(self, *, hurried: bool) -> None:
        """Move the log into the file when nobody waits, or when it has grown too long.

        Somebody who reads for long only puts it off: the log grows until they are done.
        """
        if self._pages - self._tried_at < self._step:
            return
        if self._pages >= self._pages_max:
            self._tried_at = self._pages
            self._restart(apsw.SQLITE_CHECKPOINT_RESTART)
        elif not hurried:
            self._tried_at = self._pages
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def recover(self) -> None:
        """Make what the last run left in the log durable, before anybody is told of it.

        After a flush that failed, the log may hold facts that can be read and were never on the
        disk. Moving them into the file flushes them there.
        """
        self._restart(apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def finish(self) -> None:
        """Move everything into the file and leave nothing beside it, unless somebody reads."""
        if self._restart(apsw.SQLITE_CHECKPOINT_TRUNCATE):
            self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)

    def _restart(self, mode: int) -> bool:
        """Tell whether the log begins anew; not so while somebody reads from it."""
        self._db.set_busy_timeout(RESTART_BUSY_MS)
        try:
            self._db.wal_checkpoint(mode=mode)
        except apsw.BusyError:
            return False
        finally:
            self._db.set_busy_timeout(BUSY_MS)
        self._pages = self._tried_at = 0
        return True

    def _grew(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        if pages < self._pages:  # it has begun anew
            self._tried_at = 0
        self._pages = pages
        return apsw.SQLITE_OK
