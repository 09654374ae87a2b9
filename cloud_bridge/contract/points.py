"""Points: what they became, what they grew by, and all that is over once its last day passed."""

from cloud_bridge.contract.deed import DeedFact
from cloud_bridge.contract.returns import Refund
from cloud_bridge.contract.sale import SaleTax, SaleTender
from cloud_bridge.contract.words import Words


class HoldingsExpired(DeedFact, frozen=True, kw_only=True, tag="expired.v1"):
    """What was left in lots whose last day has passed is gone, unit by unit."""

    points: int
    bonus: int
    principal: int
    uses: int


class Grown(Words, frozen=True, kw_only=True):
    """How one lot grew in one period: what was in it, and its share of the growth."""

    lot: str
    base: int
    points: int


class PointsGrown(DeedFact, frozen=True, kw_only=True, tag="points_grown.v1"):
    """A member's points grew in a period: a month (2026-11) or a year (2026).

    `base` grew at `rate` basis points; `carry` ten-thousandths of a point are left over.
    """

    period: str
    base: int
    rate: int
    points: int
    carry: int
    shares: tuple[Grown, ...]


class Handed(Words, frozen=True, kw_only=True):
    """What is handed over for points: a piece of it."""

    kind: str
    """goods, service, coupon, or uses of a count card."""
    id: str
    """The product, the service by name, the type of the coupon, or the plan."""
    uses: int
    """How many uses of the plan, 0 for all else."""


class PointsExchanged(DeedFact, frozen=True, kw_only=True, tag="points_exchanged.v1"):
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
    """What was due beside the points; the tenders sum to it and the rounding."""
    worth: int
    tenders: tuple[SaleTender, ...] = ()
    handed: int = 0
    change: int = 0
    rounding: int = 0
    tax: tuple[SaleTax, ...] = ()


class ExchangeUndone(DeedFact, frozen=True, kw_only=True, tag="exchange_undone.v1"):
    """Pieces that had been had for points came back: `count` of them.

    Of `points`, `forfeited` were of lots that have expired meanwhile and are gone. `worth` is what
    the points' issuer gets back from the store.
    """

    reversal: str
    """Its own id."""
    how: str
    """void (its own business day, whole) or return."""
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
    worth: int
    refunds: tuple[Refund, ...] = ()
    rounding: int = 0
    tax: tuple[SaleTax, ...] = ()
    complete: bool


class PrizeDrawn(DeedFact, frozen=True, kw_only=True, tag="prize_drawn.v1"):
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
    product: str
    points: int
    """What the ticket cost."""


class DrawUndone(DeedFact, frozen=True, kw_only=True, tag="draw_undone.v1"):
    """A ticket was taken back, with all it had won: a manager answers for it."""

    reversal: str
    """Its own id."""
    how: str
    """void (its own business day) or return."""
    ticket: str
    draw: str
    prize: str
    """The prize that can be won once more, "" for none."""
    product: str = ""
    """Goods that came back."""
    reason: str
    points: int
    forfeited: int = 0
