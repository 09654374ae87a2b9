"""Stored value and what else is paid for before it is used (UnifiedPOS ElectronicValueRW)."""

from typing import Literal

from drivers.terminal.words.common import Count, Credential, Deed, Minor, Name, Slip
from drivers.terminal.words.returning import Receipt
from drivers.terminal.words.selling import RequestTender

Outside = Literal["cash", "card", "wallet", "transfer"]
"""How money comes in or goes out that is nobody's stored value."""
Reason = Literal["guest", "merchant"]
"""Whose wish it is: it decides by which price something unfinished is given back."""


class TopUp(Deed, frozen=True, kw_only=True):
    """Pay in for a member (addValue)."""

    member: Credential
    amount: Minor
    tender: Outside = "cash"
    card: Name | None = None
    """The card product of the account, where it has one."""
    invoice: bool = False
    """Whether the guest takes the invoice now, and none when it is spent."""
    seller: Name | None = None
    approved_by: Name | None = None


class CancelTopUp(Deed, frozen=True, kw_only=True):
    """Undo a top-up, with all it gave (cancelValue). `top_up` is its id or receipt."""

    top_up: Receipt
    reason: Reason = "guest"
    tender: Outside | None = None
    """How it is paid out; without it, as it was paid in."""
    invoice_voided: bool = False
    approved_by: Name | None = None


class RefundCard(Deed, frozen=True, kw_only=True):
    """Close a member's account of stored value and pay out what is left of it."""

    member: Credential
    reason: Reason = "guest"
    tender: Outside = "cash"
    invoices_voided: bool = False
    approved_by: Name | None = None


class SellCard(Deed, frozen=True, kw_only=True):
    """Sell a card product: its value, its tier and its gifts."""

    member: Credential
    card: Name
    """The card product."""
    tender: Outside = "cash"
    invoice: bool = False
    seller: Name | None = None
    approved_by: Name | None = None


class SellCountCard(Deed, frozen=True, kw_only=True):
    """Sell a count card of a plan."""

    member: Credential
    plan: Name
    tender: Outside = "cash"
    seller: Name | None = None
    approved_by: Name | None = None


class GiveBackCountCard(Deed, frozen=True, kw_only=True):
    """Take an unfinished count card back. `count_card` is its sale's id or receipt."""

    count_card: Receipt
    reason: Reason = "guest"
    tender: Outside | None = None
    approved_by: Name | None = None


class Exchange(Deed, frozen=True, kw_only=True):
    """Give points, and perhaps money, for what is on offer."""

    member: Credential
    offer: Name
    count: Count = 1
    tenders: tuple[RequestTender, ...] = ()
    seller: Name | None = None
    approved_by: Name | None = None


class ToppedUp(Slip, frozen=True, kw_only=True, omit_defaults=True):
    """A member paid in, or bought a card product. Amounts in minor units."""

    member: str
    currency: str
    amount: int
    bonus: int
    tender: Outside
    principal_balance: int
    bonus_balance: int
    offers: tuple[str, ...]
    """The offers that gave something, by id."""
    price: int | None = None
    """What the card product cost, its value included."""
    flags: tuple[str, ...] = ()


class PaidOut(Slip, frozen=True, kw_only=True, omit_defaults=True):
    """A top-up was undone, or an account or count card given back. Amounts in minor units."""

    what: Literal["top_up", "account", "count_card"]
    member: str
    currency: str
    refund: int
    """What is paid out by `tender`."""
    kept: int
    """What is kept of what was left, below zero what was paid beyond it."""
    tender: Outside
    principal: int = 0
    """The value that was left and is gone now."""
    bonus: int = 0
    uses: int = 0
    points: int = 0


class Exchanged(Slip, frozen=True, kw_only=True):
    """Points became something else. Money in minor units."""

    member: str
    offer: str
    name: str
    count: int
    points: int
    points_left: int
    currency: str
    cash: int
    paid: int
    change: int
    lots: tuple[str, ...]
    """The coupons or count cards that were handed over."""


class CountCardSold(Slip, frozen=True, kw_only=True):
    """A count card was sold. Money in minor units."""

    member: str
    count_card: str
    plan: str
    uses: int
    expires: str
    currency: str
    price: int


class CountUsed(Slip, frozen=True, kw_only=True):
    """A count card paid, or took uses back. `worth` is minor units."""

    what: Literal["use", "return"]
    member: str
    count_card: str
    uses: int
    left: int
    currency: str
    worth: int
    points: int
