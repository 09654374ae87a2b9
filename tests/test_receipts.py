"""Golden stories: what was given, what happened, and the receipt and entry that came of it.

Each file in `receipts/` is a story an accountant can read. The words before `given` tell it,
with the arithmetic; `given` and `when` are played on a till; `then` is compared line by line
with the receipt, the entry in the books, and the rules that nearly took effect.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from edge.shop.basket import Product
from edge.shop.declined import Declined
from edge.shop.explain import TEXTS, Lang, explain
from edge.shop.facts import Circumstances, SaleMade, sale_made
from edge.shop.ledger import balanced
from edge.shop.member import Member
from edge.shop.money import format_minor
from edge.shop.pricing import compile_rules, moment
from edge.shop.receipt import WIDTH_MAX, WIDTH_MIN, ReceiptHeader, columns, render
from edge.shop.rules import decode
from edge.shop.rules.conditions import NEAREST_FIRST
from edge.shop.sale import Quote
from edge.shop.till import (
    Given,
    MemberIdentified,
    Outcome,
    PayCash,
    ProductScanned,
    RemoveLast,
    Shown,
    Sold,
    Till,
    step,
)

STORIES = sorted((Path(__file__).parent / "receipts").glob("*.txt"))
AT_MS = 1_795_312_800_000
"""2026-11-22 10:00 in Shanghai."""
HASH = "b" * 64
HELD_BEFORE = 1_000
"""The points every member in these stories holds before the sale."""
PREVIOUS = "0123456789abcdef" * 4


@dataclass
class Shop:
    """What a story's `given` says."""

    bundle: dict[str, Any]
    store: tuple[str, str] = ("街角小店", "Corner Shop")
    lang: Lang = "zh"
    width: int = 32
    products: dict[str, Product] = field(default_factory=dict)

    @property
    def exponent(self) -> int:
        exponent = self.bundle["exponent"]
        assert isinstance(exponent, int)
        return exponent

    def minor(self, text: str) -> int:
        amount = Decimal(text).scaleb(self.exponent)
        assert amount == int(amount), f"{text} has too many decimals"
        return int(amount)


def shop(lines: Sequence[str]) -> Shop:
    bundle: dict[str, Any] = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
        "tax": {}, "tiers": [], "groups": [], "rules": [],
    }  # fmt: skip
    said = Shop(bundle)
    for line in lines:
        word, rest = line.split(maxsplit=1)
        parts = [part.strip() for part in rest.split("|")]
        match word:
            case "store":
                said.store = (parts[0], parts[1])
            case "language":
                said.lang = "zh" if rest == "zh" else "en"
            case "width":
                said.width = int(rest)
            case "currency":
                bundle["currency"], bundle["exponent"] = rest.split()[0], int(rest.split()[1])
            case "tax":
                name, rate = rest.split()
                bundle["tax"][name] = basis_points(rate)
            case "tier":
                bundle["tiers"].append({"id": parts[0], "name_zh": parts[1], "name_en": parts[2]})
            case "group":
                bundle["groups"].append(group(rest.split()))
            case "product":
                said.products[parts[0]] = product(said, parts)
            case "rule":
                bundle["rules"].append(rule(said, parts))
            case _:
                raise ValueError(f"what is {line!r}?")
    return said


def basis_points(rate: str) -> int:
    return int(Decimal(rate.removesuffix("%")) * 100)


def group(words: list[str]) -> dict[str, object]:
    said: dict[str, object] = {"id": words[0], "mode": words[1]}
    for name, value in zip(words[2::2], words[3::2], strict=True):
        said[name] = int(value) if name == "priority" else value
    return said


def product(said: Shop, parts: list[str]) -> Product:
    name, zh, en, price, tax_class, *more = parts
    made = Product(
        id=name, name_zh=zh, name_en=en, price=said.minor(price), tax_class=tax_class
    )  # fmt: skip
    for word in more:
        match word.split():
            case ["category", category]:
                made = msgspec.structs.replace(made, category=category)
            case ["per", unit]:
                made = msgspec.structs.replace(made, unit=unit)
            case ["not", "discountable"]:
                made = msgspec.structs.replace(made, discountable=False)
            case ["reduced"]:
                made = msgspec.structs.replace(made, reduced=True)
            case ["floor", amount]:
                made = msgspec.structs.replace(made, floor=said.minor(amount))
            case _:
                raise ValueError(f"what is {word!r}?")
    return made


def rule(said: Shop, parts: list[str]) -> dict[str, Any]:
    name, zh, en, kind, *phrases = parts
    made: dict[str, Any] = {"id": name, "name_zh": zh, "name_en": en, "kind": kind, "when": []}
    for phrase in phrases:
        words = phrase.split()
        if not _numbers(said, made, words):
            _place(said, made, words)
    return made


def _numbers(said: Shop, made: dict[str, Any], words: list[str]) -> bool:
    """Take the phrases that say how much."""
    match words:
        case [share, "off"] if share.endswith("%") and made["kind"] == "member_price":
            made["price"] = {"is": "percent", "basis_points": basis_points(share)}
        case ["price", amount]:
            made["price"] = {"is": "fixed", "amount": said.minor(amount)}
        case [share, "off", "per", per] if share.endswith("%"):
            made["basis_points"], made["per"] = basis_points(share), per
        case [amount, "off", "per", per]:
            made["amount"], made["per"] = said.minor(amount), per
        case ["of", "list"]:
            made["base"] = "list"
        case [points, "points", "for", amount]:
            made["points"], made["per"] = int(points), said.minor(amount)
        case ["times", factor, "for", tier]:
            made.setdefault("multipliers", {})[tier] = int(Decimal(factor) * 10_000)
        case _:
            return False
    return True


