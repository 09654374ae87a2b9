"""Set price: goods that cost less when they are bought together, as a set."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.shop.rules.benefit import Benefit, total_off
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import NOTHING, Count, Discount, Effect, needed
from edge.shop.rules.running import Cut, Running, Selection
from edge.shop.rules.target import Target
from edge.shop.rules.units import FIRST, Unit, Which, about, merged, ordered, picked, units


class Component(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the set: so many units of these goods; a weighed line counts as one."""

    target: Target
    count: Count = 1


class SetPrice(Discount, frozen=True, kw_only=True, tag="set_price"):
    """A set of `components` gets the benefit `off` as a whole: a price, a share or a sum less.

    The rule's own target covers all components (by default it does). Set after set is formed
    greedily: components are filled in the order of how few units of the basket fit them (ties:
    as declared), each with the dearest or cheapest units (`first`) that no set and no other
    component has taken, ties by line; the first set that cannot be filled ends it. So where
    components overlap, the choosier one is served first. What a set saves is rounded once and
    shared over all its units by what they still cost. A set that would save nothing keeps its
    prices and is no use. `repeats`: more than one set.

        {"kind": "set_price", "id": "lunch", "stage": 3, "off": {"is": "fixed", "amount": 2500},
         "components": [{"target": {"of": "categories", "ids": ["noodles"]}},
                        {"target": {"of": "products", "ids": ["tea", "cola"]}, "count": 2}], ...}
    """

    components: Annotated[tuple[Component, ...], Meta(min_length=1)]
    off: Benefit
    first: Which = "dearest"
    repeats: bool = True

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Give at most `times_max` sets their benefit."""
        cuts: list[Cut] = []
        times = 0
        for some in self._sets(running, selection):
            if times == (times_max if self.repeats else min(1, times_max)):
                break
            together = picked(some)
            if off := total_off(self.off, running, together):
                cuts += running.share(together, off)
                times += 1
        return Effect(cuts=merged(cuts), times=times) if times else NOTHING

    def short_of(self, running: Running, selection: Selection) -> Miss | None:
        """Return which goods of the set there are too few of, the first component's first."""
        every = units(running, selection)
        for part in self.components:
            lacking = part.count - len(about(part.target, running, every))
            if lacking > 0:
                return needed(part.target, lacking)
        return None

    def _sets(self, running: Running, selection: Selection) -> Iterator[list[Unit]]:
        """Yield the units of one set after the other."""
        every = ordered(units(running, selection), FIRST[self.first])
        fitting = [(about(part.target, running, every), part.count) for part in self.components]
        fitting.sort(key=lambda item: len(item[0]))
        used: set[Unit] = set()
        queues = [(_unused(some, used), count) for some, count in fitting]
        while True:
            together: list[Unit] = []
            for queue, count in queues:
                taken = list(islice(queue, count))
                if len(taken) < count:
                    return
                used.update(taken)
                together += taken
            yield together


def _unused(some: list[Unit], used: set[Unit]) -> Iterator[Unit]:
    """Yield units not used by the time they are asked for."""
    return (unit for unit in some if unit not in used)
