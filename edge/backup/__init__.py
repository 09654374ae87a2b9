"""A copy of all that a box needs to go on somewhere else, but for its two secrets.

`manifest`: what a backup says of itself. `making`: one is made while the box sells. `restoring`:
one takes the place of what is there.
"""

from edge.backup.making import make
from edge.backup.manifest import BackupError, Manifest, read_manifest
from edge.backup.restoring import Restored, prove, restore

__all__ = [
    "BackupError",
    "Manifest",
    "Restored",
    "make",
    "prove",
    "read_manifest",
    "restore",
]
