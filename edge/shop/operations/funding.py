"""Who bears what a rule took off, and on which account: an adjustment as legs of an entry."""

from edge.shop.money import split
from edge.shop.sale import Adjustment

COUPON_STAGE, POINTS_STAGE = 5, 6
"""The stages of coupons and of points as a discount."""


def contra(adjustment: Adjustment) -> str:
    """Return the account on which a discount is booked."""
    if adjustment.stage == POINTS_STAGE:
        return "points"
    return "coupon" if adjustment.stage == COUPON_STAGE else f"discount:{adjustment.stage}"


def borne(adjustment: Adjustment) -> list[tuple[str, int]]:
    """Return which party bears how much (above zero) of an adjustment; "" is the store.

    The shares are split over the whole adjustment by largest remainder.
    """
    if not adjustment.funding:
        return [("", -adjustment.amount)]
    parts = split(-adjustment.amount, [fund.share for fund in adjustment.funding])
    return [(fund.party, part) for fund, part in zip(adjustment.funding, parts, strict=True)]
