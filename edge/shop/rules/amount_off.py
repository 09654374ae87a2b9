"""Amount off: a fixed sum less on each unit, each line, or once on all of them together."""

from collections.abc import Sequence
from typing import Literal

from edge.shop.rules.rule import Amount, Discount
from edge.shop.rules.running import Cut, Running


class AmountOff(Discount, frozen=True, kw_only=True, tag="amount_off"):
    """A sum off the goods the rule is about.

    `per` says how often: for each unit (a piece, or a weighed line), for each line, or once,
    shared over all of them.
    """

    amount: Amount
    per: Literal["unit", "line", "order"] = "unit"

    def cuts(self, running: Running, lines: Sequence[int]) -> list[Cut]:
        """Take the sum off; no unit gives more than it still costs."""
        if self.per == "order":
            return running.share(lines, self.amount)
        if self.per == "line":
            return [running.spread(i, self.amount) for i in lines]
        return [Cut(i, (self.amount,) * len(running.units[i])) for i in lines]
