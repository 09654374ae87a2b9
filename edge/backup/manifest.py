"""What a backup says of itself: whose it is, where its journal ends, and every file's hash.

A backup is a folder with `manifest.json`, `store.toml` and, under `state/`, the files of the
state directory. The manifest is written last: a folder without one is no backup.
"""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Final, Literal

import msgspec

MANIFEST: Final = "manifest.json"
CONFIG: Final = "store.toml"
STATE: Final = "state"
CHUNK_BYTES: Final = 1024 * 1024


class BackupError(Exception):
    """A backup cannot be made or used. `fix` says what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


class FileOf(msgspec.Struct, frozen=True):
    """One file of a backup: `name` is its path in the folder, with slashes."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of. `at` is in ms since 1970 UTC; `head` is the last page's digest."""

    format: Literal["edgebox.backup.v1"] = "edgebox.backup.v1"
    edgebox: str
    schema: int
    at: int
    store: str
    box: str
    epoch: int
    facts: int
    head: str
    files: tuple[FileOf, ...]


def read_manifest(folder: Path) -> Manifest:
    """Return what the backup in `folder` says of itself. Raises BackupError."""
    fix = "name the folder that `edgebox backup` has made"
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeError) as error:
        raise BackupError(f"{folder} is no backup: {error}", fix) from error
    outside = [f.name for f in manifest.files if not _is_inside(PurePosixPath(f.name))]
    if outside:
        raise BackupError(f"{folder} is no backup: it names {outside[0]}", fix)
    return manifest


def _is_inside(name: PurePosixPath) -> bool:
    return not name.is_absolute() and ".." not in name.parts


def describe(folder: Path, path: Path) -> FileOf:
    """Return the size and hash of a file in `folder`. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return FileOf(path.relative_to(folder).as_posix(), size, digest.hexdigest())
