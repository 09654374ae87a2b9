"""Charge: what is added to a bill for delivery, packaging and the like."""

from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.rules.rule import Amount, Rule
from edge.shop.rules.target import Name


class ChargeStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this bill on, in minor units, the charge is this amount; 0 is free of charge."""

    at_least: Annotated[int, Meta(gt=0, le=10**12)]
    amount: Amount


class Charge(Rule, frozen=True, kw_only=True, tag="charge"):
    """A charge that stands on the bill as a line of its own, under the rule's names.

    `amount` is minor units, tax of `tax_class` included; the highest of the `steps` that the
    payable bill reaches replaces it. `per` order: once; per unit: for each unit of the goods the
    rule is about (a box for each dish; a weighed line counts as one). It is charged only if
    such goods are bought and `when` holds. No discount lowers it, and it earns no points unless
    `earns` says so.

        {"kind": "charge", "id": "delivery", "amount": 800, "tax_class": "standard",
         "steps": [{"at_least": 5000, "amount": 300}, {"at_least": 9900, "amount": 0}],
         "when": [{"is": "channel", "any_of": ["delivery"]}], ...}
    """

    amount: Amount
    steps: tuple[ChargeStep, ...] = ()
    per: Literal["order", "unit"] = "order"
    tax_class: Name
    earns: bool = False

    def __post_init__(self) -> None:
        """Refuse steps that do not rise."""
        if any(after.at_least <= before.at_least for before, after in pairwise(self.steps)):
            raise ValueError("each step must begin above the one before")

    def due(self, payable: int, units: int) -> int:
        """Return the charge on a bill of `payable` with so many units it is about; 0 is none."""
        amount = self.amount
        for step in self.steps:
            if payable >= step.at_least:
                amount = step.amount
        return amount * (units if self.per == "unit" else min(1, units))
