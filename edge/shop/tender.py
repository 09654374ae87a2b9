"""What may pay: cash, so far. Tender is not discount: it never changes a price."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from edge.shop.declined import Declined


class Tender(msgspec.Struct, frozen=True):
    """Something handed over in payment, in minor units."""

    kind: Literal["cash"]
    amount: int


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """A bill that is settled: what was handed over is what counted plus the change.

    `tenders` are what counted towards the total, change already taken off.
    """

    due: int
    tenders: tuple[Tender, ...]
    handed: int
    change: int


def settle(due: int, tenders: Sequence[Tender]) -> Paid | Declined:
    """Return how `due` is settled, or E-TENDER-SHORT if the tenders do not reach it."""
    handed = sum(tender.amount for tender in tenders)
    if handed < due or any(tender.amount < 0 for tender in tenders):
        return Declined("E-TENDER-SHORT", {"due": due, "paid": handed})
    counted = (Tender("cash", due),) if due else ()
    return Paid(due=due, tenders=counted, handed=handed, change=handed - due)
