"""Baskets and bundles at random, each from its seed: small, crowded, and full of ties.

Every kind of rule, every condition and every choice a bundle declares comes up; the second
pricer's own tests count them.
"""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.pricer.goods import Data
from tests.pricer_rules import Rules, optional

CATEGORIES = ("bread", "drinks", "books")
TAX = {"food": 900, "fresh": 900, "standard": 1300, "free": 0}
TIERS = ("silver", "gold")
HOLIDAYS = {"new-year": ["2026-01-01", "2027-01-01"], "founding": ["2026-11-22"]}
PRICES = (1, 10, 99, 99, 250, 333, 665, 1_000, 1_200)
MODES = ("all", "first", "best_for_guest", "best_for_shop")
ROUNDINGS = ("half_up", "half_even", "down")
LEVELS = ("lines", "order")
AIRLINE: Data = {"points": {"partners": {"airline": {"points": 100, "amount": 90}}}}
DAYS = (("2026-11-22", 7), ("2026-11-30", 1), ("2026-02-28", 6), ("2027-01-01", 5))


def basket_and_bundle(seed: int) -> tuple[Data, Data, Data]:
    """Return a bundle's document, a basket, and the context of a price."""
    luck = random.Random(seed)
    products = [_product(luck, number) for number in range(6)]
    basket = _basket(luck, products)
    document = _document(luck, products, _sums(basket))
    return document, basket, _context(luck, document, products)


def _sums(basket: Data) -> list[int]:
    """Return amounts that a basket just reaches, or just misses."""
    lines = [int(Decimal(line["quantity"]) * line["unit_price"]) for line in basket["lines"]]
    return sorted({max(1, amount) for line in [*lines, sum(lines)] for amount in (line, line + 1)})


def _product(luck: random.Random, number: int) -> Data:
    amount = luck.choice(PRICES)
    product = {
        "id": f"p{number}", "name_zh": f"品{number}", "name_en": f"P{number}", "price": amount,
        "tax_class": luck.choice(list(TAX)), "category": CATEGORIES[number % 3],
    }  # fmt: skip
    return product | optional(luck, 0.15, {
        "unit": ["kg"], "discountable": [False], "reduced": [True],
        "floor": [amount // 2, amount, amount * 2],
    })  # fmt: skip


# --- the bundle -----------------------------------------------------------------------------------


def _document(luck: random.Random, products: Sequence[Data], sums: Sequence[int]) -> Data:
    stages = _stages(luck)
    groups = _groups(luck)
    numbers = [stage["number"] for stage in stages]
    lines_end = max((s["number"] for s in stages if s["level"] == "lines"), default=0)
    names = [product["id"] for product in products]
    rules = Rules(luck, names, sums, numbers, lines_end, groups)
    document: Data = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1, "tax": TAX,
        "tiers": [
            {"id": tier, "name_zh": tier, "name_en": tier, "rank": rank}
            for rank, tier in enumerate(TIERS, 1)
        ],
        "holidays": HOLIDAYS, "stages": stages, "groups": groups, "rules": rules.draw(),
    }  # fmt: skip
    if any(rule.get("programme") for rule in document["rules"]):
        document["programme"] = AIRLINE
    return document | optional(luck, 0.25, {
        "rounding": ROUNDINGS, "odd_cent": ["largest_remainder", "first", "last"],
        "running_base": ["rounded", "exact", "exact"], "combinations_max": [1, 2, 4, 64],
        "coupons": [_coupon_choices(luck)], "programme": [_programme(luck)],
    })  # fmt: skip


def _stages(luck: random.Random) -> list[Data]:
    levels = ["lines", "lines", "order", "order"]
    if luck.random() < 0.1:
        luck.shuffle(levels)
    stages = []
    for number, level in enumerate(levels, 2):
        name = {"name": f"stage {number}", "name_zh": f"阶段 {number}"}
        stage: Data = {"number": number, "level": level} | name
        order = luck.choice(["", "", "priority_high", "priority_low", "kind", "largest_saving"])
        if order:
            stage["order"] = order
        if order == "kind":
            stage["kinds"] = luck.sample(["amount_off", "coupon", "ladder", "percent_off"], 2)
        stages.append(stage)
    return stages


def _groups(luck: random.Random) -> list[Data]:
    groups: list[Data] = []
    for number in range(luck.choice([0, 1, 1, 2, 3])):
        group = {"id": f"g{number}", "mode": luck.choice([*MODES, *MODES[2:]])}
        group |= optional(luck, 0.4, {"scope": ["unit", "order"], "priority": [0, 1, 2]})
        group |= optional(luck, 0.1, {"name_zh": ["组"], "name_en": ["group"]})
        if groups and luck.random() < 0.4:
            group["within"] = luck.choice(groups)["id"]
            _in_order(group, groups)
        groups.append(group)
    return groups


