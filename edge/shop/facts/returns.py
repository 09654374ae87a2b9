"""Goods came back: a return names the sale and the units, a void takes back a whole receipt.

Both are facts of their own; the sale they are about stays as it was.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from edge.shop.facts.sale import Deed
from edge.shop.sale import TaxLine


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule had taken off the units that came back: on which account, and borne by whom."""

    rule: str
    account: str
    party: str
    amount: int


class ReturnedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What came back of one line of the sale. `units` are places in that line.

    Amounts are those that were allocated to these units when they were sold.
    """

    line: int
    units: tuple[int, ...]
    kind: Literal["goods", "gift", "charge"]
    product: str
    name_zh: str
    name_en: str
    category: str
    unit: str
    quantity: Decimal
    list_amount: int
    discounts: tuple[Undone, ...]
    """Points that paid are not among them."""
    net: int
    tax_class: str
    tax: int
    points: int


class GiftKept(msgspec.Struct, frozen=True, kw_only=True):
    """A gift whose reason came back and which did not: it was charged, tax included.

    From then on its unit counts as bought at that price.
    """

    line: int
    unit: int
    amount: int
    tax: int


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """So much went back the way it was paid: to the sale's tender number `tender`, from 0."""

    tender: int
    kind: str
    amount: int
    uses: int = 0
    """How many uses went back to their count card."""


class TakenBack(Deed, frozen=True, kw_only=True):
    """What returns and voids have in common. Amounts are above zero unless said otherwise."""

    reversal: str
    """Its own id."""
    sale: str
    sale_receipt: str
    sale_date: str
    """The business date of the sale, on which what it counted towards is taken back."""
    reason: str
    currency: str
    exponent: int
    lines: tuple[ReturnedLine, ...]
    refunds: tuple[Refund, ...]
    """In the order in which they are paid out: `total` and `rounding`, summed."""
    total: int
    """What is given back before cash rounding."""
    rounding: int = 0
    """Cash rounding given back as it was given: + or -, as on the sale."""
    tax: tuple[TaxLine, ...]
    """What the refund contains for each class of goods."""
    points_taken: int = 0
    """Points the sale had earned, taken back; what was spent already is now a debt."""
    points_back: int = 0
    """Points that had paid, given back."""
    coupons_restored: tuple[str, ...] = ()
    coupons_voided: tuple[str, ...] = ()
    gifts: tuple[GiftKept, ...] = ()
    complete: bool
    """Whether with this one everything that was sold has come back."""


class ReturnMade(TakenBack, frozen=True, kw_only=True):
    """Goods came back."""

    policy: str
    retained: tuple[TaxLine, ...] = ()
    """By how much the refund falls short of what was allocated to the units (+), or exceeds it
    (-), because what is kept was priced again. Over a whole receipt this sums to zero."""
    late_void: bool = False
    """It was asked for as a void, and came too late for one, or to another box."""


class SaleVoided(TakenBack, frozen=True, kw_only=True):
    """A whole receipt was taken back on its own business day, before it was settled."""
