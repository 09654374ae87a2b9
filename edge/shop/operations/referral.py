"""Referral: both sides are rewarded on the new member's first qualifying sale, or pay it back."""

from edge.shop.accounts import referral, rewards
from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.rewards import Giving
from edge.shop.facts.members import ReferralReversed, ReferralRewarded
from edge.shop.ledger import entry
from edge.shop.operations.in_force import InForce, coupon_kinds, said
from edge.shop.operations.made import Made


def reward_referral(
    member: str,
    introducer: str,
    enrolled: str,
    sale: str,
    net: int,
    rules: InForce,
    made: Made,
) -> ReferralRewarded | None:
    """Return the fact that rewards both, or None if this sale does not qualify.

    `enrolled` is the day on which `member` was, `net` what the sale came to. Ask for each sale of
    the member until the first one qualified.
    """
    terms = rules.bundle.programme.referral
    qualifies = referral.qualifies(terms, net, enrolled, made.at.date)
    if not introducer or not (terms.introducer or terms.introduced) or not qualifies:
        return None
    giving = Giving(
        deed=made.deed,
        member=member,
        today=made.at.date,
        kinds=coupon_kinds(rules.bundle),
        issuer=rules.bundle.programme.issuer,
        home=made.store,
    )
    theirs = rewards.give(terms.introduced, giving)
    moves = (*theirs, *rewards.give(terms.introducer, giving.to(introducer, 1 + len(theirs))))
    return ReferralRewarded(
        **said(made, rules),
        member=member,
        reward=made.deed,
        introducer=introducer,
        sale=sale,
        postings=entry(*rewards.legs(moves, Holdings())),
        moves=moves,
    )


def reverse_referral(
    rewarded: ReferralRewarded, net: int, holdings: Holdings, rules: InForce, made: Made
) -> ReferralReversed | None:
    """Return the fact that takes both rewards back, or None if what is left of the sale earns them.

    `net` is what the sale still comes to, `holdings` hold the lots of both members. Ask once.
    """
    if not referral.is_lost(rules.bundle.programme.referral, net):
        return None
    moves = rewards.take_back(
        rewarded.moves, holdings, made.deed, made.at.date, rules.bundle.programme.points
    )
    return ReferralReversed(
        **said(made, rules),
        member=rewarded.member,
        introducer=rewarded.introducer,
        sale=rewarded.sale,
        reward=rewarded.reward,
        postings=entry(*rewards.legs(moves, holdings)),
        moves=moves,
    )
