"""Sell a count card: so many uses of something, paid in advance."""

import msgspec

from edge.shop.accounts.counts import CountPlan, open_card
from edge.shop.accounts.lots import Holdings, Lot
from edge.shop.bundle import Bundle
from edge.shop.calendar import plus_days
from edge.shop.declined import Declined
from edge.shop.facts.counts import CountCardSold
from edge.shop.facts.value import Outside
from edge.shop.ledger import COUNTS, entry
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import legs, received


class CountCardAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys a card of which plan, and how it is paid."""

    member: str
    plan: str
    tender: Outside


def sell_count_card(
    asked: CountCardAsked, rules: InForce, holdings: Holdings, made: Made
) -> CountCardSold | Declined:
    """Return the fact of a count card sold. It is taxed, and earns, when it is used.

    E-UNKNOWN-PLAN for one that is not on sale.
    """
    bundle = rules.bundle
    plan = named(asked.plan, bundle)
    if plan is None or not plan.on_sale:
        return Declined("E-UNKNOWN-PLAN", {"plan": asked.plan})
    today = made.at.date
    lot = Lot(
        id=f"{made.deed}#1", member=asked.member, unit=COUNTS, opened=today, active_from=today,
        expires=plus_days(today, plan.valid_days) if plan.valid_days else "",
        issuer=bundle.programme.issuer, terms=plan.id, origin=made.deed,
    )  # fmt: skip
    moves = (open_card(plan, lot),)
    return CountCardSold(
        **said(made, rules),
        member=asked.member,
        count_card=lot.id,
        plan=plan.sold,
        currency=bundle.currency,
        exponent=bundle.exponent,
        tender=asked.tender,
        expires=lot.expires,
        moves=moves,
        postings=entry(
            received(asked.tender, plan.price, bundle.currency, made),
            *legs(moves, holdings, asked.member, bundle),
        ),
    )


def named(name: str, bundle: Bundle) -> CountPlan | None:
    """Return the plan with this id."""
    return next((plan for plan in bundle.programme.plans if plan.id == name), None)
