"""price(): a pure function from a basket, the rules and the moment to a quote.

Rules are compiled once per bundle into an index by product and category, so that the cost of a
price depends on the rules that could matter to a basket and not on how many there are.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from edge.shop.basket import Basket, Line, refusal
from edge.shop.declined import Declined
from edge.shop.explain import explain
from edge.shop.judging import Applied, Candidate, Missed, Placed, judge, nearest, note, unmet
from edge.shop.money import contained, split
from edge.shop.rules import Bundle
from edge.shop.rules.bundle import AnyDiscount
from edge.shop.rules.conditions import Miss, Scene
from edge.shop.rules.moment import Moment, moment
from edge.shop.rules.points_earn import PointsEarn, earned
from edge.shop.rules.running import Running, start
from edge.shop.rules.target import Categories, Products, Target
from edge.shop.sale import Adjustment, Note, PricedLine, Quote, TaxLine

__all__ = ["Moment", "RuleSet", "check", "compile_rules", "explain", "moment", "price"]


class Index(msgspec.Struct, frozen=True):
    """Ranks of rules by what they are about."""

    everywhere: tuple[int, ...]
    by_product: dict[str, tuple[int, ...]]
    by_category: dict[str, tuple[int, ...]]

    def hits(self, lines: Sequence[Line]) -> list[tuple[int, Sequence[int]]]:
        """Return the ranks that matter to these lines, in order, each with its lines."""
        found: dict[int, list[int]] = {}
        for i, line in enumerate(lines):
            product = line.product
            for rank in self.by_product.get(product.id, ()):
                found.setdefault(rank, []).append(i)
            for rank in self.by_category.get(product.category, ()):
                found.setdefault(rank, []).append(i)
        all_lines = range(len(lines)) if lines else ()
        hits: list[tuple[int, Sequence[int]]] = [*found.items()]
        hits += [(rank, all_lines) for rank in self.everywhere if all_lines]
        hits.sort(key=lambda hit: hit[0])
        return hits


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle made ready for pricing. `hash` is the hash of the bundle's bytes."""

    bundle: Bundle
    hash: str
    discounts: tuple[Placed, ...]
    discount_index: Index
    earning: tuple[PointsEarn, ...]
    earning_index: Index
    modes: dict[str, str]
    """How each group chooses."""
    lines_stage_last: int
    """The number of the last stage of level `lines`, 0 for none."""


def compile_rules(bundle: Bundle, bundle_hash: str) -> RuleSet:
    """Index a bundle's rules and put them in the order in which they are judged."""
    discounts = [rule for rule in bundle.rules if not isinstance(rule, PointsEarn)]
    earning = [rule for rule in bundle.rules if isinstance(rule, PointsEarn)]
    earning.sort(key=lambda rule: rule.id)
    placed = _place(bundle, discounts)
    return RuleSet(
        bundle=bundle,
        hash=bundle_hash,
        discounts=placed,
        discount_index=_index([item.rule.target for item in placed]),
        earning=tuple(earning),
        earning_index=_index([rule.target for rule in earning]),
        modes={group.id: group.mode for group in bundle.groups},
        lines_stage_last=max((s.number for s in bundle.stages if s.level == "lines"), default=0),
    )


def _place(bundle: Bundle, rules: Iterable[AnyDiscount]) -> tuple[Placed, ...]:
    """Order rules by stage, and in it as a walk through the tree of groups."""
    groups = {group.id: group for group in bundle.groups}
    walk: list[tuple[tuple[int, list[tuple[int, str]]], AnyDiscount]] = []
    for rule in rules:
        steps, name = [(-rule.priority, rule.id)], rule.group
        while name:
            steps.insert(0, (-groups[name].priority, name))
            name = groups[name].within
        walk.append(((rule.stage, steps), rule))
    walk.sort(key=lambda item: item[0])
    return tuple(
        Placed(rule, tuple(name for _, name in steps), rank)
        for rank, ((_, steps), rule) in enumerate(walk)
    )


def _index(targets: Sequence[Target]) -> Index:
    everywhere: list[int] = []
    by_product: dict[str, tuple[int, ...]] = {}
    by_category: dict[str, tuple[int, ...]] = {}
    for rank, target in enumerate(targets):
        match target:
            case Products(ids=ids):
                named = by_product
            case Categories(ids=ids):
                named = by_category
            case _:
                everywhere.append(rank)
                continue
        for name in dict.fromkeys(ids):
            named[name] = (*named.get(name, ()), rank)
    return Index(tuple(everywhere), by_product, by_category)


def check(basket: Basket, rules: RuleSet) -> Declined | None:
    """Return why this basket cannot be sold under these rules, or None.

    E-EMPTY-BASKET, E-QUANTITY (too many units in all), or E-NOT-READY if the bundle has no rate
    for a product's tax class: price book and bundle do not fit each other yet.
    """
    for line in basket.lines:
        if line.product.tax_class not in rules.bundle.tax:
            return Declined("E-NOT-READY", {"what": f"tax class {line.product.tax_class}"})
    return refusal(basket)


