"""Small files that are there whole or not at all, whatever happens to the power."""

import os
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`, durably; only its owner can read it.

    Until then the old content stays. Raises OSError.
    """
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file, durably; one that is not there is removed already. Raises OSError."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make what was written to a file durable. Raises OSError."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Make durable what appeared in a folder, vanished from it or was renamed there."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
