"""Member price: goods have their own price, or a share off, for members or for some tiers.

Which members is said by the rule's conditions; a rule without any would hold for guests too.
"""

from collections.abc import Sequence

import msgspec

from edge.shop.money import percent
from edge.shop.rules.rule import Amount, Discount, Share
from edge.shop.rules.running import Cut, Running, unit_price


class FixedPrice(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="is",
    tag="fixed",
):
    """A price per unit; it never raises one."""

    amount: Amount


class PercentLess(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="is",
    tag="percent",
):
    """The price less so many basis points, rounded per unit so that the price can be shown."""

    basis_points: Share


class MemberPrice(Discount, frozen=True, kw_only=True, tag="member_price"):
    """What members pay for these goods."""

    price: FixedPrice | PercentLess

    def cuts(self, running: Running, lines: Sequence[int]) -> list[Cut]:
        """Lower each unit to the member price."""
        return [
            Cut(i, tuple(self._off(running, i, unit) for unit in running.units[i])) for i in lines
        ]

    def _off(self, running: Running, line: int, unit: int) -> int:
        if isinstance(self.price, PercentLess):
            return percent(unit, self.price.basis_points, running.rounding)
        price = unit_price(running.lines[line], self.price.amount, running.rounding)
        return max(0, unit - price)
