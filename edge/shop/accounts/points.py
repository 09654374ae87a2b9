"""Points: earned in lots, spent by expiry, given back to where they came from.

A lot is pending until its `active_from`, then active; what is in it is spent, expires, or is
reversed when the goods that earned it come back. Debts are lots below zero. Dates are ISO days of
the programme's zone; on a clock nobody trusts, `today` is the last day that was certain, so that
nothing expires.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from edge.shop.accounts.expiry import Activity, is_over, last_day
from edge.shop.accounts.lots import Held, Holdings, Lot, LotKind, Move, Unit, is_spendable, take
from edge.shop.accounts.points_policy import Forfeit, PointsPolicy, is_points
from edge.shop.calendar import plus_days
from edge.shop.declined import Declined
from edge.shop.ledger import POINTS, Posting
from edge.shop.money import divide, split

__all__ = [
    "Cost",
    "PointsPolicy",
    "alive",
    "costs",
    "debts",
    "due",
    "earn",
    "give_back",
    "is_points",
    "legs",
    "redeemable",
    "reverse",
    "settle_debt",
    "spend",
    "take_back",
]

NOTHING_HELD = Holdings()

# --- earning -------------------------------------------------------------------------------------


def earn(
    policy: PointsPolicy,
    *,
    deed: str,
    member: str,
    points: int,
    today: str,
    issuer: str,
    kind: LotKind = "ordinary",
    holdings: Holdings = NOTHING_HELD,
) -> tuple[Move, ...]:
    """Return the moves that open the lot `deed`#p1 of `points` and repay what `holdings` owe.

    Debts are repaid at once, oldest first, whether the new lot is pending or not. A deed earns
    points once at most; zero points open nothing.
    """
    assert points >= 0, "nobody earns less than nothing"
    if not points:
        return ()
    active = plus_days(today, policy.pending_days)
    lot = Lot(
        id=f"{deed}#p1", member=member, unit=POINTS, opened=today, active_from=active,
        expires=last_day(policy.expiry, active), issuer=issuer, origin=deed, kind=kind,
    )  # fmt: skip
    opening = Move(lot=lot.id, amount=points, opens=lot)
    return (opening, *_repay(debts(holdings), [Held(lot, points)]))


def settle_debt(
    policy: PointsPolicy, holdings: Holdings, unit: Unit, today: str
) -> tuple[Move, ...]:
    """Return the moves by which lots that can be spent today repay debts; none unless net_lots.

    Returns do this by themselves; it is for points that became active afterwards.
    """
    if policy.debt != "net_lots":
        return ()
    return _repay(debts(holdings, unit), holdings.spendable(unit, today))


def debts(holdings: Holdings, unit: Unit = POINTS) -> list[Held]:
    """Return the debts of a unit, oldest first."""
    return [held for held in holdings.of(unit) if held.left < 0]


# --- spending ------------------------------------------------------------------------------------


def redeemable(holdings: Holdings, units: Unit | Sequence[Unit], today: str) -> int:
    """Return how many points of these units can be spent today."""
    return sum([held.left for held in _spendable(holdings, units, today)])


def spend(
    holdings: Holdings, units: Unit | Sequence[Unit], amount: int, today: str
) -> tuple[Move, ...] | Declined:
    """Return the moves that spend `amount` points of one unit, or of several together.

    The earliest expiry goes first, over all units, then the earliest opened, then the lot id.
    E-POINTS-SHORT if that is more than can be spent today; `points` is what could be.
    """
    lots = _spendable(holdings, units, today)
    possible = sum([held.left for held in lots])
    if amount > possible:
        return Declined("E-POINTS-SHORT", {"points": possible})
    return tuple(take(lots, amount))


def due(policy: PointsPolicy, holdings: Holdings, today: str) -> list[Held]:
    """Return the lots of our own points that are over and still hold something."""
    lots = [held for held in holdings.of(POINTS) if held.left > 0]
    return lots if _inactive(policy, holdings, today) else [h for h in lots if is_over(h, today)]


def alive(policy: PointsPolicy, holdings: Holdings, today: str) -> Holdings:
    """Return the holdings without the points that are over, where that depends on activity too.

    To be asked before points are offered or spent; the fact of their expiry may come later.
    """
    over = {held.lot.id for held in due(policy, holdings, today)}
    kept = {name: held for name, held in holdings.lots.items() if name not in over}
    return msgspec.structs.replace(holdings, lots=kept)


class Cost(msgspec.Struct, frozen=True):
    """What a party bears of a redemption, in minor units; "" is the store that redeemed."""

    party: str
    amount: int


def costs(
    policy: PointsPolicy, holdings: Holdings, spent: Iterable[Move], value: int, issuer: str
) -> tuple[Cost, ...]:
    """Return who bears `value`, the discount that the moves `spent` paid for; sums to it.

    The discount is shared over the units of points in proportion to the points (by largest
    remainder, ties: the unit spent first). Our own `issuer` bears its share. A partner bears its
    points at its settlement rate, rounded half up; what that leaves of its share is the store's
    own promotion (below zero where the rate is above the value).
    """
    points: dict[Unit, int] = {}
    for move, lot in _spent(holdings, spent):
        points[lot.unit] = points.get(lot.unit, 0) - move.amount
    borne: dict[str, int] = {}
    for unit, share in zip(points, split(value, tuple(points.values())), strict=True):
        party, amount = issuer, share
        if unit != POINTS:
            party = unit.removeprefix(f"{POINTS}.")
            rate = policy.partners[party]
            amount = divide(points[unit] * rate.amount, rate.points)
        borne[party] = borne.get(party, 0) + amount
        borne[""] = borne.get("", 0) + share - amount
    return tuple([Cost(party, amount) for party, amount in borne.items() if amount])


# --- when goods come back ------------------------------------------------------------------------


def reverse(
    policy: PointsPolicy,
    holdings: Holdings,
    sale_moves: Iterable[Move],
    amount: int,
    today: str,
    deed: str,
    *,
    kind: LotKind = "ordinary",
) -> tuple[Move, ...]:
    """Return the moves that take back `amount` of the points which a deed earned.

    They are taken from what the deed's lot of this kind still holds, then written off what
    lapsed in it (the member had nothing of it), then under net_lots taken from what else can be
    spent today. The rest was spent: it becomes the debt `deed`#d1.
    """
    if not amount:
        return ()
    lot = _earned_lot(sale_moves, kind)
    return take_back(policy, holdings, lot, amount, today, f"{deed}#d1")


def take_back(
    policy: PointsPolicy, holdings: Holdings, lot: Lot, amount: int, today: str, debt: str
) -> tuple[Move, ...]:
    """Return the moves that take back `amount` (above zero) of what was given with `lot`.

    What its points were reinstated as counts as the lot. The debt, if any, is called `debt`.
    """
    family = [held for held in holdings.of(lot.unit) if _same_origin(held.lot, lot)]
    moves = take(family, min(amount, sum([max(0, held.left) for held in family])))
    owed = amount + sum([move.amount for move in moves])
    for held in family:
        if part := min(owed, held.lapsed):
            moves.append(Move(lot=held.lot.id, amount=0, lapsed=-part))
            owed -= part
    if policy.debt == "net_lots":
        others = holdings.after(moves).spendable(lot.unit, today)
        netted = take(others, min(owed, sum([held.left for held in others])))
        owed += sum([move.amount for move in netted])
        moves += netted
    if owed:
        owing = msgspec.structs.replace(
            lot, id=debt, opened=today, active_from=today, expires="", kind="debt"
        )
        moves.append(Move(lot=debt, amount=-owed, opens=owing))
    return tuple(moves)


def give_back(
    policy: PointsPolicy,
    holdings: Holdings,
    spent_moves: Sequence[Move],
    amount: int,
    today: str,
    deed: str,
    *,
    already: int = 0,
    first: int = 1,
) -> tuple[Move, ...]:
    """Return the moves that give back `amount` of the points which a deed spent.

    `spent_moves` are the deed's moves; `already` is how much of them earlier returns gave back
    (forfeited points included). They go to their lots in reverse order. What the reversal of the
    same lot left as a debt is repaid first: those points were never missing. What would go to an
    expired lot is forfeited, or reinstated in a lot `deed`#r and a number from `first` on.
    """
    moves: list[Move] = []
    for number, (name, part) in enumerate(_way_back(holdings, spent_moves, already, amount), first):
        now = holdings.after(moves)
        lot = now.lots[name].lot
        owing = [held for held in debts(now, lot.unit) if held.lot.origin == lot.origin]
        repaid = _fill(owing, part)
        rest = part - sum([move.amount for move in repaid])
        moves += repaid
        if rest:
            moves.append(_returned(policy, now.lots[name], rest, today, f"{deed}#r{number}"))
    after = holdings.after(moves)
    for unit in dict.fromkeys([after.lots[move.lot].lot.unit for move in moves]):
        moves += settle_debt(policy, after, unit, today)
    return tuple(moves)


def legs(holdings: Holdings, moves: Iterable[Move], member: str) -> Iterator[Posting]:
    """Yield the legs of moves of points, each on the books of the lot's issuer.

    Moves of other units are passed over. `holdings` are those before the moves.
    """
    for move, lot in _named(holdings, moves):
        yield Posting(f"member:{member}", lot.unit, move.amount, lot.issuer)
        yield Posting("programme", lot.unit, -move.amount, lot.issuer)


# --- parts ---------------------------------------------------------------------------------------


def _inactive(policy: PointsPolicy, holdings: Holdings, today: str) -> bool:
    """Tell whether the member is known to have done nothing for too long."""
    if not isinstance(policy.expiry, Activity) or not holdings.last_activity:
        return False
    return plus_days(holdings.last_activity, policy.expiry.days) < today


def _spendable(holdings: Holdings, units: Unit | Sequence[Unit], today: str) -> list[Held]:
    names = (units,) if isinstance(units, str) else units
    return [held for held in holdings.of(*names) if is_spendable(held, today)]


def _repay(owing: Sequence[Held], lots: Sequence[Held]) -> tuple[Move, ...]:
    """Return the moves by which these lots repay these debts, as far as they reach."""
    amount = min(-sum([held.left for held in owing]), sum([held.left for held in lots]))
    return (*take(lots, amount), *_fill(owing, amount))


def _fill(owing: Iterable[Held], amount: int) -> list[Move]:
    """Return the moves that put up to `amount` into debts, first ones first."""
    moves: list[Move] = []
    for held in owing:
        if part := min(amount, -held.left):
            moves.append(Move(lot=held.lot.id, amount=part))
            amount -= part
    return moves


def _earned_lot(moves: Iterable[Move], kind: LotKind) -> Lot:
    for move in moves:
        if move.opens and is_points(move.opens.unit) and move.opens.kind == kind:
            return move.opens
    raise AssertionError("a deed that earned points opened a lot of them")


def _same_origin(lot: Lot, other: Lot) -> bool:
    return (lot.origin, lot.kind) == (other.origin, other.kind)


def _way_back(
    holdings: Holdings, moves: Sequence[Move], already: int, amount: int
) -> Iterator[tuple[str, int]]:
    """Yield lots and how much goes back to each, the last spent first, past what went before."""
    for move, _ in reversed(_spent(holdings, moves)):
        skipped = min(already, -move.amount)
        part = min(amount, -move.amount - skipped)
        already, amount = already - skipped, amount - part
        if part:
            yield move.lot, part
    assert not amount, "more points were to come back than were spent"


def _returned(policy: PointsPolicy, held: Held, amount: int, today: str, name: str) -> Move:
    """Return the move that puts points back into their lot, or what expiry makes of it."""
    lot = held.lot
    if not is_over(held, today):
        return Move(lot=lot.id, amount=amount)
    if isinstance(policy.on_expired_return, Forfeit):
        return Move(lot=lot.id, amount=0, lapsed=amount)
    good_until = plus_days(today, policy.on_expired_return.days)
    again = msgspec.structs.replace(
        lot, id=name, opened=today, active_from=today, expires=good_until
    )
    return Move(lot=name, amount=amount, opens=again)


def _spent(holdings: Holdings, moves: Iterable[Move]) -> list[tuple[Move, Lot]]:
    """Return the moves that spent points: not those by which earnings repaid a debt."""
    named = list(_named(holdings, moves))
    opened = {move.lot for move, _ in named if move.opens}
    return [(move, lot) for move, lot in named if move.amount < 0 and move.lot not in opened]


def _named(holdings: Holdings, moves: Iterable[Move]) -> Iterator[tuple[Move, Lot]]:
    """Yield the moves of points, each with its lot, opened earlier in the moves or held."""
    opened: dict[str, Lot] = {}
    for move in moves:
        if move.opens:
            opened[move.lot] = move.opens
        lot = opened.get(move.lot) or holdings.lots[move.lot].lot
        if is_points(lot.unit):
            yield move, lot
