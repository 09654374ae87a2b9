"""Prize draws, what comes back of an exchange, and tiers that are bought."""

from typing import Annotated, Literal

from msgspec import Meta

from drivers.terminal.words.common import Count, Credential, Deed, Name, Slip
from drivers.terminal.words.returning import Receipt, Refunded
from drivers.terminal.words.selling import RequestTender


class UndoExchange(Deed, frozen=True, kw_only=True):
    """Take pieces of an exchange back; the points go where they came from."""

    exchange: Receipt
    count: Count | None = None
    """How many pieces; without it, all that have not come back."""
    reason: Annotated[str, Meta(max_length=64)] = ""
    settled: bool = False
    """Whether its money has been passed on already."""
    approved_by: Name | None = None


class Draw(Deed, frozen=True, kw_only=True):
    """Draw a ticket of a prize draw for points. Only the home of the points may."""

    member: Credential
    draw: Name
    approved_by: Name | None = None


class UndoDraw(Deed, frozen=True, kw_only=True):
    """Take a ticket back, with all it won: a manager answers for it."""

    ticket: Receipt
    reason: Annotated[str, Meta(max_length=64)] = ""
    approved_by: Name | None = None


class BuyTier(Deed, frozen=True, kw_only=True):
    """Let a member pay for a tier."""

    member: Credential
    tier: Name
    tenders: Annotated[tuple[RequestTender, ...], Meta(min_length=1, max_length=10)]
    seller: Name | None = None
    approved_by: Name | None = None


class RefundTier(Deed, frozen=True, kw_only=True):
    """Give a bought tier back before its term ends."""

    member: Credential
    approved_by: Name | None = None


class ExchangeUndone(Slip, frozen=True, kw_only=True):
    """Pieces came back that had been had for points. Money in minor units."""

    member: str
    exchange: str
    how: Literal["void", "return"]
    count: int
    points: int
    forfeited: int
    """Of the points, those of lots that have expired meanwhile: they are gone."""
    currency: str
    cash: int
    refunds: tuple[Refunded, ...]
    complete: bool


class Drawn(Slip, frozen=True, kw_only=True):
    """A ticket was drawn. With `seed` and `given` anybody can draw it again, by the rules."""

    member: str
    draw: str
    seed: int
    given: int
    prize: str
    """"" for a ticket that won nothing."""
    product: str
    """Goods to hand over, "" for none."""
    points: int
    """What the ticket cost."""
    lots: tuple[str, ...]
    """The lots that were won: coupons, points, uses."""


class DrawUndone(Slip, frozen=True, kw_only=True):
    """A ticket was taken back."""

    member: str
    draw: str
    ticket: str
    how: Literal["void", "return"]
    prize: str
    product: str
    """Goods that came back."""
    points: int
    """What the ticket had cost; it goes back."""
    forfeited: int
    """Of the points, those of lots that have expired meanwhile: they are gone."""


class TierChanged(Slip, frozen=True, kw_only=True):
    """A member bought a tier, or gave it back. Money in minor units."""

    what: Literal["bought", "refunded"]
    member: str
    tier: str
    """The tier that is in force now, "" for none."""
    until: str
    """The last day on which a bought one holds, "" for one that was given back."""
    currency: str
    amount: int
    """What it cost, or what is given back."""
    change: int
    refunds: tuple[Refunded, ...]
