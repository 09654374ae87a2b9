"""Commands on the people who work here. A PIN is typed, never given as an option."""

import os
import sys
from pathlib import Path

import click
import msgspec

from edge.access.passwords import PIN, SALT_BYTES, pin_hash
from edge.commands.live import asked
from edge.commands.shared import EXIT_USAGE, config_option, json_option, load, stop


@click.group()
def staff() -> None:
    """Look after the people who sign on with a PIN: list, add, pin, remove, hash."""


@staff.command("list")
@config_option
@json_option
def staff_list(config_path: Path, as_json: bool) -> None:
    """Say who works here.

    Example: edgebox staff list
    """
    answer = asked(load(config_path).store.state_dir, "staff_list", {})
    if as_json:
        click.echo(answer)
        return
    for one in msgspec.json.decode(answer):
        rights = ", ".join(one["rights"]) or "no rights"
        click.echo(f"{one['id']}: {one['name']}; {rights}; {one['source']}")


@staff.command("add")
@click.argument("cashier")
@click.option("--name", help="As receipts and reports should say it; the id without it.")
@click.option("--right", "rights", multiple=True, help="approve: a manager.")
@config_option
def staff_add(cashier: str, name: str | None, rights: tuple[str, ...], config_path: Path) -> None:
    """Add somebody. The PIN is asked for, or read from a pipe.

    From the first person on, whoever sells has to sign on first.

    Example: edgebox staff add anna --name "Anna Li" --right approve
    """
    folder = load(config_path).store.state_dir
    person = {"id": cashier, "name": name or cashier, "pin": _typed(), "rights": rights}
    asked(folder, "staff_add", person)
    click.echo(f"{cashier} can sign on now")


@staff.command("pin")
@click.argument("cashier")
@config_option
def staff_pin(cashier: str, config_path: Path) -> None:
    """Give somebody another PIN. It is asked for, or read from a pipe.

    Example: edgebox staff pin anna
    """
    folder = load(config_path).store.state_dir
    asked(folder, "staff_pin", {"id": cashier, "pin": _typed()})
    click.echo(f"{cashier} has a new PIN")


@staff.command("remove")
@click.argument("cashier")
@config_option
def staff_remove(cashier: str, config_path: Path) -> None:
    """Let somebody go: they are signed off everywhere at once.

    Example: edgebox staff remove anna
    """
    asked(load(config_path).store.state_dir, "staff_remove", {"id": cashier})
    click.echo(f"{cashier} cannot sign on any more")


@staff.command("hash")
def staff_hash() -> None:
    """Say the hash of a PIN, for a [staff.name] section of the configuration.

    Example: edgebox staff hash
    """
    click.echo(f'pin_scrypt = "{pin_hash(_typed(), os.urandom(SALT_BYTES))}"')


def _typed() -> str:
    """Return a PIN that nobody can read over a shoulder or in a list of processes."""
    if sys.stdin.isatty():
        pin = str(click.prompt("PIN", hide_input=True, confirmation_prompt=True))
    else:
        pin = sys.stdin.readline().strip()
    if not PIN.fullmatch(pin):
        stop(EXIT_USAGE, "that is not a PIN", "a PIN has 4 to 12 digits")
    return pin
