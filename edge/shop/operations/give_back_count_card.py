"""Give back a count card that is not used up: it is priced by why it comes back."""

import msgspec

from edge.shop.accounts.counts import Reason, refund
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.declined import Declined
from edge.shop.facts.counts import CountCardGivenBack, CountCardSold
from edge.shop.facts.value import Outside
from edge.shop.ledger import entry
from edge.shop.operations.in_force import InForce, said_back
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import kept, legs, received


class GiveBackAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which card, and why. Money goes back as it came, or by another `tender`."""

    count_card: CountCardSold
    reason: Reason
    tender: Outside | None = None


def give_back_count_card(
    asked: GiveBackAsked, rules: InForce, holdings: Holdings, made: Made
) -> CountCardGivenBack | Declined:
    """Return the fact of a card given back; it is priced as the plan said when it was sold.

    E-CARD-EMPTY if no use is left, E-GIVE-BACK-REFUSED where a used card is not taken back.
    """
    sold, bundle = asked.count_card, rules.bundle
    assert sold.member is not None, "only members have cards"
    held = holdings.lots.get(sold.count_card)
    if held is None or held.left <= 0:
        return Declined("E-CARD-EMPTY", {"plan": sold.plan.id})
    pricing = sold.plan.pricing(asked.reason)
    if pricing == "refused" and held.left < sold.plan.uses:
        return Declined("E-GIVE-BACK-REFUSED", {"plan": sold.plan.id})
    paid = refund(sold.plan, held, pricing)
    tender = asked.tender or sold.tender
    moves = (Move(lot=held.lot.id, amount=-held.left, money=-held.money),)
    return CountCardGivenBack(
        **said_back(sold, made, rules),
        member=sold.member,
        given_back=made.deed,
        count_card=sold.count_card,
        plan=sold.plan.id,
        reason=asked.reason,
        currency=bundle.currency,
        exponent=bundle.exponent,
        tender=tender,
        uses=held.left,
        refund=paid,
        retained=held.money - paid,
        moves=moves,
        postings=entry(
            *legs(moves, holdings, sold.member, bundle),
            received(tender, -paid, bundle.currency, made),
            kept("retained", held.money - paid, bundle),
        ),
    )
