"""The rules of a store: a bundle of tagged kinds, each kind in its own file."""

from edge.shop.rules.bundle import STAGES, AnyDiscount, AnyRule, Bundle, Group, Stage, Tier
from edge.shop.rules.decode import BundleError, decode

__all__ = [
    "STAGES",
    "AnyDiscount",
    "AnyRule",
    "Bundle",
    "BundleError",
    "Group",
    "Stage",
    "Tier",
    "decode",
]
