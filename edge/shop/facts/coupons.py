"""Points became something else: goods, a coupon, uses, a service, or a chance; and back again."""

from typing import Literal

import msgspec

from edge.shop.facts.returns import Refund
from edge.shop.facts.sale import Deed
from edge.shop.sale import TaxLine
from edge.shop.tender import Tender


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
    """What was due beside the points."""
    worth: int
    tenders: tuple[Tender, ...] = ()
    """What paid the cash, as on a sale; they sum to it and the rounding."""
    handed: int = 0
    change: int = 0
    rounding: int = 0
    tax: tuple[TaxLine, ...] = ()


Undoing = Literal["void", "return"]
"""void: on its own business day, whole · return: later, or a part."""


class ExchangeUndone(Deed, frozen=True, kw_only=True):
    """Pieces that had been had for points came back: `count` of them.

    Points go back to the lots they came from. Of `points`, `forfeited` were of lots that have
    expired meanwhile and are gone.
    """

    reversal: str
    """Its own id."""
    how: Undoing
    exchange: str
    exchange_receipt: str
    offer: str
    name_zh: str
    name_en: str
    gives: Handed
    count: int
    reason: str
    currency: str
    exponent: int
    points: int
    forfeited: int = 0
    cash: int
    """What is given back of the cash, before cash rounding."""
    worth: int
    """What the points' issuer gets back from the store."""
    refunds: tuple[Refund, ...] = ()
    rounding: int = 0
    tax: tuple[TaxLine, ...] = ()
    complete: bool
    """Whether with this one all pieces have come back."""


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


class DrawUndone(Deed, frozen=True, kw_only=True):
    """A ticket was taken back, with all it had won: a manager answers for it."""

    reversal: str
    """Its own id."""
    how: Undoing
    ticket: str
    draw: str
    prize: str
    """The prize that can be won once more, "" for none."""
    product: str = ""
    """Goods that came back."""
    reason: str
    points: int
    """What the ticket had cost, given back; of it, `forfeited` were of expired lots."""
    forfeited: int = 0
