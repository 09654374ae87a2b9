"""What happens to the box itself: refusals, fences, days, epochs, the way to the cloud."""

import msgspec


class RequestRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A request was understood and refused; it binds its key."""

    terminal: str
    operation: str
    code: str


class KeyFenced(msgspec.Struct, frozen=True, kw_only=True):
    """A key was asked for and not known: from now on it can never happen."""

    terminal: str


class DayOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A business day begins; facts after this one belong to it."""

    business_date: str


class DayClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A business day is over.

    `totals` is the digest of its report's totals where somebody closed it; "" where the box did,
    because the next day had come. Of the facts so far the cloud did not know `unsent` yet, which
    leaves out what came back from it; what those sold, less what they took back, comes to
    `unsent_amount` minor units.

    `cashier` is who closed it, "" where the box did; `approved_by` the manager who let them.
    """

    business_date: str
    totals: str = ""
    unsent: int = 0
    unsent_amount: int = 0
    cashier: str = ""
    approved_by: str | None = None


class EpochOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The journal begins, or begins again after a restore or a clone."""

    ordinal: int
    nonce: str
    parent_ordinal: int | None
    parent_sequence: int
    parent_head: str
    software: str
    opened_at: int = 0
    """When it was opened, ms since 1970 UTC; the page's own time may be earlier."""


class ExceptionResolved(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked at what the cloud did not simply accept, and chose what is done about it.

    It moves nothing: whoever is charged or refunded for it is charged by a deed of its own.
    """

    sequence: int
    page: str
    """The fact that the exception is about: its place, and its page's digest."""
    kind: str
    choice: str
    by: str
    note: str = ""


class CloudReached(msgspec.Struct, frozen=True, kw_only=True):
    """The cloud answers again (`online` true), or stopped answering (false)."""

    online: bool
