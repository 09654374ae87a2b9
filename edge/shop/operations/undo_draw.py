"""Undo a draw: a ticket is taken back with all it won, and its points go back."""

import msgspec

from edge.shop.accounts import points, rewards
from edge.shop.accounts.lots import COUPON, Holdings, Move
from edge.shop.declined import Declined
from edge.shop.facts import Deed
from edge.shop.facts.coupons import DrawUndone, PrizeDrawn
from edge.shop.ledger import COUNTS, entry
from edge.shop.operations.in_force import InForce, said_back
from edge.shop.operations.made import Made
from edge.shop.operations.returns.giving_back import too_late
from edge.shop.operations.undo_exchange import forfeited


class UndoDrawAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which ticket is taken back and why; `undone` says whether it was already."""

    ticket: Deed
    undone: bool = False
    reason: str = ""


def undo_draw(
    asked: UndoDrawAsked, rules: InForce, holdings: Holdings, made: Made
) -> DrawUndone | Declined:
    """Return the fact of a ticket that was taken back.

    On its own business day it is a void, later a return, within the window of returns. A manager
    approves it, or a losing ticket could be given back until it wins. Points that were won and
    spent are owed. `holdings` know every lot that the ticket moved, the empty ones too.

    Declined: E-RETURN-OF-RETURN for a deed that is no ticket, E-RETURN-NOTHING for one that was
    taken back before, E-RETURN-WINDOW, E-NEEDS-APPROVAL, E-PRIZE-USED where a coupon or uses that
    were won are used.
    """
    drawn = asked.ticket
    if not isinstance(drawn, PrizeDrawn):
        return Declined("E-RETURN-OF-RETURN", {"receipt": drawn.receipt})
    if asked.undone:
        return Declined("E-RETURN-NOTHING")
    void = made.business_date == drawn.business_date
    policy = rules.bundle.programme.returns
    if not void and (no := too_late(drawn.business_date, policy, made)):
        return no
    if made.approved_by is None:
        return Declined("E-NEEDS-APPROVAL")
    won = [move for move in drawn.moves if move.opens]
    if any(_used(move, holdings) for move in won):
        return Declined("E-PRIZE-USED", {"receipt": drawn.receipt})
    terms, today = rules.bundle.programme.points, made.at.date
    back = points.give_back(terms, holdings, drawn.moves, drawn.points, today, made.deed)
    taken = rewards.take_back(won, holdings.after(back), made.deed, today, terms)
    return DrawUndone(
        **said_back(drawn, made, rules),
        member=drawn.member,
        reversal=made.deed,
        how="void" if void else "return",
        ticket=drawn.ticket,
        draw=drawn.draw,
        prize=drawn.prize,
        product=drawn.product,
        reason=asked.reason,
        points=drawn.points,
        forfeited=forfeited(back),
        moves=(*back, *taken),
        postings=entry(*rewards.legs((*back, *taken), holdings.after((*back, *taken)))),
    )


def _used(move: Move, holdings: Holdings) -> bool:
    """Tell whether something of a prize is used up that cannot be owed."""
    assert move.opens is not None, "a prize opens the lots it gives"
    held = holdings.lots.get(move.lot)
    spent = move.amount - (held.left + held.lapsed if held else 0)
    return move.opens.unit in (COUPON, COUNTS) and spent > 0
