"""edgebox products: the price list of a box that belongs to no cloud."""

import csv
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from cloud_bridge.contract import Product
from edge.commands.amounts import minor_units
from edge.commands.live import Problem, gone, refuse
from edge.commands.offline import opened
from edge.commands.shared import EXIT_NO, EXIT_USAGE, config_option, json_option, load, stop
from edge.desk.office.home import Listed, ProductList

COLUMNS = {
    "id", "gtins", "name_zh", "name_en", "category", "brand", "model", "variant", "unit", "price",
    "tax_class", "discountable", "reduced", "floor",
}  # fmt: skip
NEEDED = {"id", "name_zh", "name_en", "price", "tax_class"}
YES_NO = {"": None, "yes": True, "no": False}
WRONG_MAX = 20


class WrongRow(Exception):
    """A row that is no product."""


@click.group()
def products() -> None:
    """Bring in the price list of a box that belongs to no cloud."""


@products.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what is wrong.")
@click.option("--exponent", type=click.IntRange(0, 4), default=2, show_default=True,
              help="How many decimals the currency has.")  # fmt: skip
@config_option
@json_option
def import_products(
    file: Path, dry_run: bool, exponent: int, config_path: Path, as_json: bool
) -> None:
    """Take a CSV file as the whole price list; what is not in it is not sold any more.

    Its first row names columns: id, name_zh, name_en, price and tax_class, and if wanted gtins
    (several with a space between), category, brand, model, variant, unit, discountable and
    reduced (yes or no) and floor. Prices are such as 12.50.

    \b
    Example: edgebox products import prices.csv --config store.toml
    """
    config = load(config_path)
    found = _read(file, exponent)
    if dry_run:
        click.echo(f"{len(found)} products; nothing is wrong with them")
        return
    asked = ProductList(products=found, lang=config.store.lang)
    try:
        with opened(config) as box:
            said = box.ask("products", asked)
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)
    done = msgspec.json.decode(said, type=Listed)
    text = f"price book {done.price_book}: {done.products} products, {done.gone} not sold any more"
    click.echo(said if as_json else text)


def _read(file: Path, exponent: int) -> tuple[Product, ...]:
    """Return all products of a file, or end with everything that is wrong with it."""
    wrong: list[str] = []
    found: dict[str, Product] = {}
    try:
        for number, row in _rows(file):
            try:
                product = _product(row, exponent)
                if product.id in found:
                    raise WrongRow(f"{product.id} is there twice")
                found[product.id] = product
            except (WrongRow, click.BadParameter, msgspec.ValidationError) as error:
                wrong.append(f"row {number}: {getattr(error, 'message', None) or error}")
    except (csv.Error, UnicodeError) as error:
        stop(EXIT_USAGE, f"{file} is no CSV: {error}", "save it as CSV in UTF-8")
    if wrong:
        stop(EXIT_NO, "\n".join(wrong[:WRONG_MAX]), "correct these rows; nothing was changed")
    if not found:
        stop(EXIT_NO, f"{file} has no products", "give one row for each product")
    return tuple(found.values())


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, strict=True)
        named = set(rows.fieldnames or ())
        if missing := NEEDED - named:
            stop(EXIT_USAGE, f"the first row names no {', '.join(sorted(missing))}",
                 f"name these columns: {', '.join(sorted(NEEDED))}")  # fmt: skip
        if unknown := named - COLUMNS:
            stop(EXIT_USAGE, f"nobody reads the column {', '.join(sorted(unknown))}",
                 f"known here: {', '.join(sorted(COLUMNS))}")  # fmt: skip
        for row in rows:
            yield rows.line_num, {name: (text or "").strip() for name, text in row.items() if name}


def _product(row: dict[str, str], exponent: int) -> Product:
    """Return a product. Raises WrongRow, BadParameter or ValidationError for a row that is none."""
    if not all(row[name] for name in NEEDED):
        raise WrongRow(f"{', '.join(sorted(name for name in NEEDED if not row[name]))} is empty")
    flags = {name: _yes_no(name, row.get(name, "")) for name in ("discountable", "reduced")}
    prices = {
        name: minor_units(name, row[name], exponent) for name in ("price", "floor") if row.get(name)
    }
    texts = {
        name: row[name]
        for name in ("id", "name_zh", "name_en", "category", "brand", "model", "variant", "unit",
                     "tax_class")
        if row.get(name)
    }  # fmt: skip
    given = {name: value for name, value in flags.items() if value is not None}
    gtins = row.get("gtins", "").split()
    return msgspec.convert({"type": "product", **texts, **prices, **given, "gtins": gtins}, Product)


def _yes_no(name: str, text: str) -> bool | None:
    if text not in YES_NO:
        raise WrongRow(f"{name} is yes or no, not {text!r}")
    return YES_NO[text]
