"""The circumstances of a deed: what the till knows and no rule decides."""

import msgspec

from edge.shop.calendar import EXACT, Certainty, Moment


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Where, when and by whom something is done.

    `deed` is its id, unique for ever: the sale's, the return's, the top-up's. `receipt` numbers
    are free of gaps. `store` is the party that does it. The business date is the open day's,
    which need not be the calendar's; what expires does so by `at`, and `clock` says how far that
    is to be trusted.
    """

    deed: str
    receipt: str
    business_date: str
    at: Moment
    clock: Certainty = EXACT
    store: str
    terminal: str
    terminal_kind: str = "pc_pos"
    lane: str | None = None
    cashier: str = ""
    seller: str | None = None
    approved_by: str | None = None
    """The manager who approved what a cashier alone may not do."""
    online: bool = True
    """Whether the cloud can be asked; what it alone may decide is declined without it."""
    flags: tuple[str, ...] = ()
    """Why somebody should look at it afterwards, as whoever let it pass decided."""
    training: bool = False
    """Whether it is done for practice: then it counts for nothing, and is numbered apart."""


def flagged(made: Made, *flags: str) -> Made:
    """Return circumstances that say so too."""
    return msgspec.structs.replace(made, flags=(*made.flags, *flags))


SERIES, TRAINING_SERIES = "S", "T"
"""What receipts are numbered under: what was really done, and what was done for practice."""


def receipt_number(box: str, epoch: int, number: int, *, training: bool = False) -> str:
    """Return the number of a receipt: till-3S-000017 is number 17 of the box till in epoch 3."""
    return f"{box}-{epoch}{TRAINING_SERIES if training else SERIES}-{number:06d}"
