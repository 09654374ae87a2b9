"""Percent off: so many basis points less on lines, on named goods, or on the whole order."""

from collections.abc import Sequence
from typing import Literal

from edge.shop.money import percent
from edge.shop.rules.rule import Discount, Share
from edge.shop.rules.running import Cut, Running


class PercentOff(Discount, frozen=True, kw_only=True, tag="percent_off"):
    """A share off the goods the rule is about.

    `per` says where the amount is rounded: on each line, or once on all of them together and
    then shared. `base` says of what: of what remains after earlier rules, or of the list price.
    """

    basis_points: Share
    per: Literal["line", "order"] = "line"
    base: Literal["remaining", "list"] = "remaining"

    def cuts(self, running: Running, lines: Sequence[int]) -> list[Cut]:
        """Take the share off, rounded where the rule says."""
        if self.per == "order":
            base = sum([running.base(i, self.base) for i in lines])
            return running.share(lines, percent(base, self.basis_points, running.rounding))
        return [
            running.spread(
                i, percent(running.base(i, self.base), self.basis_points, running.rounding)
            )
            for i in lines
        ]
