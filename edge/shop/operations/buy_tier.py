"""Buy a tier for its term, or give it back before the term ends."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from edge.shop.accounts import tiers, value
from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.tiers import TierStanding
from edge.shop.declined import Declined
from edge.shop.facts.tiers import TierBought, TierRefunded
from edge.shop.ledger import Posting, entry
from edge.shop.operations.in_force import InForce, said, taxed
from edge.shop.operations.made import Made
from edge.shop.operations.tendered import paid_legs, payout, payout_legs
from edge.shop.sale import TaxLine
from edge.shop.tender import Tender, settle


class TierAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys which tier, and what is offered for the fee."""

    member: str
    tier: str
    tenders: tuple[Tender, ...]


def buy_tier(
    asked: TierAsked, standing: TierStanding, rules: InForce, holdings: Holdings, made: Made
) -> TierBought | Declined:
    """Return the fact of a bought tier, or why not. `tiers.buy` applies it.

    Declined: E-UNKNOWN-OFFER for a tier that is not for sale, E-TIER-HELD {tier} for one that is
    not above the one already paid for, and whatever stands in the way of a tender.
    """
    bundle = rules.bundle
    policy = bundle.programme.tiers_policy
    step = tiers.step_of(policy, asked.tier)
    if step is None or step.fee is None:
        return Declined("E-UNKNOWN-OFFER")
    if tiers.rank(policy, step.tier) <= tiers.rank(policy, standing.bought):
        return Declined("E-TIER-HELD", {"tier": standing.bought})
    paid = settle(step.fee, asked.tenders, holdings, bundle, today=made.at.date, online=made.online)
    if isinstance(paid, Declined):
        return paid
    tax = taxed(step.fee, step.tax_class, bundle)
    return TierBought(
        **said(made, rules),
        member=asked.member,
        tier=step.tier,
        until=tiers.buy(policy, standing, step, made.at.date).until,
        currency=bundle.currency,
        exponent=bundle.exponent,
        fee=step.fee,
        tenders=paid.tenders,
        handed=paid.handed,
        change=paid.change,
        rounding=paid.rounding,
        tax=(tax,) if tax else (),
        moves=paid.moves,
        postings=entry(
            *paid_legs(paid, holdings, asked.member, bundle.currency, made.terminal),
            *_revenue(tax, bundle.currency, -1),
        ),
    )


def refund_tier(
    bought: TierBought, standing: TierStanding, rules: InForce, holdings: Holdings, made: Made
) -> TierRefunded | Declined:
    """Return the fact that a bought tier is given back, or E-NOT-REFUNDABLE.

    What is due goes back to the tenders that paid the fee, the last one first; in cash it is
    rounded. `tiers.give_up` applies it.
    """
    bundle = rules.bundle
    policy = bundle.programme.tiers_policy
    refund = tiers.refundable(policy, standing, made.at.date)
    if not refund or standing.bought != bought.tier:
        return Declined("E-NOT-REFUNDABLE")
    step = tiers.step_of(policy, standing.bought)
    assert step is not None, "what is refundable is on the ladder"
    paid = payout(bought.tenders, (), refund, bundle, complete=refund == bought.fee)
    moves = value.give_back(
        bundle.programme.value, holdings, bought.moves, paid.by("principal"), paid.by("bonus"),
        made.at.date, made.deed,
    )  # fmt: skip
    member, money = bought.member, bundle.currency
    assert member is not None, "only members are in a tier"
    tax = taxed(refund, step.tax_class, bundle)
    return TierRefunded(
        **said(made, rules),
        member=member,
        tier=standing.bought,
        after=tiers.give_up(policy, standing, made.at.date).tier,
        currency=money,
        exponent=bundle.exponent,
        refund=refund,
        refunds=paid.refunds,
        rounding=paid.rounding,
        tax=(tax,) if tax else (),
        moves=moves,
        postings=entry(
            *payout_legs(paid, bought.tenders, (), money, made.terminal),
            *value.spent_legs(holdings, moves, member, money),
            *_revenue(tax, money, 1),
        ),
    )


def _revenue(tax: TaxLine | None, money: str, sign: Literal[-1, 1]) -> Iterator[Posting]:
    if tax:
        yield Posting(f"sales:{tax.tax_class}", money, sign * tax.net)
        yield Posting(f"tax:{tax.tax_class}", money, sign * tax.tax)
