"""Accounts whose home is elsewhere: what the box of a story may let their members spend."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from edge.shop.accounts.limits import Authorised, Kind, Lease

HOUR_MS = 3_600_000
NO_LEASE = Lease(left=0)


@dataclass
class Away:
    """The leases of members at home elsewhere, and what was spent and not acknowledged yet."""

    leases: dict[str, dict[Kind, Lease]] = field(default_factory=dict)
    """By member, and by what may be spent. Whoever is not here is at home here."""
    spent: Counter[tuple[Kind, str, str, str]] = field(default_factory=Counter)
    """By what was spent, by subject (member, terminal, store, overdraft), who that is, and amount
    or count."""
    acknowledged_ms: int = 0
    """When the cloud was last in touch; 0 is before the story began."""

    def lease(self, member: str, kind: Kind) -> Lease | None:
        """Return what this box may let a member spend, None for a member at home here."""
        return self.leases[member].get(kind, NO_LEASE) if member in self.leases else None

    def seen_by(self, kind: Kind, member: str, terminal: str, store: str) -> dict[str, int]:
        """Return what counts against the caps of a spend, as they ask for it."""
        subjects = {"member": member, "terminal": terminal, "store": store}
        seen = {
            f"{subject}|{of}": self.spent[kind, subject, who, of]
            for subject, who in subjects.items()
            for of in ("amount", "count")
        }
        return seen | {"overdraft": self.spent[kind, "overdraft", member, "amount"]}

    def take(self, kind: Kind, allowed: Authorised, member: str, terminal: str, store: str) -> None:
        """Count a spend; what the cloud put on hold it knows already."""
        lease, amount = self.lease(member, kind), allowed.own + allowed.overdraft
        if lease is None or not amount:
            return
        count = None if lease.count_left is None else lease.count_left - 1
        self.leases[member][kind] = msgspec.structs.replace(
            lease, left=lease.left - allowed.own, count_left=count
        )
        for subject, who in (("member", member), ("terminal", terminal), ("store", store)):
            self.spent[kind, subject, who, "amount"] += amount
            self.spent[kind, subject, who, "count"] += 1
        self.spent[kind, "overdraft", member, "amount"] += allowed.overdraft

    def acknowledge(self, at_ms: int) -> None:
        """Begin to count anew: the cloud knows of everything that was done so far."""
        self.spent.clear()
        self.acknowledged_ms = at_ms

    def age_hours(self, at_ms: int) -> int:
        """Return how old the cloud's word is, in whole hours."""
        return (at_ms - self.acknowledged_ms) // HOUR_MS if self.acknowledged_ms else 0
