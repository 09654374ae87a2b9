"""Scan sessions: a handheld collects codes with counts under a name, and closes it once."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from edge.shop.basket import Product, sellable
from edge.shop.declined import Declined
from edge.shop.facts.counter import Counted, Purpose, ScanSessionClosed
from edge.shop.operations.made import Made

LINES_MAX = 5_000
"""How many different codes one session may hold."""


class Scanned(msgspec.Struct, frozen=True):
    """A code that was read, and how much of it stands there; the count may be corrected down."""

    code: str
    quantity: Decimal = Decimal(1)


class SessionAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A session to close: everything that was scanned, in the order it was."""

    name: str
    purpose: Purpose
    scanned: tuple[Scanned, ...]


def close(
    asked: SessionAsked, product: Callable[[str], Product | None], made: Made
) -> ScanSessionClosed | Declined:
    """Return the fact of a closed session: one row a code, in the order first seen.

    A code nobody knows is kept, for it stands in the shop. E-EMPTY-SESSION when nothing is left,
    E-SESSION-TOO-LARGE beyond `LINES_MAX` codes, E-QUANTITY for a sum that cannot be.
    """
    sums: dict[str, Decimal] = {}
    for scan in asked.scanned:
        sums[scan.code] = sums.get(scan.code, Decimal(0)) + scan.quantity
    counted = [
        Counted(code, known.id if (known := product(code)) else "", quantity)
        for code, quantity in sums.items()
        if quantity
    ]
    if refused := _refused(counted, product):
        return refused
    return ScanSessionClosed(
        session=made.deed,
        name=asked.name,
        purpose=asked.purpose,
        business_date=made.business_date,
        store=made.store,
        terminal=made.terminal,
        cashier=made.cashier,
        counted=tuple(counted),
    )


def _refused(
    counted: Sequence[Counted], product: Callable[[str], Product | None]
) -> Declined | None:
    if not counted:
        return Declined("E-EMPTY-SESSION")
    if len(counted) > LINES_MAX:
        return Declined("E-SESSION-TOO-LARGE", {"limit": LINES_MAX})
    for row in counted:
        known = product(row.code)
        fits = sellable(known, row.quantity) if known else row.quantity > 0
        if not fits:
            return Declined("E-QUANTITY", {"code": row.code, "quantity": str(row.quantity)[:32]})
    return None
