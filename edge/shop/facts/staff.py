"""Who works at which terminal, approved what, or guessed at a PIN. No PIN is ever in a fact."""

from typing import Literal

import msgspec


class SignedOn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody works at a terminal from now on, in the place of whoever did before."""

    store: str
    terminal: str
    cashier: str


class SignedOff(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody works at a terminal any more; `cashier` is who did.

    They left it, they were removed from the staff, or the terminal was revoked.
    """

    store: str
    terminal: str
    cashier: str
    reason: Literal["left", "removed", "revoked"]


class PinDelayed(msgspec.Struct, frozen=True, kw_only=True):
    """So many wrong PINs came at a terminal that none is looked at for `seconds` seconds.

    `cashier` is whose PIN they were to be, "" where nobody has that name.
    """

    store: str
    terminal: str
    cashier: str
    seconds: int


class RequestApproved(msgspec.Struct, frozen=True, kw_only=True):
    """A manager lets one request of `terminal` through, if it comes soon: this key and content.

    `at_terminal` is where the manager was. `content` is the request's digest under the box's own
    key, so that nobody can guess from it what was asked.
    """

    store: str
    terminal: str
    manager: str
    at_terminal: str
    operation: str
    key: str
    content: str
