"""Rewards: points and coupons given for something other than a purchase, and taken back with it.

A welcome gift, both sides of a referral, what a tier grants and what a draw awards are all the
same thing: a reward that one deed gives to one member. Taken back, a coupon loses what is left of
it; points lose what is left of their lot, and what was already spent becomes a debt, which the
next earnings repay.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Literal

import msgspec

from edge.shop.accounts import coupons, points
from edge.shop.accounts.coupons import CouponTerms
from edge.shop.accounts.declared import Amount, Count, Days, Declared, Name
from edge.shop.accounts.lots import COUPON, Holdings, Lot, Move
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.calendar import plus_days
from edge.shop.ledger import BONUS, COUNTS, POINTS, Posting

BOOKED = (POINTS, COUNTS, BONUS)
"""The units whose moves are posted on member:{id} against the programme."""

DEFAULTS = PointsPolicy()


class Counts(Declared, frozen=True, kw_only=True):
    """Uses of a count card's plan, given and not sold: they are worth nothing in the books."""

    plan: Name
    uses: Count
    valid_days: Days = 0
    """After the day they were given; 0 is for ever."""


class Reward(Declared, frozen=True, kw_only=True):
    """What is given: points, coupons by type with how many, and uses of count cards."""

    points: Amount = 0
    points_days: Days = 0
    """How many days after the day they were given the points can be spent; 0 is for ever."""
    coupons: Mapping[Name, Count] = {}
    counts: tuple[Counts, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether it gives anything."""
        return bool(self.points or self.coupons or self.counts)


class Giving(msgspec.Struct, frozen=True, kw_only=True):
    """Who gives a reward to whom, when, and by which deed.

    Lots are numbered from `first`, so that one deed may give to two members. `kinds` are the
    types of coupons the bundle knows; a reward that names another is the bundle's fault.
    """

    deed: str
    member: str
    today: str
    kinds: Mapping[str, CouponTerms] = {}
    kind: Literal["ordinary", "welcome", "reward"] = "reward"
    issuer: str = ""
    home: str = ""
    """The home of its coupons; points and counts are at home where the member's accounts are."""
    terms: str = ""
    first: int = 1

    def to(self, member: str, first: int) -> "Giving":
        """Return the same for another member, its lots numbered from `first`."""
        return msgspec.structs.replace(self, member=member, first=first)


def give(reward: Reward, giving: Giving) -> tuple[Move, ...]:
    """Return the moves that give a reward: one lot of points, one a coupon, one a plan."""
    return tuple(_given(reward, giving))


def _given(reward: Reward, giving: Giving) -> Iterator[Move]:
    numbers = count(giving.first)
    if reward.points:
        last = _last_day(giving, reward.points_days)
        yield _opened(giving, next(numbers), POINTS, reward.points, last)
    for kind, pieces in reward.coupons.items():
        for _ in range(pieces):
            yield coupons.issue(
                giving.kinds[kind],
                giving.deed,
                next(numbers),
                giving.member,
                giving.today,
                home=giving.home,
            )
    for card in reward.counts:
        last = _last_day(giving, card.valid_days)
        yield _opened(giving, next(numbers), COUNTS, card.uses, last, terms=card.plan)


def _last_day(giving: Giving, days: int) -> str:
    return plus_days(giving.today, days) if days else ""


def _opened(
    giving: Giving, number: int, unit: str, amount: int, expires: str, *, terms: str = ""
) -> Move:
    lot = Lot(
        id=f"{giving.deed}#{number}",
        member=giving.member,
        unit=unit,
        opened=giving.today,
        active_from=giving.today,
        expires=expires,
        issuer=giving.issuer,
        terms=terms or giving.terms,
        origin=giving.deed,
        kind=giving.kind,
    )
    return Move(lot=lot.id, amount=amount, opens=lot)


def take_back(
    given: Iterable[Move],
    holdings: Holdings,
    deed: str,
    today: str,
    policy: PointsPolicy = DEFAULTS,
    *,
    first: int = 1,
) -> tuple[Move, ...]:
    """Return the moves that undo a reward.

    `given` are the moves that gave it; `holdings` may be those of several members. Points that
    were spent meanwhile become a debt `deed`#d and a number (from `first`), or are netted, as
    `policy` says; what expired is gone anyway. Coupons and counts lose what is left of them; used
    ones stay used.
    """
    moves: list[Move] = []
    for number, move in enumerate(given, first):
        assert move.opens is not None, "a reward opens the lots it gives"
        lot = move.opens
        if lot.unit == POINTS:
            theirs = _of(holdings, lot.member)
            debt = f"{deed}#d{number}"
            moves += points.take_back(policy, theirs, lot, move.amount, today, debt)
        elif (held := holdings.lots.get(lot.id)) and held.left > 0:
            moves.append(Move(lot=lot.id, amount=-held.left))
    return tuple(moves)


def _of(holdings: Holdings, member: str) -> Holdings:
    lots = {name: held for name, held in holdings.lots.items() if held.lot.member == member}
    return msgspec.structs.replace(holdings, lots=lots)


def legs(moves: Iterable[Move], holdings: Holdings) -> list[Posting]:
    """Return what moves of points, bonus and counts say in the books: member against programme.

    A move's lot is one it opens, or one of the `holdings`; coupons are not posted.
    """
    postings = []
    for move in moves:
        lot = holdings.lot(move)
        if lot.unit in BOOKED or lot.unit.startswith(f"{POINTS}."):
            postings.append(Posting(f"member:{lot.member}", lot.unit, move.amount, lot.issuer))
            postings.append(Posting("programme", lot.unit, -move.amount, lot.issuer))
        else:
            assert lot.unit == COUPON, f"moves of {lot.unit} are posted with their money"
    return postings
