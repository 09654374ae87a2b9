"""Return a count: uses go back to their card, each with exactly what it took along."""

import msgspec

from edge.shop.accounts import counts, points
from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.facts.counts import CountReturned, CountUsed
from edge.shop.facts.sale import Deed
from edge.shop.ledger import entry
from edge.shop.money import contained, split
from edge.shop.operations.in_force import InForce, said_back
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import legs
from edge.shop.operations.use_count import revenue


class CountBackAsked(msgspec.Struct, frozen=True, kw_only=True):
    """How many uses of a deed come back; `returned` are those that came back before."""

    use: Deed
    uses: int = 1
    returned: int = 0


def return_count(
    asked: CountBackAsked, rules: InForce, holdings: Holdings, made: Made
) -> CountReturned | Declined:
    """Return the fact of returned uses, the last used first.

    Tax and points go back as they were taken, so that all returns of a deed sum to it. The card
    is the one that was used, even if it was given back meanwhile; if it has expired, its plan says
    what becomes of them. E-RETURN-OF-RETURN for a deed that is no use, E-RETURN-NOTHING,
    E-RETURN-TOO-MANY.
    """
    use, bundle = asked.use, rules.bundle
    if not isinstance(use, CountUsed):
        return Declined("E-RETURN-OF-RETURN", {"receipt": use.receipt})
    assert use.member is not None, "only members have cards"
    left = len(use.values) - asked.returned
    if asked.uses < 1:
        return Declined("E-RETURN-NOTHING")
    if asked.uses > left:
        names = {"product_zh": use.name_zh, "product_en": use.name_en}
        return Declined("E-RETURN-TOO-MANY", {**names, "asked": asked.uses, "left": left})
    values = use.values[left - asked.uses : left]
    tax = _tax(use, left, rules) - _tax(use, left - asked.uses, rules)
    taken = sum(split(use.points, use.values)[left - asked.uses : left])
    today, plans, held = made.at.date, bundle.programme.plans, holdings.lots[use.count_card]
    back = counts.back(plans, held, asked.uses, sum(values), today, f"{made.deed}#u1")
    moves = (
        back,
        *points.reverse(bundle.programme.points, holdings, use.moves, taken, today, made.deed),
    )
    return CountReturned(
        **said_back(use, made, rules),
        member=use.member,
        returned=made.deed,
        use=use.use,
        count_card=back.lot,
        currency=bundle.currency,
        exponent=bundle.exponent,
        values=values,
        left=holdings.after([back]).lots[back.lot].left,
        tax_class=use.tax_class,
        tax_rate=use.tax_rate,
        tax=tax,
        points=taken,
        moves=moves,
        postings=entry(
            *legs(moves, holdings, use.member, bundle),
            *revenue(use.tax_class, -sum(values), -tax, bundle.currency),
        ),
    )


def _tax(use: CountUsed, uses: int, rules: InForce) -> int:
    """Return the tax that the first so many uses contain; all of them contain what was posted."""
    if uses == len(use.values):
        return use.tax
    return contained(sum(use.values[:uses]), use.tax_rate, rules.bundle.rounding)
