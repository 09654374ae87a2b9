"""Park and recall: a basket is put aside, and whoever comes first takes it back.

Nothing is priced, held or reserved by it. A basket waits until it is recalled or its business day
is over.
"""

from collections.abc import Iterable, Mapping

import msgspec

from edge.shop.declined import Declined
from edge.shop.facts.counter import BasketParked, BasketRecalled, ParkedLine
from edge.shop.operations.made import Made
from edge.shop.tender import UsesAsked

PARKED_MAX = 100
"""How many baskets may wait in one store."""


class ParkAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What is put aside, and what staff call it."""

    lines: tuple[ParkedLine, ...]
    member: str | None = None
    coupons: tuple[str, ...] = ()
    uses: tuple[UsesAsked, ...] = ()
    label: str = ""


def park(
    asked: ParkAsked, waiting: Mapping[str, BasketParked], made: Made
) -> BasketParked | Declined:
    """Return the fact of a basket that waits, or E-TOO-MANY-PARKED {limit}."""
    if len(waiting) >= PARKED_MAX:
        return Declined("E-TOO-MANY-PARKED", {"limit": PARKED_MAX})
    taken = {parked.number for parked in waiting.values()}
    return BasketParked(
        ticket=made.deed,
        label=asked.label,
        business_date=made.business_date,
        store=made.store,
        terminal=made.terminal,
        cashier=made.cashier,
        member=asked.member,
        lines=asked.lines,
        coupons=asked.coupons,
        uses=asked.uses,
        number=next(n for n in range(1, PARKED_MAX + 1) if n not in taken),
    )


def recall(
    ticket: str, waiting: Mapping[str, BasketParked], made: Made
) -> BasketRecalled | Declined:
    """Return the fact that a waiting basket is taken back, or E-BASKET-GONE {ticket}."""
    if ticket not in waiting:
        return Declined("E-BASKET-GONE", {"ticket": ticket})
    return BasketRecalled(
        ticket=ticket,
        business_date=made.business_date,
        store=made.store,
        terminal=made.terminal,
        cashier=made.cashier,
    )


def waiting(facts: Iterable[object], business_date: str | None) -> dict[str, BasketParked]:
    """Return the baskets of a business day that wait, by ticket, oldest first."""
    found: dict[str, BasketParked] = {}
    for fact in facts:
        match fact:
            case BasketParked(ticket=ticket, business_date=day) if day == business_date:
                found[ticket] = fact
            case BasketRecalled(ticket=ticket):
                found.pop(ticket, None)
            case _:
                pass
    return found
