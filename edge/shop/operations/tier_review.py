"""Review a tier: what counts towards it, whether it is kept, and what its period grants."""

import msgspec

from edge.shop.accounts import rewards, tiers
from edge.shop.accounts.lots import PRINCIPAL, Holdings
from edge.shop.accounts.rewards import Giving, Reward
from edge.shop.accounts.tiers import Measured, TierStanding
from edge.shop.facts.returns import TakenBack
from edge.shop.facts.sale import SaleMade
from edge.shop.facts.tiers import TierReviewed
from edge.shop.facts.value import CardRefunded, ToppedUp, TopUpCancelled
from edge.shop.ledger import entry
from edge.shop.operations.in_force import InForce, coupon_kinds, said
from edge.shop.operations.made import Made


def of_sale(sale: SaleMade) -> Measured:
    """Return what a sale counts: money that came in, principal spent, points, one visit.

    Bonus value was never paid and counts nothing, nor do uses of count cards; cash rounding is no
    spending.
    """
    stored = sum(tender.amount for tender in sale.tenders if tender.kind == "principal")
    unpaid = sum(tender.amount for tender in sale.tenders if tender.kind in ("bonus", "uses"))
    return Measured(
        deed=sale.sale,
        date=sale.business_date,
        paid=sale.total - stored - unpaid,
        stored=stored,
        points=sale.points_earned,
        visits=1,
    )


def of_return(taken: TakenBack) -> Measured:
    """Return what a return or a void takes back of its sale, on the date of the sale.

    A visit is taken back when nothing of the sale was kept.
    """
    stored = sum(refund.amount for refund in taken.refunds if refund.kind == "principal")
    unpaid = sum(refund.amount for refund in taken.refunds if refund.kind in ("bonus", "uses"))
    return Measured(
        deed=taken.sale,
        date=taken.sale_date,
        paid=stored + unpaid - taken.total,
        stored=-stored,
        points=-taken.points_taken,
        visits=-1 if taken.complete else 0,
    )


def of_top_up(top_up: ToppedUp) -> Measured:
    """Return what a top-up counts: the principal."""
    return Measured(deed=top_up.top_up, date=top_up.business_date, topped_up=top_up.amount)


def of_cancellation(cancelled: TopUpCancelled, on: str) -> Measured:
    """Return what the cancellation of a top-up made `on` a day takes back: what was left of it."""
    return Measured(deed=cancelled.top_up, date=on, topped_up=-cancelled.principal)


def of_closing(closed: CardRefunded, top_up: ToppedUp) -> Measured:
    """Return what the closing of an account takes back of one of its top-ups, on its own day."""
    lots = {move.lot for move in top_up.moves if move.opens and move.opens.unit == PRINCIPAL}
    back = sum([move.amount for move in closed.moves if move.lot in lots])
    return Measured(deed=top_up.top_up, date=top_up.business_date, topped_up=back)


def tier_review(
    member: str, standing: TierStanding, rules: InForce, made: Made
) -> TierReviewed | None:
    """Return the fact of today's review and of what the period grants, or None if neither is due.

    Ask once a day at most. `reviewed` applies it.
    """
    policy = rules.bundle.programme.tiers_policy
    today = made.at.date
    after = tiers.review(policy, standing, today)
    due = tiers.due_grant(policy, after, today)
    if after == standing and due is None:
        return None
    name, grant = due or ("", Reward())
    moves = rewards.give(
        grant,
        Giving(
            deed=made.deed,
            member=member,
            today=today,
            kinds=coupon_kinds(rules.bundle),
            issuer=rules.bundle.programme.issuer,
            home=made.store,
        ),
    )
    return TierReviewed(
        **said(made, rules),
        member=member,
        before=standing.tier,
        after=after.tier,
        qualifying_sum=tiers.qualifying_sum(policy, standing, today),
        review_on=after.review_on,
        bought_ended=standing.bought != after.bought,
        grant=name,
        postings=entry(*rewards.legs(moves, Holdings())),
        moves=moves,
    )


def reviewed(standing: TierStanding, fact: TierReviewed) -> TierStanding:
    """Return the standing after a review, as its fact says, whatever today's policy would."""
    if fact.bought_ended:
        standing = tiers.without_bought(standing)
    after = msgspec.structs.replace(standing, tier=fact.after, review_on=fact.review_on)
    return tiers.granted(after, fact.grant) if fact.grant else after
