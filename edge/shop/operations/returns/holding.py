"""What a return does to everything the member holds: value, points and coupons."""

from collections.abc import Iterator, Sequence

import msgspec

from edge.shop.accounts import coupons, growth, points, value
from edge.shop.accounts.lots import COUPON, Holdings, Move
from edge.shop.ledger import POINTS, Posting
from edge.shop.operations.returns.taking import Taking
from edge.shop.operations.returns.units import Place
from edge.shop.operations.returns.uses import UsesBack
from edge.shop.operations.tendered import uses_legs


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The moves of a return, by what they are about."""

    value: tuple[Move, ...] = ()
    uses: tuple[Move, ...] = ()
    points: tuple[Move, ...] = ()
    coupons: tuple[Move, ...] = ()
    points_taken: int = 0
    points_back: int = 0
    coupons_restored: tuple[str, ...] = ()
    coupons_voided: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[Move, ...]:
        """All moves, in the order in which they happen."""
        return self.value + self.uses + self.points + self.coupons


def held(taking: Taking, principal: int, bonus: int, uses: Sequence[UsesBack] = ()) -> Held:
    """Return the moves of a return that pays so much back to stored value, and these uses."""
    restored, voided = tuple(_restored(taking)), tuple(_voided(taking))
    coupons_moved = Held(
        coupons=restored + voided,
        coupons_restored=tuple([move.lot for move in restored]),
        coupons_voided=tuple([move.lot for move in voided]),
    )
    if taking.sale.member is None:
        return coupons_moved
    programme, today, deed = taking.terms.bundle.programme, taking.made.at.date, taking.made.deed
    paid = value.give_back(
        programme.value, taking.holdings, taking.moves_so_far, principal, bonus, today, deed
    )
    back = sum([share.points_spent for share in taking.now])
    taken = sum([share.points for share in taking.now])
    if taking.complete:  # what no unit carries comes back with the last one
        back = taking.sale.points_spent - sum([fact.points_back for fact in taking.earlier])
        taken = taking.sale.points_earned - sum([fact.points_taken for fact in taking.earlier])
    return msgspec.structs.replace(
        coupons_moved,
        value=paid,
        uses=tuple([back.move for back in uses]),
        points=_points(taking, back, taken),
        points_taken=taken,
        points_back=back,
    )


def _points(taking: Taking, back: int, taken: int) -> tuple[Move, ...]:
    """Return the moves of points: those spent come back first, then those earned are taken."""
    policy, today = taking.terms.bundle.programme.points, taking.made.at.date
    sold, deed = taking.sale.moves, taking.made.deed
    already = sum(fact.points_back for fact in taking.earlier)
    given = points.give_back(policy, taking.holdings, sold, back, today, deed, already=already)
    holdings = taking.holdings.after(given)
    reversed_ = points.reverse(policy, holdings, sold, taken, today, deed)
    return given + reversed_ + _shrunk(taking, taken, holdings.after(reversed_))


def _shrunk(taking: Taking, taken: int, holdings: Holdings) -> tuple[Move, ...]:
    """Return the moves that take back what the points that are `taken` had grown by."""
    programme, made = taking.terms.bundle.programme, taking.made
    already = sum(fact.points_taken for fact in taking.earlier)
    moves: tuple[Move, ...] = ()
    for lot in dict.fromkeys(share.lot for _, share in taking.terms.grown):
        reversal = growth.Reversal(lot, taken, already)
        moves += growth.reverse(
            programme.growth, programme.points, holdings.after(moves), taking.terms.grown,
            reversal, made.at.date, made.deed,
        )  # fmt: skip
    return moves


def _restored(taking: Taking) -> Iterator[Move]:
    """Yield a use for every coupon of which now the last unit it lowered has come back."""
    for judged in taking.sale.coupons:
        lot = taking.holdings.lots.get(judged.coupon)
        if lot is None or not taking.returns_now(_touched(taking, judged.coupon)):
            continue
        undone = lot.lot.origin in taking.terms.undone
        move = coupons.restore(lot, taking.made.at.date, undone=undone)
        if move is not None:
            yield move


def _touched(taking: Taking, coupon: str) -> set[Place]:
    return {
        (n, unit)
        for n, line in enumerate(taking.sale.lines)
        for cut in line.discounts
        if cut.coupon == coupon
        for unit, off in enumerate(cut.units)
        if off
    }


def _voided(taking: Taking) -> Iterator[Move]:
    """Yield what takes back the coupons that the sale gave."""
    if taking.terms.bundle.programme.returns.coupon_given == "all" and not taking.complete:
        return
    for lot in taking.holdings.of(COUPON):
        move = coupons.void(lot) if lot.lot.origin == taking.sale.sale else None
        if move is not None:
            yield move


# --- in the books --------------------------------------------------------------------------------


def legs(taking: Taking, held: Held) -> Iterator[Posting]:
    """Yield the legs of value, uses and points; coupons are not in the books."""
    member = taking.sale.member
    if member is not None:
        yield from value.spent_legs(taking.holdings, held.value, member, taking.sale.currency)
        yield from uses_legs(held.uses, taking.holdings, member, taking.sale.currency)
        yield from points.legs(taking.holdings, held.points, member)


def issuers_back(taking: Taking, amount: int) -> dict[str, tuple[int, int]]:
    """Return whose points come back when `amount` do, in the reverse order of their spending.

    For each alliance partner: how many now, of how many that have not come back before.
    """
    already = sum(fact.points_back for fact in taking.earlier)
    opened = {move.lot for move in taking.sale.moves if move.opens}
    spent = [m for m in taking.sale.moves if m.amount < 0 and m.lot not in opened]
    result: dict[str, tuple[int, int]] = {}
    for move in reversed(spent):
        unit = taking.holdings.lots[move.lot].lot.unit
        if not points.is_points(unit):
            continue
        skipped = min(already, -move.amount)
        rest = -move.amount - skipped
        part = min(amount, rest)
        already, amount = already - skipped, amount - part
        if unit != POINTS:
            now, left = result.get(partner(unit), (0, 0))
            result[partner(unit)] = now + part, left + rest
    return result


def partner(unit: str) -> str:
    """Return the alliance partner whose points a unit is."""
    return unit.removeprefix(f"{POINTS}.")
