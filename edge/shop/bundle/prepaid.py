"""What makes no sense, or is not allowed, in the terms of stored value, cards and count cards."""

from collections.abc import Iterator

from edge.shop.accounts.card_products import CardProduct, unlawful
from edge.shop.accounts.top_up import TopUpOffer
from edge.shop.accounts.value import PROFILES
from edge.shop.bundle.bundle import Bundle

Wrong = tuple[str, str]
"""A path in the bundle, and what is wrong there."""


def wrong(bundle: Bundle) -> Iterator[Wrong]:
    """Yield what is wrong with a bundle's prepaid terms, names that lead nowhere left out."""
    programme, path = bundle.programme, "$.programme"
    yield from _value(bundle, f"{path}.value")
    for index, offer in enumerate(programme.top_up.offers):
        yield from _offer(offer, f"{path}.top_up.offers[{index}]")
    for index, plan in enumerate(programme.plans):
        if plan.list_price * plan.uses < plan.price:
            what = "is less than what a use costs with the card"
            yield f"{path}.plans[{index}].list_price", what
    for index, card in enumerate(programme.card_products):
        where = f"{path}.card_products[{index}]"
        yield from _card(card, where)
        for field, what in unlawful(card, programme.value):
            yield f"{where}.{field}", what


def _value(bundle: Bundle, path: str) -> Iterator[Wrong]:
    policy = bundle.programme.value
    if policy.single_min > policy.single_max:
        yield f"{path}.single_max", "is below single_min"
    if not policy.country:
        return
    profile = PROFILES[policy.country]
    if (bundle.currency, bundle.exponent) != (profile.currency, profile.exponent):
        yield f"{path}.country", f"its limits are in {profile.currency}, not in {bundle.currency}"
    for field, most in (
        ("balance_max_named", profile.named_max),
        ("balance_max_anonymous", profile.anonymous_max),
    ):
        declared = getattr(policy, field)
        if declared is not None and declared > most:
            yield f"{path}.{field}", f"is above {most}, the most in {policy.country}"


def _offer(offer: TopUpOffer, path: str) -> Iterator[Wrong]:
    reached = [step.at_least for step in offer.steps]
    if len(set(reached)) < len(reached):
        yield f"{path}.steps", "two steps begin at the same amount"
    for index, step in enumerate(offer.steps):
        if not (step.bonus or step.share or step.reward):
            yield f"{path}.steps[{index}]", "gives nothing"


def _card(card: CardProduct, path: str) -> Iterator[Wrong]:
    if card.fee and not card.tax_class:
        yield (
            f"{path}.tax_class",
            "is needed: a price above the face contains a fee, which is taxed",
        )
    if card.balance_max is not None and card.balance_max < card.principal:
        yield f"{path}.balance_max", "is below what the card is sold with"
