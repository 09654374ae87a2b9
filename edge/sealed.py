"""What only the cloud may read of people: sealed here, kept until the cloud has it, then gone.

It stays outside the journal, which never forgets: a fact holds its hash alone, so that it can be
erased and the chain stays whole. The file is an SQLite file of its own. All calls block; one
thread at a time makes them.
"""

from collections.abc import Sequence
from pathlib import Path

import apsw

from cloud_bridge.contract import sha256

TABLES = """
create table if not exists sealed(
  hash text primary key, body blob not null, kept_at integer not null, confirmed_at integer
) strict;
create index if not exists sealed_waiting on sealed(kept_at) where confirmed_at is null;
"""
BUSY_MILLISECONDS_MAX = 5000


class SealedStore:
    """Sealed letters by hash. Times are ms since 1970 UTC."""

    def __init__(self, path: Path) -> None:
        self._db = apsw.Connection(str(path))
        try:
            self._db.set_busy_timeout(BUSY_MILLISECONDS_MAX)
            # Whatever is deleted is overwritten, and no log keeps a copy of it.
            self._db.pragma("secure_delete", 1)
            self._db.pragma("journal_mode", "truncate")
            self._db.pragma("synchronous", "full")
            self._db.execute(TABLES)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def keep(self, body: bytes, now: int) -> str:
        """Keep a letter and return its hash; it is durable then. Keeping it twice is once."""
        name = sha256(body)
        self._db.execute("insert or ignore into sealed values(?, ?, ?, null)", (name, body, now))
        return name

    def waiting(self, limit: int) -> Sequence[bytes]:
        """Return the oldest letters that the cloud has not confirmed."""
        sql = "select body from sealed where confirmed_at is null order by kept_at limit ?"
        return [body for (body,) in self._db.execute(sql, (limit,))]

    def confirmed(self, hashes: Sequence[str], now: int, retention_ms: int) -> None:
        """Take down that the cloud has these, and erase what it has had for `retention_ms`."""
        with self._db:
            self._db.executemany(
                "update sealed set confirmed_at = ? where hash = ? and confirmed_at is null",
                [(now, name) for name in hashes],
            )
            self._db.execute("delete from sealed where confirmed_at <= ?", (now - retention_ms,))

    def erase(self, hashes: Sequence[str]) -> None:
        """Forget these letters, whatever became of them."""
        with self._db:
            sql = "delete from sealed where hash = ?"
            self._db.executemany(sql, [(name,) for name in hashes])

    def holds(self, name: str) -> bool:
        """Tell whether a letter is still here."""
        return self._db.execute("select 1 from sealed where hash = ?", (name,)).get is not None