def _in_order(group: Data, groups: Sequence[Data]) -> None:
    """Let a best-of inside a group that goes unit by unit go unit by unit, too."""
    around = {one["id"]: one for one in groups}
    name = group["within"]
    while name and group["mode"].startswith("best_for"):
        if around[name].get("scope") == "unit":
            group["scope"] = "unit"
        name = around[name].get("within", "")


def _coupon_choices(luck: random.Random) -> Data:
    return optional(luck, 0.5, {
        "codes": ["ignore_case", "exact"], "repeat": ["ignored", "refused"],
        "worse": ["stacked", "refused", "refused"], "max": [None, 0, 1, 2],
    })  # fmt: skip


def _programme(luck: random.Random) -> Data:
    return {"points": AIRLINE["points"] | optional(luck, 0.5, {
        "flooring": ["last", "before_multiplier"], "multipliers": ["multiply", "add"],
        "earn_on": [{"points": True}, {"points": False}],
    })}  # fmt: skip


# --- the basket, and what goes with it ------------------------------------------------------------


def _basket(luck: random.Random, products: Sequence[Data]) -> Data:
    lines = [_line(luck, luck.choice(products)) for _ in range(luck.choice([1, 2, 2, 3, 4]))]
    member = {"id": "m-1"} | optional(luck, 0.6, {
        "tier": ["", *TIERS], "tags": [["vip"], ["student", "new"]], "adult": [True],
        "birthday": ["11-22", "11-30", "02-29", "12-31"], "partner": ["airline"],
        "purchases": [0, 1, 4], "unconfirmed": [True],
    })  # fmt: skip
    return {"lines": lines, "member": member if luck.random() < 0.75 else None}


def _line(luck: random.Random, product: Data) -> Data:
    weighed = product.get("unit") == "kg"
    quantity = luck.choice(["0.435", "1", "2.5", "0.001"]) if weighed else luck.choice("11223456")
    line = {"product": product, "code": "c", "quantity": quantity, "unit_price": product["price"]}
    return line | optional(luck, 0.1, {
        "unit_price": [0, 50, 700], "rounding": ROUNDINGS, "price_source": ["terminal"],
    })  # fmt: skip


def _context(luck: random.Random, document: Data, products: Sequence[Data]) -> Data:
    today, weekday = luck.choice(DAYS)
    gifts = {product["id"]: product for product in products}
    gifts |= {"cup": products[0] | {"id": "cup", "price": 500, "unit": "piece"}}
    gifts |= {"untaxed": products[0] | {"id": "untaxed", "tax_class": "unheard-of"}}
    return {
        "date": today, "weekday": weekday, "minute": luck.choice([0, 90, 600, 839, 1_320]),
        "terminal_kind": luck.choice(["pc_pos", "self_pos"]), "store": luck.choice(["", "corner"]),
        "region": luck.choice(["", "north", "south"]), "online": luck.random() < 0.8,
        "channel": luck.choice(["till", "till", "counter", "delivery", "pickup"]),
        "coupons": _shown(luck, document), "catalogue": gifts,
        "redeem": luck.choice([0, 0, 150, 1_000, "max"]),
        "redeemable": luck.choice([0, 100, 777, 5_000]),
        "partners": luck.choice([{}, {"airline": ["max", 300]}, {"airline": [120, 90]}]),
        "counters": _counters(luck, document["rules"]),
    }  # fmt: skip


def _shown(luck: random.Random, document: Data) -> list[Data]:
    types = [rule["id"] for rule in document["rules"] if rule["kind"] == "coupon"]
    if not types and luck.random() < 0.98:
        return []
    shown = []
    for _ in range(luck.choice([1, 2, 2, 3])):
        coupon: Data = {"id": luck.choice(["AB", "ab", "C", "D", "E"])}
        coupon["type"] = luck.choice([*types, *types, *types, "unheard-of"])
        if luck.random() < 0.1:
            coupon |= {
                "usable": False,
                "reason": luck.choice(["R-COUPON-USED", "R-COUPON-EXPIRED"]),
            }
        shown.append(coupon)
    return shown


def _counters(luck: random.Random, rules: Sequence[Data]) -> dict[str, int]:
    counters: dict[str, int] = {}
    for rule in rules:
        for limit in rule.get("limits", ()):
            per, most = limit.get("per", "order"), limit["max"]
            if per not in {"unit", "line", "order"} and luck.random() < 0.5:
                used: Any = luck.choice([0, most // 2, max(0, most - 1), most, most + 1])
                counters[f"{rule['id']}|{limit.get('of', 'uses')}|{per}"] = used
    return counters
