"""The command that runs the box."""

import asyncio
import gc
import io
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

import apsw
import click
import structlog
import uvloop

from edge import config as settings
from edge import logs
from edge.box import Box, Parts
from edge.commands.shared import EXIT_BROKEN, EXIT_USAGE, config_option, load, stop
from edge.directory import DirectoryDamaged
from edge.epochs import HistoryForked
from edge.journal import JournalBroken, JournalError
from edge.world import machine_id, real_world

log = structlog.get_logger(__name__)


@click.command()
@config_option
def run(config_path: Path) -> None:
    """Run the box until SIGTERM or Ctrl-C.

    Example: edgebox run --config store.toml
    """
    config = load(config_path)
    logs.configure(structlog.PrintLoggerFactory(cast(TextIO, _BestEffort())))
    os.umask(0o077)
    try:
        uvloop.run(_serve(config))
    except HistoryForked as error:
        stop(EXIT_BROKEN, f"the history has forked: {error}", "start the box again: it mends it")
    except JournalBroken as error:
        log.exception("stopped")
        stop(EXIT_BROKEN, f"{error.what}: {error}", error.fix)
    except DirectoryDamaged as error:
        stop(EXIT_BROKEN, f"the cache of the cloud's records: {error}", "start the box again")
    except JournalError as error:
        stop(EXIT_BROKEN, str(error), error.fix)
    except apsw.Error as error:
        said = f"the journal cannot be opened: {type(error).__name__}: {error}"
        stop(EXIT_BROKEN, said, JournalError.fix)
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))
    except OSError as error:
        stop(EXIT_BROKEN, f"the box cannot start: {error}", "is another program listening there?")
    except Exception:  # our own mistake: the traceback would quote what people told us
        log.exception("stopped")
        stop(EXIT_BROKEN, "the box made a mistake and had to stop", "the log says where; report it")


async def _serve(config: settings.Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.on_loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Box(config, real_world(), Parts(machine=machine_id())) as box:
        gc.collect()
        gc.freeze()  # what is here now stays: the collector need not look at it again
        running = asyncio.create_task(box.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        for task in (running, stopping):
            task.cancel()
        results = await asyncio.gather(running, stopping, return_exceptions=True)
    failed = results[0]
    while isinstance(failed, BaseExceptionGroup):
        failed = failed.exceptions[0]
    if isinstance(failed, Exception):
        raise failed


class _BestEffort(io.TextIOBase):
    """Standard error, but a log nobody can write stops nobody from selling."""

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        """Send on what can be sent on."""
        with suppress(OSError):
            sys.stderr.flush()
