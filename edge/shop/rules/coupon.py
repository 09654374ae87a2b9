"""Coupon: what a coupon of one type is worth, and the terms it is given out on."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.rules.benefit import FREE, Fixed, Less, Per, Percent, cuts, unit_offs
from edge.shop.rules.conditions import Date
from edge.shop.rules.rule import NOTHING, Count, Discount, Effect, Gift
from edge.shop.rules.running import Running, Selection
from edge.shop.rules.target import Name
from edge.shop.rules.units import FIRST, Which, merged, ordered, paid, picked


class FreeUnits(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
    tag_field="is", tag="free",
):  # fmt: skip
    """The cheapest or dearest `count` units in the basket of what the rule is about are free."""

    count: Count = 1
    which: Which = "cheapest"


class AddedGift(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
    tag_field="is", tag="gift",
):  # fmt: skip
    """So many of a product on top of the basket, free."""

    product: Name
    count: Count = 1


class Coupon(Discount, frozen=True, kw_only=True, tag="coupon"):
    """One type of coupon: its id is the type, and it acts once for each coupon shown.

    `get`: a sum, a share or a price (`per` unit, line, or once for the order, the default), free
    units out of the basket (those that cost nothing already do not count; `per` says nothing
    here), or a gift on top.

    The terms say how such coupons live once they are given out: `uses` of each; valid on the
    day of issue and `valid_days` days after it, and not after `valid_until` (that day counts;
    both undeclared: without end); `transferable`, so that not only the member it was given to
    may use it; and whether another box than its home asks the cloud before it redeems it, or
    accepts it when the cloud cannot be asked (`off_home`).

        {"kind": "coupon", "id": "ten-off", "stage": 5, "get": {"is": "amount", "amount": 1000},
         "valid_days": 30, "when": [{"is": "at_least", "amount": 5000}], ...}
        {"kind": "coupon", "id": "free-coffee", "stage": 5, "get": {"is": "free"}, "uses": 5,
         "target": {"of": "products", "ids": ["coffee"]}, ...}
        {"kind": "coupon", "id": "welcome", "stage": 5, "get": {"is": "gift", "product": "bag"},
         "valid_until": "2026-12-31", ...}
    """

    get: Less | Percent | Fixed | FreeUnits | AddedGift
    per: Per = "order"
    uses: Count = 1
    valid_days: Annotated[int, Meta(ge=0, le=36_500)] | None = None
    valid_until: Date | None = None
    transferable: bool = False
    off_home: Literal["accept", "ask"] = "ask"

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Give what one coupon is worth."""
        match self.get:
            case AddedGift(product=product, count=count):
                return Effect(gifts=(Gift(product, count),))
            case FreeUnits():
                some = ordered(paid(running, selection), FIRST[self.get.which])
                free = picked(some[: self.get.count])
                taken = merged([running.cut(p, unit_offs(FREE, running, p)) for p in free])
            case _:
                taken = merged(cuts(self.get, self.per, running, selection))
        return Effect(cuts=taken) if taken else NOTHING
