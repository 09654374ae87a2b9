"""The circumstances of a deed: what the till knows and no rule decides."""

import msgspec

from edge.shop.calendar import Moment


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Where, when and by whom something is done.

    `deed` is its id, unique for ever: the sale's, the return's, the top-up's. `receipt` numbers
    are free of gaps. `store` is the party that does it. The business date is the open day's,
    which need not be the calendar's; what expires does so by `at`.
    """

    deed: str
    receipt: str
    business_date: str
    at: Moment
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


def flagged(made: Made, *flags: str) -> Made:
    """Return circumstances that say so too."""
    return msgspec.structs.replace(made, flags=(*made.flags, *flags))
