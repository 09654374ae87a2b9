"""Commands on the books: do they agree, and make the book again from the pages."""

import os
import re
import sys
from pathlib import Path
from time import perf_counter

import apsw
import click
import msgspec

from edge.book.rebuild import rebuild as rebuild_book
from edge.box import JOURNAL_FILE
from edge.commands.progress import bar
from edge.commands.shared import EXIT_BROKEN, EXIT_NO, config_option, json_option, load, stop
from edge.journal import JournalError, JournalLocked, lock
from edge.verify import Anchor, Report
from edge.verify import verify as verify_books


def _anchors(
    _context: click.Context, _param: click.Parameter, typed: tuple[str, ...]
) -> tuple[Anchor, ...]:
    """Return places and beginnings of digests, typed as in 1042:9f2c61ab."""
    found = [re.fullmatch(r"([1-9][0-9]{0,15}):([0-9a-f]{8,64})", each.lower()) for each in typed]
    if wrong := [each for each, match in zip(typed, found, strict=True) if match is None]:
        raise click.BadParameter(f"{wrong[0]!r} is no PLACE:DIGEST such as 1042:9f2c61ab")
    return tuple([(int(match[1]), match[2]) for match in found if match])


@click.command()
@config_option
@json_option
@click.option("--journal", type=click.Path(path_type=Path, exists=True), help="A journal's copy.")
@click.option(
    "--anchor", "anchors", multiple=True, callback=_anchors, metavar="PLACE:DIGEST",
    help="A page that a receipt, the cloud or a backup remembers; 8 digits or more.",
)  # fmt: skip
def verify(
    config_path: Path, as_json: bool, journal: Path | None, anchors: tuple[Anchor, ...]
) -> None:
    """Check every page, lot and total of the books, also while the box is selling.

    A journal that was written anew as a whole shows that by its --anchor alone: a receipt prints
    the place of its page and the digest of the page before.

    Example: edgebox verify --config store.toml
    """
    path = journal or load(config_path).store.state_dir / JOURNAL_FILE
    try:
        with bar("checking", wanted=not as_json) as progress:
            report = verify_books(path, progress, anchors)
    except (JournalError, apsw.Error, OSError) as error:
        stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "is this the right journal?")
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        has_cloud = journal is not None or load(config_path).cloud.kind != "none"
        _print_report(report, has_cloud=has_cloud)
    sys.exit(0 if report.books_agree else EXIT_NO)


@click.command()
@config_option
@json_option
def rebuild(config_path: Path, as_json: bool) -> None:
    """Make the book again from the journal's pages; the box must not be running.

    Pages are only read. Whoever is interrupted calls it again, or starts the box: the next start
    finishes it.

    Example: edgebox rebuild --config store.toml
    """
    path = load(config_path).store.state_dir / JOURNAL_FILE
    if not path.exists():
        stop(EXIT_NO, f"there is no journal at {path}", "is this the right configuration?")
    began = perf_counter()
    try:
        facts = _rebuilt(path, as_json=as_json)
    except JournalLocked as error:
        stop(EXIT_BROKEN, str(error), "stop the box first")
    except (JournalError, apsw.Error, OSError) as error:
        stop(EXIT_BROKEN, f"{path}: {error}", "edgebox verify says what is wrong with it")
    speed = round(facts / max(perf_counter() - began, 1e-6))
    if as_json:
        click.echo(msgspec.json.encode({"facts": facts, "facts_per_second": speed}))
    else:
        click.echo(f"the book is made again from {facts} facts ({speed} a second)")


def _rebuilt(path: Path, *, as_json: bool) -> int:
    held = lock(path)
    try:
        with bar("rebuilding", wanted=not as_json) as progress:
            return rebuild_book(path, progress)
    finally:
        os.close(held)


def _print_report(report: Report, *, has_cloud: bool) -> None:
    for finding in report.findings:
        where = "" if finding.sequence is None else f"page {finding.sequence}: "
        click.echo(f"{where}{finding.what}")
    verdict = "the books agree" if report.books_agree else "the books do NOT agree"
    waiting = f", {report.waiting} waiting for the cloud" if has_cloud else ""
    click.echo(
        f"{verdict}: {report.facts} facts, {report.sales} sales{waiting}, epoch {report.epoch},"
        f" head {report.head[:16]} ({report.facts_per_second} facts a second)"
    )
