"""edgebox price: baskets in, prices out, a line each."""

import gc
import stat
import sys
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from cloud_bridge.bundle import SIZE_BYTES_MAX
from edge.commands.bundle_files import look_into
from edge.commands.shared import EXIT_NO, EXIT_USAGE, stop
from edge.price_lines import Goods, Pricing, lines, schema
from edge.shop.bundle import BundleError
from edge.shop.pricing import RuleSet, compile_rules
from edge.shop.pricing.explain import Lang

GARBAGE_SOUGHT_AFTER = 50_000
"""How many more objects must have been made than given back before garbage is looked for."""

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


EXAMPLE = """\b
Example: edgebox price --bundle rules.json < baskets.ndjson
where a line of baskets.ndjson is
{"now":"2026-11-22T10:00:00Z","basket":[{"product":"tea"}],
"products":[{"id":"tea","price":500,"tax_class":"food"}]} in one line.
All that can be asked and answered: edgebox price --schema"""


@click.command(epilog=EXAMPLE)
@click.option("--bundle", "bundle_path", type=FILE, help="The rules for lines that bring none.")
@click.option("--products", "products_path", type=FILE, help="A JSON list of products.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema and end.")
def price(
    bundle_path: Path | None, products_path: Path | None, lang: Lang, as_schema: bool
) -> None:
    """Price baskets: one JSON object a line on standard input, one JSON answer a line.

    A wrong line is answered with its error; the lines after it are priced all the same, and the
    command ends with 1.
    """
    if as_schema:
        click.echo(msgspec.json.format(msgspec.json.encode(schema()), indent=2))
        return
    default = _default(bundle_path) if bundle_path else None
    pricing = Pricing(opened, default, _products(products_path), lang)
    # Rules and articles stay for good, and a basket leaves hardly any cycles: looking for garbage
    # often is in vain.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_SOUGHT_AFTER)
    out, wrong = sys.stdout.buffer, False
    for raw in lines(sys.stdin.buffer):
        answer, good = pricing.line(raw)
        wrong = wrong or not good
        out.write(answer + b"\n")
        out.flush()
    if wrong:
        sys.exit(EXIT_NO)


def opened(bundle: str | bytes) -> RuleSet:
    """Return a bundle ready for pricing, from its bytes or its path, signed or not.

    Raises BundleError; the hash is the one a box would know the bundle by.
    """
    raw = bundle if isinstance(bundle, bytes) else _regular_file(bundle)
    seen = look_into(raw)
    if seen.bundle is None or seen.findings:
        raise seen.findings[0]
    return compile_rules(seen.bundle, seen.hash)


def _regular_file(name: str) -> bytes:
    """Return a file's bytes; what may have no end (a device, a pipe) is not opened at all."""
    try:
        path = Path(name)
        if not stat.S_ISREG(path.stat().st_mode):
            raise BundleError("$.bundle", f"{name} is not a file")
        with path.open("rb") as file:
            return file.read(2 * SIZE_BYTES_MAX)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BundleError("$.bundle", f"{name}: {why}") from None


def _default(path: Path) -> RuleSet:
    try:
        return opened(path.read_bytes())
    except BundleError as error:
        stop(EXIT_USAGE, f"{path}: {error}", f"edgebox bundle check {path}")
    except OSError as error:
        _not_read(path, error)


def _not_read(path: Path, error: OSError) -> NoReturn:
    stop(EXIT_USAGE, f"{path}: {error.strerror}", "name a file that you may read")


def _products(path: Path | None) -> tuple[Goods, ...]:
    if path is None:
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Goods, ...])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        stop(EXIT_USAGE, f"{path}: {error}", "edgebox price --schema says what a product is")
    except OSError as error:
        _not_read(path, error)
