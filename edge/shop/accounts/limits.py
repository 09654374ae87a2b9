"""How much may be spent while the cloud cannot be asked, and in which order that is decided.

An account's home may let it spend all that is there. Every other box spends what was leased to
it, then what the cloud holds for it when it can be reached, then what the store has declared it
will answer for. The sum of leases never exceeds a balance, so what can be lost is bounded by the
declared overdrafts alone, however long every store is cut off.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.declined import Declined

Whole = Annotated[int, Meta(ge=0, le=10**12)]
Subject = Literal["member", "terminal", "store"]

Kind = Literal["value", "points", "uses"]
"""What is spent: stored value in minor units, points of any programme, or uses of count cards."""


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `max` spent without the cloud, by one member, at one terminal or in the store.

    `of` is amount (in the unit that is spent) or count (how often). Counters go back to zero only
    when the cloud has acknowledged what they count.
    """

    per: Subject
    of: Literal["amount", "count"] = "amount"
    max: Whole


class SpendLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a store may let members spend of one kind of what they hold elsewhere, in its unit."""

    single_max: Whole | None = None
    """The most one spend may take, online or not; None for no such cap."""
    caps: tuple[Cap, ...] = ()
    data_age_hours_max: Whole | None = None
    """How old the cloud's word on an account may be for its lease to count."""
    overdraft_max: Whole = 0
    """What the store answers for beyond lease and caps, for each member, until acknowledged.
    Needs a manager, and is flagged on the fact."""


class OfflineLimits(SpendLimits, frozen=True, kw_only=True):
    """What a store may let members spend of accounts whose home is elsewhere.

    What stands here itself is about stored value; `points` bound what is redeemed, exchanged and
    drawn for, `uses` those of count cards.
    """

    points: SpendLimits = SpendLimits()
    uses: SpendLimits = SpendLimits()

    def on(self, kind: Kind) -> SpendLimits:
        """Return the limits of one kind."""
        return self if kind == "value" else self.points if kind == "points" else self.uses


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an account that the cloud has carved out for this box."""

    left: Whole
    single_max: Whole | None = None
    count_left: Whole | None = None
    expires: str = ""
    """The last day on which it counts, "" for no end."""


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """An account about to be spent from: whose it is, and what this box knows of it.

    `spent` counts what was spent here and is not acknowledged: keys are "member|amount",
    "member|count", "terminal|amount" and so on, and "overdraft" for what went beyond.
    """

    kind: Kind = "value"
    amount: Whole
    home: bool
    """Whether this box is the account's home."""
    status: Literal["active", "frozen", "closed"] = "active"
    hot: bool = False
    """Whether the card or account is on the hot list."""
    confirmed: bool = True
    lease: Lease | None = None
    held: Whole = 0
    """What the cloud has already put on hold for this spend."""
    spent: Mapping[str, int] = {}
    data_age_hours: int = 0


class Authorised(msgspec.Struct, frozen=True, kw_only=True):
    """Go ahead: so much from home or lease, from the cloud's hold, and from the overdraft."""

    own: int
    held: int = 0
    overdraft: int = 0

    @property
    def flagged(self) -> bool:
        """Whether somebody must look at this afterwards."""
        return self.overdraft > 0


class AskHold(msgspec.Struct, frozen=True):
    """The cloud can be asked, and should be: for so much."""

    amount: int


def authorise(
    limits: OfflineLimits, spending: Spending, *, today: str, online: bool, approved: bool
) -> Authorised | AskHold | Declined:
    """Decide one spend: status, hot list, single cap, lease, hold, overdraft, else no.

    `online` says whether the cloud can be asked, `approved` whether a manager agreed. A no names
    what would still be possible (`possible`, `points` or `uses`): the till can take something else
    for the rest. What `refusal` says, and E-OFFLINE-LIMIT, E-OFFLINE-POINTS or E-OFFLINE-USES.
    """
    if refused := refusal(limits, spending):
        return refused
    if spending.home:
        return Authorised(own=spending.amount)
    mine = limits.on(spending.kind)
    own = min(spending.amount, _leased(mine, spending, today))
    held = min(spending.amount - own, spending.held)
    missing = spending.amount - own - held
    if not missing:
        return Authorised(own=own, held=held)
    if online and not spending.held:
        return AskHold(missing)
    overdraft = max(0, mine.overdraft_max - spending.spent.get("overdraft", 0))
    if approved and missing <= overdraft:
        return Authorised(own=own, held=held, overdraft=missing)
    possible = own + held + (overdraft if approved else 0)
    code, name = _OFFLINE[spending.kind]
    return Declined(code, {name: possible})


_SINGLE: dict[Kind, tuple[str, str]] = {
    "value": ("E-SINGLE-MAX", "possible"),
    "points": ("E-SINGLE-POINTS", "points"),
    "uses": ("E-SINGLE-USES", "uses"),
}
_OFFLINE: dict[Kind, tuple[str, str]] = {
    "value": ("E-OFFLINE-LIMIT", "possible"),
    "points": ("E-OFFLINE-POINTS", "points"),
    "uses": ("E-OFFLINE-USES", "uses"),
}


def refusal(limits: OfflineLimits, spending: Spending) -> Declined | None:
    """Return why nobody could authorise a spend, wherever its home is: status, list, single cap.

    E-MEMBER-BLOCKED, E-HOT-LISTED, E-UNCONFIRMED; E-SINGLE-MAX, E-SINGLE-POINTS or E-SINGLE-USES
    with the most one spend may take.
    """
    if refused := _status(spending):
        return refused
    most = limits.on(spending.kind).single_max
    if most is None or spending.amount <= most:
        return None
    code, name = _SINGLE[spending.kind]
    return Declined(code, {name: most})


def _status(spending: Spending) -> Declined | None:
    if spending.status != "active":
        return Declined("E-MEMBER-BLOCKED")
    if spending.hot:
        return Declined("E-HOT-LISTED")
    if not spending.confirmed:
        return Declined("E-UNCONFIRMED")
    return None


def _leased(limits: SpendLimits, spending: Spending, today: str) -> int:
    """Return what may be spent on this box's own authority."""
    lease = spending.lease
    if lease is None or (lease.expires and lease.expires < today):
        return 0
    age = limits.data_age_hours_max
    if age is not None and spending.data_age_hours > age:
        return 0
    if lease.count_left == 0:
        return 0
    rooms = [lease.left, *_rooms(limits, spending)]
    if lease.single_max is not None:
        rooms.append(lease.single_max)
    return max(0, min(rooms))


def _rooms(limits: SpendLimits, spending: Spending) -> Iterator[int]:
    """Yield what each cap leaves; a count that is used up leaves nothing."""
    for cap in limits.caps:
        room = cap.max - spending.spent.get(f"{cap.per}|{cap.of}", 0)
        if cap.of == "amount":
            yield room
        elif room <= 0:
            yield 0
