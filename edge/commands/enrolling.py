"""Group enrolment: a list of people becomes members of the programme."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from edge.commands.live import Live, NotRunning, Problem, gone, refuse
from edge.commands.shared import (
    EXIT_NO,
    EXIT_USAGE,
    config_option,
    json_option,
    load,
    said_lang_option,
    stop,
)
from edge.desk.office.groups import ROWS_MAX, EnrolGroup, GroupEnrolled, GroupRow, RowRefused
from edge.refusals import Language

PERSONAL = ("name", "email", "address", "note")
"""Columns that only the cloud may read."""
COLUMNS = ("display", "phone", "birthday", "card", *PERSONAL)


@click.command("enrol")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--group", required=True, help="The group they belong to, as the rules call it.")
@click.option("--consent", multiple=True, metavar="TO=VERSION",
              help="What all of them have agreed to, such as terms=1.")  # fmt: skip
@click.option("--adult", is_flag=True, help="All of them are of age.")
@config_option
@said_lang_option
@json_option
def enrol(
    file: Path,
    group: str,
    consent: tuple[str, ...],
    adult: bool,
    config_path: Path,
    lang: Language | None,
    as_json: bool,
) -> None:
    """Make the people of a CSV file members, through a running box.

    \b
    Columns, by the names of the first line: display, phone, birthday (MM-DD), card,
      and what only the cloud may read: name, email, address, note
    A file that is sent again enrols nobody twice.

    \b
    Example: edgebox enrol staff.csv --group acme --consent terms=1 --config store.toml
    """
    config = load(config_path)
    rows = _rows(file)
    common: dict[str, Any] = {"consents": [_consent(one) for one in consent], "adult": adult}
    members, refused = 0, list[RowRefused]()
    try:
        with Live(config.store.state_dir) as box:
            for at in range(0, len(rows), ROWS_MAX):
                asked = EnrolGroup(
                    group=group, common=common, rows=tuple(rows[at : at + ROWS_MAX]),
                    lang=lang or config.store.lang,
                )  # fmt: skip
                said = msgspec.json.decode(box.ask("enrol_group", asked), type=GroupEnrolled)
                members, refused = members + said.members, [*refused, *said.refused]
    except NotRunning:
        stop(EXIT_NO, "no box is running here", "start it: edgebox run")
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)
    done = GroupEnrolled(members=members, refused=tuple(refused))
    _tell(done, lang or config.store.lang, as_json=as_json)


def _tell(done: GroupEnrolled, lang: Language, *, as_json: bool) -> None:
    is_zh = lang == "zh"
    if as_json:
        click.echo(msgspec.json.encode(done))
    else:
        n = done.members
        click.echo(f"名单上有 {n} 行已是会员" if is_zh else f"{n} rows of this list are members")
        for one in done.refused:
            row = f"第 {one.row} 行" if is_zh else f"row {one.row}"
            click.echo(f"{row}: {one.code}: {one.detail} {one.fix}", err=True)
    if done.refused:
        sys.exit(EXIT_NO)


def _consent(said: str) -> dict[str, str]:
    to, equals, version = said.partition("=")
    if not (to and equals and version):
        raise click.BadParameter(f"{said!r} is not TO=VERSION", param_hint="--consent")
    return {"to": to, "version": version}


def _rows(file: Path) -> Sequence[GroupRow]:
    """Return the rows of a CSV file (RFC 4180, UTF-8), numbered from 1."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return [*_read(file, csv.DictReader(stream, strict=True))]
    except (UnicodeError, csv.Error) as error:
        stop(EXIT_USAGE, f"{file}: {error}", "save it as CSV in UTF-8, cells with commas quoted")


def _read(file: Path, reader: "csv.DictReader[str]") -> Iterator[GroupRow]:
    unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
    if unknown or not reader.fieldnames:
        stop(EXIT_USAGE, f"{file}: no column is called {json.dumps(unknown)}",
             f"the columns are {', '.join(COLUMNS)}")  # fmt: skip
    for number, cells in enumerate(reader, 1):
        if None in cells:
            stop(EXIT_USAGE, f"{file}: row {number} has more cells than there are columns",
                 "put cells with commas in quotes")  # fmt: skip
        said = {name: text.strip() for name, text in cells.items() if text and text.strip()}
        fields: dict[str, Any] = {name: said[name] for name in said if name not in PERSONAL}
        personal = {name: said[name] for name in PERSONAL if name in said}
        if personal:
            fields["personal"] = personal | ({"phone": said["phone"]} if "phone" in said else {})
        yield GroupRow(number, fields)
