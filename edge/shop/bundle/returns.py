"""How goods come back, as the merchant declares it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Returns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of returns. Those of the day of the return hold, not those of the sale."""

    policy: Literal["unit_net", "reprice_kept", "bundle_only"] = "unit_net"
    """What is refunded. unit_net: what was allocated to the unit · reprice_kept: what the shop
    still holds of the payment less the price of what the guest keeps, judged under the rules of
    the sale, never below zero · bundle_only: what was allocated, but units that were discounted
    together come back together."""
    units: Literal["cheapest", "dearest"] = "cheapest"
    """Which units of a line go back when only a number is named: those that cost least (or most)
    in the end; ties by their place in the line."""
    window_days: Annotated[int, Meta(ge=0, le=9_999)] | None = None
    """How many days after the sale goods are taken back, by the business dates of both; None sets
    no end."""
    after_window: Literal["refused", "approval"] = "refused"
    """What happens after that: nothing goes, or only what a manager approves."""
    gift_kept: Literal["charge", "keep"] = "charge"
    """A gift that stays with the guest when the last of the units that earned it come back: its
    list price is taken off the refund, as far as that reaches, or the guest may keep it."""
    coupon_given: Literal["any", "all"] = "any"
    """When a coupon that the sale gave is voided: as soon as any unit comes back, or only when
    all have. What was used of it before stays used."""
