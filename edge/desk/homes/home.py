"""Where the accounts are at home: at this box, or at a cloud to which they have moved.

A box without a cloud is the home of every account. When it joins one it stays that until the cloud
has all that it ever did, and the same books; one fact then moves the home, for good.
"""

import structlog

from edge.config import Cloud
from edge.config.findings import ConfigError, Finding
from edge.desk.placing import OURSELVES
from edge.journal import CLOUD, Journal

HOME = "home"
"""The bookmark on the journal of a box that is, or was, the home of its accounts."""
MOVED = "home/moved"
"""The key of the fact that moves the home."""
log = structlog.get_logger(__name__)


class Home:
    """Knows whether this box is the home of all accounts.

    `cloud` says what its owner wants; the journal, what has become of it.
    """

    def __init__(self, cloud: Cloud, journal: Journal) -> None:
        self._journal, self._kind = journal, cloud.kind
        with journal.guard():
            self.has_moved = journal.find(OURSELVES, MOVED) is not None
        self.is_here = cloud.kind != "http" and not self.has_moved

    def _check(self) -> None:
        was_here = self._journal.bookmark(HOME) > 0
        was_elsewhere = self.has_moved or (self._journal.bookmark(CLOUD) > 0 and not was_here)
        if self._kind == "none" and was_elsewhere:
            raise ConfigError(
                Finding(
                    "cloud.kind", 'is "none", and the accounts of this box are at home in a cloud',
                    'write kind = "http"; a shop that leaves its cloud begins with an empty'
                    " state_dir, and brings balances in by edgebox import",
                )
            )  # fmt: skip
        if self._kind == "http" and was_here and not self.has_moved:
            raise ConfigError(
                Finding(
                    "cloud.kind", 'is "http", and this box still is the home of its accounts',
                    'write kind = "joining", start the box, and run edgebox cloud join',
                )
            )  # fmt: skip

    @property
    def is_joining(self) -> bool:
        """Whether the accounts are here, and on their way to a cloud."""
        return self.is_here and self._kind == "joining"

    def came_back_moved(self) -> bool:
        """Tell whether the home had moved by a fact that was lost, and has come back since."""
        with self._journal.guard():
            return self._journal.find(OURSELVES, MOVED) is not None

    async def begin(self) -> None:
        """Remember that the accounts are at home here; the journal has a page by now.

        Raises ConfigError where the owner wants what cannot be.
        """
        self._check()
        if self.is_here and not self._journal.bookmark(HOME):
            await self._journal.move_bookmark(HOME, self._journal.committed)

    def moved(self) -> None:
        """Hear that the fact that moves the home is durable."""
        self.has_moved, self.is_here = True, False
        log.info("home_moved", seq=self._journal.committed)
