"""edgebox tray: what the cloud did not simply accept, and what is done about it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from edge import config as settings
from edge.commands.live import Problem, gone, refuse
from edge.commands.offline import opened
from edge.commands.shared import EXIT_NO, config_option, json_option, load, said_lang_option, stop
from edge.desk.office.exceptions import TrayItem
from edge.refusals import Language
from edge.shop.money import format_minor

KINDS = {
    "overdraft": ("透支无法抵扣", "an overdraft that nothing covers"),
    "coupon_twice": ("优惠券重复使用", "a coupon was used twice"),
    "unknown_lot": ("余额不在本店", "what was spent was not here"),
    "returned_twice": ("重复退货", "goods came back twice"),
    "served_twice": ("同一请求执行了两次", "one request was served twice"),
    "duplicate_member": ("疑似重复会员", "perhaps a member already"),
    "unknown_member": ("云端没有该会员", "the cloud knows no such member"),
    "home_differs": ("迁移前后账目不一致", "the books differ since they moved"),
    "rejected": ("云端拒收", "the cloud cannot accept it"),
}
CHOICES = {
    "charge_store": ("由门店承担", "the store bears it"),
    "write_off": ("核销", "write it off"),
    "contact_member": ("联系会员", "talk to the member"),
    "merge": ("请总部合并会员", "let headquarters merge them"),
    "keep_both": ("不是同一人", "they are two people"),
    "ask_cloud": ("请总部核查", "let headquarters look"),
    "dismiss": ("不处理", "leave it as it is"),
}
"""In Chinese and English."""


@click.group()
def tray() -> None:
    """See what the cloud did not simply accept, and choose what is done about it.

    A choice is kept as a fact. It charges nobody: that takes a deed of its own.

    \b
    Example: edgebox tray list
    """


@tray.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also what was resolved.")
@config_option
@said_lang_option
@json_option
def list_(config_path: Path, lang: Language | None, as_json: bool, everything: bool) -> None:
    """List what is open; exit code 1 if anything is.

    \b
    Example: edgebox tray list --config store.toml
    """
    config = load(config_path)
    said = lang or config.store.lang
    items = _items(config, said, everything=everything)
    if as_json:
        click.echo(msgspec.json.encode(items))
    for item in () if as_json else items:
        click.echo(_row(item, config, said))
    if any(item.resolved is None for item in items):
        raise SystemExit(EXIT_NO)


@tray.command()
@click.argument("sequence", type=int)
@config_option
@said_lang_option
@json_option
def show(sequence: int, config_path: Path, lang: Language | None, as_json: bool) -> None:
    """Show one exception, with what can be done about it.

    \b
    Example: edgebox tray show 1042
    """
    config = load(config_path)
    said = lang or config.store.lang
    found = [one for one in _items(config, said, everything=True) if one.sequence == sequence]
    if not found:
        stop(EXIT_NO, f"nothing in the tray is about fact {sequence}", "edgebox tray list --all")
    if as_json:
        click.echo(msgspec.json.encode(found[-1]))
        return
    click.echo(_row(found[-1], config, said))
    for line in _details(found[-1], said):
        click.echo(line)


@tray.command()
@click.argument("sequence", type=int)
@click.option("--choice", required=True, help="What is done about it; see `tray show`.")
@click.option("--by", required=True, help="Who chose.")
@click.option("--note", default="", help="Why; no names.")
@config_option
@said_lang_option
@json_option
def resolve(
    sequence: int,
    choice: str,
    by: str,
    note: str,
    config_path: Path,
    lang: Language | None,
    as_json: bool,
) -> None:
    """Choose what is done about an exception.

    \b
    Example: edgebox tray resolve 1042 --choice write_off --by anna --note "agreed by phone"
    """
    config = load(config_path)
    said = lang or config.store.lang
    asked = {"sequence": sequence, "choice": choice, "by": by, "note": note, "lang": said}
    item = msgspec.json.decode(_ask(config, "tray_resolve", asked), type=TrayItem)
    click.echo(msgspec.json.encode(item) if as_json else _row(item, config, said))


def _items(config: settings.Config, lang: Language, *, everything: bool) -> list[TrayItem]:
    answer = _ask(config, "tray", {"all": everything, "lang": lang})
    return msgspec.json.decode(answer, type=list[TrayItem])


def _ask(config: settings.Config, operation: str, asked: dict[str, Any]) -> bytes:
    try:
        with opened(config) as box:
            return box.ask(operation, asked)
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)


def _row(item: TrayItem, config: settings.Config, lang: Language) -> str:
    at = datetime.fromtimestamp(item.at / 1000, UTC).astimezone(config.store.zone)
    when = f"{at:%Y-%m-%d %H:%M}" if item.at else "-"
    amount = f"{_amount(item)} {item.liable}" if item.amount else ""
    done = "" if item.resolved is None else f"= {_of(CHOICES, item.resolved.choice, lang)}"
    parts = [f"{item.sequence:>8}", when, _of(KINDS, item.kind, lang), item.receipt, amount, done]
    return "  ".join(part for part in parts if part)


def _details(item: TrayItem, lang: Language) -> list[str]:
    lines = [f"  {item.reason}"] if item.reason else []
    if item.resolved is not None:
        return [*lines, f"  {item.resolved.by}: {item.resolved.note}".rstrip(": ")]
    named = [(choice, _of(CHOICES, choice, lang)) for choice in item.choices]
    return [*lines, *[f"  --choice {choice:<16}{text}" for choice, text in named]]


def _amount(item: TrayItem) -> str:
    is_money = item.unit in {"PRN", "BON"}
    return (
        format_minor(item.amount, item.exponent)
        if is_money
        else f"{item.amount} {item.unit}".strip()
    )


def _of(words: dict[str, tuple[str, str]], name: str, lang: Language) -> str:
    return words[name][lang == "en"] if name in words else name
