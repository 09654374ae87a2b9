"""Commands on rule bundles: what a merchant does with one before a box gets it.

Exit codes: 0 all is well · 1 findings (or differences) · 2 the question was wrong.
"""

import base64
import sys
from pathlib import Path

import click
import msgspec

from cloud_bridge.bundle import sign
from edge import config as settings
from edge.commands.bundle_files import Look, look
from edge.commands.live import Problem, gone, refuse
from edge.commands.offline import opened
from edge.commands.shared import (
    EXIT_NO,
    EXIT_USAGE,
    Decorator,
    config_option,
    json_option,
    load,
    stop,
)
from edge.desk.office.home import Installed
from edge.shop.bundle import Bundle
from edge.shop.bundle.diff import diff, sentence
from edge.shop.bundle.overview import Section, overview, programme_overview
from edge.shop.bundle.schema import schema
from edge.shop.bundle.voice import Lang
from edge.shop.calendar import is_day, moment
from edge.shop.pricing import compile_rules
from edge.world import wall_clock

lang_option: Decorator = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="In words of."
)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def bundle() -> None:
    """Check, sign, compare and read out rule bundles."""


@bundle.command()
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@json_option
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Say everything that is wrong with bundles, signed or not; signatures are not judged.

    Example: edgebox bundle check rules.json
    """
    looks = [look(path) for path in files]
    if as_json:
        click.echo(msgspec.json.encode([seen.report() for seen in looks]))
    else:
        for seen in looks:
            _print_look(seen)
    sys.exit(EXIT_NO if any(seen.findings for seen in looks) else 0)


@bundle.command("sign")
@click.argument("file", type=FILE)
@click.option("--key", "key_file", type=FILE, required=True, help="The private key's file.")
@click.option("--name", help="The key's name; without it, the file's.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it.")
def sign_file(file: Path, key_file: Path, name: str | None, out: Path | None) -> None:
    """Sign a bundle as a box takes it: in canonical form, and only if nothing is wrong with it.

    Example: edgebox bundle sign rules.json --key keys/cloud-1.key --out signed.json
    """
    seen = _good(file)
    try:
        key = settings.read_key(key_file, "make one: edgebox bundle keys new DIR")
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))
    signed = sign(seen.body, name or key_file.stem, key)
    if out is None:
        click.echo(signed)
    else:
        out.write_bytes(signed)


@bundle.command()
@click.argument("file", type=FILE)
@config_option
@json_option
def install(file: Path, config_path: Path, as_json: bool) -> None:
    """Put a signed bundle in force on this box, as if a cloud had sent it: only newer ones.

    Example: edgebox bundle install signed.json --config store.toml
    """
    config = load(config_path)
    try:
        with opened(config) as box:
            said = box.ask("bundle_install", msgspec.Raw(file.read_bytes()))
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)
    done = msgspec.json.decode(said, type=Installed)
    click.echo(said if as_json else f"version {done.version} is in force: {done.hash}")


@bundle.command("diff")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@lang_option
@json_option
def diff_files(old: Path, new: Path, lang: Lang, as_json: bool) -> None:
    """Say term by term what differs between two bundles; 1 if anything does.

    Example: edgebox bundle diff old.json new.json --lang zh
    """
    changes = diff(_bundle(old), _bundle(new))
    if as_json:
        click.echo(msgspec.json.encode(changes))
    else:
        for change in changes:
            click.echo(sentence(change, lang))
    sys.exit(EXIT_NO if changes else 0)


@bundle.command()
@click.argument("file", type=FILE)
@click.option("--on", "day", help="The day to judge by, YYYY-MM-DD; without it, today.")
@lang_option
@json_option
def explain(file: Path, day: str | None, lang: Lang, as_json: bool) -> None:
    """Read every rule out, in the order of judging, and then the membership programme.

    Rules that can never apply are warned of.

    Example: edgebox bundle explain rules.json --lang zh --on 2026-12-24
    """
    rules = _bundle(file)
    today = day or moment(wall_clock(), rules.zone).date
    if not is_day(today):
        raise click.BadParameter(f"{today!r} is not a day of the calendar", param_hint="--on")
    sections = [
        *overview(rules, compile_rules(rules, "").turns, today, lang),
        *programme_overview(rules, lang),
    ]
    if as_json:
        click.echo(msgspec.json.encode(sections))
    else:
        for section in sections:
            _print_section(section, lang)


@bundle.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of bundles, for editors.

    Example: edgebox bundle schema > bundle.schema.json
    """
    click.echo(msgspec.json.format(msgspec.json.encode(schema())))


# --- keys -----------------------------------------------------------------------------------------


@bundle.group()
def keys() -> None:
    """Look after the keys that sign bundles."""


@keys.command("new")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--name", default="cloud-1", show_default=True, help="What boxes call the key.")
def keys_new(folder: Path, name: str) -> None:
    """Make a private key, DIR/NAME.key, that only you can read, and print its public half.

    Example: edgebox bundle keys new keys --name cloud-2
    """
    path = folder / f"{name}.key"
    if path.parent != folder or path.exists():
        stop(EXIT_USAGE, f"{path} cannot be made", "choose another --name, without a folder")
    settings.create_key(path)
    _print_keys(folder, [path])


@keys.command("show")
@click.argument("folder", type=FOLDER, metavar="DIR")
@json_option
def keys_show(folder: Path, as_json: bool) -> None:
    """Print the public halves of the keys in a folder, as a box's configuration holds them.

    Example: edgebox bundle keys show keys
    """
    paths = sorted(folder.glob("*.key"))
    if not paths:
        stop(EXIT_NO, f"{folder} holds no keys", f"make one: edgebox bundle keys new {folder}")
    if as_json:
        click.echo(msgspec.json.encode({path.stem: _public(path) for path in paths}))
    else:
        _print_keys(folder, paths)


def _public(path: Path) -> str:
    try:
        key = settings.read_key(path, "restore the file, or make a new key of another name")
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _print_keys(folder: Path, paths: list[Path]) -> None:
    click.echo(f"# the public keys of {folder}, for the configuration of boxes")
    click.echo("[cloud.keys]")
    for path in paths:
        click.echo(f'"{path.stem}" = "{_public(path)}"')


# --- what was read --------------------------------------------------------------------------------


def _good(path: Path) -> Look:
    """Return a file's bundle, or end with all that is wrong with it."""
    seen = look(path)
    if seen.findings:
        _print_look(seen, err=True)
        sys.exit(EXIT_NO)
    return seen


def _bundle(path: Path) -> Bundle:
    found = _good(path).bundle
    assert found is not None, "a bundle without findings can be read"
    return found


def _print_look(seen: Look, *, err: bool = False) -> None:
    for finding in seen.findings:
        click.echo(f"{seen.path}: {finding}", err=err)
    if not seen.findings and seen.bundle is not None:
        click.echo(
            f"{seen.path}: good: version {seen.bundle.version} for {seen.bundle.store};"
            f" rules: {len(seen.bundle.rules)}, bytes: {len(seen.body)}, hash {seen.hash[:16]}"
        )


def _print_section(section: Section, lang: Lang) -> None:
    number = f"{section.stage} " if section.stage else ""
    click.echo(f"\n{number}{section.name}")
    for said in section.rules:
        group = f" [{said.group}]" if said.group else ""
        click.echo(f"  {said.rule}{group} {said.name}: {said.says}")
        for warn in said.warns:
            says = f"永不生效：{warn.zh}" if lang == "zh" else f"never applies: {warn.en}"
            click.echo(f"    {warn.code} {says}")
