"""The rule bundle of a store: prices, points and every account's terms, as one document."""

from edge.shop.bundle.bundle import STAGES, AnyDiscount, AnyRule, Bundle, Group, Stage, Tier
from edge.shop.bundle.decode import decode, read
from edge.shop.bundle.findings import BundleError
from edge.shop.bundle.programme import Programme

__all__ = [
    "STAGES",
    "AnyDiscount",
    "AnyRule",
    "Bundle",
    "BundleError",
    "Group",
    "Programme",
    "Stage",
    "Tier",
    "decode",
    "read",
]
