"""Commands on the journal's pages: follow them, look at one, take them elsewhere.

All of them read; the box may be selling meanwhile, and a copy of the file is as good.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import apsw
import click
import msgspec

from edge.box import JOURNAL_FILE
from edge.commands.pages import FORMATS, Format, as_facts, csv_row, is_number, one_line, sequence_at
from edge.commands.shared import (
    EXIT_BROKEN,
    EXIT_NO,
    EXIT_USAGE,
    Decorator,
    config_option,
    json_option,
    load,
    stop,
)
from edge.commands.whole_files import whole_file
from edge.journal import GENESIS, JournalError, Page, connect, find_key, pages

PAGES_AT_ONCE = 500
FOLLOW_SECONDS = 0.2
"""How often a file that is followed is looked at again."""

copy_option: Decorator = click.option(
    "--journal", "copy", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A journal's copy, instead of the box's own.",
)  # fmt: skip


@click.group()
def journal() -> None:
    """Look at the journal's pages: the last ones, a certain one, or all."""


@journal.command()
@click.option("-n", "count", type=click.IntRange(0), default=10, show_default=True,
              help="How many of the last pages.")  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Go on with new pages until Ctrl-C.")
@copy_option
@config_option
@json_option
def tail(count: int, follow: bool, copy: Path | None, config_path: Path, as_json: bool) -> None:
    """Print the last pages, a line each, and with -f those that come.

    \b
    Example: edgebox journal tail -n 20 --config store.toml
    """
    said = _json_line if as_json else one_line
    with _opened(copy, config_path) as db:
        last = _last(db)
        at = max(0, last - count)
        while True:
            for page in _pages(db, at, last):
                click.echo(said(page))
                at = page.sequence
            if not follow:
                return
            sys.stdout.flush()
            time.sleep(FOLLOW_SECONDS)
            last = _last(db)


@journal.command()
@click.argument("page", metavar="SEQ|KEY")
@copy_option
@config_option
@json_option
def show(page: str, copy: Path | None, config_path: Path, as_json: bool) -> None:
    """Print a page, by its number or its request's key, and check its place in the chain.

    The page must be sealed after the one before it, and the one after it must be sealed after
    this one; 1 if it is not.

    \b
    Example: edgebox journal show 12 --config store.toml
    """
    with _opened(copy, config_path) as db:
        checked = [(one, _unchained(db, one)) for one in _found(db, page)]
    if not checked:
        stop(EXIT_NO, f"the journal has no page {page}", "edgebox journal tail shows the last ones")
    if as_json:
        told = [{**as_facts(one), "chain": wrong or "good"} for one, wrong in checked]
        click.echo(msgspec.json.encode(told))
    else:
        for one, wrong in checked:
            _print(one, wrong)
    if any(wrong for _, wrong in checked):
        sys.exit(EXIT_NO)


@journal.command()
@click.option("--from", "since", default="", metavar="SEQ|DATE",
              help="The first page: its number, or the first on a date (YYYY-MM-DD).")  # fmt: skip
@click.option("--to", "until", default="", metavar="SEQ|DATE",
              help="The last page: its number, or the last on a date.")  # fmt: skip
@click.option("--kind", "kinds", multiple=True, help="Only pages of this kind; may be repeated.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="jsonl", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="A file, which appears only when it is whole.")  # fmt: skip
@copy_option
@config_option
def export(
    since: str,
    until: str,
    kinds: tuple[str, ...],
    form: Format,
    output: Path | None,
    copy: Path | None,
    config_path: Path,
) -> None:
    """Write pages as JSON lines or as CSV, a page a line.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.

    \b
    Example: edgebox journal export --kind sale.v1 --format csv -o sales.csv --config store.toml
    """
    zone = load(config_path).store.zone.key if "-" in since + until else ""
    with _opened(copy, config_path) as db:
        first, last = sequence_at(db, since, zone, 1), sequence_at(db, until, zone, _last(db) + 1)
        if first is None or last is None:
            raise click.BadParameter("a page's number, or a date such as 2026-11-22",
                                     param_hint="--from, --to")  # fmt: skip
        if is_number(until):
            last += 1
        found = (one for one in _pages(db, first - 1, last - 1) if not kinds or one.kind in kinds)
        try:
            if output is None:
                _write(found, form, sys.stdout)
                sys.stdout.flush()
            else:
                with whole_file(output) as file:
                    _write(found, form, file)
        except BrokenPipeError:
            raise
        except OSError as error:
            stop(EXIT_USAGE, f"{output}: {error.strerror}", "choose another place")


def _write(found: Iterator[Page], form: Format, out: IO[str]) -> None:
    if form == "csv":
        out.write(csv_row(None))
    for page in found:
        out.write(csv_row(page) if form == "csv" else _json_line(page) + "\n")


def _json_line(page: Page) -> str:
    return msgspec.json.encode(as_facts(page)).decode()


def _print(page: Page, wrong: str) -> None:
    click.echo(one_line(page))
    click.echo(f"  epoch {page.epoch}, key {page.key}")
    click.echo(f"  digest {page.digest}")
    click.echo(f"  chain: {wrong or 'good, before and after'}")
    click.echo(msgspec.json.format(page.body).decode("utf-8", "replace"))
    if page.answer:
        click.echo(f"  answered {page.answer[:3].decode()}")
        click.echo(msgspec.json.format(page.answer[3:]).decode("utf-8", "replace"))


def _found(db: apsw.Connection, page: str) -> Sequence[Page]:
    """Return the page of a number, or all pages of a key."""
    if not is_number(page):
        return find_key(db, page)
    return [one for one in pages(db, int(page) - 1, 1) if one.sequence == int(page)]


def _unchained(db: apsw.Connection, page: Page) -> str:
    """Return what is wrong with a page's place in the chain, "" for nothing."""
    around = {one.sequence: one for one in pages(db, max(0, page.sequence - 2), 3)}
    before, after = around.get(page.sequence - 1), around.get(page.sequence + 1)
    if before is None and page.sequence > 1:
        return f"page {page.sequence - 1} is missing"
    if page.sealed_after(before.digest if before else GENESIS) != page.digest:
        return "this page, or the one before it, was changed after it was written"
    if after is not None and after.sealed_after(page.digest) != after.digest:
        return f"page {after.sequence} does not follow this page"
    return ""


# --- the file -------------------------------------------------------------------------------------


@contextmanager
def _opened(copy: Path | None, config_path: Path) -> Iterator[apsw.Connection]:
    """Open the box's journal or a copy for reading; end with 70 if it cannot be read."""
    path = copy or load(config_path).store.state_dir / JOURNAL_FILE
    try:
        db = connect(path, writable=False)
        try:
            yield db
        finally:
            db.close()
    except (JournalError, apsw.Error, msgspec.MsgspecError, UnicodeError) as error:
        stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "edgebox verify says what is wrong")


def _last(db: apsw.Connection) -> int:
    return int(db.execute("select coalesce(max(sequence), 0) from page").get)


def _pages(db: apsw.Connection, after: int, last: int) -> Iterator[Page]:
    """Yield the pages after one up to another, without a snapshot that would hold up the box."""
    while after < last:
        some = pages(db, after, min(PAGES_AT_ONCE, last - after))
        yield from (page for page in some if page.sequence <= last)
        if not some:
            return
        after = some[-1].sequence
