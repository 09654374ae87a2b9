"""Says parts of rules in words, in Chinese or in English: goods, conditions, limits, benefits."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from edge.shop.bundle.bundle import Bundle
from edge.shop.money import format_minor
from edge.shop.rules.target import AllLines, Products, Target

Lang = Literal["zh", "en"]

WHICH = {"cheapest": ("最便宜的", "cheapest"), "dearest": ("最贵的", "dearest")}
"""The words of a pick."""


class Voice(msgspec.Struct, frozen=True):
    """A language, and what it takes to name the things of one bundle in it."""

    lang: Lang
    exponent: int
    currency: str
    names: Mapping[str, tuple[str, str]]
    """The names (zh, en) of tiers, rules, count cards and card products by id."""
    groups: Mapping[str, tuple[str, str]]
    """The mode and scope of each group by its id."""

    def say(self, zh: str, en: str) -> str:
        """Return the sentence in this language."""
        return zh if self.lang == "zh" else en

    def money(self, amount: int) -> str:
        """Return an amount of minor units with its currency: CNY 12.50."""
        return f"{self.currency} {format_minor(amount, self.exponent)}"

    def share(self, basis_points: int) -> str:
        """Return basis points as percent, without idle zeros: 12.5%."""
        text = format_minor(basis_points, 2)
        return f"{text.rstrip('0').rstrip('.')}%"

    def name(self, name: str) -> str:
        """Return what a tier or a rule is called, its id if nobody knows."""
        return self.say(*self.names.get(name, (name, name)))

    def named(self, names: Iterable[str]) -> str:
        """Return several of them, any of which will do."""
        return self.either([self.name(name) for name in names])

    def either(self, words: Iterable[object]) -> str:
        """Return words of which any will do."""
        return self.say("、", ", ").join(str(word) for word in words)

    def joined(self, phrases: Iterable[str]) -> str:
        """Return phrases all of which hold."""
        return self.say("，且", " and ").join(phrases)

    def goods(self, target: Target) -> str:
        """Return the goods a target means."""
        without = target.without_products + target.without_categories
        spared = self.say(f"（不含 {self.either(without)}）", f" but {self.either(without)}")
        return self._picked(target) + self._kind(target) + (spared if without else "")

    def _kind(self, target: Target) -> str:
        if isinstance(target, AllLines):
            return self.say("全部商品", "all goods")
        ids = self.either(target.ids)
        if isinstance(target, Products):
            return self.say(f"商品 {ids}", f"product {ids}")
        return self.say(f"品类 {ids}", f"category {ids}")

    def _picked(self, target: Target) -> str:
        if target.pick is None:
            return ""
        zh, en = WHICH[target.pick.which]
        count = target.pick.count
        return self.say(f"{zh} {count} 件", f"the {en} {count} of ")


def voice(bundle: Bundle, lang: Lang) -> Voice:
    """Return the voice in which a bundle is read out."""
    programme = bundle.programme
    named = [*programme.plans, *programme.card_products, *bundle.tiers, *bundle.rules]
    return Voice(
        lang=lang,
        exponent=bundle.exponent,
        currency=bundle.currency,
        names={item.id: (item.name_zh, item.name_en) for item in named},
        groups={group.id: (group.mode, group.scope) for group in bundle.groups},
    )


def ordinal(number: int) -> str:
    """Return an English ordinal: 1st, 12th."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"
