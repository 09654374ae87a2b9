"""Amount off: a fixed sum less on each unit, each line, or once on all of them together."""

from typing import Literal

from edge.shop.rules.rule import Amount, Discount, Effect
from edge.shop.rules.running import Running, Selection


class AmountOff(Discount, frozen=True, kw_only=True, tag="amount_off"):
    """A sum off the goods the rule is about.

    `per` says how often: for each unit (a piece, or a weighed line), for each line, or once,
    shared over all of them.
    """

    amount: Amount
    per: Literal["unit", "line", "order"] = "unit"

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Take the sum off; no unit gives more than it still costs."""
        if self.per == "order":
            return Effect(tuple(running.share(selection, self.amount)))
        if self.per == "line":
            return Effect(tuple([running.spread(picked, self.amount) for picked in selection]))
        cuts = [
            running.cut(picked, [min(self.amount, price) for price in running.prices(picked)])
            for picked in selection
        ]
        return Effect(tuple(cuts))
