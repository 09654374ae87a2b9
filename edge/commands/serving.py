"""The command that runs the box."""

import asyncio
import gc
import io
import logging
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
from edge.box import Box
from edge.commands.shared import EXIT_BROKEN, EXIT_USAGE, config_option, load, stop
from edge.directory import DirectoryDamaged
from edge.journal import JournalBroken, JournalError, JournalLocked
from edge.world import real_world


@click.command()
@config_option
def run(config_path: Path) -> None:
    """Run the box until SIGTERM or Ctrl-C.

    Example: edgebox run --config store.toml
    """
    config = load(config_path)
    _log_json()
    os.umask(0o077)
    try:
        uvloop.run(_serve(config))
    except JournalBroken as error:
        stop(EXIT_BROKEN, f"the journal could not be written: {error}", "check the disk")
    except DirectoryDamaged as error:
        stop(EXIT_BROKEN, f"the cache of the cloud's records: {error}", "start the box again")
    except JournalLocked as error:
        stop(EXIT_BROKEN, str(error), "stop the other one first")
    except (JournalError, apsw.Error) as error:
        stop(EXIT_BROKEN, f"the journal cannot be opened: {error}", "is the disk full or failing?")
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))
    except OSError as error:
        stop(EXIT_BROKEN, f"the box cannot start: {error}", "is another program listening there?")


async def _serve(config: settings.Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Box(config, real_world()) as box:
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


def _log_json() -> None:
    """Write one JSON object a line to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _BestEffort())),
        cache_logger_on_first_use=True,
    )


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
