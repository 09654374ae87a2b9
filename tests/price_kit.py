"""Lines for `edgebox price`: rules, a tea to buy, and the answer as a program reads it."""

from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner, Result

from edge.commands import price
from edge.commands.prices import opened
from edge.price_lines import Pricing
from tests import shop_draws

NOW = "2026-11-22T10:00:00+08:00"
TEA = {"id": "tea", "price": 500, "tax_class": "food", "category": "drinks"}
NAMES = {"name_zh": "规则", "name_en": "Rule"}
TENTH = {"kind": "percent_off", "id": "tenth", "stage": 3, "basis_points": 1_000, **NAMES}
BUNDLES = Path(__file__).parent / "bundles"


def rules(*some: dict[str, Any], **more: Any) -> dict[str, Any]:
    until = {"valid_until": 4_102_444_800_000}
    return shop_draws.bundle([NAMES | one for one in some], **until, **more)


def asked(*products: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"basket": [{"product": product} for product in products or (TEA,)], "now": NOW} | more


def answer(document: Any, by: dict[str, Any] | None = None, lang: Any = "en") -> Any:
    """Return the answer to one line of input, as a program reads it."""
    raw = document if isinstance(document, bytes) else msgspec.json.encode(document)
    pricing = Pricing(opened, opened(msgspec.json.encode(by or rules(TENTH))), lang=lang)
    said, good = pricing.line(raw)
    read = msgspec.json.decode(said)
    assert good == ("error" not in read)
    return read


def run(*arguments: object, given: str | bytes = "") -> Result:
    return CliRunner().invoke(price, [str(argument) for argument in arguments], input=given)
