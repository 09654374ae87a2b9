"""An audit of deeds: every entry must say what its moves say, and every lot must add up.

A deed tells twice what members hold. Its moves say it lot by lot, its entry account by account;
one without the other would let a balance and what it consists of drift apart. Read in order,
from the first deed on, all of them together prove every lot.
"""

from collections.abc import Iterator, Mapping

from edge.shop.accounts.lots import COUPON, PRINCIPAL, Held, Lot
from edge.shop.facts import Deed, Recovered, Relocated
from edge.shop.ledger import balanced

Lots = Mapping[str, Held]
"""All lots there ever were, by id, and what is in them."""

Moving = Deed | Relocated
"""What moves lots."""

HELD = ("member:", "principal:", "deferred:")
"""How accounts begin that say what members hold."""

_Account = tuple[str, str, str]
"""An account, its unit ("" for money) and the party on whose books it is."""


def imbalances(deed: Deed, lots: Lots) -> Iterator[str]:
    """Yield what is wrong with a deed, given the lots before it; nothing if it is sound.

    - The postings sum to zero in every unit.
    - What is posted on member:{id} is what the moves of points, bonus and counts come to; on
      principal:{member} what those of principal come to, and on deferred:{member} the money
      that moves take along: for each member, unit and issuer.
    - A lot is opened once, by its own first move. It holds nothing below zero, and a debt is not
      repaid with more than is owed; where no use is left, no money is.

    What was lost and came back may open a lot that is there by now, and may have spent or repaid
    what this life does too: that is the cloud's to judge. So a debt may hold more than nothing,
    here and wherever it is leased to. A lot is named for the first deed that is wrong.
    """
    if not balanced(deed.postings):
        yield "the postings do not sum to zero"
    yield from _untold(deed, lots)
    if deed.moves:
        yield from _lots_wrong(deed, lots, came_back=isinstance(deed, Recovered))


def misplaced(leased: Relocated, lots: Lots, *, came_back: bool = False) -> Iterator[str]:
    """Yield what is wrong with a lease that came or went: nothing is posted for it.

    Its lots are opened once, and none holds anything below zero afterwards, unless it was lost
    and `came_back`.
    """
    yield from _lots_wrong(leased, lots, came_back=came_back)


def after(deed: Moving, lots: Lots) -> dict[str, Held]:
    """Return the lots that a deed moves, as they are after it; a lot never opened is left out."""
    moved: dict[str, Held] = {}
    for move in deed.moves:
        held = moved.get(move.lot) or lots.get(move.lot) or (move.opens and Held(move.opens, 0))
        if held:
            moved[move.lot] = Held(
                held.lot,
                held.left + move.amount,
                held.money + move.money,
                held.lapsed + move.lapsed,
            )
    return moved


def _untold(deed: Deed, lots: Lots) -> Iterator[str]:
    """Yield every account on which the entry and the moves say different things."""
    posted, moved = _posted(deed), _moved(deed, lots)
    if posted == moved:
        return
    for account in sorted(posted.keys() | moved.keys()):
        said, done = posted.get(account, 0), moved.get(account, 0)
        if said != done:
            name = " ".join(part for part in account if part)
            yield f"{name}: {said} is posted, the moves say {done}"


def _posted(deed: Deed) -> dict[_Account, int]:
    sums: dict[_Account, int] = {}
    for leg in deed.postings:
        account = leg.account
        if account.startswith(HELD):
            name = account, leg.unit if account.startswith("member:") else "", leg.party
            sums[name] = sums.get(name, 0) + leg.amount
    return sums


def _moved(deed: Deed, lots: Lots) -> dict[_Account, int]:
    sums: dict[_Account, int] = {}
    opened: dict[str, Lot] = {}
    for move in deed.moves:
        if move.opens:
            opened[move.lot] = move.opens
        lot = lots[move.lot].lot if move.lot in lots else opened.get(move.lot)
        if lot is None:
            continue
        if move.money:
            name = f"deferred:{lot.member}", "", lot.issuer
            sums[name] = sums.get(name, 0) - move.money
        if lot.unit == PRINCIPAL:
            name = f"principal:{lot.member}", "", lot.issuer
            sums[name] = sums.get(name, 0) - move.amount
        elif lot.unit != COUPON:
            name = f"member:{lot.member}", lot.unit, lot.issuer
            sums[name] = sums.get(name, 0) + move.amount
    return sums


def _lots_wrong(deed: Moving, lots: Lots, *, came_back: bool) -> Iterator[str]:
    yield from _misopened(deed, lots, came_back=came_back)
    if not came_back:
        yield from _impossible(after(deed, lots), lots)
        if isinstance(deed, Deed):
            yield from _overpaid(after(deed, lots), lots)


def _misopened(deed: Moving, lots: Lots, *, came_back: bool) -> Iterator[str]:
    known: set[str] = set()
    for move in deed.moves:
        is_known = move.lot in known or move.lot in lots
        if move.opens and move.opens.id != move.lot:
            yield f"lot {move.lot} is opened as {move.opens.id}"
        if move.opens and is_known and not (came_back and move.lot not in known):
            yield f"lot {move.lot} is opened twice"
        elif not (move.opens or is_known):
            yield f"lot {move.lot} was never opened"
        known.add(move.lot)


def _impossible(lots: Lots, before: Lots) -> Iterator[str]:
    """Yield what cannot be in lots, and could be `before`."""
    for name, held in lots.items():
        if faults := _faults(held):
            known = _faults(before[name]) if name in before else {}
            yield from [said for fault, said in faults.items() if fault not in known]


def _overpaid(lots: Lots, before: Lots) -> Iterator[str]:
    """Yield the debts that a deed opened, or repaid, with more than was owed."""
    for name, held in lots.items():
        if held.lot.kind == "debt" and held.left > 0 and _owes(before.get(name)):
            yield f"debt {name} holds {held.left}"


def _owes(debt: Held | None) -> bool:
    """Tell whether a debt is open, or new."""
    return debt is None or debt.left < 0


def _faults(held: Held) -> dict[str, str]:
    name, faults = held.lot.id, dict[str, str]()
    if held.left < 0 and held.lot.kind != "debt":
        faults["left"] = f"lot {name} holds {held.left}"
    if held.money < 0 or (held.money and not held.left):
        faults["money"] = f"lot {name} holds {held.left} and is worth {held.money}"
    return faults
