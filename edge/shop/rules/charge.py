"""Charge: what is added to a bill for delivery, packaging and the like."""

from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.money import Rounding, percent
from edge.shop.rules.rule import Amount, Rule, Share
from edge.shop.rules.target import Name


class BillShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A share of the payable bill, rounded once, at least `minimum` and at most `maximum`."""

    basis_points: Share
    minimum: Amount = 0
    maximum: Amount | None = None

    def __post_init__(self) -> None:
        """Refuse a maximum below the minimum."""
        if self.maximum is not None and self.maximum < self.minimum:
            raise ValueError("maximum must not be below minimum")

    def of(self, payable: int, rounding: Rounding) -> int:
        """Return what it comes to on a bill of `payable` minor units."""
        share = max(self.minimum, percent(payable, self.basis_points, rounding))
        return share if self.maximum is None else min(share, self.maximum)


class ChargeStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this bill on, in minor units, the charge is this amount; 0 is free of charge."""

    at_least: Annotated[int, Meta(gt=0, le=10**12)]
    amount: Amount | BillShare


class Charge(Rule, frozen=True, kw_only=True, tag="charge"):
    """A charge that stands on the bill as a line of its own, under the rule's names.

    `amount` is minor units, or a share of the payable bill; tax of `tax_class` is included. The
    highest of the `steps` that the payable bill reaches replaces it. The payable bill is what all
    goods cost in the end, before charges and before points. `per` order: once; per unit: for each
    unit of the goods the rule is about (a box for each dish; a weighed line counts as one), which
    a share cannot be. It is charged only if such goods are bought and `when` holds. No discount
    lowers it, and it earns no points unless `earns` says so.

        {"kind": "charge", "id": "delivery", "amount": 800, "tax_class": "standard",
         "steps": [{"at_least": 5000, "amount": 300}, {"at_least": 9900, "amount": 0}],
         "when": [{"is": "channel", "any_of": ["delivery"]}], ...}
        {"kind": "charge", "id": "service", "tax_class": "standard",
         "amount": {"basis_points": 1000, "minimum": 500, "maximum": 20000}, ...}
    """

    amount: Amount | BillShare
    steps: tuple[ChargeStep, ...] = ()
    per: Literal["order", "unit"] = "order"
    tax_class: Name
    earns: bool = False

    def __post_init__(self) -> None:
        """Refuse steps that do not rise, and shares of the bill for each unit."""
        if any(after.at_least <= before.at_least for before, after in pairwise(self.steps)):
            raise ValueError("each step must begin above the one before")
        amounts = [self.amount, *[step.amount for step in self.steps]]
        if self.per == "unit" and any(isinstance(amount, BillShare) for amount in amounts):
            raise ValueError("a share of the bill is charged per order, not per unit")

    def due(self, payable: int, units: int, rounding: Rounding) -> int:
        """Return the charge on a bill of `payable` with so many units it is about; 0 is none."""
        amount = self.amount
        for step in self.steps:
            if payable >= step.at_least:
                amount = step.amount
        if isinstance(amount, BillShare):
            amount = amount.of(payable, rounding)
        return amount * (units if self.per == "unit" else min(1, units))
