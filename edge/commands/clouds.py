"""edgebox cloud: the contract with a membership cloud, and what the cloud says of settlement."""

import asyncio
from pathlib import Path

import click
import msgspec

from cloud_bridge.authority import Authority, Refused, Silent
from cloud_bridge.contract import SettlementStatement
from cloud_bridge.http import HttpWire
from cloud_bridge.line import Line
from cloud_bridge.openapi import openapi
from edge import config as settings
from edge.commands.shared import EXIT_NO, config_option, json_option, load, stop
from edge.shop.money import format_minor
from edge.world import real_world


@click.group()
def cloud() -> None:
    r"""See what a membership cloud must answer, and ask it.

    \b
    Example: edgebox cloud contract
    """


@cloud.command()
def contract() -> None:
    r"""Print the contract as OpenAPI 3.1, for whoever builds a cloud.

    \b
    Example: edgebox cloud contract > cloud.json
    """
    click.echo(msgspec.json.format(msgspec.json.encode(openapi()), indent=2))


@cloud.command()
@click.argument("month")
@config_option
@json_option
def statement(month: str, config_path: Path, as_json: bool) -> None:
    r"""Ask the cloud who owes whom for a month: above zero pays, below zero receives.

    \b
    Example: edgebox cloud statement 2026-11 --config store.toml
    """
    config = load(config_path)
    if config.cloud.kind == "none":
        stop(EXIT_NO, "this box belongs to no cloud", "there is nobody to settle with")
    found = asyncio.run(_ask(config, month))
    if isinstance(found, Silent | Refused):
        reason = found.reason if isinstance(found, Silent) else found.code
        stop(EXIT_NO, f"the cloud gave no statement: {reason}", "try again when it is reached")
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for share in found.shares:
        click.echo(f"{share.party:<24}{format_minor(share.pays, 2):>16} {share.currency}")


async def _ask(config: settings.Config, month: str) -> SettlementStatement | Refused | Silent:
    sign = settings.read_or_create_box_key(config.secrets.box_key_file).sign
    world = real_world()
    async with HttpWire(config.cloud.url) as wire:
        line = Line(config.cloud.box, sign, wire, world.now)
        return await Authority(line, world.monotonic, world.luck.random).statement(month)
