"""A backup is made while the box sells: one snapshot of each database, the rest file by file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec

from edge import VERSION
from edge.access.records import ACCESS_FILE
from edge.backup.manifest import CONFIG, MANIFEST, STATE, BackupError, Manifest, describe
from edge.config import Config
from edge.durable import sync_file, sync_folder, write_file
from edge.epochs.marks import FORK, MACHINE
from edge.journal import SCHEMA_VERSION, connect, find_last
from edge.world import wall_clock

JOURNAL = "journal.db"
NOT_COPIED = (
    "*.lock", "*-wal", "*-shm", "*-journal", "*.sock", "*.new", ".*", "journal.forked-*",
    "journal.mending.db", "before-restore-*", "restoring*", "reserve*", FORK, MACHINE,
    ACCESS_FILE,
)  # fmt: skip
"""What belongs to a run, a machine or another life, and not to the books."""


def make(config: Config, config_path: Path, to: Path) -> Manifest:
    """Make the folder `to`, a backup of the box, also while it sells; return its manifest.

    Raises BackupError if `to` exists or there is no journal; OSError or apsw.Error if a disk
    fails or is full: then `to` does not appear, and what is unfinished beside it goes.
    """
    state = config.store.state_dir
    if to.exists():
        raise BackupError(f"{to} is there already", "name a folder that does not exist yet")
    if not (state / JOURNAL).exists():
        raise BackupError(f"{state / JOURNAL} is not there", "is this the right configuration?")
    draft = to.with_name(f".{to.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700, parents=True)
        manifest = _fill(draft, config, config_path)
        draft.rename(to)
        sync_folder(to.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def _fill(draft: Path, config: Config, config_path: Path) -> Manifest:
    secrets = {config.secrets.box_key_file.resolve(), config.secrets.phone_key_file.resolve()}
    state = config.store.state_dir
    for source in sorted(_to_copy(state, state)):
        if source.resolve() not in secrets:
            target = draft / STATE / source.relative_to(state)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _copy(source, target)
    _copy(config_path, draft / CONFIG)
    db = connect(draft / STATE / JOURNAL, writable=False)
    try:
        head = find_last(db)
    finally:
        db.close()
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    manifest = Manifest(
        edgebox=VERSION, schema=SCHEMA_VERSION, at=wall_clock(), store=config.store.id,
        box=config.cloud.box, epoch=head.epoch, facts=head.sequence, head=head.digest,
        files=tuple(describe(draft, path) for path in files),
    )  # fmt: skip
    for folder in (path for path in draft.rglob("*") if path.is_dir()):
        folder.chmod(0o700)
        sync_folder(folder)
    write_file(draft / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def _to_copy(folder: Path, state: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if any(path.match(pattern) for pattern in NOT_COPIED):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _to_copy(path, state)
        elif path.is_file():
            yield path


def _copy(source: Path, target: Path) -> None:
    """Copy a file, durably; a database in one snapshot, whatever is written to it meanwhile."""
    target.touch(mode=0o600)
    if source.suffix == ".db":
        target.unlink()
        db = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            db.set_busy_timeout(5_000)
            db.execute("vacuum into ?", (str(target),))
        finally:
            db.close()
        target.chmod(0o600)
    else:
        with source.open("rb") as there, target.open("wb") as here:
            shutil.copyfileobj(there, here)
    sync_file(target)
