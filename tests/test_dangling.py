"""Names that lead nowhere: every reference of every sample bundle is broken, one at a time.

A reference is a word that the bundle declares elsewhere. It is found by looking, not by a list of
fields: whatever spells the id of a tier, a coupon, a group, a plan is taken for one, unless it
stands where other things are named.
"""

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.shop.basket import Basket, Line, Product
from edge.shop.bundle.decode import read
from edge.shop.bundle.overview import overview, programme_overview
from edge.shop.calendar import moment
from edge.shop.member import Member
from edge.shop.pricing import Asked, PointsAsked, compile_rules, price

TESTS = Path(__file__).parent
BUNDLES = [
    *sorted((TESTS.parent / "simulators" / "bundles").glob("*.json")),
    *sorted((TESTS / "bundles").glob("*.json")),
]
Place = tuple[str | int, ...]
"""The way through a document: names of fields, places in lists."""

DECLARED = ("groups", "tiers", "rules")
IN_PROGRAMME = ("plans", "card_products")
FREE = frozenset({
    "id", "ids", "kind", "is", "of", "store", "name", "name_zh", "name_en", "because_zh",
    "because_en", "party", "issuer", "product", "products", "without_products",
    "without_categories", "way", "mode", "level", "events", "complaints", "segments", "members",
    "consents", "text_zh", "text_en",
})  # fmt: skip
"""Fields that name what no bundle declares: goods, categories, parties, segments; or nothing."""
KEYED = frozenset({"multipliers", "coupon_prices"})
"""Fields whose keys are references."""


@cache
def document(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())


def words(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield every word of a document, and every key that is a word somebody chose."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from words(item, (*place, number))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from words(item, (*place, name))


def keys(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield every key of every object, with the place of the object."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from keys(item, (*place, number))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield place, name
            yield from keys(item, (*place, name))


def declared(made: Any) -> set[str]:
    """Return the ids a bundle declares, of whatever kind."""
    programme = made.get("programme", {})
    things = [thing for part in DECLARED for thing in made.get(part, ())]
    things += [thing for part in IN_PROGRAMME for thing in programme.get(part, ())]
    partners = programme.get("points", {}).get("partners", {})
    return {thing["id"] for thing in things} | set(made["tax"]) | set(made.get("holidays", {})) | {
        *partners
    }  # fmt: skip


def field_of(place: Place) -> str:
    return next(str(step) for step in reversed(place) if isinstance(step, str))


def is_free(made: Any, place: Place) -> bool:
    """Tell whether a word stands where a bundle's own things are not named."""
    if field_of(place) in FREE or place[:2] == ("programme", "enrolment"):
        return True
    holder = at(made, place[:-1] if isinstance(place[-1], str) else place[:-2])
    return isinstance(holder, dict) and holder.get("is") in {"partner", "tag", "store", "region"}


def at(made: Any, place: Place) -> Any:
    for step in place:
        made = made[step]
    return made


def broken(made: Any, place: Place, old: str, *, key: bool) -> Any:
    """Return the document with another word at a place, or for a key of the object there."""
    other = deepcopy(made)
    if key:
        holder = at(other, place)
        holder[mistyped(old)] = holder.pop(old)
    else:
        at(other, place[:-1])[place[-1]] = mistyped(old)
    return other


def mistyped(word: str) -> str:
    """Return a word with its last letter twice."""
    return word + word[-1:]


def written(place: Place) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def references(made: Any) -> Iterator[tuple[Place, str, bool]]:
    known = declared(made)
    for place, word in words(made):
        if word in known and not is_free(made, place):
            yield place, word, False
    for place, word in keys(made):
        if word in known and place and field_of(place) in KEYED:
            yield place, word, True


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_a_reference_that_leads_nowhere_is_named_with_what_was_meant(path: Path) -> None:
    made = document(path)
    for place, word, key in references(made):
        _, found = read(msgspec.json.encode(broken(made, place, word, key=key)))
        told = [f for f in found if written(place).startswith(f.path) and f.suggestion == word]
        assert told, (written(place), word, [str(finding) for finding in found])


def test_every_kind_of_reference_is_broken_somewhere() -> None:
    fields = {field_of(place) for path in BUNDLES for place, _, _ in references(document(path))}
    assert fields >= {
        "group", "within", "any_of", "tiers", "tier", "coupon", "coupon_prices", "plan",
        "tax_class", "multipliers", "rules", "rule", "programme",
    }  # fmt: skip


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_whatever_word_is_another_it_is_refused_or_it_works(path: Path) -> None:
    """No word may be taken in by the decoder and raise later, when it is read out or priced.

    Of places that differ by numbers in lists alone, and of equal words there, one stands for all.
    """
    made = document(path)
    assert priced(made), "the bundle itself is good"
    alike = {(tuple(s for s in place if isinstance(s, str)), word): place
             for place, word in words(made)
             if field_of(place) not in {"name_zh", "name_en", "text_zh", "text_en"}}  # fmt: skip
    for (_, word), place in alike.items():
        priced(broken(made, place, word, key=False))


def priced(made: Any) -> bool:
    """Read a bundle out and price one of everything by it; tell whether it was good at all."""
    bundle, found = read(msgspec.json.encode(made))
    if bundle is None or found:
        return False
    programme_overview(bundle, "en")
    member = Member("m-1", tier=next((tier.id for tier in bundle.tiers), ""))
    partners = {name: PointsAsked("max", 900) for name in bundle.programme.points.partners}
    asked = Asked(redeem="max", redeemable=900, partners=partners)
    goods = tuple([_line(name, next(iter(bundle.tax))) for name in ("rice", "tea")])
    rules = compile_rules(bundle, "b" * 64)
    overview(bundle, rules.turns, "2026-11-22", "zh")
    price(Basket(goods, member), rules, AT, "pc_pos", 1, more=asked)
    return True


AT = moment(1_795_312_800_000, "Asia/Shanghai")


def _line(name: str, tax_class: str) -> Line:
    goods = Product(id=name, name_zh=name, name_en=name, price=900, tax_class=tax_class)
    return Line(product=goods, code=name, quantity=Decimal(2), unit_price=900)
