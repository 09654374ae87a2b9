"""Tiers: kept or lost at a review, granted by a period, bought and given back."""

from edge.shop.facts.returns import Refund
from edge.shop.facts.sale import Deed
from edge.shop.sale import TaxLine
from edge.shop.tender import Tender


class TierReviewed(Deed, frozen=True, kw_only=True):
    """A member's tier was looked at: it fell, or was kept, and perhaps granted something.

    `moves` give what the period grants.
    """

    before: str
    after: str
    qualifying_sum: int
    """What counted on that day: minor units, visits or points, as the policy measures."""
    review_on: str
    """From which day on it is reviewed again, "" for never here."""
    bought_ended: bool = False
    """Whether the term of a bought tier was over."""
    grant: str = ""
    """What was granted, as {tier}@{first day of the period}; "" for nothing."""


class TierBought(Deed, frozen=True, kw_only=True):
    """A member paid for a tier."""

    tier: str
    until: str
    """The last day on which it holds."""
    currency: str
    exponent: int
    fee: int
    tenders: tuple[Tender, ...] = ()
    """What paid the fee, as on a sale; they sum to it and the rounding."""
    handed: int = 0
    change: int = 0
    rounding: int = 0
    tax: tuple[TaxLine, ...] = ()


class TierRefunded(Deed, frozen=True, kw_only=True):
    """A bought tier was given back before its term ended."""

    tier: str
    after: str
    """The tier that is in force now."""
    currency: str
    exponent: int
    refund: int
    """What is due, before cash rounding."""
    refunds: tuple[Refund, ...] = ()
    """What went back to each tender that had paid the fee; they sum to it and the rounding."""
    rounding: int = 0
    tax: tuple[TaxLine, ...] = ()
