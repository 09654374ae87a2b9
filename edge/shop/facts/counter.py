"""What happens at the counter beside sales: scan sessions, feedback, notices that were shown."""

from decimal import Decimal
from typing import Literal

import msgspec

from edge.shop.tender import UsesAsked

Purpose = Literal["stock", "goods_in", "order"]


class Counted(msgspec.Struct, frozen=True):
    """A code and how much of it was counted; `product` is "" for a code nobody knows."""

    code: str
    product: str
    quantity: Decimal


class ScanSessionClosed(msgspec.Struct, frozen=True, kw_only=True):
    """Codes were collected under a name, for stock-taking, goods received or an order."""

    session: str
    name: str
    purpose: Purpose
    business_date: str
    store: str
    terminal: str
    cashier: str
    counted: tuple[Counted, ...]


class FeedbackGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A guest said something: a score, complaint tags, or that they came to an event.

    No free text is kept: people write names and numbers into it.
    """

    feedback: str
    kind: Literal["score", "complaint", "check_in"]
    business_date: str
    store: str
    terminal: str
    member: str | None
    about: str
    """The sale or the event it is about."""
    score: int | None = None
    tags: tuple[str, ...] = ()


class NoticesShown(msgspec.Struct, frozen=True, kw_only=True):
    """A member saw these notices at one place; what is shown n times is counted by this."""

    member: str
    place: Literal["identify", "display", "receipt"]
    business_date: str
    store: str
    terminal: str
    notices: tuple[str, ...]


class ParkedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a basket that waits, as the terminal had asked for it; it has no price yet."""

    code: str
    quantity: Decimal
    unit_price: int | None = None
    """The terminal's own price."""


class BasketParked(msgspec.Struct, frozen=True, kw_only=True):
    """A basket was put aside, for any terminal or lane of the store to go on with."""

    ticket: str
    """Its own id."""
    label: str
    business_date: str
    store: str
    terminal: str
    cashier: str
    member: str | None
    lines: tuple[ParkedLine, ...]
    coupons: tuple[str, ...] = ()
    number: int = 0
    """What people call it while it waits: the smallest that was free, from 1."""
    uses: tuple[UsesAsked, ...] = ()
    """What count cards were to pay for. Nothing of it is held: it is judged when it is quoted."""


class BasketRecalled(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody took a parked basket back; nobody else can."""

    ticket: str
    business_date: str
    store: str
    terminal: str
    cashier: str
