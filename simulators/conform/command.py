"""The command `edgebox conform`: is somebody else's end of our wires as it has to be?"""

import asyncio
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from simulators.conform.badge import svg, verdict
from simulators.conform.cloud.command import cloud
from simulators.conform.terminal.cases import cases
from simulators.conform.terminal.moves import Door
from simulators.conform.terminal.playing import Result, play
from simulators.conform.terminal.under_test import PROTOCOL, Fell

EXIT_NO, EXIT_USAGE = 1, 2
SAMPLES: dict[str, Door] = {"handheld": "mqtt", "pc_pos": "http"}


@click.group()
def conform() -> None:
    """Check a terminal, or a cloud, against what edgebox expects of it."""


conform.add_command(cloud)


@conform.command()
@click.argument("command", required=False)
@click.option("--door", type=click.Choice(["mqtt", "http"]), default="http", show_default=True)
@click.option("--sample", type=click.Choice(sorted(SAMPLES)), help="Check one of our own instead.")
@click.option("--case", "wanted", default="", help="Only cases whose name holds this.")
@click.option("--list", "listing", is_flag=True, help="Name all cases, and play none.")
@click.option("--protocol", is_flag=True, help="Say what the program has to understand.")
@click.option(
    "--badge", type=click.Path(path_type=Path, dir_okay=False), help="Write it here, SVG."
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
def terminal(
    command: str | None, door: Door, sample: str | None, wanted: str, listing: bool,
    protocol: bool, badge: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Play a box that fails in every way against a terminal, and judge what it does.

    COMMAND starts the terminal; `--protocol` says what it has to understand. Exits 1 when a
    promise is broken.

    Example: edgebox conform terminal "python my_till.py" --door mqtt --badge badge.svg
    """
    if protocol:
        click.echo(PROTOCOL, nl=False)
        return
    if sample is not None:
        command = f"{shlex.quote(sys.executable)} -m simulators.conform.tills {sample}"
        door = SAMPLES[sample]
    chosen = [case for case in cases(door) if wanted in case.name]
    if listing:
        for case in chosen:
            click.echo(f"{case.name}: {case.promise}")
        return
    if command is None:
        _stop("there is no terminal to check", "give the command that starts it, or --sample")
    if not chosen:
        _stop(f"no case's name holds {wanted!r}", "edgebox conform terminal --list names them all")
    results = _play(command, door, {case.name for case in chosen}, as_json)
    if badge is not None:
        badge.write_text(svg(results, "terminal", door), "utf-8")
    _tell(results, door, as_json)


def _play(command: str, door: Door, names: set[str], as_json: bool) -> list[Result]:
    try:
        words = shlex.split(command)
        return asyncio.run(
            play(words, door, lambda case: case.name in names, _quiet if as_json else _line)
        )
    except (Fell, OSError, ValueError) as error:
        _stop(f"{command} cannot be tested: {error}", "edgebox conform terminal --protocol")


def _line(result: Result) -> None:
    if result.passed:
        click.echo(f"  ok    {result.case}")
    else:
        click.secho(f"  FAIL  {result.case}: {result.reason}", fg="red")
        click.echo(f"        a good terminal {result.promise}")


def _quiet(result: Result) -> None:
    """Say nothing yet."""


def _tell(results: list[Result], door: Door, as_json: bool) -> None:
    if as_json:
        said = [{**asdict(result), "passed": result.passed} for result in results]
        click.echo(json.dumps({"door": door, "cases": said}, ensure_ascii=False))
    else:
        click.echo(verdict(results, "terminal", door))
    sys.exit(0 if all(result.passed for result in results) else EXIT_NO)


def _stop(what: str, fix: str) -> NoReturn:
    click.echo(f"{what}\n    fix: {fix}", err=True)
    sys.exit(EXIT_USAGE)
