"""The last step of a restore: what was there moves aside, and what was copied in moves in.

A copy that is complete stands in the state directory as `restoring-{n}`: from then on the restore
will be finished, by the next start if need be. What was there moves into `before-restore-{n}`, the
folder becomes `restoring-{n}-in`, and the copies move to their places.
"""

from pathlib import Path
from typing import Final

from edge.access.records import ACCESS_FILE
from edge.durable import sync_folder
from edge.epochs.marks import MACHINE

READY: Final = "restoring"
ASIDE: Final = "before-restore-"
STAYS: Final = (ACCESS_FILE, "*.lock", "*.sock", "reserve*", MACHINE, f"{ASIDE}*", "restoring*")
"""What belongs to the machine, not to the books."""


def move_in(state: Path) -> Path | None:
    """Finish a restore that was cut short, if there is one; each step may come again.

    The caller holds the journal's lock. Returns the folder with what was there before; None if
    there was nothing to finish. Raises OSError.
    """
    for ready in state.glob(f"{READY}-[0-9]*"):
        number = ready.name.split("-")[1]
        aside, moving_in = state / f"{ASIDE}{number}", state / f"{READY}-{number}-in"
        if ready != moving_in:
            _move_aside(state, aside)
            ready.rename(moving_in)
            sync_folder(state)
        for path in sorted(moving_in.iterdir()):
            path.rename(state / path.name)
        sync_folder(state)
        moving_in.rmdir()
        sync_folder(state)
        return aside
    return None


def _move_aside(state: Path, aside: Path) -> None:
    aside.mkdir(mode=0o700, exist_ok=True)
    for path in sorted(state.iterdir()):
        if not any(path.match(pattern) for pattern in STAYS):
            path.rename(aside / path.name)
    sync_folder(aside)
    sync_folder(state)
