"""Who works at which terminal, and who guessed at a PIN. No PIN is ever in a fact."""

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
