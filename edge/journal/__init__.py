"""The journal: append-only, hash-chained, one writer. The outbox is a bookmark in it."""

from edge.journal.errors import (
    JournalBroken,
    JournalError,
    JournalForeign,
    JournalLocked,
    JournalMistaken,
    JournalNewer,
    JournalNotMigrated,
)
from edge.journal.file import APPLICATION_ID, SCHEMA_VERSION, connect, lock
from edge.journal.journal import CLOUD, EPOCH, HISTORY, Follower, Journal, State
from edge.journal.log import WAL_PAGES_PASSIVE
from edge.journal.page import (
    COLUMNS,
    GENESIS,
    Draft,
    Head,
    Page,
    find_key,
    find_last,
    pages,
)
from edge.journal.reserve import Reserve, Room, free_bytes

__all__ = [
    "APPLICATION_ID",
    "CLOUD",
    "COLUMNS",
    "EPOCH",
    "GENESIS",
    "HISTORY",
    "SCHEMA_VERSION",
    "WAL_PAGES_PASSIVE",
    "Draft",
    "Follower",
    "Head",
    "Journal",
    "JournalBroken",
    "JournalError",
    "JournalForeign",
    "JournalLocked",
    "JournalMistaken",
    "JournalNewer",
    "JournalNotMigrated",
    "Page",
    "Reserve",
    "Room",
    "State",
    "connect",
    "find_key",
    "find_last",
    "free_bytes",
    "lock",
    "pages",
]
