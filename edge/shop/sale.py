"""What a basket costs and why: the quote, its lines, its adjustments and its explanations.

All amounts are minor units of the quote's currency; what a rule takes off is negative.
"""

import hashlib
from functools import cached_property

import msgspec

from edge.shop.basket import Line
from edge.shop.member import Member


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule took off one line. `units` says it per unit and sums to `amount`."""

    rule: str
    name_zh: str
    name_en: str
    amount: int
    units: tuple[int, ...]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that took effect (R-APPLIED), or one that nearly did, and why not.

    `amount` is what it changed on the whole receipt; `params` are what its sentence names.
    """

    rule: str
    name_zh: str
    name_en: str
    reason: str
    amount: int = 0
    params: dict[str, str | int] = {}


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with everything that changed its price.

    `unit_nets` is what each unit costs in the end and sums to `net`; `points` is this line's
    part of the points the receipt earns.
    """

    line: Line
    adjustments: tuple[Adjustment, ...]
    net: int
    unit_nets: tuple[int, ...]
    tax_rate: int
    points: int


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """The tax (and the net without it) which the total contains for one class of goods."""

    tax_class: str
    rate: int
    net: int
    tax: int


class Quote(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A basket with every adjustment explained. `discount_total` is list less total, above zero."""

    currency: str
    exponent: int
    lines: tuple[PricedLine, ...]
    member: Member | None
    list_total: int
    discount_total: int
    total: int
    tax: tuple[TaxLine, ...]
    points_earned: int
    applied: tuple[Note, ...]
    not_applied: tuple[Note, ...]
    bundle: str
    """Hash of the rule bundle that made this price."""
    price_book: int
    """Version of the price book the list prices came from."""

    @cached_property
    def fingerprint(self) -> str:
        """64 hex digits over all a guest would pay or earn, and why.

        It depends on content only, so the same basket gives the same after a restart. Neither
        the time, nor the price book's version (its prices are in), nor hints about other rules
        count.
        """
        content = (
            self.bundle,
            self.currency,
            self.exponent,
            self.member.id if self.member else None,
            [_content(line) for line in self.lines],
            self.tax,
            self.points_earned,
            self.total,
        )
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def _content(priced: PricedLine) -> tuple[object, ...]:
    line = priced.line
    return (
        line.product.id,
        line.code,
        line.quantity,
        line.unit_price,
        line.price_source,
        line.rounding,
        [(a.rule, a.amount, a.units) for a in priced.adjustments],
        priced.net,
        priced.points,
    )
