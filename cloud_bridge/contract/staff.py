"""Who works at which terminal of a store, approved what, or guessed at a PIN."""

from cloud_bridge.contract.words import Words


class SignedOn(Words, frozen=True, kw_only=True, tag="signed_on.v1"):
    """Somebody works at a terminal from now on, in the place of whoever did before."""

    store: str
    terminal: str
    cashier: str


class SignedOff(Words, frozen=True, kw_only=True, tag="signed_off.v1"):
    """Nobody works at a terminal any more; `cashier` is who did."""

    store: str
    terminal: str
    cashier: str
    reason: str
    """left, removed (from the staff) or revoked (the terminal was)."""


class PinDelayed(Words, frozen=True, kw_only=True, tag="pin_delayed.v1"):
    """So many wrong PINs came at a terminal that none is looked at for `seconds` seconds."""

    store: str
    terminal: str
    cashier: str
    """Whose PIN they were to be, "" where nobody has that name."""
    seconds: int


class RequestApproved(Words, frozen=True, kw_only=True, tag="request_approved.v1"):
    """A manager let one request of a terminal through, whether it came then or not."""

    store: str
    terminal: str
    """Whose request it is."""
    manager: str
    at_terminal: str
    """Where the manager was."""
    operation: str
    key: str
    content: str
    """The request's digest under a key of the box: the same for the same request only."""
