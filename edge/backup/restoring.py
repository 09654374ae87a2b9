"""A backup takes the place of what is there, which is kept aside; and the box's next life begins.

First everything is proved and copied; from then on `edge.epochs.moving_in` finishes it, if need be
at the next start.
"""

import os
import shutil
from pathlib import Path

import apsw
import msgspec

from edge.backup.making import JOURNAL
from edge.backup.manifest import STATE, BackupError, Manifest, describe, read_manifest
from edge.config import Config
from edge.durable import sync_file, sync_folder, write_file
from edge.epochs.marks import RESTORED
from edge.epochs.moving_in import ASIDE, READY, move_in
from edge.journal import SCHEMA_VERSION, JournalError, lock
from edge.verify import verify

DRAFT = "restoring.unfinished"
ROOM_BYTES = 128 * 1024 * 1024
"""What a box needs beside its data to begin."""


class Restored(msgspec.Struct, frozen=True):
    """What a restore has done, or would do."""

    manifest: Manifest
    aside: str
    """Where what was there is now; "" if nothing was done."""
    done: bool


def prove(config: Config, folder: Path) -> Manifest:
    """Return the manifest of a backup that is whole and ours. Raises BackupError."""
    manifest = read_manifest(folder)
    if (manifest.store, manifest.box) != (config.store.id, config.cloud.box):
        what = f"this is a backup of box {manifest.box} of store {manifest.store}"
        raise BackupError(what, "take one of this box, or that box's configuration")
    if manifest.schema > SCHEMA_VERSION:
        what = f"the backup was made by edgebox {manifest.edgebox}, which is newer"
        raise BackupError(what, f"install edgebox {manifest.edgebox} first")
    for file in manifest.files:
        try:
            is_so = describe(folder, folder / file.name) == file
        except OSError as error:
            raise BackupError(f"{file.name} cannot be read: {error}", _TAKE_ANOTHER) from error
        if not is_so:
            raise BackupError(f"{file.name} is not what was backed up", _TAKE_ANOTHER)
    _prove_books(folder, manifest)
    return manifest


def _prove_books(folder: Path, manifest: Manifest) -> None:
    try:
        report = verify(folder / STATE / JOURNAL)
    except (JournalError, apsw.Error) as error:
        raise BackupError(f"its journal cannot be read: {error}", _TAKE_ANOTHER) from error
    if not report.books_agree:
        raise BackupError(f"its books do not agree: {report.findings[0].what}", _TAKE_ANOTHER)
    if (report.facts, report.head) != (manifest.facts, manifest.head):
        raise BackupError("its journal ends elsewhere than it says", _TAKE_ANOTHER)


def restore(config: Config, folder: Path, *, dry_run: bool = False) -> Restored:
    """Put a backup in the place of what is there. The next start opens a new epoch.

    Raises BackupError if the backup is not good enough, JournalLocked while a box runs here,
    OSError if a disk fails or is full. Until everything has been copied nothing changes.
    """
    state = config.store.state_dir
    manifest = prove(config, folder)
    if dry_run:
        _must_have_room(state if state.exists() else state.parent, manifest)
        return Restored(manifest, "", done=False)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = lock(state / JOURNAL)
    try:
        move_in(state)
        _must_have_room(state, manifest)
        _copy_in(state, folder, manifest)
        return Restored(manifest, str(move_in(state)), done=True)
    finally:
        os.close(held)


def _must_have_room(state: Path, manifest: Manifest) -> None:
    needed = sum(file.bytes for file in manifest.files) + ROOM_BYTES
    disk = os.statvfs(state)
    if disk.f_bavail * disk.f_frsize < needed:
        what = f"the disk has no room for {needed // 1_000_000} MB"
        raise BackupError(what, "make room; what is there now stays")


def _copy_in(state: Path, folder: Path, manifest: Manifest) -> None:
    draft = state / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700)
        for file in manifest.files:
            if file.name.startswith(f"{STATE}/"):
                _copy_file(folder, draft, file.name)
        write_file(draft / RESTORED, msgspec.json.encode(manifest))
        for path in draft.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
                sync_folder(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    draft.rename(state / f"{READY}-{_free_number(state)}")
    sync_folder(state)


def _copy_file(folder: Path, draft: Path, name: str) -> None:
    target = draft / Path(name).relative_to(STATE)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(folder / name, target)
    target.chmod(0o600)
    sync_file(target)


def _free_number(state: Path) -> int:
    """Return the number of this restore: one more than any before."""
    names = (path.name.removeprefix(ASIDE) for path in state.glob(f"{ASIDE}*"))
    return 1 + max((int(name) for name in names if name.isdecimal()), default=0)


_TAKE_ANOTHER = "take another backup"
