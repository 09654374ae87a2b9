"""How a run of the box begins: does the journal go on, or does another life begin here?"""

import os
from collections.abc import Callable
from pathlib import Path

import structlog

from cloud_bridge.contract import CloudHead
from edge.desk.placing import Placing
from edge.epochs.marks import (
    FORK,
    MACHINE,
    RESTORED,
    Fork,
    HistoryForked,
    clear_mark,
    has_moved,
    remembered,
    write_mark,
)
from edge.epochs.mending import kept_files, mend
from edge.epochs.moving_in import move_in
from edge.journal import Follower, Journal, lock
from edge.world import World

PAUSE_SECONDS = 3600.0
"""How long a run lasts at least after a second fork; it doubles with each further one."""
DOUBLINGS_MAX = 8

log = structlog.get_logger(__name__)


class Life:
    """One run of a box. `open` comes before the journal is opened, `begin` right after."""

    def __init__(self, state: Path, world: World, machine: str, *, was_mended: bool) -> None:
        self._state, self._world, self._machine = state, world, machine
        self._began = world.monotonic()
        self._was_mended = was_mended

    @classmethod
    def open(
        cls, journal: Path, world: World, machine: str, follower: Callable[[], Follower]
    ) -> "Life":
        """Finish what was begun: a restore, or a journal to be written anew as it has forked.

        `machine` is the id of this machine, "" if it has none. Raises JournalError, apsw.Error
        or OSError; the next start tries again.
        """
        held = lock(journal)
        try:
            move_in(journal.parent)
            was_mended = mend(journal, follower(), world)
        finally:
            os.close(held)
        return cls(journal.parent, world, machine, was_mended=was_mended)

    async def begin(self, journal: Journal, placing: Placing) -> None:
        """Open an epoch, durably, if there is none, or if this journal has another past now."""
        restored = (self._state / RESTORED).exists()
        moved = has_moved(self._state, self._machine)
        if journal.head.epoch == 0 or ((restored or moved) and not self._was_mended):
            await placing.epoch()
            log.info("epoch_opened", epoch=journal.head.epoch, restored=restored, moved=moved)
        if moved or not (self._state / MACHINE).exists():
            salt = self._world.nonce(16).hex()
            write_mark(self._state / MACHINE, remembered(salt, self._machine))
        if restored:
            clear_mark(self._state / RESTORED)

    def parted(self, common: int, cloud: CloudHead) -> None:
        """End the run, so that the next one mends the journal: raises HistoryForked.

        Returns if that has to wait. Two boxes that run on one journal's copies would mend for
        ever, so each time it takes twice as long; meanwhile both sell, and send nothing.
        """
        left = self._began + self._pause() - self._world.monotonic()
        if left > 0:
            log.error("another_box_runs", common=common, cloud=cloud.epoch, seconds=int(left))
            return
        fork = Fork(common, cloud.epoch, cloud.sequence, cloud.head)
        write_mark(self._state / FORK, fork)
        raise HistoryForked(
            f"the cloud has facts of this box after {common} that are not in its journal:"
            f" {cloud.sequence} in epoch {cloud.epoch}"
        )

    def _pause(self) -> float:
        forks = len(kept_files(self._state))
        return PAUSE_SECONDS * 2 ** min(forks - 1, DOUBLINGS_MAX) if forks else 0.0
