"""Referral: who brought a new member is rewarded with them, once that member buys.

The introducer is named at enrolment. Both are rewarded on the first qualifying sale of the new
member; a return that takes that sale below what qualifies takes both rewards back.
"""

from edge.shop.accounts.declared import Amount, Days, Declared
from edge.shop.accounts.rewards import Reward
from edge.shop.calendar import plus_days


class Referral(Declared, frozen=True, kw_only=True):
    """What a referral is worth to both, and which sale earns it."""

    introducer: Reward = Reward()
    introduced: Reward = Reward()
    minimum: Amount = 0
    """What the sale must come to, in minor units."""
    within_days: Days = 0
    """How many days after the enrolment the sale counts; 0 sets no end."""


def qualifies(terms: Referral, net: int, enrolled: str, today: str) -> bool:
    """Tell whether a sale of `net` today earns the rewards of a member enrolled on a day."""
    in_time = not terms.within_days or today <= plus_days(enrolled, terms.within_days)
    return in_time and net > 0 and net >= terms.minimum


def is_lost(terms: Referral, net: int) -> bool:
    """Tell whether the rewards are taken back, now that `net` is left of the sale."""
    return net <= 0 or net < terms.minimum
