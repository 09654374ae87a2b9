"""Commands on the books: do they agree, and what became of a request."""

import sys
from pathlib import Path
from typing import Any

import apsw
import click
import msgspec

from edge import letters
from edge.box import JOURNAL_FILE
from edge.commands.shared import EXIT_BROKEN, EXIT_NO, config_option, json_option, load, stop
from edge.journal import JournalError, Page, connect, find_key
from edge.verify import Report
from edge.verify import verify as verify_books


@click.command()
@config_option
@json_option
@click.option("--journal", type=click.Path(path_type=Path, exists=True), help="A journal's copy.")
def verify(config_path: Path, as_json: bool, journal: Path | None) -> None:
    """Check every page and every total of the books, also while the box is selling.

    Example: edgebox verify --config store.toml
    """
    path = journal or load(config_path).store.state_dir / JOURNAL_FILE
    try:
        report = verify_books(path)
    except (JournalError, apsw.Error) as error:
        stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "is this the right journal?")
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
    path = load(config_path).store.state_dir / JOURNAL_FILE
    try:
        db = connect(path, writable=False)
        found = find_key(db, key)
        db.close()
    except (JournalError, apsw.Error, UnicodeError) as error:
        stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "is this the right journal?")
    if as_json:
        click.echo(msgspec.json.encode([_facts(page) for page in found]))
    else:
        for page in found:
            _print_page(page)
    if not found:
        stop(
            EXIT_NO,
            f"no fact carries the key {key}",
            "check the key; if it is right, ask the box: it may be under way",
        )


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
