"""Exchange: points given for goods, a coupon, uses of a count card or a service, with part cash.

What is on offer is declared; whether it is on the shelf is not ours to know. `worth` is what the
issuer of the points pays the store that hands it over: the cost of the points. Worth and cash
together are the price, taxed like any other.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.shop.accounts.declared import Amount, Count, Day, Days, Declared, Name
from edge.shop.declined import Declined


class Goods(Declared, frozen=True, kw_only=True, tag_field="is", tag="goods"):
    """A product of the price book."""

    product: Name


class Service(Declared, frozen=True, kw_only=True, tag_field="is", tag="service"):
    """Something that is done for the guest."""

    name: Name


class Coupon(Declared, frozen=True, kw_only=True, tag_field="is", tag="coupon"):
    """A coupon of a type: the id of its rule."""

    coupon: Name


class Uses(Declared, frozen=True, kw_only=True, tag_field="is", tag="uses"):
    """Uses of a count card's plan; what they are worth is deferred until they are used."""

    plan: Name
    uses: Count
    valid_days: Days = 0


Gives = Goods | Service | Coupon | Uses
"""What an offer hands over."""


class Offer(Declared, frozen=True, kw_only=True, rename={"start": "from"}):
    """Something that can be had for points. `points` and `cash` are per piece."""

    id: Name
    name_zh: Name
    name_en: Name
    points: Annotated[int, Meta(ge=1, le=10**12)]
    cash: Amount = 0
    worth: Amount = 0
    tax_class: str = ""
    """The tax class of worth and cash; needed where there is any and it is revenue now."""
    gives: Gives
    tiers: tuple[Name, ...] = ()
    """For members of these tiers only; () is everybody."""
    start: Day = ""
    until: Day = ""

    def __post_init__(self) -> None:
        """Refuse an offer that is revenue now and says nothing of its tax."""
        if (self.cash or self.worth) and not self.deferred and not self.tax_class:
            raise ValueError("worth and cash need a tax_class")

    @property
    def deferred(self) -> bool:
        """Whether what it costs is revenue only once it is used."""
        return isinstance(self.gives, Uses)


class Exchange(Declared, frozen=True, kw_only=True):
    """All that can be had for points."""

    offers: tuple[Offer, ...] = ()

    def offer(self, name: str) -> Offer | None:
        """Return the offer with this id."""
        return next((offer for offer in self.offers if offer.id == name), None)


class Price(msgspec.Struct, frozen=True):
    """What so many pieces cost: points, cash, and what the points are worth to the store."""

    points: int
    cash: int
    worth: int


def price(offer: Offer, count: int) -> Price:
    """Return what `count` pieces cost."""
    return Price(offer.points * count, offer.cash * count, offer.worth * count)


def refusal(offer: Offer | None, tier: str, today: str) -> Declined | None:
    """Return why a member of this tier cannot have the offer today, or None."""
    if offer is None:
        return Declined("E-UNKNOWN-OFFER")
    over = bool(offer.until) and offer.until < today
    if over or today < offer.start or (offer.tiers and tier not in offer.tiers):
        return Declined("E-NOT-ON-OFFER", {"offer": offer.id})
    return None
