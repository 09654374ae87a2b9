"""Buy a tier for its term, or give it back before the term ends."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from edge.shop.accounts import tiers
from edge.shop.accounts.tiers import TierStanding
from edge.shop.declined import Declined
from edge.shop.facts.tiers import TierBought, TierRefunded
from edge.shop.facts.value import Outside
from edge.shop.ledger import Posting, entry
from edge.shop.operations.in_force import InForce, said, taxed
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import received
from edge.shop.sale import TaxLine


class TierAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys which tier, and how the fee is paid."""

    member: str
    tier: str
    tender: Outside


def buy_tier(
    asked: TierAsked, standing: TierStanding, rules: InForce, made: Made
) -> TierBought | Declined:
    """Return the fact of a bought tier, or why not. `tiers.buy` applies it.

    Declined: E-UNKNOWN-OFFER for a tier that is not for sale, E-TIER-HELD {tier} for one that is
    not above the one already paid for.
    """
    bundle = rules.bundle
    policy = bundle.programme.tiers_policy
    step = tiers.step_of(policy, asked.tier)
    if step is None or step.fee is None:
        return Declined("E-UNKNOWN-OFFER")
    if tiers.rank(policy, step.tier) <= tiers.rank(policy, standing.bought):
        return Declined("E-TIER-HELD", {"tier": standing.bought})
    tax = taxed(step.fee, step.tax_class, bundle)
    return TierBought(
        **said(made, rules),
        member=asked.member,
        tier=step.tier,
        until=tiers.buy(policy, standing, step, made.at.date).until,
        currency=bundle.currency,
        exponent=bundle.exponent,
        fee=step.fee,
        tender=asked.tender,
        tax=(tax,) if tax else (),
        postings=entry(
            received(asked.tender, step.fee, bundle.currency, made),
            *_revenue(tax, bundle.currency, -1),
        ),
    )


def refund_tier(
    member: str,
    tender: Outside,
    standing: TierStanding,
    rules: InForce,
    made: Made,
) -> TierRefunded | Declined:
    """Return the fact that a bought tier is given back, or E-NOT-REFUNDABLE.

    `tiers.give_up` applies it.
    """
    bundle = rules.bundle
    policy = bundle.programme.tiers_policy
    refund = tiers.refundable(policy, standing, made.at.date)
    if not refund:
        return Declined("E-NOT-REFUNDABLE")
    step = tiers.step_of(policy, standing.bought)
    assert step is not None, "what is refundable is on the ladder"
    tax = taxed(refund, step.tax_class, bundle)
    return TierRefunded(
        **said(made, rules),
        member=member,
        tier=standing.bought,
        after=tiers.give_up(policy, standing, made.at.date).tier,
        currency=bundle.currency,
        exponent=bundle.exponent,
        refund=refund,
        tender=tender,
        tax=(tax,) if tax else (),
        postings=entry(
            received(tender, -refund, bundle.currency, made), *_revenue(tax, bundle.currency, 1)
        ),
    )


def _revenue(tax: TaxLine | None, money: str, sign: Literal[-1, 1]) -> Iterator[Posting]:
    if tax:
        yield Posting(f"sales:{tax.tax_class}", money, sign * tax.net)
        yield Posting(f"tax:{tax.tax_class}", money, sign * tax.tax)