def price(basket: Basket, rules: RuleSet, at: Moment, terminal_kind: str, price_book: int) -> Quote:
    """Return what a basket costs at a moment on a kind of terminal.

    The basket may be empty, but has passed `check` otherwise: its tax classes are known.
    """
    before = start(basket.lines, rules.bundle.rounding)
    scene = Scene(member=basket.member, terminal_kind=terminal_kind, moment=at)
    scene, running, applied, missed = _discounted(rules, scene, before)
    points = _points(rules, scene, running, missed)
    total, list_total = sum(running.left), sum(running.lists)
    assert 0 <= total <= list_total, "discounts lower a price, and not below zero"
    return Quote(
        currency=rules.bundle.currency,
        exponent=rules.bundle.exponent,
        lines=_priced(rules, running, applied, points),
        member=basket.member,
        list_total=list_total,
        discount_total=list_total - total,
        total=total,
        tax=_tax(rules.bundle, running),
        points_earned=sum(points),
        applied=tuple([_effect(item) for item in applied]),
        not_applied=nearest(missed),
        bundle=rules.hash,
        price_book=price_book,
    )


def _discounted(
    rules: RuleSet, scene: Scene, running: Running
) -> tuple[Scene, Running, list[Applied], list[Missed]]:
    """Judge all candidates stage by stage; the scene learns what the lines cost on the way."""
    applied: list[Applied] = []
    missed: list[Missed] = []
    candidates = [
        Candidate(rules.discounts[rank], lines)
        for rank, lines in rules.discount_index.hits(running.lines)
    ]
    for stage, some in groupby(candidates, key=lambda item: item.placed.rule.stage):
        if scene.after_lines is None and stage > rules.lines_stage_last:
            scene = msgspec.structs.replace(scene, after_lines=running.left)
        outcome = judge(tuple(some), rules.modes, scene, running)
        running = outcome.running
        applied += outcome.applied
        missed += outcome.missed
    if scene.after_lines is None:
        scene = msgspec.structs.replace(scene, after_lines=running.left)
    return scene, running, applied, missed


def _points(rules: RuleSet, scene: Scene, running: Running, missed: list[Missed]) -> Sequence[int]:
    """Return the points each line earns; earning rules that do not hold go to `missed`."""
    rates = []
    for rank, lines in rules.earning_index.hits(running.lines):
        rule = rules.earning[rank]
        misses = unmet(rule.when, scene, running, lines)
        if scene.member is None:
            misses = [Miss("R-NEEDS-MEMBER"), *[m for m in misses if m.reason != "R-NEEDS-MEMBER"]]
        if misses:
            missed.append(Missed(note(rule, misses[0]), len(misses)))
        elif scene.member:
            rates.append((lines, rule.rate(scene.member.tier)))
    return earned(running.left, rates) if rates else (0,) * len(running.lines)


def _priced(
    rules: RuleSet, running: Running, applied: Iterable[Applied], points: Sequence[int]
) -> tuple[PricedLine, ...]:
    adjustments: list[list[Adjustment]] = [[] for _ in running.lines]
    for item in applied:
        rule = item.rule
        for cut in item.cuts:
            adjustments[cut.line].append(
                Adjustment(
                    rule=rule.id, name_zh=rule.name_zh, name_en=rule.name_en,
                    amount=-sum(cut.units), units=tuple([-unit for unit in cut.units]),
                )
            )  # fmt: skip
    return tuple(
        [
            PricedLine(
                line=line, adjustments=tuple(adjustments[i]), net=running.left[i],
                unit_nets=running.units[i], tax_rate=rules.bundle.tax[line.product.tax_class],
                points=points[i],
            )
            for i, line in enumerate(running.lines)
        ]
    )  # fmt: skip


def _tax(bundle: Bundle, running: Running) -> tuple[TaxLine, ...]:
    """Compute the tax once per rate; classes that share a rate share its tax exactly."""
    gross: dict[str, int] = {}
    for line, left in zip(running.lines, running.left, strict=True):
        gross[line.product.tax_class] = gross.get(line.product.tax_class, 0) + left
    ordered = sorted((bundle.tax[name], name) for name in gross)
    lines: list[TaxLine] = []
    for rate, members in groupby(ordered, key=lambda item: item[0]):
        names = [name for _, name in members]
        weights = [gross[name] for name in names]
        taxes = split(contained(sum(weights), rate, bundle.rounding), weights)
        for name, tax in zip(names, taxes, strict=True):
            lines.append(TaxLine(tax_class=name, rate=rate, net=gross[name] - tax, tax=tax))
    return tuple(lines)


def _effect(applied: Applied) -> Note:
    rule, off = applied.rule, sum(sum(cut.units) for cut in applied.cuts)
    return Note(
        rule=rule.id, name_zh=rule.name_zh, name_en=rule.name_en,
        reason="R-APPLIED", amount=-off, params={"off": off},
    )  # fmt: skip
