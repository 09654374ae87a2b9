"""Commands on terminals: who there is, let one in, change what it may, send it away."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from edge.commands.live import asked
from edge.commands.qr import as_blocks, as_png
from edge.commands.shared import config_option, json_option, load


@click.group()
def terminals() -> None:
    """Look after the terminals: list, pair, rotate, revoke, rights."""


@terminals.command("list")
@config_option
@json_option
def terminals_list(config_path: Path, as_json: bool) -> None:
    """Say who may come in, and who may not any more.

    Example: edgebox terminals list
    """
    answer = _ask(config_path, "terminals_list", {})
    if as_json:
        click.echo(answer)
        return
    found = msgspec.json.decode(answer)
    for one in found["terminals"]:
        rights = ", ".join(one["rights"]) or "no rights"
        notes = [one["source"], one["kind"], rights]
        notes += [f"lane {one['lane']}"] if one["lane"] else []
        notes += [] if one["used"] else ["never came in"]
        notes += ["changing its token"] if one["rotating"] else []
        click.echo(f"{one['id']}: {'; '.join(notes)}")
    for name, at in found["revoked"]:
        click.echo(f"{name}: revoked on {datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}")


@terminals.command("pair")
@click.option("--id", "name", help="Only a terminal of this name.")
@click.option("--kind", help="Only this kind: handheld, pc_pos, qr_pos, phone or unattended.")
@click.option("--right", "rights", multiple=True, help="A right it is to have; may be repeated.")
@click.option("--lane", help="The lane it stands at.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="The language of its answers.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="The QR code, too.")
@config_option
@json_option
def terminals_pair(config_path: Path, as_json: bool, png: Path | None, **terms: Any) -> None:
    """Open the window for one new terminal, for ten minutes and five tries.

    Example: edgebox terminals pair --kind handheld --right own_price
    """
    wanted = {
        "id": terms["name"], "kind": terms["kind"], "rights": terms["rights"],
        "lane": terms["lane"], "lang": terms["lang"],
    }  # fmt: skip
    answer = _ask(config_path, "terminals_pair", wanted)
    opened = msgspec.json.decode(answer)
    if png is not None:
        png.write_bytes(as_png(opened["url"]))
    if as_json:
        click.echo(answer)
        return
    click.echo(as_blocks(opened["url"]))
    click.echo(f"code:    {opened['code']}")
    click.echo(f"address: {opened['url'].partition('#')[0]}")
    if opened["fingerprint"]:
        click.echo(f"trust:   {opened['fingerprint']}")
    click.echo(f"Type the code or scan the picture within {opened['seconds'] // 60} minutes.")


@terminals.command("close")
@config_option
def terminals_close(config_path: Path) -> None:
    """Close the pairing window before its time.

    Example: edgebox terminals close
    """
    _ask(config_path, "terminals_close", {})
    click.echo("nobody can be paired now")


@terminals.command("revoke")
@click.argument("name")
@config_option
def terminals_revoke(name: str, config_path: Path) -> None:
    """Send a terminal away at once, and never let its token in again.

    Example: edgebox terminals revoke handheld-1
    """
    _ask(config_path, "terminals_revoke", {"id": name})
    click.echo(f"{name} is out: its connections are cut and its token is worth nothing")


@terminals.command("rotate")
@click.argument("name")
@config_option
@json_option
def terminals_rotate(name: str, config_path: Path, as_json: bool) -> None:
    """Give a terminal a new token; the old one ends with its first use, or in ten minutes.

    Example: edgebox terminals rotate handheld-1
    """
    answer = _ask(config_path, "terminals_rotate", {"id": name})
    if as_json:
        click.echo(answer)
    else:
        click.echo(f"token (give it to the terminal): {msgspec.json.decode(answer)['token']}")


@terminals.command("rights")
@click.argument("name")
@click.argument("rights", nargs=-1)
@config_option
def terminals_rights(name: str, rights: tuple[str, ...], config_path: Path) -> None:
    """Give a paired terminal these rights and no others.

    Example: edgebox terminals rights handheld-1 own_price
    """
    _ask(config_path, "terminals_rights", {"id": name, "rights": rights})
    click.echo(f"{name} has now: {', '.join(rights) or 'no rights'}")


def _ask(config_path: Path, operation: str, request: object) -> bytes:
    return asked(load(config_path).store.state_dir, operation, request)
