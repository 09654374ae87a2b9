"""Practice: a desk whose sales count for nothing. Its journal and its book are files of their own.

What a learner sells is as durable and as exact as anything else, gets receipt numbers of the
series T and a watermark, and never reaches the cloud or the books of the shop.
"""

from collections.abc import Callable

from drivers.terminal import HealthReport
from edge.book.rebuild import fit
from edge.bundles import Bundles
from edge.config import Config
from edge.desk import Counter, Desk, Keys, Placing
from edge.desk.rehearsal import Rehearsal
from edge.directory import Directory, DirectoryDamaged
from edge.intake import Intake
from edge.journal import Journal, Reserve
from edge.world import World
from edge.writer import Writer

TRAINING_FILE = "training.db"


class Training:
    """The room for practice. Members, prices and rules are the shop's own, as they are now."""

    def __init__(
        self,
        config: Config,
        world: World,
        knows: tuple[Intake, Directory, Bundles],
        writer: Writer,
        reserve: Reserve,
        health: Callable[[], HealthReport],
        damaged: Callable[[DirectoryDamaged], None],
    ) -> None:
        path = config.store.state_dir / TRAINING_FILE
        book = fit(path, config.store.zone.key)
        self.journal = Journal(path, book, writer, config.disk, reserve)
        intake, directory, bundles = knows
        counter = Counter(world, intake, self.journal, book, directory, bundles, config.store)
        self.members = counter.members
        self._placing = Placing(
            config.store, config.cloud.box, world, self.journal, book, training=True
        )
        self.desk = Desk(
            world, counter, self._placing, Keys(self.journal), health, damaged,
            rehearsal=Rehearsal(),
        )  # fmt: skip

    async def begin(self) -> None:
        """Open the first epoch if there is none yet."""
        if self.journal.head.epoch == 0:
            await self._placing.epoch()

    async def close(self) -> None:
        """Write what is waiting, and close the file."""
        await self.journal.close()


def is_wanted(config: Config) -> bool:
    """Tell whether any terminal is there to practise."""
    return any(terminal.training for terminal in config.terminals.values())
