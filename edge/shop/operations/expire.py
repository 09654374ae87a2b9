"""Expire: what a member's lots still hold after their last day is taken out of them.

Coupons are left as they are: they are in nobody's books, and one that is over says so itself.
"""

from collections.abc import Iterable

from edge.shop.accounts import counts, points, value
from edge.shop.accounts.expiry import is_over, lapse
from edge.shop.accounts.lots import PRINCIPAL, Held, Holdings, Move
from edge.shop.declined import Declined
from edge.shop.facts.points import HoldingsExpired
from edge.shop.ledger import BONUS, COUNTS, POINTS, Posting, entry
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made


def expire(
    member: str, rules: InForce, holdings: Holdings, made: Made, *, trusted: bool
) -> HoldingsExpired | Declined:
    """Return the fact that what is over today, by the calendar of the programme's zone, is gone.

    A lot's last day still counts. Debts stay. Money that was paid for what is gone is `retained`
    by its issuer. Declined: E-CLOCK-UNKNOWN where the clock is not `trusted`, for then nothing
    expires; E-NOTHING-DUE.
    """
    if not trusted:
        return Declined("E-CLOCK-UNKNOWN")
    today, currency = made.at.date, rules.bundle.currency
    own = lapse(points.due(rules.bundle.programme.points, holdings, today))
    others = [held for held in holdings.of(BONUS, PRINCIPAL, COUNTS) if is_over(held, today)]
    moves = (*own, *_with_money(others))
    if not moves:
        return Declined("E-NOTHING-DUE", {"member": member})
    money = tuple(
        [
            *value.legs(holdings, moves, member, currency),
            *counts.legs([m for m in moves if m.money], holdings, member, currency),
        ]
    )
    return HoldingsExpired(
        **said(made, rules),
        member=member,
        points=_gone(holdings, moves, POINTS),
        bonus=_gone(holdings, moves, BONUS),
        principal=_gone(holdings, moves, PRINCIPAL),
        uses=_gone(holdings, moves, COUNTS),
        postings=entry(
            *points.legs(holdings, own, member),
            *money,
            *_counted(holdings, moves, member),
            *_retained(money, currency),
        ),
        moves=moves,
    )


def _with_money(lots: Iterable[Held]) -> Iterable[Move]:
    """Yield the moves of lots that are over, with the money that was paid for what is gone."""
    for held in lots:
        if held.left > 0:
            yield Move(lot=held.lot.id, amount=-held.left, lapsed=held.left, money=-held.money)


def _gone(holdings: Holdings, moves: Iterable[Move], unit: str) -> int:
    return -sum(move.amount for move in moves if holdings.lot(move).unit == unit)


def _counted(holdings: Holdings, moves: Iterable[Move], member: str) -> Iterable[Posting]:
    for move in moves:
        lot = holdings.lot(move)
        if lot.unit == COUNTS:
            yield Posting(f"member:{member}", COUNTS, move.amount, lot.issuer)
            yield Posting("programme", COUNTS, -move.amount, lot.issuer)


def _retained(legs: Iterable[Posting], currency: str) -> Iterable[Posting]:
    """Yield what the issuers keep: the other side of what they do not owe any more."""
    for leg in legs:
        if leg.unit == currency:
            yield Posting("retained", currency, -leg.amount, leg.party)
