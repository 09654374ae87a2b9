"""Check a coupon: what it is worth, until when, and whether it may be used here and now."""

import msgspec

from edge.shop.accounts import coupons
from edge.shop.accounts.lots import Held, Holdings
from edge.shop.operations.in_force import InForce, coupon_kinds
from edge.shop.operations.made import Made
from edge.shop.rules.coupon import Coupon
from edge.shop.sale import CouponShown


class CouponChecked(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon, looked at. Nothing happened by it."""

    shown: CouponShown
    uses_left: int = 0
    expires: str = ""
    """The last day on which it may be used, "" for any."""
    home: str = ""
    """The store that may accept it without asking, "" for every one."""
    worth: Coupon | None = None
    """What it does to a price, and on which conditions; None if the bundle does not say."""


def check_coupon(
    coupon: str, rules: InForce, holdings: Holdings, made: Made, *, elsewhere: Held | None = None
) -> CouponChecked:
    """Return what is known of a coupon, and whether it may be used.

    `holdings` are those of who shows it, `elsewhere` is the coupon in somebody else's. A type
    that today's bundle no longer knows is worth nothing here: R-COUPON-UNKNOWN.
    """
    held = holdings.lots.get(coupon, elsewhere)
    worth = coupon_kinds(rules.bundle).get(held.lot.terms) if held else None
    shown = coupons.shown(holdings, coupon, made, elsewhere=elsewhere, terms=worth)
    if held is None or shown.reason == "R-COUPON-UNKNOWN":
        return CouponChecked(shown=shown)
    if shown.usable and worth is None:
        shown = msgspec.structs.replace(shown, usable=False, reason="R-COUPON-UNKNOWN")
    lot = held.lot
    return CouponChecked(
        shown=shown, uses_left=held.left, expires=lot.expires, home=lot.home, worth=worth
    )
