"""Commands on encryption: the box's own authority and the certificate it signs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from edge import config as settings
from edge.certificates import AUTHORITY_FILE, CA_FILE, Authority, Served
from edge.commands.shared import (
    EXIT_BROKEN,
    EXIT_NO,
    EXIT_USAGE,
    config_option,
    json_option,
    load,
    stop,
)
from edge.world import wall_clock


@click.group()
def tls() -> None:
    """Look after the box's own authority, which terminals trust: init, show, renew."""


@tls.command("init")
@click.option("--force", is_flag=True, help="In the place of another: pair all terminals again.")
@config_option
def tls_init(config_path: Path, force: bool) -> None:
    """Make the authority, and a certificate for the hosts that [http] names.

    Example: edgebox tls init --config store.toml
    """
    config, folder = _folder(config_path)
    if (folder / AUTHORITY_FILE).exists() and not force:
        stop(EXIT_NO, f"{folder} has an authority, and terminals trust it",
             "edgebox tls renew makes a new certificate; --force a new authority")  # fmt: skip
    try:
        authority = Authority.create(folder, config.store.id, config.http.hosts)
        served = authority.issue(config.http.hosts, _now())
    except OSError as error:
        _not_written(folder, error)
    except ValueError as error:
        stop(EXIT_USAGE, f"http.hosts: {error}", "give host names and IP addresses")
    _say(authority, served, folder)


@tls.command("show")
@config_option
@json_option
def tls_show(config_path: Path, as_json: bool) -> None:
    """Say what terminals have to trust, and how long the certificate is good for.

    Example: edgebox tls show --json
    """
    _, folder = _folder(config_path)
    authority = _authority(folder)
    served = authority.served()
    if served is None:
        stop(EXIT_NO, f"{folder} has no certificate of its authority", "edgebox tls renew")
    if not as_json:
        _say(authority, served, folder)
        return
    click.echo(
        msgspec.json.encode(
            {
                "fingerprint": authority.fingerprint,
                "hosts": served.hosts,
                "since": served.since,
                "until": served.until,
                "serial": f"{served.serial:x}",
            }
        )
    )


@tls.command("renew")
@config_option
def tls_renew(config_path: Path) -> None:
    """Make a new certificate now; a running box serves it within the hour.

    Example: edgebox tls renew
    """
    config, folder = _folder(config_path)
    authority = _authority(folder)
    try:
        served = authority.issue(config.http.hosts, _now())
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))
    except OSError as error:
        _not_written(folder, error)
    _say(authority, served, folder)


def _not_written(folder: Path, error: OSError) -> NoReturn:
    why = f"{folder} cannot be written: {error.strerror}"
    stop(EXIT_BROKEN, why, "let the box's user write there, or give another tls_folder")


def _say(authority: Authority, served: Served, folder: Path) -> None:
    click.echo(f"fingerprint: {authority.fingerprint}")
    click.echo(f"hosts: {', '.join(served.hosts)}")
    click.echo(f"good until: {served.until:%Y-%m-%d}; the box renews it by itself")
    click.echo(f"give to terminals: {folder / CA_FILE}")


def _folder(config_path: Path) -> tuple[settings.Config, Path]:
    config = load(config_path)
    folder = config.secrets.tls_folder
    if folder is None:
        what = "the configuration names no folder for certificates"
        stop(EXIT_USAGE, what, 'add tls_folder = "secrets/tls" to [secrets]')
    return config, folder


def _authority(folder: Path) -> Authority:
    try:
        return Authority.open(folder)
    except settings.ConfigError as error:
        stop(EXIT_NO, str(error))


def _now() -> datetime:
    return datetime.fromtimestamp(wall_clock() / 1000, UTC)
