"""What a story begins with: the shop, its goods, its rules and the terms of its programme."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec

from edge.shop.basket import Product
from edge.shop.bundle import Bundle, BundleError, decode
from edge.shop.pricing import RuleSet, compile_rules
from edge.shop.pricing.explain import Lang
from edge.shop.receipt import WIDTH_MAX, WIDTH_MIN
from edge.story.errors import StoryError
from edge.story.page import Line
from edge.story.phrases import put, rule
from edge.story.values import basis_points, money, value, whole

BUNDLE_HASH = "story"
EXAMPLES = {
    "store": "store 街角小店 | Corner Shop",
    "width": "width 32",
    "currency": "currency CNY 2",
    "tax": "tax food 9%",
    "tier": "tier gold | 金卡 | Gold",
    "group": "group deal best_for_guest priority 2",
    "stage": "stage 3 | line promotions | lines",
    "rule": "rule ten | 九折 | 10% off | percent_off | stage 3 | 10% off per line",
}
"""How lines are written in which a word too few or too many can stand."""

Read = Callable[[str], bytes]
"""Reads a file that a story names, relative to the story."""


@dataclass
class Given:
    """A shop as the story gives it. `bundle` is the JSON of its rule bundle."""

    bundle: dict[str, Any]
    store: tuple[str, str] = ("街角小店", "Corner Shop")
    lang: Lang = "zh"
    width: int = 32
    hints: bool = True
    """Whether rules that nearly took effect are printed."""
    quiet: bool = False
    """Whether receipts are left out, and entries only are printed."""
    products: dict[str, Product] = field(default_factory=dict)
    opening: list[Line] = field(default_factory=list)
    """The lines that say who is a member and what they hold, for the home to take in."""
    stores: list[str] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)
    """Which line gave what: a product, or what stands at a path of the bundle: $.rules[0]."""
    cashiers: dict[str, str] = field(default_factory=dict)
    """Which cashier is a member too, and which."""

    @property
    def exponent(self) -> int:
        """How many digits stand behind the point."""
        exponent = self.bundle["exponent"]
        assert isinstance(exponent, int)
        return exponent

    def rules(self) -> RuleSet:
        """Return the bundle, compiled. Raises StoryError where the bundle is wrong."""
        try:
            return compile_rules(decode(msgspec.json.encode(self.bundle)), BUNDLE_HASH)
        except BundleError as error:
            what = f"the rules given are wrong: {error}"
            raise StoryError(what, self._line_of(error.path)) from None

    def _line_of(self, path: str) -> int:
        """Return the line that gave what stands at a path of the bundle, 0 if none did alone."""
        found = [line for said, line in self.said.items() if path.startswith(said)]
        return found[-1] if found else 0


def given(lines: Sequence[Line], read: Read) -> Given:
    """Return what these lines give. Raises StoryError with the line that is wrong."""
    said = Given(_empty())
    for line in lines:
        try:
            _take(said, line, read)
        except StoryError as error:
            raise StoryError(error.what, line.number) from None
        except (ValueError, ArithmeticError, IndexError):
            raise StoryError(f"write it as {_example(line)}", line.number) from None
    for product in said.products.values():
        if product.tax_class not in said.bundle["tax"]:
            what = f"no tax is called {product.tax_class!r}: give one, such as `tax food 9%`"
            raise StoryError(what, said.said[f"product {product.id}"])
    return said


def _example(line: Line) -> str:
    return f"`{EXAMPLES[line.text.split()[0]]}`"


def _empty() -> dict[str, Any]:
    return {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
        "tax": {}, "tiers": [], "groups": [], "rules": [], "programme": {},
    }  # fmt: skip


def _take(said: Given, line: Line, read: Read) -> None:
    word, _, rest = line.text.partition(" ")
    parts = [part.strip() for part in rest.split("|")]
    match word:
        case "bundle":
            said.bundle = _bundle(_read(read, rest.strip()))
        case "store" | "language" | "width" | "hints" | "quiet" | "stores":
            _paper(said, word, rest.strip(), parts)
        case "product":
            said.products[parts[0]] = _product(said, parts)
            said.said[f"product {parts[0]}"] = line.number
        case "member" | "card":
            said.opening.append(line)
        case "cashier":
            said.cashiers |= _cashier(rest.split())
        case _:
            _rules(said, line.number, word, rest, parts)


def _read(read: Read, name: str) -> bytes:
    try:
        return read(name)
    except OSError as error:
        raise StoryError(f"cannot read {name!r}: {error.strerror}") from None


def _bundle(raw: bytes) -> dict[str, Any]:
    """Return a bundle file's JSON, checked; a signed one counts without its signature."""
    document = msgspec.json.decode(raw)
    inner = document.get("bundle", document)
    try:
        checked: Bundle = decode(msgspec.json.encode(inner))
    except BundleError as error:
        raise StoryError(f"the bundle is wrong: {error}") from None
    made = msgspec.to_builtins(checked)
    assert isinstance(made, dict)
    return {**made, **inner}


