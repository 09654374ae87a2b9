"""What commands have in common: their options, their exit codes, and how they stop."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from edge import config as settings

EXIT_NO, EXIT_USAGE, EXIT_BROKEN = 1, 2, 70

Decorator = Callable[[Callable[..., None]], Callable[..., None]]
config_option: Decorator = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default="store.toml",
    show_default=True,
    help="The store's configuration.",
)
json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Answer in JSON, for programs."
)
said_lang_option: Decorator = click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="In words of; without it, the store's."
)


def load(path: Path) -> settings.Config:
    """Return the configuration, or stop with what is wrong with it."""
    try:
        return settings.load(path)
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))


def stop(code: int, what: str, fix: str = "") -> NoReturn:
    """Say what is wrong and what to do about it, and end with this code."""
    click.echo(what + (f"\n    fix: {fix}" if fix else ""), err=True)
    sys.exit(code)
