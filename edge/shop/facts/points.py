"""What the calendar alone changes: what members hold expires, and points grow."""

from edge.shop.accounts.growth import Grown
from edge.shop.facts.sale import Deed


class HoldingsExpired(Deed, frozen=True, kw_only=True):
    """What was left in lots whose last day has passed is gone.

    `bonus` and `principal` are minor units, `uses` those of count cards.
    """

    points: int
    bonus: int = 0
    principal: int = 0
    uses: int = 0


class PointsGrown(Deed, frozen=True, kw_only=True):
    """A member's points grew in a period.

    `base` is what grew, at `rate` basis points; `carry`, in ten-thousandths of a point, is left
    for the next period. `shares` say how much of it came of each lot.
    """

    period: str
    base: int
    rate: int
    points: int
    carry: int
    shares: tuple[Grown, ...]
