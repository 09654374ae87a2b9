"""People who work here: they sign on with a PIN, and a manager approves by one.

A PIN goes into these three requests and nowhere else: it is never in a fact, a key or a log.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from drivers.terminal.words.common import Key, Name, Reply, Request

Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,12}$(?!\n)")]
"""Four to twelve digits."""


class SignOn(Request, frozen=True, kw_only=True):
    """Somebody begins to work at this terminal, in the place of whoever did before."""

    cashier: Name
    pin: Pin


class SignOff(Request, frozen=True, kw_only=True):
    """Whoever works at this terminal leaves it."""


class Approve(Request, frozen=True, kw_only=True):
    """A manager lets one request through, at this terminal or for another.

    `request` is that request, whole, as it is going to be sent: with its key, and with the
    manager's name as `approved_by`. Anything else is not approved.
    """

    manager: Name
    pin: Pin
    operation: Name
    request: dict[str, Any] = msgspec.field(default_factory=dict)
    terminal: Name | None = None
    """Who is going to send it; None is this terminal."""


class SignedOn(Reply, frozen=True, kw_only=True):
    """Somebody works at this terminal now."""

    cashier: str
    name: str
    rights: tuple[str, ...]


class SignedOff(Reply, frozen=True, kw_only=True):
    """Nobody works at this terminal now; `cashier` is who did, "" for nobody."""

    cashier: str


class Approved(Reply, frozen=True, kw_only=True):
    """That one request may be sent now, for `seconds` seconds."""

    manager: str
    terminal: str
    key: Key
    seconds: int