def _paper(said: Given, word: str, rest: str, parts: list[str]) -> None:
    match word:
        case "store":
            said.store = (parts[0], parts[1])
        case "stores":
            said.stores = rest.split()
        case "language":
            if rest not in get_args(Lang):
                raise StoryError(f"a receipt is set in {' or '.join(get_args(Lang))}")
            said.lang = "zh" if rest == "zh" else "en"
        case "width":
            said.width = whole(rest)
            if not WIDTH_MIN <= said.width <= WIDTH_MAX:
                raise StoryError(f"paper is {WIDTH_MIN} to {WIDTH_MAX} columns wide")
        case "quiet":
            said.quiet = True
        case _:
            said.hints = rest != "off"


def _rules(said: Given, line: int, word: str, rest: str, parts: list[str]) -> None:
    bundle = said.bundle
    match word:
        case "currency":
            currency, exponent = rest.split()
            bundle["currency"], bundle["exponent"] = currency, int(exponent)
        case "tax":
            name, rate = rest.split()
            bundle["tax"][name] = basis_points(rate)
        case "tier":
            tier = {"id": parts[0], "name_zh": parts[1], "name_en": parts[2]}
            bundle["tiers"].append(tier | ({"rank": int(parts[3])} if parts[3:] else {}))
        case "group":
            bundle["groups"].append(_pairs(rest.split(), said.exponent))
        case "stage":
            stages = bundle.setdefault("stages", [])
            stages.append(_fields(["number", "name", "level"], parts, said.exponent))
        case "rule":
            said.said[f"$.rules[{len(bundle['rules'])}]"] = line
            bundle["rules"].append(rule(parts, said.exponent))
        case "terms":
            for phrase in filter(None, parts):
                said.said[f"$.programme.{phrase.split('.')[0].split()[0]}"] = line
                put(bundle["programme"], phrase, said.exponent)
        case "set":
            put(bundle, rest, said.exponent)
        case _:
            raise StoryError(f"nothing called {word!r} can be given")


def _pairs(words: list[str], exponent: int) -> dict[str, Any]:
    """Return `g best_for_guest priority 2` as a group's JSON."""
    made: dict[str, Any] = {"id": words[0], "mode": words[1]}
    for name, text in zip(words[2::2], words[3::2], strict=True):
        made[name] = value(text, exponent)
    return made


def _fields(names: list[str], parts: list[str], exponent: int) -> dict[str, Any]:
    made = {name: value(part, exponent) for name, part in zip(names, parts, strict=False)}
    for phrase in filter(None, parts[len(names) :]):
        put(made, phrase, exponent)
    return made


def _cashier(words: list[str]) -> dict[str, str]:
    match words:
        case [cashier, "is", member]:
            return {cashier: member}
    raise StoryError("a cashier who is a member is `cashier 12 is ann`")


def _product(said: Given, parts: list[str]) -> Product:
    if len(parts) < 5:
        raise StoryError("a product is `id | zh | en | price | tax class | ...`")
    name, zh, en, price, tax_class, *more = parts
    list_price = money(price, said.exponent)
    if list_price < 0:
        raise StoryError("a price is not below zero")
    fields: dict[str, Any] = {}
    for phrase in more:
        match phrase.split():
            case ["category", category]:
                fields["category"] = category
            case ["per", unit]:
                fields["unit"] = unit
            case ["not", "discountable"]:
                fields["discountable"] = False
            case ["reduced"]:
                fields["reduced"] = True
            case ["floor", least]:
                fields["floor"] = money(least, said.exponent)
            case _:
                raise StoryError(f"do not know what {phrase!r} says of a product")
    return Product(
        id=name, name_zh=zh, name_en=en, price=list_price, tax_class=tax_class, **fields
    )  # fmt: skip
