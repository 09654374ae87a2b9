"""Stored value: paid in, sold as a card, and given back."""

from typing import Literal

from edge.shop.accounts.counts import Pricing, Reason
from edge.shop.facts.sale import Deed
from edge.shop.sale import TaxLine

Outside = Literal["cash", "card", "wallet", "transfer"]
"""How money comes in or goes out that is nobody's stored value."""

Invoice = Literal["none", "issued", "voided"]
"""Whether an invoice was issued for the money paid in. What is invoiced when it is paid in is not
invoiced again when it is spent."""


class ToppedUp(Deed, frozen=True, kw_only=True):
    """A member paid in. `amount` became principal, `bonus` was given on top of it."""

    top_up: str
    currency: str
    exponent: int
    tender: Outside
    amount: int
    bonus: int
    offers: tuple[str, ...]
    """The offers that gave something, by id."""
    card: str
    """The card product of the account, "" for none."""
    invoice: Invoice


class CardSold(ToppedUp, frozen=True, kw_only=True):
    """A card product was sold: its value is a top-up like any other, undone like any other.

    The guest paid `price`, of which `fee` was for the card itself, and has the `tier` from now on.
    """

    price: int
    fee: int
    tax: tuple[TaxLine, ...]
    """The tax that the fee contains."""
    tier: str


class TopUpCancelled(Deed, frozen=True, kw_only=True):
    """A top-up was undone.

    Of its value `principal` and `bonus` were left and are gone now. `refund` was paid out by
    `tender`; `clawback` is the principal that was kept, below zero what was paid beyond it.
    """

    cancelled: str
    top_up: str
    card: str
    """The card product whose sale this undoes, "" for a plain top-up."""
    reason: Reason
    pricing: Pricing
    currency: str
    exponent: int
    tender: Outside
    principal: int
    bonus: int
    refund: int
    clawback: int
    invoice: Invoice
    """`voided` where one had been issued."""


class CardRefunded(Deed, frozen=True, kw_only=True):
    """An account of stored value was closed: all its top-ups undone, all else paid out.

    Amounts as for a cancelled top-up. Uses of count cards that had been bought with points go
    back the way they came: `uses` are gone, for them `points` went back to the member, and `cash`
    was paid out beside the `refund`.
    """

    refunded: str
    card: str
    top_ups: tuple[str, ...]
    reason: Reason
    currency: str
    exponent: int
    tender: Outside
    principal: int
    bonus: int
    refund: int
    clawback: int
    uses: int = 0
    points: int = 0
    """Those that expired meanwhile and are forfeited are among them."""
    cash: int = 0
    """The part of the money that had been paid beside the points."""
    tier: str = ""
    """The tier that came with the card and is over with it, "" for none."""
