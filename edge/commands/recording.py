"""`edgebox record` and `replay`: what passes between us and a device, as a file that is a test."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

import drivers
from drivers import captures
from drivers.codec import Driver, Kind
from drivers.recording import Mask, Passed, compose
from edge import config as settings
from edge.commands.live import Problem, gone, refuse
from edge.commands.local_devices import ask_devices, known
from edge.commands.shared import EXIT_NO, EXIT_USAGE, config_option, json_option, load, stop

MASKABLE: Kind = "stream"
"""Only there digits are characters on the wire; a keyboard's reports are keys."""


@click.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help="The capture's file; it must not exist.")  # fmt: skip
@click.option("--seconds", default=30.0, show_default=True, help="How long, or until Ctrl-C.")
@click.option("--frames", default=0, help="End once the device has sent so many.")
@click.option("--unmasked", is_flag=True, help="Keep numbers of cards and phones as they are.")
@config_option
def record(
    name: str, out: Path, seconds: float, frames: int, unmasked: bool, config_path: Path
) -> None:
    """Write what passes between us and a device into a capture; use the device meanwhile.

    Example: edgebox record scanner-1 --out scanner-1.txt
    """
    config = load(config_path)
    known(config, name)
    section = config.devices[name]
    driver = drivers.load(section.driver)
    if driver.recorded == "never":
        what = f"what {section.driver} sends is never recorded: it may be a payment card"
        stop(EXIT_USAGE, what, "write the capture by hand, as its manual says")
    if (driver.link != MASKABLE or driver.recorded == "unmasked") and not unmasked:
        what = f"what {section.driver} sends cannot be masked: it is not text on the wire"
        stop(EXIT_USAGE, what, "use a card of nobody, and say --unmasked")
    if out.exists():
        stop(EXIT_USAGE, f"{out} is there already", "give another --out")
    click.echo(f"use {name} now; Ctrl-C ends it", err=True)
    passed = _listen(config, section, driver, seconds, frames)
    mask = Mask(_digits)
    if not unmasked:
        passed = mask.frames(passed)
    lines = list(compose(driver, section.driver, passed))
    if not (unmasked or mask.hides(lines)):
        what = f"what {section.driver} sends cannot be masked: it is not text on the wire"
        stop(EXIT_NO, what, "nothing was written; use a card of nobody, and say --unmasked")
    try:
        out.write_text("\n".join(lines) + "\n", "utf-8")
    except OSError as error:
        stop(EXIT_USAGE, f"{out} cannot be written: {error.strerror}", "give another --out")
    sent = sum(one.mark == "<" for one in passed)
    click.echo(f"{out}: {sent} frames; try: edgebox replay {out}")
    if not sent:
        sys.exit(EXIT_NO)


def _listen(
    config: settings.Config,
    section: settings.Device,
    driver: Driver[Any],
    seconds: float,
    frames: int,
) -> list[Passed]:
    """Return what passed in so many seconds, or until so many frames were sent, from a beginning.

    No `frames` are as many as there may be.
    """
    lines: list[tuple[int, float, str, str]] = []
    until = time.monotonic() + seconds
    try:
        with ask_devices(config) as ask:
            after: int | None = None
            while time.monotonic() < until and not 0 < frames <= _sent(lines):
                said = _ask(ask, {"device": section.name, "after": after})
                lines += said["passed"]
                after = said["next"]
    except KeyboardInterrupt:
        pass
    passed = [_read(at, mark, text, driver) for _, at, mark, text in lines if mark in "!<+"]
    if passed and passed[0].mark != "!":
        passed.insert(0, Passed(passed[0].seconds, "!", section.settings))
    return passed


def _sent(lines: list[tuple[int, float, str, str]]) -> int:
    return sum(mark == "<" for _, _, mark, _ in lines)


def _read(at: float, mark: str, text: str, driver: Driver[Any]) -> Passed:
    (step,) = captures.read([f"{mark} {text}"], driver.settings)
    return Passed(at, mark, step.what)


def _ask(ask: Any, request: dict[str, Any]) -> Any:
    try:
        return json.loads(ask("devices_traffic", request))
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)


def _digits(count: int) -> str:
    return "".join(str(byte % 10) for byte in os.urandom(count))


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--driver", "name", help="The driver; without it, the one the file names.")
@json_option
def replay(path: Path, name: str | None, as_json: bool) -> None:
    """Play a capture to its driver, and compare what the driver says with what the file says.

    Example: edgebox replay scanner-1.txt
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        stop(EXIT_USAGE, f"{path} cannot be read: {error}", "give a capture's file")
    driver_name = name or _named(text) or path.stem
    if why := drivers.broken(driver_name):
        fix = f"give --driver, one of: {', '.join(drivers.available())}"
        stop(EXIT_USAGE, f"no driver {driver_name}: {why}", fix)
    driver = drivers.load(driver_name)
    said: dict[str, object] = {"driver": driver_name, "same": True}
    try:
        played = captures.replay(captures.read(text.splitlines(), driver.settings), driver.codec)
        said |= {"frames": played.frames, "words": sorted(kind.__name__ for kind in played.kinds)}
    except captures.BadCapture as error:
        stop(EXIT_USAGE, f"{path}: {error}", "see the marks in the first lines of a capture")
    except captures.Differs as error:
        said |= {"same": False, "differs": str(error)}
    if as_json:
        click.echo(json.dumps(said))
    elif said["same"]:
        click.echo(f"{path}: {driver_name} does the same: {said['frames']} frames")
    else:
        click.echo(f"{path}: {driver_name} differs: {said['differs']}", err=True)
    sys.exit(0 if said["same"] else EXIT_NO)


def _named(text: str) -> str | None:
    marked = (line.removeprefix("# driver:").strip() for line in text.splitlines()
              if line.startswith("# driver:"))  # fmt: skip
    return next(marked, None)
