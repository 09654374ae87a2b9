"""Undoing a top-up: what of it is still there, what was spent of it, and what that comes to."""

from collections.abc import Mapping, Sequence

import msgspec

from edge.shop.accounts import rewards
from edge.shop.accounts.counts import CountPlan, Pricing
from edge.shop.accounts.lots import COUPON, PRINCIPAL, Held, Holdings, Lot, Move
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.accounts.top_up import TopUpTerms
from edge.shop.ledger import BONUS, COUNTS
from edge.shop.money import divide

NEXT_EARNINGS = PointsPolicy()
"""Points that are owed wait for what is earned next."""


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """A top-up about to be undone by a `deed`; `given` are the moves it made.

    Debts that come of it are lots of the deed, numbered from `first`, or are netted as the
    programme's `points` say.
    """

    top_up: str
    given: tuple[Move, ...]
    deed: str
    today: str
    points: PointsPolicy = NEXT_EARNINGS
    first: int = 1


class Undone(msgspec.Struct, frozen=True):
    """What undoing comes to, in minor units: `principal` was still there, `refund` is paid.

    What lies between them is clawed back; below zero it is paid on top. `used` tells whether
    anything had been spent.
    """

    principal: int
    bonus: int
    """What was still there of it; it is gone."""
    refund: int
    used: bool
    moves: tuple[Move, ...]


def undo(
    terms: TopUpTerms,
    plans: Sequence[CountPlan],
    undoing: Undoing,
    holdings: Holdings,
    pricing: Pricing,
) -> Undone:
    """Return what undoing a top-up comes to, and the moves that empty all it gave.

    Of what was `paid` for a `face` (principal and bonus), `spent` is gone. at_list refunds
    paid - spent, which is the principal left less the bonus spent, in whatever order they are
    spent; pro_rata refunds paid * (face - spent) / face, rounded half up. Rewards that were
    spent come off as the terms say. A refund is never below zero.
    """
    value = [held for held in holdings.of(PRINCIPAL, BONUS) if held.lot.origin == undoing.top_up]
    paid, face = _given(undoing, PRINCIPAL), _given(undoing, PRINCIPAL, BONUS)
    spent = face - sum(held.left + held.lapsed for held in value)
    refund = divide(paid * (face - spent), face) if pricing == "pro_rata" else paid - spent
    back, worth, rewards_used = _rewards_back(terms, plans, undoing, holdings)
    return Undone(
        principal=sum(held.left for held in value if held.lot.unit == PRINCIPAL),
        bonus=sum(held.left for held in value if held.lot.unit == BONUS),
        refund=max(0, refund - worth),
        used=bool(spent) or rewards_used,
        moves=(*[Move(lot=held.lot.id, amount=-held.left) for held in value if held.left], *back),
    )


def _given(undoing: Undoing, *units: str) -> int:
    return sum(move.amount for move in undoing.given if move.opens and move.opens.unit in units)


def _rewards_back(
    terms: TopUpTerms, plans: Sequence[CountPlan], undoing: Undoing, holdings: Holdings
) -> tuple[list[Move], int, bool]:
    """Return the moves that take rewards back, what the spent ones cost, and if any were spent.

    What lapsed is neither there any more nor was it spent.
    """
    owed = terms.spent_points == "debt"
    prices = {plan.id: plan.list_price for plan in plans}
    given: list[Move] = []
    worth, used = 0, False
    for move in undoing.given:
        lot = move.opens
        if lot is None or lot.unit in (PRINCIPAL, BONUS):
            continue
        held = holdings.lots.get(lot.id, Held(lot, 0))
        spent = move.amount - held.left - held.lapsed
        given.append(move)
        used = used or bool(spent)
        worth += _price(terms, prices, lot, spent, owed=owed)
    policy = undoing.points if owed else NEXT_EARNINGS
    back = rewards.take_back(
        given, holdings, undoing.deed, undoing.today, policy, first=undoing.first
    )
    return [move for move in back if owed or not move.opens], worth, used


def _price(
    terms: TopUpTerms, prices: Mapping[str, int], lot: Lot, spent: int, *, owed: bool
) -> int:
    if lot.unit == COUPON:
        return spent * terms.coupon_prices.get(lot.terms, 0)
    if lot.unit == COUNTS:
        return spent * prices.get(lot.terms, 0)
    return 0 if owed else divide(spent * terms.point_price, 100)
