"""Every SQL statement of this process, by the thread that ran it."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile
from typing import Any, NamedTuple

import apsw

WRITER_THREAD = "journal-writer"
LOOP_THREAD = threading.main_thread().name


class Statement(NamedTuple):
    """One statement as it began. `thread` is the thread's name, `file` the database's."""

    thread: str
    file: str
    sql: str
    writes: bool


class Statements:
    """What was seen so far."""

    def __init__(self) -> None:
        self.seen: list[Statement] = []
        self._threads: dict[str, int] = {}

    def note(self, by: apsw.Cursor | apsw.Connection, sql: str, _: object) -> bool:
        """Be an `exec_trace` of apsw: let everything happen, and remember it."""
        if isinstance(by, apsw.Connection):  # only the savepoint of a `with` block
            return True
        thread = threading.current_thread().name
        self._threads.setdefault(thread, threading.get_native_id())
        file = by.connection.filename.rpartition("/")[2]
        self.seen.append(Statement(thread, file, sql, not by.is_readonly))
        return True

    def writes(self, file: str = "journal.db") -> Counter[str]:
        """Return how many writing statements each thread ran on a file, once it was open.

        The journal's tables are made, and looked for at every start, before there is a loop.
        """
        running = dropwhile(lambda each: each.thread != WRITER_THREAD, self.seen)
        return Counter(each.thread for each in running if each.writes and each.file == file)

    def report(self) -> dict[str, Any]:
        """Return sums for another process: threads by name, and who wrote to the journal."""
        return {"threads": self._threads, "journal_writes": dict(self.writes())}


@contextmanager
def watch() -> Iterator[Statements]:
    """Watch every connection that is opened inside the block."""
    statements = Statements()

    def opened(connection: apsw.Connection) -> None:
        connection.exec_trace = statements.note

    apsw.connection_hooks.append(opened)
    try:
        yield statements
    finally:
        apsw.connection_hooks.remove(opened)
