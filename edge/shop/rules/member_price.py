"""Member price: goods have their own price, or a share off, for members or for some tiers.

Which members is said by the rule's conditions; a rule without any would hold for guests too.
"""

import msgspec

from edge.shop.money import percent
from edge.shop.rules.rule import Amount, Discount, Effect, Share
from edge.shop.rules.running import Cut, Picked, Running, Selection, unit_price


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

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Lower each unit to the member price."""
        return Effect(tuple([self._cut(running, picked) for picked in selection]))

    def _cut(self, running: Running, picked: Picked) -> Cut:
        prices = running.prices(picked)
        if isinstance(self.price, PercentLess):
            share = self.price.basis_points
            return running.cut(picked, [percent(now, share, running.rounding) for now in prices])
        own = unit_price(running.lines[picked.line], self.price.amount, running.rounding)
        return running.cut(picked, [max(0, now - own) for now in prices])
