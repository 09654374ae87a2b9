"""Commands on the business day: how it goes, and closing it."""

import sys
from pathlib import Path

import apsw
import click
import msgspec

from edge.box import JOURNAL_FILE
from edge.commands.amounts import minor_units
from edge.commands.live import Live, NotRunning, Problem, gone, refuse
from edge.commands.shared import (
    EXIT_BROKEN,
    EXIT_NO,
    EXIT_USAGE,
    config_option,
    json_option,
    load,
    said_lang_option,
    stop,
)
from edge.commands.sheets import rows
from edge.commands.shifts import shift_rows
from edge.config import Config, Store
from edge.days import Day, read_day, sheet_of
from edge.journal import JournalError
from edge.refusals import Language
from edge.shop.calendar import is_day
from edge.shop.reports.sheet import Sheet, totals


@click.command("x-report")
@click.option(
    "--day", "day", default="", help="A business day, YYYY-MM-DD; without it, the open one."
)
@click.option("--shifts", is_flag=True, help="Each cashier's shift at each till instead.")
@config_option
@said_lang_option
@json_option
def x_report(
    day: str, shifts: bool, config_path: Path, lang: Language | None, as_json: bool
) -> None:
    """Print how the day goes, or how an old one went; changes nothing.

    Sales, tenders, tax, points, money in hand and cashiers. With --shifts what each cashier sold
    and took in, from signing on to counting the drawer, and what was over or short. The box may be
    selling meanwhile: the report is made from its file. What happened in training is left out.

    \b
    Example: edgebox x-report --config store.toml
    """
    if day and not is_day(day):
        raise click.BadParameter(f"{day!r} is not a day of the calendar", param_hint="--day")
    config = load(config_path)
    store = config.store
    found = _read(store, day)
    if not day and found.tally.closed is not None:
        stop(EXIT_NO, f"no day is open; {found.business_date} is closed",
             f"see it again: edgebox x-report --day {found.business_date}")  # fmt: skip
    sheet = sheet_of(found, store)
    if shifts:
        _print_shifts(sheet, found, lang or store.lang, as_json)
        return
    digest = totals(sheet)
    if as_json:
        click.echo(msgspec.json.encode({**msgspec.to_builtins(sheet), "totals": digest}))
    else:
        _print(config, sheet, lang or store.lang, digest)
    closed = found.tally.closed
    if closed is not None and closed.totals not in {"", digest}:
        stop(EXIT_NO, f"these are not the totals the day was closed with: {closed.totals[:16]}",
             "edgebox verify says whether the pages were changed")  # fmt: skip


@click.command("z-close")
@click.option(
    "--counted", multiple=True, metavar="WHAT=AMOUNT",
    help="What was found: CNY=123.45, or cash:pos-1=123.45 where there are several drawers.",
)  # fmt: skip
@click.option("--change-money", default="0", metavar="AMOUNT",
              help="What was in the drawer in the morning.")  # fmt: skip
@click.option("--cashier", default="", help="Who counted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@said_lang_option
@json_option
def z_close(
    counted: tuple[str, ...],
    change_money: str,
    cashier: str,
    yes: bool,
    config_path: Path,
    lang: Language | None,
    as_json: bool,
) -> None:
    """Close the business day of a running box; the next sale opens the next one.

    The day's totals are put down with it, so that its report can be proved later.

    \b
    Example: edgebox z-close --counted CNY=1234.50 --yes --config store.toml
    """
    config = load(config_path)
    store, said = config.store, lang or config.store.lang
    sheet = sheet_of(_read(store), store)
    request = {
        "counted": _counted(counted, store, sheet.exponent), "cashier": cashier, "lang": said,
        "change_money": minor_units("--change-money", change_money, sheet.exponent),
    }  # fmt: skip
    if not yes:
        _confirm(config, sheet, said)
    closed = _close(config, request)
    if as_json:
        click.echo(msgspec.json.encode({**msgspec.to_builtins(closed), "totals": totals(closed)}))
    else:
        _print(config, closed, said, totals(closed))


def _print_shifts(sheet: Sheet, day: Day, lang: Language, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(day.shifts.shifts))
        return
    for row in shift_rows(sheet, day.shifts.shifts, lang):
        click.echo(row)


def _confirm(config: Config, sheet: Sheet, lang: Language) -> None:
    """Ask on a terminal; elsewhere nobody is there to be asked."""
    if not sys.stdin.isatty():
        stop(EXIT_USAGE, "the day was not closed: nobody can be asked here", "say --yes")
    _print(config, sheet, lang, err=True)
    question = {"zh": "现在日结 {day}？", "en": "Close {day} now?"}[lang]
    if not click.confirm(question.format(day=sheet.day.business_date), err=True):
        sys.exit(EXIT_NO)


def _close(config: Config, request: object) -> Sheet:
    try:
        with Live(config.store.state_dir) as box:
            return msgspec.json.decode(box.ask("z_close", request), type=Sheet)
    except NotRunning:
        stop(EXIT_NO, "no box is running here", "start it: edgebox run")
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)


def _counted(given: tuple[str, ...], store: Store, exponent: int) -> dict[str, int]:
    """Return minor units by account; "" stands for the only drawer there is."""
    found: dict[str, int] = {}
    for one in given:
        what, equals, amount = one.partition("=")
        account = "" if what == store.currency else what
        if not equals or account in found or (account and ":" not in account):
            raise click.BadParameter(
                f"{one!r} is not {store.currency}=123.45 or cash:TERMINAL=123.45",
                param_hint="--counted",
            )
        found[account] = minor_units("--counted", amount, exponent)
    return found


def _read(store: Store, day: str = "") -> Day:
    path = store.state_dir / JOURNAL_FILE
    try:
        found = read_day(path, store, day)
    except (JournalError, apsw.Error, msgspec.MsgspecError, UnicodeError) as error:
        stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "edgebox verify says what is wrong")
    if found is None:
        stop(EXIT_NO, f"the journal has no day {day}".rstrip(),
             "the first sale opens one; name a day as YYYY-MM-DD")  # fmt: skip
    return found


def _print(
    config: Config, sheet: Sheet, lang: Language, digest: str = "", *, err: bool = False
) -> None:
    has_cloud = config.cloud.kind != "none"
    for row in rows(sheet, lang, digest, has_cloud=has_cloud):
        click.echo(row, err=err)
