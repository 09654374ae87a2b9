"""What the owner of a box can do at its command line.

Exit codes: 0 all is well · 1 the answer is no (books that do not agree, a key nobody knows) ·
2 the question was wrong (bad option, bad configuration) · 70 the box had to stop (disk failed).
"""

import asyncio
import gc
import hashlib
import io
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO, cast

import apsw
import click
import msgspec
import structlog
import uvloop

from edge import config as settings
from edge import letters
from edge.box import JOURNAL_FILE, Box
from edge.directory import DirectoryDamaged
from edge.journal import JournalBroken, JournalError, JournalLocked, Page, connect, find_key
from edge.verify import Report
from edge.verify import verify as verify_books
from edge.world import real_world

EXIT_NO, EXIT_USAGE, EXIT_BROKEN = 1, 2, 70

Decorator = Callable[[Callable[..., None]], Callable[..., None]]
config_option: Decorator = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default="store.toml",
    show_default=True,
    help="The store's configuration.",
)
json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Answer in JSON, for programs."
)


@click.command()
@config_option
def run(config_path: Path) -> None:
    """Run the box until SIGTERM or Ctrl-C.

    Example: edgebox run --config store.toml
    """
    config = _load(config_path)
    _log_json()
    os.umask(0o077)
    try:
        uvloop.run(_serve(config))
    except JournalBroken as error:
        _stop(EXIT_BROKEN, f"the journal could not be written: {error}", "check the disk")
    except DirectoryDamaged as error:
        _stop(EXIT_BROKEN, f"the cache of the cloud's records: {error}", "start the box again")
    except JournalLocked as error:
        _stop(EXIT_BROKEN, str(error), "stop the other one first")
    except (JournalError, apsw.Error) as error:
        _stop(EXIT_BROKEN, f"the journal cannot be opened: {error}", "is the disk full or failing?")
    except settings.ConfigError as error:
        _stop(EXIT_USAGE, str(error))
    except OSError as error:
        _stop(EXIT_BROKEN, f"the box cannot start: {error}", "is another program listening there?")


@click.group()
def config() -> None:
    """Look after the store's configuration."""


@config.command("check")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def config_check(path: Path) -> None:
    """Say everything that is wrong with a configuration.

    Example: edgebox config check store.toml
    """
    config = _load(path)
    click.echo(
        f"{path}: good: store {config.store.id}; terminals: {len(config.terminals)},"
        f" devices: {len(config.devices)}, lanes: {len(config.lanes)}"
    )
    if not config.secrets.phone_key_file.exists():
        click.echo(
            "before the first start: put the programme's phone key, which the cloud gives you,"
            f" into {config.secrets.phone_key_file} (mode 0600)"
        )


@config.command("token")
def config_token() -> None:
    """Make a token for a terminal, and the hash of it that the configuration holds.

    Example: edgebox config token
    """
    token = os.urandom(24).hex()
    click.echo(f"token (give it to the terminal): {token}")
    click.echo(f'token_sha256 = "{hashlib.sha256(token.encode()).hexdigest()}"')


@config.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration.

    Example: edgebox config schema > store.schema.json
    """
    click.echo(msgspec.json.format(msgspec.json.encode(settings.schema())).decode())


@click.command()
@config_option
@json_option
@click.option("--journal", type=click.Path(path_type=Path, exists=True), help="A journal's copy.")
def verify(config_path: Path, as_json: bool, journal: Path | None) -> None:
    """Check every page and every total of the books, also while the box is selling.

    Example: edgebox verify --config store.toml
    """
    path = journal or _load(config_path).store.state_dir / JOURNAL_FILE
    try:
        report = verify_books(path)
    except (JournalError, apsw.Error) as error:
        _stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "is this the right journal?")
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _print_report(report)
    sys.exit(0 if report.books_agree else EXIT_NO)


@click.command()
@click.argument("key")
@config_option
@json_option
def explain(key: str, config_path: Path, as_json: bool) -> None:
    """Say what became of a request key: every fact that carries it.

    Example: edgebox explain 01900000-0000-7000-8000-000000000000
    """
    path = _load(config_path).store.state_dir / JOURNAL_FILE
    try:
        db = connect(path, writable=False)
        found = find_key(db, key)
        db.close()
    except (JournalError, apsw.Error, UnicodeError) as error:
        _stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "is this the right journal?")
    if as_json:
        click.echo(msgspec.json.encode([_facts(page) for page in found]))
    else:
        for page in found:
            _print_page(page)
    if not found:
        _stop(
            EXIT_NO,
            f"no fact carries the key {key}",
            "check the key; if it is right, ask the box: it may be under way",
        )


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


def _load(path: Path) -> settings.Config:
    try:
        return settings.load(path)
    except settings.ConfigError as error:
        _stop(EXIT_USAGE, str(error))


def _stop(code: int, what: str, fix: str = "") -> NoReturn:
    click.echo(what + (f"\n    fix: {fix}" if fix else ""), err=True)
    sys.exit(code)


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


def _print_report(report: Report) -> None:
    for finding in report.findings:
        where = "" if finding.sequence is None else f"page {finding.sequence}: "
        click.echo(f"{where}{finding.what}")
    verdict = "the books agree" if report.books_agree else "the books do NOT agree"
    click.echo(
        f"{verdict}: {report.facts} facts, {report.sales} sales, {report.waiting} waiting for the"
        f" cloud, epoch {report.epoch}, head {report.head[:16]}"
    )


def _facts(page: Page) -> dict[str, Any]:
    return {
        "sequence": page.sequence,
        "epoch": page.epoch,
        "at": page.at,
        "origin": page.origin,
        "kind": page.kind,
        "body": msgspec.Raw(page.body),
        "answer": msgspec.Raw(page.answer[3:] or b"null"),
        "digest": page.digest,
    }


def _print_page(page: Page) -> None:
    click.echo(f"page {page.sequence} of epoch {page.epoch}: {page.kind} by {page.origin}")
    click.echo(f"  digest {page.digest}")
    fact = letters.read(page.body)
    click.echo(msgspec.json.format(msgspec.json.encode(fact)).decode())
