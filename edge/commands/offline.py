"""A box for one command: the running one if there is one, else its files, with closed doors."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import msgspec
import structlog

from edge import config as settings
from edge.box import Box, Parts
from edge.commands.live import Live, NotRunning, Problem
from edge.commands.shared import EXIT_BROKEN, EXIT_USAGE, stop
from edge.directory import DirectoryDamaged
from edge.journal import JournalError, JournalLocked
from edge.world import machine_id, real_world


class Offline:
    """The box's own files, under its lock: nobody else has them, and no door is open."""

    def __init__(self, config: settings.Config, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._box = runner.run(_begun(config))

    def ask(self, operation: str, request: Any) -> bytes:
        """Return what the office answers. Raises Problem."""
        answer = self._runner.run(self._box.office.handle(operation, msgspec.json.encode(request)))
        if answer.status >= 400:
            raise Problem(msgspec.json.decode(answer.body))
        return answer.body

    def close(self) -> None:
        """Close the files."""
        self._runner.run(self._box.close())


@contextmanager
def opened(config: settings.Config) -> Iterator[Live | Offline]:
    """Ask the running box; where none runs, open its files. Ends the command if it cannot."""
    try:
        with Live(config.store.state_dir) as live:
            yield live
            return
    except NotRunning:
        pass
    structlog.configure(processors=[_quiet])
    with asyncio.Runner() as runner:
        try:
            box = Offline(config, runner)
        except JournalLocked as error:
            stop(EXIT_BROKEN, str(error), "wait until it has started, or has ended")
        except (JournalError, DirectoryDamaged, apsw.Error) as error:
            stop(EXIT_BROKEN, f"the box's files cannot be opened: {error}", "edgebox verify")
        except settings.ConfigError as error:
            stop(EXIT_USAGE, str(error))
        try:
            yield box
        finally:
            _closed(box)


def _closed(box: Offline) -> None:
    """Close the files, or end the command: what was answered is durable all the same."""
    try:
        box.close()
    except (JournalError, apsw.Error, OSError) as error:
        stop(EXIT_BROKEN, f"the disk failed: {error}", "edgebox verify; what was done stays done")


async def _begun(config: settings.Config) -> Box:
    box = Box(config, real_world(), Parts(machine=machine_id()))
    await box.begin()
    return box


def _quiet(_logger: object, _method: str, _event: object) -> Any:
    raise structlog.DropEvent
