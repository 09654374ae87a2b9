"""Sell a card: value at its price, and the tier and gifts that come with it."""

import msgspec

from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.facts.value import CardSold, Outside
from edge.shop.ledger import Posting, entry
from edge.shop.member import Member
from edge.shop.operations.in_force import InForce, said, taxed
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import card_product, legs, opened, received
from edge.shop.operations.top_up import refusal


class CardAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys which card product, and how it is paid."""

    member: Member
    card: str
    tender: Outside
    invoice: bool = False


def sell_card(
    asked: CardAsked, rules: InForce, holdings: Holdings, made: Made
) -> CardSold | Declined:
    """Return the fact of a card sold; its value is undone like any other top-up.

    E-UNKNOWN-CARD-PRODUCT for one that is not on sale, E-AMOUNT and E-BALANCE-MAX as for a
    top-up.
    """
    bundle, member = rules.bundle, asked.member
    card = card_product(asked.card, bundle)
    if card is None or not card.on_sale:
        return Declined("E-UNKNOWN-CARD-PRODUCT", {"card": asked.card})
    if no := refusal(bundle.programme.value, card, card.principal, holdings):
        return no
    given = [(card.id, card.bonus, card.reward)]
    moves = opened(member.id, card.principal, given, card, bundle, made)
    tax = taxed(card.fee, card.tax_class, bundle)
    fee_legs = [] if tax is None else [
        Posting(f"sales:{tax.tax_class}", bundle.currency, -tax.net),
        Posting(f"tax:{tax.tax_class}", bundle.currency, -tax.tax),
    ]  # fmt: skip
    return CardSold(
        **said(made, rules),
        member=member.id,
        top_up=made.deed,
        currency=bundle.currency,
        exponent=bundle.exponent,
        tender=asked.tender,
        amount=card.principal,
        bonus=card.bonus,
        offers=(),
        card=card.id,
        invoice="issued" if asked.invoice else "none",
        price=card.price,
        fee=card.fee,
        tax=() if tax is None else (tax,),
        tier=card.tier,
        moves=moves,
        postings=entry(
            received(asked.tender, card.price, bundle.currency, made),
            *legs(moves, holdings, member.id, bundle),
            *fee_legs,
        ),
    )
