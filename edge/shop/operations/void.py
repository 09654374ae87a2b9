"""Void: a whole receipt is taken back at its own box and on its own day, before it was settled."""

from collections.abc import Sequence

import msgspec

from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.facts import Deed, SaleMade
from edge.shop.facts.returns import ReturnMade, SaleVoided, TakenBack
from edge.shop.operations.made import Made
from edge.shop.operations.returns.giving_back import give_back, refusal, take_back
from edge.shop.operations.returns.taking import taking
from edge.shop.operations.returns.terms import ReturnAsked, Terms
from edge.shop.operations.returns.units import everything, left


class VoidAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which sale is to be taken back whole, and why.

    `settled` says whether its money has already been passed on (a card batch, a drawer that was
    counted): such a sale can only be returned. `home` is as in a return.
    """

    sale: str
    reason: str = ""
    home: bool = True
    settled: bool = False


def void(
    asked: VoidAsked,
    sale: Deed,
    earlier: Sequence[TakenBack],
    terms: Terms,
    holdings: Holdings,
    made: Made,
) -> SaleVoided | ReturnMade | Declined:
    """Return the fact that reverses a whole sale; the sale itself stays as it was.

    Too late for that (another business day, or settled), or away from the box that sold it, it
    becomes a return of everything, which says that it was a `late_void` and holds to the terms
    of returns. E-VOID-PARTLY when something of it came back before; otherwise as `give_back`.
    """
    whole = ReturnAsked(sale=asked.sale, units=(), reason=asked.reason, home=asked.home)
    if not isinstance(sale, SaleMade):
        return Declined("E-RETURN-OF-RETURN", {"receipt": sale.receipt})
    if no := refusal(whole, sale, earlier, made):
        return no
    if earlier:
        return Declined("E-VOID-PARTLY", {"receipt": sale.receipt})
    is_late = asked.settled or made.business_date != sale.business_date
    if is_late or not asked.home:
        whole = msgspec.structs.replace(whole, units=left(sale, ()))
        done = give_back(whole, sale, (), terms, holdings, made)
        if isinstance(done, ReturnMade):
            return msgspec.structs.replace(done, late_void=True)
        return done
    done = take_back(whole, taking(sale, (), everything(sale), terms, holdings, made), "void")
    assert isinstance(done, ReturnMade), "nothing is kept that would have to be priced"
    fields = {name: getattr(done, name) for name in SaleVoided.__struct_fields__}
    return SaleVoided(**fields)
