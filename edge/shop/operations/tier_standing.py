"""Where a member stands after each fact about them: tiers follow from what was done."""

from collections.abc import Callable

from edge.shop.accounts import tiers
from edge.shop.accounts.tiers import TiersPolicy, TierStanding
from edge.shop.facts import (
    CardRefunded,
    CardSold,
    MemberEnrolled,
    SaleMade,
    TakenBack,
    TierBought,
    TierRefunded,
    TierReviewed,
    ToppedUp,
    TopUpCancelled,
)
from edge.shop.operations.tier_review import (
    of_cancellation,
    of_closing,
    of_return,
    of_sale,
    of_top_up,
    reviewed,
)

PaidIn = Callable[[str], ToppedUp]
"""Finds an earlier top-up by its id."""


def stands(
    policy: TiersPolicy, standing: TierStanding, fact: object, today: str, paid_in: PaidIn
) -> TierStanding:
    """Return where a member stands after a fact about them; it counts from the next receipt on.

    `today` is when the fact was made. Tiers that were reached are no facts: the policy says what
    reaches them, so that another policy would have other members rise.
    """
    match fact:
        case MemberEnrolled():
            return TierStanding(tier=fact.tier)
        case TierReviewed():
            return reviewed(standing, fact)
        case TierBought():
            step = tiers.step_of(policy, fact.tier)
            assert step is not None, "only what is for sale was bought"
            return tiers.buy(policy, standing, step, today)
        case TierRefunded():
            return tiers.give_up(policy, standing, today)
        case SaleMade():
            return tiers.record(policy, standing, of_sale(fact), today)
        case TakenBack():
            return tiers.record(policy, standing, of_return(fact), today)
        case ToppedUp():
            standing = tiers.record(policy, standing, of_top_up(fact), today)
            return tiers.give(policy, standing, _given(fact), today)
        case TopUpCancelled():
            before = paid_in(fact.top_up)
            undone = of_cancellation(fact, before.business_date)
            standing = tiers.record(policy, standing, undone, today)
            return tiers.take_back(policy, standing, _given(before), today)
        case CardRefunded():
            for name in fact.top_ups:
                undone = of_closing(fact, paid_in(name))
                standing = tiers.record(policy, standing, undone, today)
            return tiers.take_back(policy, standing, fact.tier, today)
        case _:
            return standing


def _given(fact: ToppedUp) -> str:
    """Return the tier that came with a card that was sold, "" for none."""
    return fact.tier if isinstance(fact, CardSold) else ""
