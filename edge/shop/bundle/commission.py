"""What sellers get for what they sell, in grades, as the merchant declares it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.money import percent

Work = Literal["sales", "top_ups", "card_sales", "enrolments"]
"""sales: goods, net of returns · top_ups: value paid in, less what was cancelled · card_sales:
cards and count cards · enrolments: new members."""


class Grade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From so much on: a share of the money in basis points, and minor units for each deed."""

    at_least: Annotated[int, Meta(ge=0, le=10**12)] = 0
    """Minor units; for enrolments a number of members."""
    basis_points: Annotated[int, Meta(ge=0, le=10_000)] = 0
    each: Annotated[int, Meta(ge=0, le=10**9)] = 0


class Commission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The grades for one kind of work. The highest grade that is reached counts for all of it."""

    of: Work
    grades: Annotated[tuple[Grade, ...], Meta(min_length=1)]

    def due(self, amount: int, count: int) -> int:
        """Return what is due for work worth `amount` in `count` deeds; nothing below zero."""
        measured = count if self.of == "enrolments" else amount
        reached = [grade for grade in self.grades if grade.at_least <= measured]
        if not reached:
            return 0
        grade = max(reached, key=lambda grade: grade.at_least)
        return max(0, percent(amount, grade.basis_points) + grade.each * count)
