"""edgebox import: what members held in an old system becomes facts, all of it or none.

The file is read twice. First every row is judged by the box and added up; nothing is written
unless all of them are right and the control totals agree. Then the rows go in, some hundred at a
time. A row is known by the import's id and its number, so that the same command goes on where it
was interrupted, and changes nothing once it is done.
"""

import csv
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from edge.commands.amounts import minor_units
from edge.commands.import_rows import MONEY, WHOLE, Read, carried, fault, read_rows
from edge.commands.live import Problem, gone, refuse
from edge.commands.offline import opened
from edge.commands.shared import (
    EXIT_NO,
    EXIT_USAGE,
    config_option,
    json_option,
    load,
    said_lang_option,
    stop,
)
from edge.desk.office.back_office import ROWS_MAX, WRONG_MAX, Import, Imported, Row, Wrong
from edge.refusals import Language, Refusal, problem
from edge.shop.money import format_minor

SUMS = ("rows", "cards", *WHOLE, *MONEY)
"""What is added up, and can be expected."""
TRIES_MAX = 60


class Office(Protocol):
    """The box, running or opened for this alone."""

    def ask(self, operation: str, request: Any) -> bytes:
        """Return what it answers. Raises Problem for a no."""


class Asked(NamedTuple):
    """What the import is called, and in which language its faults are told."""

    path: Path
    imported: str
    lang: Language


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--id", "imported", default="opening", show_default=True,
              help="What this import is called; another file needs another name.")  # fmt: skip
@click.option("--expect", multiple=True, metavar="SUM=VALUE",
              help=f"A control total, or nothing is written. Sums: {', '.join(SUMS)}.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Judge and add up; write nothing.")
@config_option
@said_lang_option
@json_option
def import_file(
    file: Path,
    imported: str,
    expect: tuple[str, ...],
    dry_run: bool,
    config_path: Path,
    lang: Language | None,
    as_json: bool,
) -> None:
    """Bring balances and cards of an old system in, from CSV or JSON lines.

    \b
    Columns: member, card, opened, points, points_expires,
      principal, principal_expires, card_product, bonus, bonus_expires,
      plan, uses, uses_expires, uses_worth, coupon, coupon_uses, coupon_expires
    Money is written 123.45, dates 2026-11-22; what is empty is nothing.

    \b
    Example: edgebox import old.csv --expect points=120 --dry-run --config store.toml
    """
    config = load(config_path)
    asked = Asked(file, imported, lang or config.store.lang)
    try:
        with opened(config) as box, file.open("rb") as stream:
            exponent = _ask(box, asked, (), check=True).exponent
            expected = _expected(expect, exponent)
            size, changed = file.stat().st_size, file.stat().st_mtime_ns
            wrong, sums = _judge(box, asked, stream, exponent)
            differing = {name: (value, sums[name]) for name, value in expected.items()
                         if value != sums[name]}  # fmt: skip
            done = Imported(placed=0, known=0, exponent=exponent)
            if not (wrong or differing or dry_run):
                if (size, changed) != (file.stat().st_size, file.stat().st_mtime_ns):
                    stop(EXIT_NO, f"{file} changed while it was read", "run the command again")
                stream.seek(0)
                done = _bring_in(box, asked, stream, exponent)
    except Problem as no:
        refuse(no)
    except (UnicodeError, csv.Error) as error:
        stop(EXIT_USAGE, f"{file}: {error}", "save it as CSV in UTF-8, cells with commas quoted")
    except OSError as error:
        gone(error)
    _tell(asked, done, sums, wrong, differing, as_json=as_json)
    if wrong or differing:
        sys.exit(EXIT_NO)


# --- first pass: judge and add up -----------------------------------------------------------------


def _judge(
    box: Office, asked: Asked, stream: BinaryIO, exponent: int
) -> tuple[Sequence[tuple[int, Wrong]], Counter[str]]:
    """Return what is wrong, by line, up to a hundred rows; and the sums of the rows."""
    wrong: list[tuple[int, Wrong]] = []
    sums, cards = Counter[str](), dict[str, str]()
    for batch in _batches(asked, stream, "judging"):
        lines = {read.number: read.line for read in batch}
        rows: list[Row] = []
        for read in batch:
            row = _row(read, exponent, cards)
            if isinstance(row, Refusal):
                text = problem(row, asked.lang)
                said = Wrong(read.number, row.code, text.detail, text.fix)
                wrong.append((read.line, said))
            else:
                rows.append(row)
                _add(sums, row)
        judged = _ask(box, asked, rows, check=True)
        wrong += [(lines[one.row], one) for one in judged.wrong]
        if len(wrong) >= WRONG_MAX:
            break
    return sorted(wrong)[:WRONG_MAX], sums


