"""Ladder: the more is bought, the larger the benefit, step by step."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.basket import PIECE
from edge.shop.money import BASIS, divide
from edge.shop.rules.benefit import Benefit, Per, Percent, cuts, unit_offs
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import NOTHING, Discount, Effect
from edge.shop.rules.running import Cut, Picked, PriceBase, Running, Selection
from edge.shop.rules.units import Order, merged, ordered, picked, units


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `at_least` on (units, or minor units of money), this benefit."""

    at_least: Annotated[int, Meta(ge=0, le=10**12)]
    off: Benefit


class Ladder(Discount, frozen=True, kw_only=True, tag="ladder"):
    """The steps of a ladder, each with its benefit; what is below the first gets none.

    What is measured (`by`): quantity (pieces, and weighed goods in their own unit: 2.5 kg
    counts 2.5), or money, as it remains or at list (`measured`). Over what (`over`): each line
    for itself, each product (all its lines together), the whole selection, or the whole order
    with the goods that the rule is not about. A step is reached at its value; `strict`: above it.

    mode whole: the highest step reached holds for all that is measured together, of which the
    rule lowers what it is about. `per` says how often: unit, line or order, which here is once
    for all measured together. Undeclared, a share is taken per line, a sum or a price per unit.

    mode progressive: each bracket has its own rate, and nothing is measured over the order. By
    quantity, units are counted in `order`, and each gets, on its own, the step that is reached
    by counting it too. By money, every step is a share; each share is of the money that lies
    between its step and the next; their sum is rounded once and shared by what units still cost.

        {"kind": "ladder", "id": "more-for-less", "stage": 3, "over": "product",
         "steps": [{"at_least": 3, "off": {"is": "fixed", "amount": 450}},
                   {"at_least": 10, "off": {"is": "fixed", "amount": 400}}], ...}
        {"kind": "ladder", "id": "spend-more", "stage": 4, "by": "money", "per": "order",
         "steps": [{"at_least": 10000, "off": {"is": "amount", "amount": 500}},
                   {"at_least": 20000, "off": {"is": "amount", "amount": 1500}}], ...}
    """

    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    by: Literal["quantity", "money"] = "quantity"
    over: Literal["line", "product", "selection", "order"] = "selection"
    measured: PriceBase = "remaining"
    strict: bool = False
    mode: Literal["whole", "progressive"] = "whole"
    per: Per | None = None
    order: Order = "dearest_first"

    def __post_init__(self) -> None:
        """Refuse steps that do not rise, and brackets that could not be told apart."""
        if any(after.at_least <= before.at_least for before, after in pairwise(self.steps)):
            raise ValueError("each step must begin above the one before")
        if self.mode == "whole":
            return
        if self.over == "order":
            raise ValueError("a progressive ladder cannot be measured over the order")
        if self.per is not None:
            raise ValueError("a progressive ladder has its own way to give: leave `per` out")
        if self.by == "money" and not all(self._rate(step.off) for step in self.steps):
            raise ValueError("brackets of money need a percent of what is measured")

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Give each part of the selection that is measured together what its steps say."""
        taken: list[Cut] = []
        for part in self._parts(running, selection):
            if self.mode == "whole":
                taken += self._whole(running, part)
            elif self.by == "money":
                taken += self._by_money(running, part)
            else:
                taken += self._by_unit(running, part)
        effect = merged(taken)
        return Effect(cuts=effect) if effect else NOTHING

    def short_of(self, running: Running, selection: Selection) -> Miss | None:
        """Return how much `more`, or how many more `units`, the part nearest to a step needs.

        R-NEEDS-AMOUNT by money, R-NEEDS-COUNT by quantity: of weighed goods whole units, too.
        """
        first = self.steps[0].at_least
        nearest = max(self._measure(running, part) for part in self._parts(running, selection))
        if nearest > first or (nearest == first and not self.strict):
            return None
        if self.by == "money":
            more = first + self.strict - int(nearest)
            return Miss("R-NEEDS-AMOUNT", {"amount": first, "more": more})
        units = ceil(first - nearest)
        units += self.strict and nearest + units == first
        return Miss("R-NEEDS-COUNT", {"count": first, "units": units})

    def _rate(self, off: Benefit) -> bool:
        """Tell whether a benefit is a share of the money measured."""
        return isinstance(off, Percent) and off.base == self.measured and off.round == "discount"

    def _parts(self, running: Running, selection: Selection) -> Sequence[Selection]:
        """Return what is measured together."""
        if self.over in ("selection", "order"):
            return (selection,)
        parts: dict[str | int, list[Picked]] = {}
        for some in selection:
            by_line = self.over == "line"
            key = some.line if by_line else running.lines[some.line].product.id
            parts.setdefault(key, []).append(some)
        return list(parts.values())

    def _reached(self, measure: Decimal | int) -> Step | None:
        """Return the highest step that is reached."""
        for step in reversed(self.steps):
            if measure > step.at_least or (measure == step.at_least and not self.strict):
                return step
        return None

    def _whole(self, running: Running, part: Selection) -> list[Cut]:
        step = self._reached(self._measure(running, part))
        if step is None:
            return []
        per = self.per or ("line" if isinstance(step.off, Percent) else "unit")
        return cuts(step.off, per, running, part)

    def _measure(self, running: Running, part: Selection) -> Decimal | int:
        if self.over == "order":
            part = [Picked(i, range(len(line))) for i, line in enumerate(running.units)]
        if self.by == "money":
            return running.amount(part, self.measured)
        return sum((_quantity(running, some.line) * len(some.units) for some in part), Decimal(0))

    def _by_unit(self, running: Running, part: Selection) -> Iterator[Cut]:
        counted = Decimal(0)
        for unit in ordered(units(running, part), self.order):
            counted += _quantity(running, unit.line)
            if step := self._reached(counted):
                (alone,) = picked([unit])
                yield running.cut(alone, unit_offs(step.off, running, alone))

    def _by_money(self, running: Running, part: Selection) -> list[Cut]:
        money = running.amount(part, self.measured)
        ends = [step.at_least for step in self.steps[1:]] + [money]
        exact = 0
        for step, end in zip(self.steps, ends, strict=True):
            assert isinstance(step.off, Percent), "checked when the rule was made"
            exact += max(0, min(money, end) - step.at_least) * step.off.basis_points
        return running.share(part, divide(exact, BASIS, running.rounding))


def _quantity(running: Running, line: int) -> Decimal:
    """Return what one unit of a line counts: a piece is 1, a weighed line its quantity."""
    of = running.lines[line]
    return Decimal(1) if of.product.unit == PIECE else of.quantity
