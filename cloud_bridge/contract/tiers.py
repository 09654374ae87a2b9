"""Tiers: kept or lost at a review, granted by a period, bought and given back."""

from cloud_bridge.contract.deed import DeedFact
from cloud_bridge.contract.returns import Refund
from cloud_bridge.contract.sale import SaleTax, SaleTender


class TierReviewed(DeedFact, frozen=True, kw_only=True, tag="tier_reviewed.v1"):
    """A member's tier was looked at: it fell, or was kept, and perhaps granted something."""

    before: str
    after: str
    qualifying_sum: int
    review_on: str
    """From which day on it is reviewed again, "" for never here."""
    bought_ended: bool
    grant: str
    """What was granted, as {tier}@{first day of the period}; "" for nothing."""


class TierBought(DeedFact, frozen=True, kw_only=True, tag="tier_bought.v1"):
    """A member paid for a tier."""

    tier: str
    until: str
    """The last day on which it holds."""
    currency: str
    exponent: int
    fee: int
    tenders: tuple[SaleTender, ...] = ()
    """They sum to the fee and the rounding."""
    handed: int = 0
    change: int = 0
    rounding: int = 0
    tax: tuple[SaleTax, ...]


class TierRefunded(DeedFact, frozen=True, kw_only=True, tag="tier_refunded.v1"):
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
    tax: tuple[SaleTax, ...]
