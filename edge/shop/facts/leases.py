"""Where holdings are: parts of lots came to this box from the cloud, or went back.

What a member holds does not change by it, so that nothing is posted: only which box may spend it.
"""

from typing import Literal

import msgspec

from edge.shop.accounts.lots import Move

Kind = Literal["value", "points", "uses", "coupon", "return"]
"""Stored value, points of any programme, uses of count cards, uses of a coupon; or the right to
take back another store's receipt."""
Way = Literal["lease", "hold", "risk"]
"""Granted until a day, granted for one deed, or taken at the store's own risk."""
Reason = Literal["expired", "recalled", "unused", "late", "merged"]
"""late: the answer came too late or never, and whatever it granted is not taken."""


class LeaseTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Parts of a member's lots can be spent here from now on; `moves` bring them in."""

    lease: str
    way: Way
    member: str
    kind: Kind
    store: str
    moves: tuple[Move, ...]
    single_max: int | None = None
    count_max: int | None = None
    low: int = 0
    """More is asked for when less than this is left."""
    expires: str = ""
    """The last day on which it is spent, "" for no end."""


class LeaseReturned(msgspec.Struct, frozen=True, kw_only=True):
    """Parts of lots cannot be spent here any more; `moves` take them out."""

    lease: str
    """The grant that ends, or the recall that is answered."""
    member: str
    kind: Kind
    moves: tuple[Move, ...]
    reason: Reason
