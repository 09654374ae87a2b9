"""Where a member's holdings are: parts of lots that the cloud carved out for one box.

Every part of a lot is in one place: at the cloud, or at one box, which alone may spend it. What a
box credits is at that box. A lease, or a hold, brings parts from the cloud to a box, which says
in its journal that it took them (`LeaseTaken`) and, in its turn among all it spends, that it gave
some back (`LeaseReturned`). So no answer that is lost, late or repeated lets two boxes spend the
same part, and the parts at all boxes never exceed what there is.

What a member owes, as a debt at some box, is granted to none: free is what is at no box, less that.

A grant that a box has not taken is void for it once the grant is over: the cloud may take it back
when it has recorded any later fact of that box without the word that it was taken.
"""

from typing import Annotated, Literal

from msgspec import Meta

from cloud_bridge.contract.deed import Lot, Move
from cloud_bridge.contract.words import Whole, Words

Held = Literal["value", "points", "uses", "coupon", "return"]
"""What a part is of: stored value in minor units (PRN, BON), points of any programme, uses of
count cards, uses of a coupon, or the right to take back another store's receipt."""

Amount = Annotated[int, Meta(ge=0, le=10**12)]
GrantId = Annotated[str, Meta(pattern="^[A-Za-z0-9:._-]{1,80}$")]


class LotPart(Words, frozen=True, kw_only=True):
    """So much of a lot, in its unit; `money` is what that is worth where it does not follow."""

    lot: Lot
    amount: Amount
    money: Amount = 0


class Lease(Words, frozen=True, kw_only=True, tag="lease"):
    """Parts of one member's lots of one kind, for the box that reads this, until the last day."""

    id: GrantId
    member: str
    kind: Held
    parts: Annotated[tuple[LotPart, ...], Meta(max_length=1000)]
    single_max: Amount | None = None
    """The most one deed may take of it; None for no such cap."""
    count_max: Amount | None = None
    """How many deeds may take of it; None for no such cap."""
    low: Amount = 0
    """The box asks for more when less than this is left."""
    expires: str = ""
    """The last day on which the box spends it, "" for no end; then it gives back what is left."""


class Recall(Words, frozen=True, kw_only=True, tag="recall"):
    """The cloud wants parts back, for a guest at another store: so much, or all that is there."""

    id: GrantId
    member: str
    kind: Held
    amount: Amount | None = None


# --- POST /v1/leases ------------------------------------------------------------------------------


class LeaseAsked(Words, frozen=True, kw_only=True):
    """A box asks for more of what a member holds; `id` is the box's, one for each wish."""

    id: GrantId
    member: str
    kind: Held


# --- POST /v1/holds -------------------------------------------------------------------------------


class HoldAsked(Words, frozen=True, kw_only=True):
    """A box asks for so much, for one deed, now; the same `id` gets the same answer.

    `subject` is the coupon's or the receipt's id, where one is asked for.
    """

    id: GrantId
    member: str
    kind: Held
    amount: Amount = 0
    subject: str = ""


class Hold(Words, frozen=True, kw_only=True):
    """What was granted: parts that come to the amount asked for.

    The box takes them before `until` (ms since 1970 UTC) or never. A refusal is a problem 409:
    `not-covered` (with `possible`), `blocked` or `unknown`.
    """

    id: GrantId
    parts: Annotated[tuple[LotPart, ...], Meta(max_length=1000)] = ()
    until: Whole


# --- facts ----------------------------------------------------------------------------------------


class LeaseTaken(Words, frozen=True, kw_only=True, tag="lease_taken.v1"):
    """Parts came to this box: by a lease, by a hold, or at the store's own risk.

    At its `risk` a store takes what the cloud could not be asked for: an overdraft, as a lot of
    its own, or a coupon whose home is elsewhere. The cloud covers that from what is free, and
    names the store as liable for the rest.
    """

    lease: str
    way: str
    """lease, hold or risk."""
    member: str
    kind: str
    store: str
    moves: tuple[Move, ...]
    single_max: int | None = None
    count_max: int | None = None
    low: int = 0
    expires: str = ""


class LeaseReturned(Words, frozen=True, kw_only=True, tag="lease_returned.v1"):
    """Parts went back to the cloud, or a grant was never taken and will not be (no moves)."""

    lease: str
    """The grant, or the recall, that it answers."""
    member: str
    kind: str
    moves: tuple[Move, ...]
    reason: str
    """expired, recalled, unused, late or merged."""


class UnitTotal(Words, frozen=True, kw_only=True):
    """All lots of one unit in which there is anything: how many, and what they come to."""

    unit: str
    lots: int
    amount: int


class HomeMoved(Words, frozen=True, kw_only=True, tag="home_moved.v1"):
    """The cloud is the home of all accounts from here on; until here the box itself was.

    Before it, the box sent all that it ever did. `totals` are what its lots came to right before
    this fact: the cloud, which followed them, has the same at this box or says `home_differs`.
    """

    store: str
    sequence: int
    """The last fact that the cloud had acknowledged by then, and its page's digest."""
    head: str
    members: int
    totals: tuple[UnitTotal, ...]