def _row(read: Read, exponent: int, cards: dict[str, str]) -> Row | Refusal:
    """Return a row's meaning, or its fault; `cards` are those of the rows before it."""
    if isinstance(read.cells, Refusal):
        return read.cells
    found = carried(read.cells, exponent)
    if isinstance(found, Refusal):
        return found
    if found.card and cards.setdefault(found.card, found.member) != found.member:
        return fault("card", "card_twice")
    return Row(read.number, found)


def _add(sums: Counter[str], row: Row) -> None:
    sums["rows"] += 1
    sums["cards"] += bool(row.carried.card)
    for name in (*WHOLE, *MONEY):
        sums[name] += getattr(row.carried, name)


def _expected(given: Sequence[str], exponent: int) -> Mapping[str, int]:
    found = {}
    for one in given:
        name, _, value = one.partition("=")
        if name not in SUMS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(SUMS)}",
                                     param_hint="--expect")  # fmt: skip
        found[name] = minor_units("--expect", value, exponent if name in MONEY else 0)
    return found


# --- second pass: bring in ------------------------------------------------------------------------


def _bring_in(box: Office, asked: Asked, stream: BinaryIO, exponent: int) -> Imported:
    """Send all rows. What a busy box puts off is sent again: it knows what it has."""
    placed = known = 0
    for batch in _batches(asked, stream, "importing"):
        rows = [_row(read, exponent, {}) for read in batch]
        done = _ask(box, asked, [row for row in rows if isinstance(row, Row)], check=False)
        placed, known = placed + done.placed, known + done.known
        if done.wrong:
            stop(EXIT_NO, f"row {done.wrong[0].row}: {done.wrong[0].detail} {placed} rows are in",
                 "correct it and run the command again: it goes on from there")  # fmt: skip
    return Imported(placed=placed, known=known, exponent=exponent)


def _ask(box: Office, asked: Asked, rows: Sequence[Row], *, check: bool) -> Imported:
    request = Import(imported=asked.imported, rows=tuple(rows), check=check, lang=asked.lang)
    for _ in range(TRIES_MAX):
        try:
            return msgspec.json.decode(box.ask("import", request), type=Imported)
        except Problem as no:
            if no.code != "E-BUSY":
                raise
            last = no
            time.sleep(min(5, int(no.content.get("retry_after") or 1)))
    raise last


def _batches(asked: Asked, stream: BinaryIO, doing: str) -> Iterator[Sequence[Read]]:
    """Yield the rows of the file some hundred at a time, with a bar on a terminal."""
    columns = TextColumn(doing), BarColumn(), TextColumn("{task.percentage:>3.0f} %")
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console,
                  disable=not sys.stderr.isatty()) as progress:  # fmt: skip
        bar = progress.add_task(doing, total=asked.path.stat().st_size)
        rows = read_rows(stream, asked.path)
        while batch := list(islice(rows, ROWS_MAX)):
            yield batch
            progress.update(bar, completed=stream.tell())


# --- telling --------------------------------------------------------------------------------------

WORDS = {
    "rows": "行数", "cards": "卡", "points": "积分", "uses": "次数", "coupon_uses": "券次数",
    "principal": "储值本金", "bonus": "储值赠送金额", "uses_worth": "次数价值",
}  # fmt: skip


def _tell(
    asked: Asked,
    done: Imported,
    sums: Counter[str],
    wrong: Sequence[tuple[int, Wrong]],
    differing: Mapping[str, tuple[int, int]],
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(msgspec.json.encode({
            "imported": asked.imported, "placed": done.placed, "known": done.known,
            "sums": {name: sums[name] for name in SUMS},
            "wrong": [{"line": line, **msgspec.to_builtins(one)} for line, one in wrong],
            "differing": {name: {"expected": a, "found": b} for name, (a, b) in differing.items()},
        }))  # fmt: skip
        return
    is_zh = asked.lang == "zh"

    def amount(name: str, value: int) -> str:
        return format_minor(value, done.exponent if name in MONEY else 0)

    def word(name: str) -> str:
        return WORDS[name] if is_zh else name.replace("_", " ")

    say: Callable[[str, str], None] = lambda zh, en: click.echo(zh if is_zh else en)  # noqa: E731
    for line, one in wrong:
        click.echo(f"{asked.path}:{line}: {one.code} {one.detail}\n    fix: {one.fix}")
    for name in SUMS:
        if sums[name]:
            click.echo(f"{word(name)} {amount(name, sums[name])}")
    for name, (expected, found) in differing.items():
        a, b = amount(name, expected), amount(name, found)
        say(
            f"{word(name)}：应为 {a}，文件中为 {b}", f"{word(name)}: expected {a}, the file has {b}"
        )
    if wrong or differing:
        say("没有写入任何内容", "nothing was written")
    else:
        say(f"导入 {done.placed} 行，{done.known} 行以前已导入",
            f"{done.placed} rows imported, {done.known} had been imported before")  # fmt: skip
