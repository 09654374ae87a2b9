"""Every nth: of units counted in a declared order, each nth is free, cheaper or at a price."""

from itertools import chain
from typing import Literal

from edge.shop.rules.benefit import Benefit, unit_offs
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import NOTHING, Count, Discount, Effect
from edge.shop.rules.running import Running, Selection
from edge.shop.rules.units import Order, Unit, merged, ordered, paid, picked


class EveryNth(Discount, frozen=True, kw_only=True, tag="every_nth"):
    """The `n`-th unit, the 2n-th and so on get the benefit `off`, each on its own.

    Only units that still cost something are counted, in the `order` declared. `across`
    horizontal counts over all goods the rule is about; vertical counts within each product, or
    within each category where `within` says so, whatever lines they stand on. Where uses are
    limited, those that come first in the order are rewarded.

        {"kind": "every_nth", "id": "second-half", "stage": 3, "n": 2,
         "off": {"is": "percent", "basis_points": 5000}, "across": "vertical", ...}
    """

    n: Count
    off: Benefit
    across: Literal["vertical", "horizontal"] = "horizontal"
    within: Literal["product", "category"] = "product"
    order: Order = "dearest_first"

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Reward at most `times_max` units."""
        runs = self._runs(running, selection)
        nths = chain.from_iterable(run[self.n - 1 :: self.n] for run in runs)
        rewarded = ordered(nths, self.order)[:times_max]
        cuts = [running.cut(some, unit_offs(self.off, running, some)) for some in picked(rewarded)]
        taken = merged(cuts)
        return Effect(cuts=taken, times=len(rewarded)) if taken else NOTHING

    def short_of(self, running: Running, selection: Selection) -> Miss | None:
        """Return R-NEEDS-COUNT with how many more `units` of the longest run it takes."""
        longest = max([len(run) for run in self._runs(running, selection)], default=self.n)
        if longest >= self.n:
            return None
        return Miss("R-NEEDS-COUNT", {"count": self.n, "units": self.n - longest})

    def _runs(self, running: Running, selection: Selection) -> list[list[Unit]]:
        """Return the units that are counted together, each run in its order."""
        runs: dict[str, list[Unit]] = {}
        for unit in ordered(paid(running, selection), self.order):
            runs.setdefault(self._run(running, unit), []).append(unit)
        return list(runs.values())

    def _run(self, running: Running, unit: Unit) -> str:
        """Return the name under which a unit is counted."""
        if self.across == "horizontal":
            return ""
        product = running.lines[unit.line].product
        return product.id if self.within == "product" else product.category
