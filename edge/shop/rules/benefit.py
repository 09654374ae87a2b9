"""What a rule does to a price: a share less, a sum less, or a price of its own.

In a bundle: {"is": "percent", "basis_points": 1000}, {"is": "amount", "amount": 50} or
{"is": "fixed", "amount": 990}. Nothing here raises a price, or lowers one below zero.
"""

from typing import Literal

import msgspec

from edge.shop.money import BASIS, Rounding, divide, percent
from edge.shop.rules.rule import Amount, Count, Share
from edge.shop.rules.running import Cut, Picked, PriceBase, Running, Selection, unit_price
from edge.shop.rules.target import Name

Per = Literal["unit", "line", "order"]
"""How often a benefit is given: for each unit, for each line (of it, what the rule may touch), or
once for everything together, shared over lines and then over units by what they still cost."""


class Percent(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="is",
    tag="percent",
):
    """So many basis points less; all 10000 make it free.

    `base` is what the share is of: the price that remains after earlier rules, or the list
    price. `round` is what is rounded: the discount, or the price without it.
    """

    basis_points: Share
    base: PriceBase = "remaining"
    round: Literal["discount", "price"] = "discount"

    def off(self, now: int, of: int, rounding: Rounding) -> int:
        """Return what this takes off a price of `now` by a share of `of`, rounded once."""
        if self.round == "discount":
            return min(now, percent(of, self.basis_points, rounding))
        left = divide(now * BASIS - of * self.basis_points, BASIS, rounding)
        return now - max(0, left)


class Less(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="is",
    tag="amount",
):
    """A sum less, in minor units, at most what is still to pay."""

    amount: Amount


class Fixed(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="is",
    tag="fixed",
):
    """A price of its own; what already costs less stays as it is.

    Of a unit: minor units for a piece, and for one kilogram (or whatever its unit is) of
    weighed goods. Of a line, a set or an order: minor units for all of it.
    """

    amount: Amount


Benefit = Percent | Less | Fixed

FREE = Percent(basis_points=BASIS)


class OnTop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods added to the basket, free: so many of one product."""

    product: Name
    count: Count = 1


class Voucher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Coupons given to the member: the type (the id of its rule), and how many."""

    coupon: Name
    count: Count = 1


def unit_offs(benefit: Benefit, running: Running, picked: Picked) -> list[int]:
    """Return what the benefit takes off each picked unit on its own, in their order.

    A unit is a piece, or a weighed line as a whole. Percentages are rounded per unit.
    """
    now = running.prices(picked)
    match benefit:
        case Less(amount=amount):
            return [min(amount, price) for price in now]
        case Fixed(amount=amount):
            fixed = unit_price(running.lines[picked.line], amount, running.rounding)
            return [max(0, price - fixed) for price in now]
        case Percent():
            pairs = zip(now, running.prices(picked, benefit.base), strict=True)
            return [benefit.off(price, of, running.rounding) for price, of in pairs]


def total_off(benefit: Benefit, running: Running, selection: Selection) -> int:
    """Return what the benefit takes off all these units together, rounded once."""
    now = running.amount(selection)
    match benefit:
        case Less(amount=amount):
            return min(amount, now)
        case Fixed(amount=amount):
            return max(0, now - amount)
        case Percent():
            of = running.amount(selection, benefit.base)
            return benefit.off(now, of, running.rounding)


def cuts(benefit: Benefit, per: Per, running: Running, selection: Selection) -> list[Cut]:
    """Return the cuts by which these units get the benefit, as often as `per` says."""
    if per == "unit":
        return [running.cut(picked, unit_offs(benefit, running, picked)) for picked in selection]
    if per == "line":
        return [
            running.spread(picked, total_off(benefit, running, (picked,))) for picked in selection
        ]
    return running.share(selection, total_off(benefit, running, selection))
