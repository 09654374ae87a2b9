"""Top up: a member pays in, and is given what the offers say. Not taxed, and no sale."""

import msgspec

from edge.shop.accounts.card_products import CardProduct
from edge.shop.accounts.lots import PRINCIPAL, Holdings, Move
from edge.shop.accounts.top_up import granted
from edge.shop.accounts.value import ValuePolicy
from edge.shop.declined import Declined
from edge.shop.facts.value import Outside, ToppedUp
from edge.shop.ledger import BONUS, entry
from edge.shop.member import Member
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import card_product, legs, opened, received


class TopUpAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays in how much, and how. `card` is the card product of the account, "" for none."""

    member: Member
    amount: int
    tender: Outside
    card: str = ""
    invoice: bool = False
    """Whether the guest takes the invoice now, and none when it is spent."""


def top_up(
    asked: TopUpAsked, rules: InForce, holdings: Holdings, made: Made
) -> ToppedUp | Declined:
    """Return the fact of a top-up.

    E-AMOUNT for too little or too much at once, E-BALANCE-MAX if the account would hold more
    than it may (`more` is what still fits), E-UNKNOWN-CARD-PRODUCT.
    """
    bundle, member = rules.bundle, asked.member
    card = card_product(asked.card, bundle)
    if asked.card and card is None:
        return Declined("E-UNKNOWN-CARD-PRODUCT", {"card": asked.card})
    if no := refusal(bundle.programme.value, card, asked.amount, holdings):
        return no
    today = made.at.date
    given = granted(
        bundle.programme.top_up, asked.amount, tier=member.tier, card=asked.card, today=today
    )
    offers = [(granting.offer, granting.bonus, granting.reward) for granting in given]
    moves = opened(member.id, asked.amount, offers, card, bundle, made)
    return ToppedUp(
        **said(made, rules),
        member=member.id,
        top_up=made.deed,
        currency=bundle.currency,
        exponent=bundle.exponent,
        tender=asked.tender,
        amount=asked.amount,
        bonus=bonus_in(moves),
        offers=tuple([granting.offer for granting in given]),
        card=asked.card,
        invoice="issued" if asked.invoice else "none",
        moves=moves,
        postings=entry(
            received(asked.tender, asked.amount, bundle.currency, made),
            *legs(moves, holdings, member.id, bundle),
        ),
    )


def refusal(
    policy: ValuePolicy, card: CardProduct | None, amount: int, holdings: Holdings
) -> Declined | None:
    """Return why so much cannot be paid into an account, or None."""
    if not policy.single_min <= amount <= policy.single_max:
        limits: dict[str, str | int] = {"least": policy.single_min, "most": policy.single_max}
        return Declined("E-AMOUNT", {"amount": amount, **limits})
    most = card.holds_at_most(policy) if card else policy.balance_max(named=True)
    held = holdings.balance(PRINCIPAL)
    if most is not None and held + amount > most:
        return Declined("E-BALANCE-MAX", {"most": most, "more": max(0, most - held)})
    return None


def bonus_in(moves: tuple[Move, ...]) -> int:
    """Return how much bonus these moves open."""
    return sum(move.amount for move in moves if move.opens and move.opens.unit == BONUS)
