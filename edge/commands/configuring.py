"""Commands on the store's configuration: check it, its schema, tokens for terminals."""

import os
from pathlib import Path

import click
import msgspec

from edge import config as settings
from edge.access.passwords import BROKER_SALT_BYTES, TOKEN_BYTES, broker_hash, token_hash
from edge.commands.shared import load


@click.group()
def config() -> None:
    """Look after the store's configuration."""


@config.command("check")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def config_check(path: Path) -> None:
    """Say everything that is wrong with a configuration.

    Example: edgebox config check store.toml
    """
    config = load(path)
    click.echo(
        f"{path}: good: store {config.store.id}; terminals: {len(config.terminals)},"
        f" devices: {len(config.devices)}, lanes: {len(config.lanes)}"
    )
    if config.cloud.kind != "none" and not config.secrets.phone_key_file.exists():
        click.echo(
            "before the first start: put the programme's phone key, which the cloud gives you,"
            f" into {config.secrets.phone_key_file} (mode 0600)"
        )


@config.command("token")
def config_token() -> None:
    """Make a token for a terminal, and the hashes of it that the configuration holds.

    The second hash is only needed where terminals come through an external MQTT broker.

    Example: edgebox config token
    """
    token = os.urandom(TOKEN_BYTES).hex()
    click.echo(f"token (give it to the terminal): {token}")
    click.echo(f'token_sha256 = "{token_hash(token)}"')
    click.echo(f'broker_hash = "{broker_hash(token, os.urandom(BROKER_SALT_BYTES))}"')


@config.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration.

    Example: edgebox config schema > store.schema.json
    """
    click.echo(msgspec.json.format(msgspec.json.encode(settings.schema())).decode())
