"""Which rules could matter to a basket, without a look at the others.

A rule for certain goods is found by its goods. A rule for the whole order is found by who buys
and where, if one of its conditions names them (member, tier, tag, partner, terminal, store,
region, channel); only the first `EXPLAINED_MAX` of these rules are looked at when they do not
hold, so that a quote can still say "for members". A coupon's rule is found by its coupon alone.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec

from edge.shop.basket import Line
from edge.shop.pricing.gates import NO_GATE, Gates
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
from edge.shop.rules.units import names

EXPLAINED_MAX = 20
"""How many rules for the whole order are explained that do not hold here, or for this guest."""

Key = tuple[str, str]
"""What must be so for a rule to hold: a kind of circumstance, and its value."""

Hit = tuple[int, Sequence[int]]
"""The rank of a rule that could matter, and the lines it is about."""

Ranks = Sequence[int]

Bunches = tuple[tuple[int, Ranks], ...]
"""The ranks of rules, by the gate that they stand behind."""

ANY_MEMBER: Key = ("member", "")

_PRODUCT, _CATEGORY = attrgetter("product.id"), attrgetter("product.category")
"""What a line is looked up by."""

_Name = TypeVar("_Name", bound=Hashable)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Ranks of rules by what they are about, ascending."""

    sparing: Mapping[int, Target]
    """The targets that leave something out, by rank."""
    by_product: Mapping[str, Bunches]
    by_category: Mapping[str, Bunches]
    by_key: Mapping[Key, Bunches]
    everywhere: Bunches
    """The rules for the whole order that hold for anybody, and the first that do not."""

    def hits(self, lines: Sequence[Line], scene: Scene, gates: Gates | None = None) -> list[Hit]:
        """Return the rules that matter to these lines, by rank.

        `gates` keep back the rules behind those that are shut, and know them then; None keeps
        back nobody.
        """
        if not lines:
            return []
        found = self._by_goods(lines, gates)
        everything = range(len(lines))
        for gate, ranks in self._for_all(scene):
            if gate and gates is not None and gates[gate]:
                gates.kept_back[gate].update(ranks)
            else:
                for rank in ranks:
                    found[rank] = everything
        hits = sorted(found.items())
        return [*self._without_spared(hits, lines)] if self.sparing else hits

    def _by_goods(self, lines: Sequence[Line], gates: Gates | None) -> dict[int, Sequence[int]]:
        """Return the rules for certain goods; each is named by products or by categories."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for named, name in ((self.by_product, _PRODUCT), (self.by_category, _CATEGORY)):
            if not named:
                continue
            for i, bunches in enumerate(map(named.get, map(name, lines))):
                for gate, ranks in bunches or ():
                    if gate and gates is not None and gates[gate]:
                        gates.kept_back[gate].update(ranks)
                        continue
                    for rank in ranks:
                        found[rank].append(i)
        return {**found}

    def _for_all(self, scene: Scene) -> Bunches:
        if not self.by_key:
            return self.everywhere
        keyed = [self.by_key[key] for key in _keys_of(scene) if key in self.by_key]
        return sum(keyed, self.everywhere)

    def _without_spared(self, hits: Iterable[Hit], lines: Sequence[Line]) -> Iterator[Hit]:
        for rank, places in hits:
            target = self.sparing.get(rank)
            if target is None:
                yield rank, places
            elif kept := [i for i in places if not target.spares(lines[i].product)]:
                yield rank, kept


def index(rules: Sequence[Rule], behind: Sequence[int] = ()) -> Index:
    """Return the index of rules in the order of their ranks.

    `behind` is the number of the gate that each stands behind; () is no gate for any of them.
    """
    gates = behind or (NO_GATE,) * len(rules)
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
        sparing={rank: rule.target for rank, rule in enumerate(rules) if rule.target.sparing},
        by_product={name: _bunches(ranks, gates) for name, ranks in by_product.items()},
        by_category={name: _bunches(ranks, gates) for name, ranks in by_category.items()},
        by_key={key: _bunches(ranks, gates) for key, ranks in by_key.items()},
        everywhere=_bunches(everywhere, gates),
    )


def _bunches(ranks: Iterable[int], gates: Sequence[int]) -> Bunches:
    bunches: dict[int, list[int]] = {}
    for rank in ranks:
        bunches.setdefault(gates[rank], []).append(rank)
    return tuple([(gate, tuple(some)) for gate, some in bunches.items()])


def matching(target: Target, lines: Sequence[Line]) -> list[int]:
    """Return the lines a target names."""
    return [i for i, line in enumerate(lines) if names(target, line.product)]


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