def _place(said: Shop, made: dict[str, Any], words: list[str]) -> None:
    """Take the phrases that say where, for whom and when."""
    match words:
        case ["stage" | "priority" as name, number]:
            made[name] = int(number)
        case ["group", name]:
            made["group"] = name
        case ["on", "products" | "categories" as kind, *ids]:
            made["target"] = {"of": kind, "ids": ids}
        case ["spare", "reduced"]:
            made["spare_reduced"] = True
        case ["for", "members"]:
            made["when"].append({"is": "member"})
        case ["for", "tier", *tiers]:
            made["when"].append({"is": "tier", "any_of": tiers})
        case ["on", "terminal", *kinds]:
            made["when"].append({"is": "terminal", "kinds": kinds})
        case ["from", start, "until", until]:
            made["when"].append({"is": "dates", "from": start, "until": until})
        case ["at", "least", amount, base, *over]:
            condition = {"is": "at_least", "amount": said.minor(amount), "base": base}
            made["when"].append(condition | ({"over": over[1]} if over else {}))
        case _:
            raise ValueError(f"what is {' '.join(words)!r}?")


def inputs(said: Shop, lines: Sequence[str]) -> Iterator[Given]:
    for line in lines:
        match line.split():
            case ["scan", name]:
                yield ProductScanned(said.products[name], name)
            case ["scan", name, times] if times.startswith("x"):
                yield ProductScanned(said.products[name], name, Decimal(times[1:]))
            case ["weigh", name, weight]:
                yield ProductScanned(said.products[name], name, Decimal(weight))
            case ["member", name, *tier]:
                yield MemberIdentified(Member(name, tier=tier[0] if tier else ""))
            case ["remove", "last"]:
                yield RemoveLast()
            case ["pay", "exact"]:
                yield PayCash()
            case ["pay", amount]:
                yield PayCash(said.minor(amount))
            case _:
                raise ValueError(f"what is {line!r}?")


def play(said: Shop, lines: Sequence[str]) -> Iterator[str]:
    """Yield what `then` should be: refusals on the way, the receipt, the entry, the hints."""
    rules = compile_rules(decode(msgspec.json.encode(said.bundle)), HASH)
    at = moment(AT_MS, rules.bundle.zone)
    till = Till()
    for given in inputs(said, lines):
        till, outcomes = step(till, given, rules, at, price_book=1)
        for outcome in outcomes:
            yield from told(said, outcome)


def told(said: Shop, outcome: Outcome) -> Iterator[str]:
    match outcome:
        case Declined(code, params):
            yield " ".join(["declined", code, *(f"{k}={v}" for k, v in params.items())])
        case Sold(quote, paid):
            circumstances = Circumstances(
                sale="s-1", receipt="1-000042", business_date="2026-11-22", terminal="lane-1",
                lane="1", cashier="07",
            )  # fmt: skip
            fact = sale_made(quote, paid, circumstances)
            yield from printed(said, fact)
            yield from posted(fact)
            yield from hints(said, quote)
        case Shown():
            pass


def printed(said: Shop, fact: SaleMade) -> list[str]:
    header = ReceiptHeader(
        store_zh=said.store[0], store_en=said.store[1], epoch=1, sequence=42, previous=PREVIOUS,
        at_ms=AT_MS, zone="Asia/Shanghai",
        points_balance=HELD_BEFORE + fact.points_earned if fact.member else None,
    )  # fmt: skip
    rows = render(fact, header, said.lang, said.width).splitlines()
    assert all(columns(row) <= said.width for row in rows)
    return rows


def posted(fact: SaleMade) -> Iterator[str]:
    assert balanced(fact.postings)
    yield "entry"
    for posting in fact.postings:
        exponent = fact.exponent if posting.unit == fact.currency else 0
        amount = format_minor(posting.amount, exponent)
        sign = "+" if posting.amount > 0 else ""
        yield f"  {posting.account:<24}{sign + amount:>12} {posting.unit}"


def hints(said: Shop, quote: Quote) -> Iterator[str]:
    if quote.not_applied:
        yield "not applied"
    for note in quote.not_applied:
        name = note.name_zh if said.lang == "zh" else note.name_en
        yield f"  {name}: {explain(note, said.lang, said.exponent)} [{note.reason}]"


def sections(text: str) -> dict[str, list[str]]:
    """Cut a story at the lines `given`, `when` and `then`; the first section tells it."""
    found: dict[str, list[str]] = {"story": []}
    name = "story"
    for line in text.splitlines():
        if line in {"given", "when", "then"}:
            name = line
            found[name] = []
        elif name == "then" or (name != "story" and line.strip()):
            found[name].append(line.removeprefix("  "))
        else:
            found[name].append(line)
    return found


def happened(text: str) -> list[str]:
    story = sections(text)
    said = shop([line for line in story["given"] if line.strip()])
    return list(play(said, [line for line in story["when"] if line.strip()]))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected, actual = sections(text)["then"], happened(text)
    diff = difflib.unified_diff(expected, actual, path.name, "what happened", lineterm="")
    assert expected == actual, "\n" + "\n".join(diff)


def test_there_are_stories() -> None:
    assert len(STORIES) >= 12


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    assert set(TEXTS) == {"R-APPLIED", *NEAREST_FIRST}
    assert all(len(pair) == len(get_args(Lang)) and all(pair) for pair in TEXTS.values())


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("width", [WIDTH_MIN, 40, WIDTH_MAX])
def test_no_row_is_wider_than_the_paper(path: Path, width: int) -> None:
    story = sections(path.read_text(encoding="utf-8"))
    said = shop([line for line in story["given"] if line.strip()])
    for lang in get_args(Lang):
        said.lang, said.width = lang, width
        list(play(said, [line for line in story["when"] if line.strip()]))
