"""Lots: what a member holds, batch by batch, and the moves that change it.

Whatever a member holds came at one time, from one deed, under one set of terms. That is a lot:
points earned by one receipt, the principal and the bonus of one top-up, one count card, one
coupon. A lot is never edited. A fact carries moves, and what a lot holds is the sum of them.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from edge.shop.ledger import BONUS, COUNTS, POINTS

PRINCIPAL = "PRN"
"""The unit of principal lots: minor units of the store's currency."""

COUPON = "CPN"
"""The unit of coupon lots: uses left."""

Unit = str
"""PTS (or PTS.X of an alliance partner X), BON, PRN, CNT or CPN."""

LotKind = Literal["ordinary", "debt", "growth", "welcome", "reward"]
"""What a lot was given for; debt: what was taken back and not there any more."""

ALL_UNITS = (POINTS, BONUS, PRINCIPAL, COUNTS, COUPON)


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """One batch of something a member holds, as it was opened.

    Dates are ISO 8601 in the programme's zone. The lot can be spent from `active_from` on, up
    to and including `expires` ("" never).
    """

    id: str
    """Unique for ever: the id of the fact that opened it and a number."""
    member: str
    unit: Unit
    opened: str
    active_from: str
    expires: str = ""
    issuer: str = ""
    """The party that owes it; "" is the store."""
    terms: str = ""
    """Under which terms it was given: the id of a rule, plan, coupon type or top-up offer."""
    origin: str = ""
    """The sale, top-up or other deed it came from."""
    home: str = ""
    """The store whose box may spend it without asking the cloud; "" is every store."""
    kind: LotKind = "ordinary"
    """A debt lot holds less than nothing: it is repaid before anything is earned."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """So much into (+) or out of (-) a lot; the first move of a lot brings the lot itself.

    `money` moves what the lot is worth in the books (minor units): the deferred revenue of a
    count card. It is 0 for lots whose worth follows from their amount. `lapsed` says how much
    left the lot because it expired, and below zero how much of that was written off.
    """

    lot: str
    amount: int
    money: int = 0
    lapsed: int = 0
    opens: Lot | None = None


class Held(msgspec.Struct, frozen=True):
    """A lot and what is in it now: `left` in its unit, `money` in minor units.

    `lapsed` is how much of it expired unused.
    """

    lot: Lot
    left: int
    money: int = 0
    lapsed: int = 0


class Holdings(msgspec.Struct, frozen=True):
    """All that one member holds, lots by id.

    Empty lots may be missing once nothing can come back to them.
    """

    lots: Mapping[str, Held] = {}
    last_activity: str = ""
    """The last day on which the member earned or spent anything, "" if nobody knows."""

    def of(self, *units: Unit) -> list[Held]:
        """Return the lots of these units, in the order in which they would be spent.

        Earliest expiry first (never is last), then earliest opened, then lot id.
        """
        return sorted([held for held in self.lots.values() if held.lot.unit in units], key=spending)

    def balance(self, unit: Unit) -> int:
        """Return what is held of a unit in all, pending lots and debts included."""
        return sum(held.left for held in self.lots.values() if held.lot.unit == unit)

    def spendable(self, unit: Unit, today: str) -> list[Held]:
        """Return the lots that can be spent today, in spending order."""
        return [held for held in self.of(unit) if is_spendable(held, today)]

    def after(self, moves: Iterable[Move]) -> "Holdings":
        """Return what is held after these moves, each of a lot that is held or that it opens."""
        lots = dict(self.lots)
        for move in moves:
            held = lots.get(move.lot)
            if held is None:
                assert move.opens is not None, f"lot {move.lot} was never opened"
                held = Held(move.opens, 0)
            lots[move.lot] = Held(
                held.lot,
                held.left + move.amount,
                held.money + move.money,
                held.lapsed + move.lapsed,
            )
        return Holdings(lots, self.last_activity)

    def lot(self, move: Move) -> Lot:
        """Return the lot that a move is about: the one it opens, or one that is held."""
        return move.opens or self.lots[move.lot].lot


def spending(held: Held) -> tuple[bool, str, str, str]:
    """Order lots as they are spent."""
    lot = held.lot
    return not lot.expires, lot.expires, lot.opened, lot.id


def is_spendable(held: Held, today: str) -> bool:
    """Tell whether a lot holds something that may be spent today."""
    lot = held.lot
    return held.left > 0 and lot.active_from <= today and (not lot.expires or today <= lot.expires)


def take(lots: Iterable[Held], amount: int) -> list[Move]:
    """Return the moves that take `amount` out of these lots, first lots first.

    The lots hold at least that much: an assertion.
    """
    moves: list[Move] = []
    for held in lots:
        part = min(amount, held.left)
        if part > 0:
            moves.append(Move(lot=held.lot.id, amount=-part))
            amount -= part
    assert not amount, "more was to be taken than the lots hold"
    return moves
