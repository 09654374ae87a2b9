"""What a box must remember beside its journal, from one run to the next.

- `fork.json`: the cloud's history of this box goes on otherwise than the journal here.
- `restored.json`: the journal was put here by `edgebox restore`, and has not run since.
- `machine.json`: on which machine the journal ran last.
"""

import hashlib
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from edge.durable import remove_file, write_file
from edge.journal import JournalError

FORK: Final = "fork.json"
RESTORED: Final = "restored.json"
MACHINE: Final = "machine.json"

T = TypeVar("T")


class HistoryForked(JournalError):
    """The cloud has facts of this box that are not in its journal: the next start mends it."""


class Fork(msgspec.Struct, frozen=True):
    """Where our past and the cloud's part: after our page at `common`.

    The cloud's line ends at `sequence` of `epoch`, with the digest `head`.
    """

    common: int
    epoch: int
    sequence: int
    head: str


class Machine(msgspec.Struct, frozen=True):
    """A machine, unrecognisable to others: SHA-256 of `salt`, which is random, and its id."""

    salt: str
    digest: str


def read_mark(path: Path, kind: type[T]) -> T | None:
    """Return what a mark says, None if there is none. Raises JournalError if it is unreadable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise JournalError(f"{path}: {error}") from error


def write_mark(path: Path, mark: msgspec.Struct) -> None:
    """Keep a mark, durably. Raises OSError."""
    write_file(path, msgspec.json.encode(mark))


def has_moved(state: Path, machine: str) -> bool:
    """Tell whether the journal in `state` ran on another machine before; never if none is known.

    A machine without an id of its own ("") cannot be told from others of that kind.
    """
    try:
        before = read_mark(state / MACHINE, Machine)
    except JournalError:
        return True
    return before is not None and before != remembered(before.salt, machine)


def remembered(salt: str, machine: str) -> Machine:
    """Return what is kept of a machine."""
    return Machine(salt, hashlib.sha256(f"{salt}\n{machine}".encode()).hexdigest())


def clear_mark(path: Path) -> None:
    """Remove a mark, durably."""
    remove_file(path)
