"""What happens at the counter beside sales: counting goods, and what guests say."""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from drivers.terminal.words.common import (
    Code,
    Credential,
    Deed,
    Name,
    Quantity,
    Reply,
    Words,
)


class Scanned(Words, frozen=True, kw_only=True):
    """A code that was read, and how much stands there; below zero corrects it."""

    code: Code
    quantity: Quantity = Decimal(1)


class ScanSession(Deed, frozen=True, kw_only=True):
    """Close a session: everything that was scanned, in the order it was."""

    name: Name
    purpose: Literal["stock", "goods_in", "order"]
    scanned: Annotated[tuple[Scanned, ...], Meta(min_length=1, max_length=5000)]


class Feedback(Deed, frozen=True, kw_only=True):
    """A guest's score, complaint tags, or check-in at an event.

    `score` and `complaint` are about a sale, by its id or receipt; no free text is kept.
    """

    kind: Literal["score", "complaint", "check_in"]
    about: Name
    """The sale, or the event."""
    score: Annotated[int, Meta(ge=0, le=100)] = 0
    tags: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    member: Credential | None = None


class CountedCode(Words, frozen=True, kw_only=True):
    """A code and how much of it was counted; `product` is "" for a code nobody knows."""

    code: str
    product: str
    quantity: Quantity


class SessionClosed(Reply, frozen=True, kw_only=True):
    """A session is closed: one row a code, in the order first seen."""

    key: str
    session: str
    business_date: str
    epoch: int
    sequence: int
    counted: tuple[CountedCode, ...]


class FeedbackTaken(Reply, frozen=True, kw_only=True):
    """What a guest said is on disk."""

    key: str
    feedback: str
    business_date: str
    epoch: int
    sequence: int
