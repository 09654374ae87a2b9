"""`edgebox devices`: what is plugged in, what it says, whether it works, and whose it is."""

import asyncio
import json
import sys
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click

from drivers.links.plugged import everything
from drivers.profiles import DOUBTS, SHEET
from edge import config as settings
from edge.commands import device_lines as lines
from edge.commands.binding import add_section, proposed, scans
from edge.commands.card_readers import card_readers
from edge.commands.live import Live, NotRunning, Problem, gone, refuse
from edge.commands.local_devices import ask_devices, known
from edge.commands.shared import EXIT_NO, EXIT_USAGE, config_option, json_option, load, stop

ROOT = Path("/")
LEVELS = ("internal", "external", "interactive")
NO_BOX = "no box runs here: this is what the machine has"

name_argument = click.argument("name")


@click.group()
def devices() -> None:
    """Look after scanners, readers, printers and whatever else is plugged in."""


@devices.command("list")
@config_option
@json_option
def devices_list(config_path: Path, as_json: bool) -> None:
    """List what is plugged in and what is configured, with state and statistics.

    Example: edgebox devices list
    """
    config = load(config_path) if config_path.exists() else None
    sections = config.devices if config else {}
    urls = {name: device.url for name, device in sections.items()}
    found, readers = everything(ROOT), card_readers(urls)
    configured = _running(config) if config else None
    if as_json:
        told = [
            {"url": one.url, "path": str(one.path), "port": one.port, "name": one.name,
             "used_by": lines.used_by(one, urls)}
            for one in found
        ]  # fmt: skip
        told += [
            {"url": one.url, "path": "", "port": "", "name": one.name, "used_by": one.used_by}
            for one in readers
        ]
        click.echo(json.dumps({"plugged_in": told, "devices": configured}, ensure_ascii=False))
        return
    for one in found:
        click.echo(lines.plugged(one, lines.used_by(one, urls)))
    for reader in readers:
        click.echo(str(reader))
    if configured is None:
        click.echo(NO_BOX, err=True)
        for name, url in urls.items():
            click.echo(f"{name:16} {sections[name].driver} at {url}")
    for device in configured or ():
        click.echo(lines.listed(device))


def _running(config: settings.Config) -> list[dict[str, Any]] | None:
    try:
        with Live(config.store.state_dir) as box:
            listed: list[dict[str, Any]] = json.loads(box.ask("devices_list", {}))
            return listed
    except NotRunning:
        return None
    except OSError as error:
        gone(error)


@devices.command("watch")
@click.argument("name", default="")
@click.option("--show", is_flag=True, help="Show texts whole; they may be somebody's card.")
@click.option("--count", type=click.IntRange(1), help="End after so many events.")
@config_option
@json_option
def devices_watch(
    name: str, show: bool, count: int | None, config_path: Path, as_json: bool
) -> None:
    """Show what devices say, as they say it: scan anything now. Ends with Ctrl-C.

    Example: edgebox devices watch
    """
    config = load(config_path)
    known(config, name)
    click.echo("scan anything now; Ctrl-C ends it", err=True)
    try:
        for number, event in enumerate(_events(config, name, show), 1):
            click.echo(json.dumps(event, ensure_ascii=False) if as_json else lines.told(event))
            if number == count:
                return
    except KeyboardInterrupt:
        return


def _events(config: settings.Config, name: str, show: bool) -> Iterator[dict[str, Any]]:
    after: int | None = None
    with ask_devices(config) as ask:
        while True:
            said = _ask(ask, "devices_watch", {"after": after, "device": name, "show": show})
            yield from said["events"]
            after = said["next"]


@devices.command("test")
@name_argument
@click.option("--level", type=click.Choice(LEVELS), help="Only this one.")
@click.option("--seconds", type=click.FloatRange(0.1, 60), default=20.0, show_default=True,
              help="Time for a hand to use it.")  # fmt: skip
@config_option
@json_option
def devices_test(
    name: str, level: str | None, seconds: float, config_path: Path, as_json: bool
) -> None:
    """Check a device as CheckHealth of UnifiedPOS does: what we know, its own test, a hand.

    Example: edgebox devices test scanner-1
    """
    config = load(config_path)
    known(config, name)
    checks = []
    with ask_devices(config) as ask:
        for one in (level,) if level else LEVELS[:2]:
            if one == "interactive":
                click.echo("use it now: scan anything, press a key, lay down a card", err=True)
            asked: dict[str, Any] = {"device": name, "level": one}
            if one == "interactive":
                asked["seconds"] = seconds
            checks.append(_ask(ask, "devices_test", asked))
    healthy = all(check["healthy"] for check in checks)
    if as_json:
        click.echo(json.dumps({"device": name, "healthy": healthy, "checks": checks}))
    else:
        click.echo(lines.verdict(name, checks))
    sys.exit(0 if healthy else EXIT_NO)


def _ask(ask: Any, operation: str, request: dict[str, Any]) -> Any:
    try:
        return json.loads(ask(operation, request))
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)


@devices.command("bind")
@name_argument
@click.option("--url", help="Where it is; without it, whatever speaks first.")
@click.option(
    "--text",
    "texts",
    multiple=True,
    default=[SHEET[0].text],
    show_default=True,
    help="The number below a barcode that you scan; give it again for another one.",
)
@click.option("--scans", "count", type=click.IntRange(min=1), default=3, show_default=True,
              help="How many scans have to agree.")  # fmt: skip
@click.option("--seconds", default=30.0, show_default=True, help="Time for each scan.")
@click.option("--write", is_flag=True, help="Add the section to the configuration.")
@config_option
def devices_bind(
    name: str, url: str | None, texts: tuple[str, ...], count: int, seconds: float,
    write: bool, config_path: Path,
) -> None:  # fmt: skip
    """Find out by scans which device it is and how it is set up, and propose its section.

    The first scan tells which device it is; the others have to say the same of how it is set up.
    Scan codes of two kinds, such as an EAN-13 and a QR code, to have prefixes found out surely.

    Example: edgebox devices bind scanner-2 --text 6901234567892
    """
    config = load(config_path)
    if name in config.devices:
        stop(EXIT_USAGE, f"there is a device {name} already", "choose another name")
    taken = {name: device.url for name, device in config.devices.items()}
    free = [one.url for one in everything(ROOT) if not lines.used_by(one, taken)]
    if not (urls := [url] if url else free):
        stop(EXIT_NO, "nothing is plugged in that is not used", "plug it in, or give --url")
    wanted = list(islice(cycle(texts), max(count, len(texts))))
    where, sent = asyncio.run(scans(urls, wanted, seconds, partial(_ask_for, name)))
    if not sent:
        stop(EXIT_NO, f"nothing came from {', '.join(urls)}", DOUBTS["nothing"])
    if len(sent) < len(wanted):
        came = f"{len(sent)} of {len(wanted)} scans came from {where}"
        stop(EXIT_NO, came, "scan as often as you are asked to, or ask for fewer: --scans 1")
    found = proposed(where, list(zip(wanted, sent, strict=True)))
    if found.unclear:
        click.echo("\n".join(DOUBTS[doubt] for doubt in found.unclear), err=True)
        sys.exit(EXIT_NO)
    section = lines.section(name, where, found.driver, found.settings)
    click.echo(section)
    if write:
        add_section(config_path, section)
        click.echo(f"written: {config_path}; a running box reads it at its next start", err=True)


def _ask_for(name: str, text: str) -> None:
    click.echo(f"scan {text} now, with the device that is to be {name}", err=True)
