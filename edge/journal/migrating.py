"""Brings the file of an older edgebox up to date. A program of its own: it loads Python's SQLite.

    python -m edge.journal.migrating state/journal.db

Before anything is changed, a copy of the whole journal is kept beside it (`journal.v1.db`).
Each step and the version it leads to are one transaction of a rollback journal. Killed anywhere,
the next try finds the old file, the new one, or one between two steps, and goes on from there.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlite_utils import Database, Migrations

from edge.journal.file import PAGES_BALANCE, PAGES_COME_IN_ORDER, read_header

Step = Callable[[Database], None]


def _pages_come_in_order(db: Database) -> None:
    db.execute(PAGES_COME_IN_ORDER)


def _pages_balance(db: Database) -> None:
    db.execute(PAGES_BALANCE)


STEPS: Mapping[int, Step] = {2: _pages_come_in_order, 3: _pages_balance}
"""What leads to each version from the one before."""


def migrate(path: Path, steps: Mapping[int, Step] = STEPS) -> Path:
    """Bring the journal at `path` up to date; return the copy of it as it was.

    The caller holds the journal's lock. Raises OSError without room for the copy.
    """
    _settle(path)
    present = read_header(path).version
    kept = _keep(path, path.with_suffix(f".v{present}{path.suffix}"))
    pending = Migrations("edgebox.journal")
    for version, step in sorted(steps.items()):
        if version > present:
            pending(name=f"to version {version}")(_stamped(step, version))
    db = Database(path)
    try:
        pending.apply(db)
    finally:
        db.close()
    return kept


def _stamped(step: Step, version: int) -> Step:
    def stamped(db: Database) -> None:
        step(db)
        db.execute(f"pragma user_version = {version:d}")

    return stamped


def _settle(path: Path) -> None:
    """Leave everything in the one file, and change it through a rollback journal from now on."""
    db = Database(path)
    try:
        (mode,) = db.execute("pragma journal_mode = delete").fetchone()
        assert mode == "delete", "the lock keeps everybody else away"
    finally:
        db.close()


def _keep(path: Path, kept: Path) -> Path:
    """Copy the file, durably and whole or not at all."""
    if kept.exists():
        return kept
    partial = kept.with_suffix(".partial")
    try:
        shutil.copyfile(path, partial)
        _flush(partial)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(kept)
    _flush(kept.parent)
    return kept


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main() -> None:
    """Bring the journal named on the command line up to date."""
    path = Path(sys.argv[1])
    try:
        kept = migrate(path)
    except OSError as error:
        sys.exit(f"{path}: no copy could be kept: {error}")
    sys.stdout.write(f"{kept}\n")


if __name__ == "__main__":
    main()
