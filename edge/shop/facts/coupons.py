"""Points became something else: goods, a coupon, uses, a service, or a chance."""

from typing import Literal

import msgspec

from edge.shop.facts.sale import Deed
from edge.shop.facts.value import Outside
from edge.shop.sale import TaxLine


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed over for points: a piece of it."""

    kind: Literal["goods", "service", "coupon", "uses"]
    id: str
    """The product, the service by name, the type of the coupon, or the count card's plan."""
    uses: int = 0
    """How many uses of the plan."""


class PointsExchanged(Deed, frozen=True, kw_only=True):
    """A member gave points, and perhaps cash, for `count` pieces of what was on offer.

    `worth` is what the points' issuer pays the store for them.
    """

    exchange: str
    """Its own id."""
    offer: str
    name_zh: str
    name_en: str
    gives: Handed
    count: int
    currency: str
    exponent: int
    points: int
    cash: int
    worth: int
    tender: Outside
    """How the cash was paid."""
    tax: tuple[TaxLine, ...] = ()


class PrizeDrawn(Deed, frozen=True, kw_only=True):
    """A ticket of a prize draw was drawn. `prize` is "" for one that won nothing.

    Draw, seed and `given` make the outcome again: anybody can check it.
    """

    ticket: str
    """Its own id."""
    draw: str
    seed: int
    given: int
    """How many of the prize at this seed had been given before."""
    prize: str
    product: str = ""
    """Goods that are handed over."""
    points: int = 0
    """What the ticket cost."""
