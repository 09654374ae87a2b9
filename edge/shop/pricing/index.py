"""Which rules could matter to a basket, without a look at the others.

A rule for certain goods is found by its goods. A rule for the whole order is found by who buys
and where, if one of its conditions names them (member, tier, tag, partner, terminal, store,
region, channel); only the first `EXPLAINED_MAX` of these rules are looked at when they do not
hold, so that a quote can still say "for members". A coupon's rule is found by its coupon alone.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from edge.shop.basket import Line
from edge.shop.rules.conditions import (
    AnyCondition,
    HasTag,
    HasTier,
    InRegion,
    InStore,
    OfMember,
    OfPartner,
    OnChannel,
    OnTerminal,
    Scene,
)
from edge.shop.rules.rule import Rule
from edge.shop.rules.target import Categories, Products, Target

EXPLAINED_MAX = 20
"""How many rules for the whole order are explained that do not hold here, or for this guest."""

Key = tuple[str, str]
"""What must be so for a rule to hold: a kind of circumstance, and its value."""

Hit = tuple[int, Sequence[int]]
"""The rank of a rule that could matter, and the lines it is about."""

Ranks = tuple[int, ...]

ANY_MEMBER: Key = ("member", "")

_Name = TypeVar("_Name", bound=Hashable)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Ranks of rules by what they are about, ascending."""

    sparing: Mapping[int, Target]
    """The targets that leave something out, by rank."""
    by_product: Mapping[str, Ranks]
    by_category: Mapping[str, Ranks]
    by_key: Mapping[Key, Ranks]
    everywhere: Ranks
    """The rules for the whole order that hold for anybody, and the first that do not."""

    def hits(self, lines: Sequence[Line], scene: Scene) -> list[Hit]:
        """Return the rules that matter to these lines, by rank."""
        if not lines:
            return []
        hits: list[Hit] = [*self._by_goods(lines).items()]
        everything = range(len(lines))
        hits += [(rank, everything) for rank in self._for_all(scene)]
        hits.sort(key=lambda hit: hit[0])
        return [*self._without_spared(hits, lines)] if self.sparing else hits

    def _by_goods(self, lines: Sequence[Line]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        if not self.by_product and not self.by_category:
            return found
        for i, line in enumerate(lines):
            product = line.product
            for rank in self.by_product.get(product.id, ()):
                found.setdefault(rank, []).append(i)
            for rank in self.by_category.get(product.category, ()):
                found.setdefault(rank, []).append(i)
        return found

    def _for_all(self, scene: Scene) -> Iterable[int]:
        if not self.by_key:
            return self.everywhere
        ranks = set(self.everywhere)
        for key in _keys_of(scene):
            ranks.update(self.by_key.get(key, ()))
        return ranks

    def _without_spared(self, hits: Iterable[Hit], lines: Sequence[Line]) -> Iterator[Hit]:
        for rank, places in hits:
            target = self.sparing.get(rank)
            if target is None:
                yield rank, places
            elif kept := [i for i in places if not target.spares(lines[i].product)]:
                yield rank, kept


def index(rules: Sequence[Rule]) -> Index:
    """Return the index of rules in the order of their ranks."""
    by_product: dict[str, list[int]] = {}
    by_category: dict[str, list[int]] = {}
    by_key: dict[Key, list[int]] = {}
    everywhere: list[int] = []
    keyed = 0
    for rank, rule in enumerate(rules):
        match rule.target:
            case Products(ids=ids):
                _note(by_product, ids, rank)
            case Categories(ids=ids):
                _note(by_category, ids, rank)
            case _:
                keys = _keys_to(rule.when)
                _note(by_key, keys, rank)
                keyed += bool(keys)
                if not keys or keyed <= EXPLAINED_MAX:
                    everywhere.append(rank)
    return Index(
        sparing={
            rank: rule.target
            for rank, rule in enumerate(rules)
            if rule.target.without_products or rule.target.without_categories
        },
        by_product={name: tuple(ranks) for name, ranks in by_product.items()},
        by_category={name: tuple(ranks) for name, ranks in by_category.items()},
        by_key={key: tuple(ranks) for key, ranks in by_key.items()},
        everywhere=tuple(everywhere),
    )


def matching(target: Target, lines: Sequence[Line]) -> list[int]:
    """Return the lines a target names."""
    return [i for i, line in enumerate(lines) if _names(target, line)]


def _names(target: Target, line: Line) -> bool:
    product = line.product
    if target.spares(product):
        return False
    match target:
        case Products(ids=ids):
            return product.id in ids
        case Categories(ids=ids):
            return product.category in ids
        case _:
            return True


def _note(named: dict[_Name, list[int]], names: Iterable[_Name], rank: int) -> None:
    for name in dict.fromkeys(names):
        named.setdefault(name, []).append(rank)


def _keys_to(when: Iterable[AnyCondition]) -> list[Key]:
    """Return the circumstances of which one must be so: those of the narrowest condition."""
    alternatives = [keys for condition in when if (keys := _keys(condition))]
    narrow = [keys for keys in alternatives if keys != [ANY_MEMBER]]
    return next(iter(narrow or alternatives), [])


def _keys(condition: AnyCondition) -> list[Key]:
    match condition:
        case HasTier(any_of=names):
            return [("tier", name) for name in names]
        case HasTag(any_of=names):
            return [("tag", name) for name in names]
        case OfPartner(any_of=names):
            return [("partner", name) for name in names]
        case OfMember():
            return [ANY_MEMBER]
        case OnTerminal(kinds=names):
            return [("terminal", name) for name in names]
        case InStore(any_of=names):
            return [("store", name) for name in names]
        case InRegion(any_of=names):
            return [("region", name) for name in names]
        case OnChannel(any_of=channels):
            return [("channel", name) for name in channels]
        case _:
            return []


def _keys_of(scene: Scene) -> Iterator[Key]:
    """Yield every circumstance that is so, in the words of `_keys`."""
    yield "terminal", scene.terminal_kind
    yield "store", scene.store
    yield "region", scene.region
    yield "channel", scene.channel
    if scene.member:
        yield ANY_MEMBER
        yield "tier", scene.member.tier
        yield "partner", scene.member.partner
        for tag in scene.member.tags:
            yield "tag", tag
