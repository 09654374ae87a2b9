"""A supermarket to price: 2,000 articles of 40 categories, rules of every kind, full baskets."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from edge.shop.basket import Basket, Line, Product, line
from edge.shop.bundle import Bundle
from edge.shop.member import Member
from edge.shop.pricing import Moment, RuleSet, compile_rules, moment

ARTICLES, CATEGORIES, LINES = 2_000, 40, 20
AT: Moment = moment(1_795_312_800_000, "Asia/Shanghai")
TAX = {"food": 900, "other": 1_300}
TIERS = ("silver", "gold")

Rule = dict[str, Any]

Goods = Sequence[tuple[Product, str]]
"""What goes into a basket: articles, and how much of each."""


def product(number: int) -> Product:
    """Return an article: every seventh is weighed, and prices end in whole yuan."""
    return Product(
        id=f"p{number}", name_zh=f"商品{number}", name_en=f"Article {number}",
        category=category(number), unit="kg" if number % 7 == 0 else "piece",
        price=100 * (1 + number * 37 % 60), tax_class="food" if number % 3 else "other",
    )  # fmt: skip


def category(number: int) -> str:
    """Return the category of an article."""
    return f"c{number % CATEGORIES}"


def goods(numbers: Sequence[int], seed: int = 0) -> Goods:
    """Return these articles, and how much of each goes into a basket."""
    chance = Random(seed)
    return [
        (one, f"0.{chance.randrange(120, 990)}" if one.unit == "kg" else str(chance.choice("1112")))
        for one in map(product, numbers)
    ]


def basket(goods: Goods, tier: str | None = "gold") -> Basket:
    """Return a basket of goods for a member of a tier, or for a guest."""
    lines = [_line(one, quantity) for one, quantity in goods]
    return Basket(tuple(lines), None if tier is None else Member("m-1", tier=tier))


def _line(one: Product, quantity: str) -> Line:
    made = line(one, one.id, Decimal(quantity))
    assert isinstance(made, Line), made
    return made


# --- rules ----------------------------------------------------------------------------------------


def named(rules: Sequence[Rule]) -> list[Rule]:
    """Return these rules, each named after its place."""
    return [
        {"id": f"r{place}", "name_zh": f"规则{place}", "name_en": f"Rule {place}"} | rule
        for place, rule in enumerate(rules)
    ]


def bundle(rules: Sequence[Rule], **more: Any) -> dict[str, Any]:
    """Return a bundle of these rules; each is named after its place."""
    return {
        "format": "edgebox.bundle.v1", "version": 1, "store": "s1", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0,
        "valid_until": 4_102_444_800_000, "tax": TAX,
        "tiers": [{"id": tier, "name_zh": tier, "name_en": tier} for tier in TIERS],
        "groups": [{"id": "spent", "mode": "first"}], "rules": named(rules),
    } | more  # fmt: skip


def compiled(document: dict[str, Any]) -> RuleSet:
    """Return a bundle ready for pricing. It is right by construction: findings are not sought."""
    return compile_rules(msgspec.convert(document, Bundle), "b" * 64)


def realistic(count: int, seed: int = 1) -> list[Rule]:
    """Return as many rules as asked for, in the proportions of a supermarket's month.

    Of a hundred: 15 members' prices and 30 discounts of single articles, 15 of categories (most
    of them for a tier, on weekdays or at certain hours), 8 buy two get one, 4 second at half
    price, 5 price ladders, 4 sets at one price, 12 coupons, 4 steps of money off the whole
    order, of which one is taken, a point for each yuan, and 2 campaigns of double points.
    """
    chance = Random(seed)
    kinds = [kind for kind, share in _SHARES for _ in range(share)]
    return [kinds[place % len(kinds)](chance) for place in range(count)]


def near(count: int, numbers: Sequence[int], *, acting: bool = True) -> list[Rule]:
    """Return rules for articles of a basket, one article each, in turn; or such as just miss."""
    when: list[Rule] = [] if acting else [{"is": "at_least", "amount": 10**9, "base": "list"}]
    return [
        {
            "kind": "percent_off", "stage": 3, "basis_points": 500, "when": when,
            "target": {"of": "products", "ids": [f"p{numbers[place % len(numbers)]}"]},
        }
        for place in range(count)
    ]  # fmt: skip


def elsewhere(count: int, seed: int = 2) -> list[Rule]:
    """Return rules for articles and categories the shop does not sell today, and coupons."""
    chance = Random(seed)
    kinds = (_member_price, _cheaper, _cheaper, _category, _buy_two, _coupon)
    rules = [kinds[place % len(kinds)](chance) for place in range(count)]
    for place, rule in enumerate(rules):
        if rule["kind"] != "coupon":
            of = rule["target"]["of"]
            rule["target"] = {"of": of, "ids": [f"{of}-{place}"]}
    return rules


def _one(chance: Random, most: int = 1) -> dict[str, Any]:
    some = chance.sample(range(ARTICLES), chance.randint(1, most))
    return {"of": "products", "ids": [f"p{number}" for number in some]}


def _whole(chance: Random) -> dict[str, Any]:
    return {"of": "categories", "ids": [f"c{chance.randrange(CATEGORIES)}"]}


def _member_price(chance: Random) -> Rule:
    return {
        "kind": "member_price", "stage": 2, "target": _one(chance, 3), "when": [{"is": "member"}],
        "price": {"is": "percent", "basis_points": 500},
    }  # fmt: skip


def _cheaper(chance: Random) -> Rule:
    if chance.random() < 0.5:
        return {"kind": "amount_off", "stage": 3, "target": _one(chance, 5), "amount": 100}
    percent = 100 * chance.randint(5, 30)
    return {
        "kind": "percent_off", "stage": 3, "target": _one(chance, 5), "basis_points": percent
    }  # fmt: skip


def _category(chance: Random) -> Rule:
    when: list[Rule] = [
        {"is": "tier", "any_of": [chance.choice(TIERS)]},
        {"is": "weekdays", "days": [chance.randint(1, 7)]},
        {"is": "daypart", "from": "18:00", "until": "21:00"},
    ]
    return {
        "kind": "percent_off", "stage": 3, "target": _whole(chance), "basis_points": 500,
        "when": [chance.choice(when)],
    }  # fmt: skip


def _buy_two(chance: Random) -> Rule:
    return {"kind": "buy_n_get_m", "stage": 3, "target": _one(chance, 4), "buy": 2, "get": 1}


def _second_half(chance: Random) -> Rule:
    off = {"is": "percent", "basis_points": 5_000}
    return {"kind": "every_nth", "stage": 3, "target": _one(chance, 4), "n": 2, "off": off}


def _ladder(chance: Random) -> Rule:
    steps = [
        {"at_least": least, "off": {"is": "percent", "basis_points": off}}
        for least, off in ((2, 500), (4, 1_000))
    ]
    return {"kind": "ladder", "stage": 3, "target": _one(chance, 3), "steps": steps}


def _set(chance: Random) -> Rule:
    parts = [_one(chance), _one(chance)]
    target = {"of": "products", "ids": [name for part in parts for name in part["ids"]]}
    return {
        "kind": "set_price", "stage": 3, "target": target,
        "components": [{"target": part} for part in parts],
        "off": {"is": "percent", "basis_points": 2_000},
    }  # fmt: skip


def _coupon(chance: Random) -> Rule:
    return {"kind": "coupon", "stage": 5, "get": {"is": "amount", "amount": chance.randint(1, 900)}}


def _threshold(chance: Random) -> Rule:
    amount = chance.choice([10_000, 20_000, 50_000, 100_000])
    return {
        "kind": "spend_threshold", "stage": 4, "group": "spent", "priority": amount,
        "amount": amount, "off": {"is": "amount", "amount": amount // 20},
    }  # fmt: skip


def _points(_: Random) -> Rule:
    return {"kind": "points_earn", "points": 1, "per": 100, "when": [{"is": "member"}]}


def _more_points(chance: Random) -> Rule:
    return {"kind": "points_multiplier", "target": _whole(chance), "factor": 20_000}


_SHARES: tuple[tuple[Callable[[Random], Rule], int], ...] = (
    (_member_price, 15), (_cheaper, 30), (_category, 15), (_buy_two, 8), (_second_half, 4),
    (_ladder, 5), (_set, 4), (_coupon, 12), (_threshold, 4), (_points, 1),
    (_more_points, 2),
)  # fmt: skip
