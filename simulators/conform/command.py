"""The command `edgebox conform`: is somebody else's end of our wires as it has to be?"""

import asyncio
import shlex
import sys
from pathlib import Path

import click

from simulators.conform.cloud.command import cloud
from simulators.conform.judged import Result, conclude, stop, told, untold
from simulators.conform.terminal.cases import cases
from simulators.conform.terminal.moves import Door
from simulators.conform.terminal.playing import play
from simulators.conform.terminal.under_test import PROTOCOL, Fell

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
        stop("there is no terminal to check", "give the command that starts it, or --sample")
    if not chosen:
        stop(f"no case's name holds {wanted!r}", "edgebox conform terminal --list names them all")
    results = _play(command, door, {case.name for case in chosen}, as_json)
    conclude(results, "terminal", ("door", door), badge, as_json)


def _play(command: str, door: Door, names: set[str], as_json: bool) -> list[Result]:
    try:
        words = shlex.split(command)
        return asyncio.run(
            play(words, door, lambda case: case.name in names, untold if as_json else told)
        )
    except (Fell, OSError, ValueError) as error:
        stop(f"{command} cannot be tested: {error}", "edgebox conform terminal --protocol")
