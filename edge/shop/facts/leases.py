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


class UnitTotal(msgspec.Struct, frozen=True, kw_only=True):
    """All lots of one unit in which there is anything: how many, and what they come to."""

    unit: str
    lots: int
    amount: int


class HomeMoved(msgspec.Struct, frozen=True, kw_only=True):
    """The cloud is the home of all accounts from here on; until here this box was.

    `totals` are what the lots came to right before this fact, whose place is its own witness.
    """

    store: str
    sequence: int
    """The last fact that the cloud had acknowledged by then, and its page's digest."""
    head: str
    members: int
    totals: tuple[UnitTotal, ...]


Relocated = LeaseTaken | LeaseReturned
"""What moves lots between the cloud and a box."""
