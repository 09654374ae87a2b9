"""edgebox cloud: the contract with a membership cloud, what it says of settlement, and joining."""

import asyncio
from pathlib import Path
from typing import Literal

import click
import msgspec

from cloud_bridge.authority import Authority, Refused, Silent
from cloud_bridge.contract import SettlementStatement
from cloud_bridge.http import HttpWire
from cloud_bridge.line import Line
from cloud_bridge.openapi import openapi
from edge import config as settings
from edge.commands.live import asked
from edge.commands.shared import EXIT_NO, config_option, json_option, load, stop
from edge.desk.homes.joining import JoinAsked, Joined
from edge.shop.money import format_minor
from edge.world import real_world


@click.group()
def cloud() -> None:
    """See what a membership cloud must answer, ask it, and join one.

    \b
    Example: edgebox cloud contract
    """


@cloud.command()
def contract() -> None:
    """Print the contract as OpenAPI 3.1, for whoever builds a cloud.

    \b
    Example: edgebox cloud contract > cloud.json
    """
    click.echo(msgspec.json.format(msgspec.json.encode(openapi()), indent=2))


@cloud.command()
@click.argument("month")
@config_option
@json_option
def statement(month: str, config_path: Path, as_json: bool) -> None:
    """Ask the cloud who owes whom for a month: above zero pays, below zero receives.

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


@cloud.command()
@click.option("--dry-run", is_flag=True, help="Compare both books, and move nothing.")
@config_option
@json_option
def join(dry_run: bool, config_path: Path, as_json: bool) -> None:
    """Move the home of all accounts from this box to a cloud; there is no way back.

    First write kind = "joining" and the cloud's url into [cloud] and start the box again: it sells
    as before, and sends all that it ever did. This command says how far it is; once everything is
    there it compares what each member holds on both sides, and moves the home if that is the same.
    It may be stopped and started at any time.

    \b
    Example: edgebox cloud join --dry-run --config store.toml
    """
    config = load(config_path)
    looked = told = _join(config, "look")
    if not as_json:
        click.echo(_so_far(looked))
    is_there = looked.acknowledged == looked.facts
    if not looked.moved and (is_there or not dry_run):
        told = _join(config, "compare" if dry_run else "move")
    if as_json:
        click.echo(msgspec.json.encode(told))
    else:
        _tell(told)
    if told.differences or not (is_there or told.moved):
        raise SystemExit(EXIT_NO)


def _join(config: settings.Config, step: Literal["look", "compare", "move"]) -> Joined:
    said = asked(config.store.state_dir, "cloud_join", JoinAsked(step=step, lang=config.store.lang))
    return msgspec.json.decode(said, type=Joined)


def _so_far(joined: Joined) -> str:
    """Return how far a box has come, and what there is to move."""
    totals = ", ".join(f"{one.unit} {one.amount} in {one.lots}" for one in joined.totals)
    return (
        f"{joined.acknowledged} of {joined.facts} facts are at the cloud\n"
        f"{joined.members} members; lots: {totals or 'none'}"
    )


def _tell(joined: Joined) -> None:
    """Say what became of it."""
    for one in joined.differences:
        click.echo(f"{one.what} {one.unit}: {one.here or '-'} here, {one.there or '-'} there")
    if joined.compared:
        click.echo(f"{joined.compared} members hold the same on both sides")
    if joined.moved:
        click.echo("the cloud is the home of all accounts")
