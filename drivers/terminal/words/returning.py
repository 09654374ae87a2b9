"""Goods that come back, and receipts that are looked for."""

from typing import Annotated, Literal

from msgspec import Meta

from drivers.terminal.words.common import (
    AsOf,
    Count,
    Credential,
    Day,
    Deed,
    Name,
    Place,
    Quantity,
    Reply,
    Request,
    Said,
    Slip,
    Words,
)
from drivers.terminal.words.selling import TaxLine

Receipt = Name
"""A sale, by its id or by the number of its receipt."""


class BackLine(Said, frozen=True, kw_only=True):
    """Units of one line of a sale: their places in it, or how many of them, or both.

    Lines and units are counted from 0, as `find_receipt` shows them. A weighed line is one unit.
    """

    line: Place
    units: Annotated[tuple[Place, ...], Meta(max_length=9999)] = ()
    count: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Return(Deed, frozen=True, kw_only=True):
    """Take goods back, some units of a sale or all that is left of it."""

    sale: Receipt
    lines: Annotated[tuple[BackLine, ...], Meta(max_length=500)] = ()
    """None is everything that has not come back yet."""
    reason: Annotated[str, Meta(max_length=64)] = ""
    """A word of the shop's own, such as "torn". No names: it is kept for ever."""
    approved_by: Name | None = None


class Void(Deed, frozen=True, kw_only=True):
    """Take a whole receipt back at its own box on its own business day; else it is a return."""

    sale: Receipt
    reason: Annotated[str, Meta(max_length=64)] = ""
    settled: bool = False
    """Whether its money has been passed on already, such as with a batch of cards."""
    approved_by: Name | None = None


class FindReceipt(Request, frozen=True, kw_only=True):
    """Find sales: one by its receipt, or the last ones of a member here."""

    sale: Receipt | None = None
    member: Credential | None = None
    last: Annotated[int, Meta(ge=1, le=50)] = 10


class Reprint(Request, frozen=True, kw_only=True):
    """Print a receipt again, marked as a copy."""

    sale: Receipt


class Refunded(Words, frozen=True, kw_only=True):
    """So much of a tender goes back the way it was paid, in minor units."""

    kind: str
    amount: int


class Returned(Slip, frozen=True, kw_only=True, omit_defaults=True):
    """Goods came back, or a receipt was voided. Amounts in minor units, above zero."""

    what: Literal["return", "void"]
    sale: str
    sale_receipt: str
    currency: str
    total: int
    """What is given back before cash rounding."""
    rounding: int
    refunds: tuple[Refunded, ...]
    tax: tuple[TaxLine, ...]
    points_taken: int
    points_back: int
    complete: bool
    """Whether all that was sold is back."""
    late_void: bool = False
    """It was asked for as a void, and came too late for one, or to another box."""
    coupons_restored: tuple[str, ...] = ()
    coupons_voided: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class FoundLine(Words, frozen=True, kw_only=True):
    """A line of a sale. `back` are the places of the units that came back, of `units` in all."""

    line: int
    product: str
    code: str
    name: str
    quantity: Quantity
    net: int
    units: int
    back: tuple[int, ...]


class FoundSale(Words, frozen=True, kw_only=True):
    """A sale that was looked for, with what came back of it so far."""

    sale: str
    receipt: str
    business_date: Day
    sold_at: int
    """Milliseconds since 1970 UTC."""
    terminal: str
    cashier: str
    member: str | None
    currency: str
    total: int
    given_back: int
    state: Literal["sold", "partly_returned", "returned", "voided"]
    lines: tuple[FoundLine, ...]


class FoundReceipts(Reply, frozen=True, kw_only=True):
    """The sales that were looked for, newest first."""

    sales: tuple[FoundSale, ...]
    as_of: AsOf


class Reprinted(Reply, frozen=True, kw_only=True):
    """A receipt once more."""

    sale: str
    receipt: str
    text: str
    """Ready to print, in this terminal's language, marked as a copy."""


class ReturnUse(Deed, frozen=True, kw_only=True):
    """Give uses of a count card back: `use` is the deed that took them."""

    use: Name
    uses: Count = 1
    approved_by: Name | None = None
