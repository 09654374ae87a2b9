"""What a member has left after a deed, for its slip to say."""

from edge.book import MEMBER, members
from edge.desk.means import Means
from edge.desk.members import Holding
from edge.desk.slips import NOTHING_KNOWN, After
from edge.shop.accounts.lots import PRINCIPAL
from edge.shop.facts import Deed
from edge.shop.ledger import BONUS, POINTS


def left_after(means: Means, fact: Deed) -> After:
    """Return what is left to the member of a deed that is about to be placed.

    Stored value is told where the deed moved any.
    """
    if fact.member is None:
        return NOTHING_KNOWN
    found = means.counter.holding(fact.member, decided=True)
    before = found.points if isinstance(found, Holding) else None
    gained = members(fact).get((f"{MEMBER}{fact.member}", POINTS), 0)
    points = None if before is None else before + gained
    held = means.counter.members.holdings(fact.member, fact)
    units = {held.lot(move).unit for move in fact.moves if move.opens or move.lot in held.lots}
    if units.isdisjoint({PRINCIPAL, BONUS}):
        return After(points)
    mine = [move for move in fact.moves if move.opens or move.lot in held.lots]
    left = held.after(mine)
    bonus = left.balance(BONUS)
    return After(points, value=left.balance(PRINCIPAL) + bonus, bonus=bonus)
