"""A week of shopping under a sample bundle: what guests ask for, by luck with a seed.

They read the promotion sheet, come at all hours, and bring the coupons they have.
"""

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from edge.price_lines import Goods
from edge.shop.calendar import birthdays, plus_days
from simulators import bundles

WEEK = "2026-12-28"
"""A Monday: the week has the last day of a month, a first one, a holiday and a member day."""
AT_LEAST, FOR_A_RULE = 150, 5
"""How many baskets are bought in a week, and how many more for each rule there is."""


def document(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(bundles.load(name))
    return made


def goods(name: str) -> dict[str, Goods]:
    listed = msgspec.json.decode(bundles.products(name), type=tuple[Goods, ...])
    assert len({one.id for one in listed}) == len(listed)
    return {one.id: one for one in listed}


def parts(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object inside a document, itself included."""
    if isinstance(value, Mapping):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list):
        for item in inner:
            yield from parts(item)


def named(value: Any, tag: str, field: str) -> set[str]:
    """Return all words of a field of the conditions with this tag."""
    return {word for part in parts(value) if part.get("is") == tag for word in part[field]}


class Guests:
    """People who come to a shop: who they are, when, and what they take. A seed is a week."""

    def __init__(self, name: str) -> None:
        self.luck = random.Random(f"a week at {name}")
        self.document, self.shelf = document(name), goods(name)
        rules = self.document["rules"]
        self.sheet = [sorted(self._named(rule)) for rule in rules]
        self.coupons = [rule["id"] for rule in rules if rule["kind"] == "coupon"]
        self.partners = sorted(self.document["programme"]["points"].get("partners", ()))
        self.tiers = ["", *[tier["id"] for tier in self.document.get("tiers", ())]]
        self.tags = ["", *sorted(named(rules, "tag", "any_of"))]
        self.terminals = ["pc_pos", *sorted(named(rules, "terminal", "kinds"))]
        self.regions = ["", *sorted(named(rules, "region", "any_of"))]

    def week(self) -> list[dict[str, Any]]:
        """Return what they ask `edgebox price`, a line each."""
        count = AT_LEAST + FOR_A_RULE * len(self.document["rules"])
        return [self._asked(place, place * 7 // count) for place in range(count)]

    def _named(self, rule: Mapping[str, Any]) -> set[str]:
        """Return the goods a rule is about, by what stands on the promotion sheet."""
        found: set[str] = set()
        for part in parts(rule):
            ids = part.get("ids", ())
            found |= {p for p, one in self.shelf.items() if p in ids or one.category in ids}
        return found

    def _asked(self, place: int, days: int) -> dict[str, Any]:
        luck, day = self.luck, plus_days(WEEK, days)
        member = self._member(day) if luck.random() < 0.8 else None
        shown = luck.sample(self.coupons, luck.randint(0, min(2, len(self.coupons))))
        asked: dict[str, Any] = {
            "basket": self._basket(),
            "now": f"{day}T{luck.randint(7, 22):02}:{luck.choice([0, 15, 40]):02}:00+08:00",
            "coupons": [{"id": f"{kind}-{place}", "type": kind} for kind in shown],
            "channel": luck.choice(["till", "till", "counter", "delivery", "pickup"]),
            "terminal": luck.choice(self.terminals),
            "region": luck.choice(self.regions),
        }
        if member:
            asked |= {"member": member, "redeem": luck.choice([0, 0, 300, "max"])}
        if member and self.partners:
            held = {"points": luck.choice([0, 400]), "held": 900}
            asked |= {"partners": {luck.choice(self.partners): held}}
        return asked

    def _member(self, day: str) -> dict[str, Any]:
        luck = self.luck
        birthday = luck.choice(["", day[5:], plus_days(day, 2)[5:], "06-15", "L11-20"])
        assert not birthday or birthdays(birthday, 2026)
        return {
            "id": f"m-{luck.randint(1, 99)}",
            "tier": luck.choice(self.tiers),
            "tags": [tag for tag in [luck.choice(self.tags)] if tag],
            "birthday": birthday,
            "adult": luck.random() < 0.8,
            "partner": luck.choice(["", *self.partners]),
            "purchases": luck.choice([0, 3, 9, 19]),
            "points": luck.choice([0, 250, 5_000]),
        }

    def _basket(self) -> list[dict[str, Any]]:
        luck = self.luck
        noticed = [luck.choice(self.sheet) for _ in range(luck.randint(1, 3))]
        wanted = [one for some in noticed for one in luck.sample(some, min(3, len(some)))]
        wanted += luck.choices(sorted(self.shelf), k=luck.randint(1, 6))
        return [self._line(self.shelf[one]) for one in wanted]

    def _line(self, one: Goods) -> dict[str, Any]:
        if one.unit == "piece":
            return {"product": one.id, "quantity": self.luck.choice([1, 1, 1, 2, 2, 3, 6])}
        return {"product": one.id, "quantity": f"{self.luck.randint(200, 5500) / 1000:.3f}"}
