"""Conditions on what is bought: amounts, counts, and goods that must be in the basket."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from edge.shop.basket import Product
from edge.shop.rules.conditions.condition import Condition, Miss, Scene
from edge.shop.rules.running import Running, Selection
from edge.shop.rules.target import Categories, Products

Over = Literal["order", "target"]
"""What is counted: every line, or the lines the rule is about."""

Units = Annotated[int, Meta(ge=1, le=9_999)]


class AtLeast(Condition, frozen=True, kw_only=True, tag="at_least"):
    """The order, or the rule's own goods, reach an amount in minor units.

    `base` says of which price: at list, after the stages of level `lines`, or what is payable
    when this rule's turn comes. `strict` asks for more than the amount. Gifts and top-ups never
    count.
    """

    amount: Annotated[int, Meta(gt=0, le=10**12)]
    base: Literal["list", "after_lines", "payable"] = "after_lines"
    over: Over = "order"
    strict: bool = False

    @property
    def static(self) -> bool:
        """True for list prices, which no rule changes."""
        return self.base == "list"

    @property
    def common(self) -> bool:
        """True for list prices of the order."""
        return self.static and self.over == "order"

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NEEDS-AMOUNT with how much `more` it takes."""
        amounts = self._amounts(scene, running)
        counted = amounts if self.over == "order" else [amounts[p.line] for p in selection]
        more = self.amount + self.strict - sum(counted)
        if more <= 0:
            return None
        return Miss("R-NEEDS-AMOUNT", {"amount": self.amount, "more": more})

    def _amounts(self, scene: Scene, running: Running) -> Sequence[int]:
        if self.base == "list":
            return running.lists
        if self.base == "payable":
            return running.left
        assert scene.after_lines is not None, "the check of the bundle refuses this earlier"
        return scene.after_lines


class CountAtLeast(Condition, frozen=True, kw_only=True, tag="count_at_least"):
    """The order, or the rule's own goods, reach a number of units. A weighed line counts as one."""

    count: Units
    over: Over = "order"

    @property
    def common(self) -> bool:
        """True for the units of the order."""
        return self.over == "order"

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NEEDS-COUNT with how many more `units` it takes."""
        counted = running.everything if self.over == "order" else selection
        units = running.units
        more = self.count - sum([len(units[picked.line]) for picked in counted])
        return None if more <= 0 else Miss("R-NEEDS-COUNT", {"count": self.count, "units": more})


class HasGoods(Condition, frozen=True, kw_only=True, tag="has"):
    """Certain products, or goods of certain categories, are in the basket: `count` units of them.

    They need not be what the rule lowers: "coffee at half price with any cake".
    """

    target: Products | Categories
    count: Units = 1

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NEEDS-GOODS with what is asked for and how many more `units` it takes."""
        found = 0
        for line, units in zip(running.lines, running.units, strict=True):
            found += len(units) * _is_of(line.product, self.target)
        if found >= self.count:
            return None
        goods = ", ".join(self.target.ids)
        return Miss("R-NEEDS-GOODS", {"goods": goods, "units": self.count - found})


def _is_of(product: Product, target: Products | Categories) -> bool:
    name = product.id if isinstance(target, Products) else product.category
    return name in target.ids and not target.spares(product)
