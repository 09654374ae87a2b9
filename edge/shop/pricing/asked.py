"""What a price depends on beyond the basket and the rules: all of it the caller has looked up."""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from edge.shop.basket import Product
from edge.shop.rules.conditions import Channel
from edge.shop.sale import CouponShown


class Catalogue(Protocol):
    """Where gifts come from."""

    def product(self, id: str) -> Product | None:
        """Return the product with this id, None if nobody knows it."""
        ...


class PointsAsked(msgspec.Struct, frozen=True):
    """How many points of one programme to redeem, and how many are `held`."""

    points: int | Literal["max"]
    held: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the guest shows and wishes, and where the sale is made."""

    coupons: tuple[CouponShown, ...] = ()
    """In the order in which they were shown."""
    redeem: int | Literal["max"] = 0
    """How many of the programme's own points are to pay a part of the bill."""
    redeemable: int = 0
    """How many of them there are."""
    partners: Mapping[str, PointsAsked] = {}
    """The same for the points of each alliance partner."""
    counters: Mapping[str, int] = {}
    """How much of a limit was used before, by "{rule}|{of}|{per}": of today, this member or this
    store, as the limit says. What is not here was never used."""
    catalogue: Catalogue | None = None
    store: str = ""
    """"" is the store of the bundle."""
    region: str = ""
    channel: Channel = "till"
    online: bool = True
    """Whether what only the cloud can count is up to date."""

    def points(self, programme: str) -> PointsAsked:
        """Return what is asked of a partner's points, or of our own if `programme` is ""."""
        if not programme:
            return PointsAsked(self.redeem, self.redeemable)
        return self.partners.get(programme, PointsAsked(0, 0))
