"""Use a count: a card that was paid for before pays for a product, and only now it is revenue."""

from decimal import Decimal

import msgspec

from edge.shop.accounts import counts, points
from edge.shop.accounts.counts import CountPlan, usable
from edge.shop.accounts.lots import Held, Holdings, Move
from edge.shop.basket import Basket, Product, line
from edge.shop.bundle import Bundle
from edge.shop.declined import Declined
from edge.shop.facts.counts import CountUsed
from edge.shop.ledger import Posting, entry
from edge.shop.member import Member
from edge.shop.money import contained
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import legs
from edge.shop.pricing import Asked, compile_rules, price
from edge.shop.rules.points_earn import PointsEarn, PointsMultiplier


class UseAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who uses how many counts for which product; `count_card` names the card, "" is any."""

    member: Member
    product: Product
    uses: int = 1
    count_card: str = ""


def use_count(
    asked: UseAsked, rules: InForce, holdings: Holdings, made: Made
) -> CountUsed | Declined:
    """Return the fact of uses: all of one card, the one that expires first if none is named.

    E-QUANTITY for no use at all, E-UNCONFIRMED, E-COUNTS-SHORT if no card that covers the product
    holds so many; `uses` is the most one does.
    """
    bundle, product = rules.bundle, asked.product
    card = _card(asked, bundle, holdings, made)
    if isinstance(card, Declined):
        return card
    plan, held = card
    values = counts.use(held, asked.uses)
    earned = _points(asked, plan, values, bundle, made)
    moves = (
        Move(lot=held.lot.id, amount=-asked.uses, money=-sum(values)),
        *points.earn(
            bundle.programme.points, deed=made.deed, member=asked.member.id, points=earned,
            today=made.at.date, issuer=bundle.programme.issuer, holdings=holdings,
        ),
    )  # fmt: skip
    rate = bundle.tax[product.tax_class]
    tax = contained(sum(values), rate, bundle.rounding)
    return CountUsed(
        **said(made, rules),
        member=asked.member.id,
        use=made.deed,
        count_card=held.lot.id,
        plan=plan.id,
        product=product.id,
        name_zh=product.name_zh,
        name_en=product.name_en,
        category=product.category,
        currency=bundle.currency,
        exponent=bundle.exponent,
        values=values,
        left=held.left - asked.uses,
        tax_class=product.tax_class,
        tax_rate=rate,
        tax=tax,
        points=earned,
        moves=moves,
        postings=entry(
            *legs(moves, holdings, asked.member.id, bundle),
            *revenue(product.tax_class, sum(values), tax, bundle.currency),
        ),
    )


def _card(
    asked: UseAsked, bundle: Bundle, holdings: Holdings, made: Made
) -> tuple[CountPlan, Held] | Declined:
    """Return the card that is used, or why none is: see `use_count`."""
    if asked.uses < 1:
        return Declined("E-QUANTITY", {"code": asked.product.id, "quantity": str(asked.uses)})
    if asked.member.unconfirmed:
        return Declined("E-UNCONFIRMED")
    cards = usable(bundle.programme.plans, holdings, asked.product.id, made.at.date)
    named = [card for card in cards if asked.count_card in ("", card[1].lot.id)]
    enough = [card for card in named if card[1].left >= asked.uses]
    if enough:
        return enough[0]
    most = max([held.left for _, held in named], default=0)
    return Declined("E-COUNTS-SHORT", {"product": asked.product.id, "uses": most})


def revenue(tax_class: str, gross: int, tax: int, currency: str) -> tuple[Posting, Posting]:
    """Return the legs of what was delivered (+) or came back (-), tax included in `gross`."""
    return (
        Posting(f"sales:{tax_class}", currency, tax - gross),
        Posting(f"tax:{tax_class}", currency, -tax),
    )


def _points(
    asked: UseAsked, plan: CountPlan, values: tuple[int, ...], bundle: Bundle, made: Made
) -> int:
    """Return what uses earn: as much as a sale at their value, on which nothing is taken off."""
    if not plan.earns:
        return 0
    product = msgspec.structs.replace(asked.product, unit="piece", floor=None)
    lines = [line(product, product.id, Decimal(1), value) for value in values]
    earning = tuple(
        [rule for rule in bundle.rules if isinstance(rule, PointsEarn | PointsMultiplier)]
    )
    rules = compile_rules(msgspec.structs.replace(bundle, rules=earning), "")
    basket = Basket(tuple([one for one in lines if not isinstance(one, Declined)]), asked.member)
    more = Asked(store=made.store, online=made.online)
    return price(basket, rules, made.at, made.terminal_kind, 0, more=more).points_earned
