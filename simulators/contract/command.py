"""`edgebox driver`: which drivers there are, whether one keeps the contract, and a new one."""

import json
import re
import sys
from dataclasses import asdict
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Final, NoReturn

import click

import drivers
from simulators.contract.kit import Incomplete, Kit, kit
from simulators.contract.running import Verdict, run

EXIT_NO, EXIT_USAGE = 1, 2
TEMPLATE: Final = files("simulators.contract") / "template"
WRITTEN: Final = {
    "pyproject.toml.txt": "pyproject.toml",
    "driver.py.txt": "{name}/__init__.py",
    "simulator.py.txt": "{name}/simulator.py",
    "capture.txt": "{name}/capture.txt",
}
"""What a new driver begins with, and where it goes in its folder."""

as_json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@click.group()
def driver() -> None:
    """Write device drivers, and check that they keep the contract."""


@driver.command("list")
@as_json_option
def driver_list(as_json: bool) -> None:
    """List the drivers there are, plugins included, with what they say and obey.

    Example: edgebox driver list
    """
    found = [_described(name) for name in drivers.available()]
    plugins = {point.name for point in entry_points(group=drivers.GROUP)}
    unusable = {name: why for name in sorted(plugins) if (why := drivers.broken(name))}
    if as_json:
        click.echo(json.dumps({"drivers": found, "broken": unusable}, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one['name']:20} {one['link']:8} {one['origin']:10} {one['what']}")
    for name, why in unusable.items():
        click.echo(f"{name:20} cannot be used: {why}", err=True)


def _described(name: str) -> dict[str, object]:
    declared = drivers.load(name)
    return {
        "name": name,
        "link": declared.link,
        "origin": drivers.parts(name).origin,
        "what": declared.doc.strip().splitlines()[0],
        "says": [word.__name__ for word in declared.says],
        "obeys": [word.__name__ for word in declared.obeys],
    }


@driver.command("test")
@click.argument("name")
@click.option("--rounds", default=200, show_default=True, help="Kinds of luck for each check.")
@click.option("--seed", default=0, show_default=True, help="The first kind of luck.")
@as_json_option
def driver_test(name: str, rounds: int, seed: int, as_json: bool) -> None:
    """Check that a driver, its simulator and its capture keep the contract.

    Example: edgebox driver test lines_scanner
    """
    verdicts = []
    for verdict in run(_kit(name), seed, rounds):
        verdicts.append(verdict)
        if not as_json:
            click.echo(_line(verdict))
    held = all(verdict.held for verdict in verdicts)
    if as_json:
        checks = [{**asdict(verdict), "held": verdict.held} for verdict in verdicts]
        click.echo(json.dumps({"driver": name, "held": held, "checks": checks}))
    sys.exit(0 if held else EXIT_NO)


def _kit(name: str) -> Kit:
    if why := drivers.broken(name):
        _stop(
            EXIT_USAGE, f"no driver {name}: {why}", f"use one of: {', '.join(drivers.available())}"
        )
    try:
        return kit(name)
    except Incomplete as no:
        _stop(EXIT_NO, str(no), "see `edgebox driver new --help` for the files a driver has")


def _line(verdict: Verdict) -> str:
    if verdict.held:
        return f"ok  {verdict.what}"
    again = f"    again: --seed {verdict.seed} --rounds 1"
    return f"NO  {verdict.what}\n    {verdict.reason}\n{again}"


@driver.command("new")
@click.argument("name")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=".",
    help="Where its folder is made.",
)  # fmt: skip
def driver_new(name: str, folder: Path) -> None:
    """Begin a driver of your own: a package with its three files, to be completed.

    Example: edgebox driver new acme_scanner
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name):
        _stop(
            EXIT_USAGE, f"{name!r} is no name for a driver", "use a-z, 0-9 and _, as in acme_scale"
        )
    if name in drivers.available():
        _stop(EXIT_USAGE, f"there is a driver {name} already", "choose another name")
    home = folder / name
    if home.exists():
        _stop(EXIT_USAGE, f"{home} is there already", "choose another name or --folder")
    for source, target in WRITTEN.items():
        path = home / target.format(name=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (TEMPLATE / source).read_text("utf-8")
        path.write_text(text.replace("acme_scanner", name), "utf-8")
        click.echo(f"written: {path}")
    click.echo(f"next: pip install -e {home}; edgebox driver test {name}")


def _stop(code: int, what: str, fix: str) -> NoReturn:
    click.echo(f"{what}\n    fix: {fix}", err=True)
    sys.exit(code)
