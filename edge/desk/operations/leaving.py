"""A deed told with its slip, which says what the member has left."""

from collections.abc import Callable
from functools import partial

from edge.book import MEMBER, members
from edge.desk.dealing import Seller
from edge.desk.means import Job, Means, Outcome
from edge.desk.members import Holding
from edge.shop.accounts.lots import PRINCIPAL
from edge.shop.declined import Declined
from edge.shop.facts import NOTHING_KNOWN, After, Deed, Fact, ToppedUp
from edge.shop.ledger import BONUS, POINTS
from edge.shop.operations.made import Made


def slipped(means: Means, job: Job, by: Seller, make: Callable[[Made], Fact | Declined]) -> Outcome:
    """Place a deed that is told with its slip."""
    rules, told, leave = means.counter.rules, means.placing.slips.told, partial(left_after, means)
    return means.placing.deed(job.request, by, rules, make, told, leave)


def left_after(means: Means, fact: Deed) -> After:
    """Return what is left to the member of a deed that is about to be placed.

    Stored value is told where the deed moved any, or is of somebody who pays in.
    """
    if fact.member is None:
        return NOTHING_KNOWN
    found = means.counter.holding(fact.member, decided=True)
    before = found.points if isinstance(found, Holding) else None
    gained = members(fact).get((f"{MEMBER}{fact.member}", POINTS), 0)
    points = None if before is None else before + gained
    held = means.counter.members.holdings(fact.member, fact)
    mine = [move for move in fact.moves if move.opens or move.lot in held.lots]
    units = {held.lot(move).unit for move in mine}
    if units.isdisjoint({PRINCIPAL, BONUS}) and not isinstance(fact, ToppedUp):
        return After(points=points)
    left = held.after(mine)
    bonus = left.balance(BONUS)
    return After(points=points, value=left.balance(PRINCIPAL) + bonus, bonus=bonus)
