"""Bring in: what a member held in an old system becomes lots, and an entry that balances.

Whoever moves to this programme brings liabilities along: points, value paid in, uses and coupons
that were given. Each row of what was exported there is one fact here.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.shop.accounts.lots import COUPON, PRINCIPAL, Holdings, Lot, Move
from edge.shop.bundle import Bundle
from edge.shop.calendar import is_day, over
from edge.shop.declined import Declined
from edge.shop.facts.opening import OpeningBalance
from edge.shop.ledger import BONUS, COUNTS, POINTS, Posting, entry
from edge.shop.operations.in_force import InForce, coupon_kinds, said
from edge.shop.operations.made import Made
from edge.shop.operations.prepaid import card_product, legs
from edge.shop.operations.sell_count_card import named

OPENING = "opening"
"""The account on which an issuer has what was owed when it was brought in: equity."""

Amount = Annotated[int, Meta(ge=0, le=10**12)]
Name = Annotated[str, Meta(max_length=64)]
Day = Annotated[str, Meta(max_length=10)]
"""An ISO date; "" is never, or for `opened` today."""


class Carried(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One row: a member, and what they held. Money is minor units; what is left out is nothing."""

    member: Annotated[str, Meta(min_length=1, max_length=64)]
    card: Name = ""
    """The number of a card that names the member."""
    opened: Day = ""
    """Since when it was held."""
    points: Amount = 0
    points_expires: Day = ""
    principal: Amount = 0
    """What was paid in and is left."""
    principal_expires: Day = ""
    card_product: Name = ""
    """The card product under which it was paid in."""
    bonus: Amount = 0
    """What was given on top and is left."""
    bonus_expires: Day = ""
    plan: Name = ""
    """The count card's plan."""
    uses: Amount = 0
    uses_expires: Day = ""
    uses_worth: Amount = 0
    """What was paid for the uses that are left: deferred revenue."""
    coupon: Name = ""
    """The type of a coupon."""
    coupon_uses: Amount = 0
    coupon_expires: Day = ""


DATES = tuple(name for name in Carried.__struct_fields__ if name.endswith("_expires"))


def refusal(asked: Carried, bundle: Bundle, today: str) -> Declined | None:
    """Return why a row cannot be brought in, or None.

    E-IMPORT-ROW {field, cause}, E-UNKNOWN-PLAN, E-UNKNOWN-COUPON, E-UNKNOWN-CARD-PRODUCT.
    """
    for field, cause in _faults(asked, today):
        return Declined("E-IMPORT-ROW", {"field": field, "cause": cause})
    if asked.plan and named(asked.plan, bundle) is None:
        return Declined("E-UNKNOWN-PLAN", {"plan": asked.plan})
    if asked.coupon and asked.coupon not in coupon_kinds(bundle):
        return Declined("E-UNKNOWN-COUPON", {"coupon": asked.coupon})
    if asked.card_product and card_product(asked.card_product, bundle) is None:
        return Declined("E-UNKNOWN-CARD-PRODUCT", {"card": asked.card_product})
    return None


def _faults(asked: Carried, today: str) -> Iterator[tuple[str, str]]:
    """Yield the fields that make no sense in themselves, each with why."""
    for field in ("opened", *DATES):
        day = getattr(asked, field)
        if day and not is_day(day):
            yield field, "date"
        elif day and field != "opened" and over(day, today):
            yield field, "past"
    if asked.opened > today:
        yield "opened", "future"
    if asked.uses and not asked.plan:
        yield "plan", "missing"
    if asked.coupon_uses and not asked.coupon:
        yield "coupon", "missing"
    if asked.plan and not asked.uses:
        yield "uses", "missing"
    if asked.coupon and not asked.coupon_uses:
        yield "coupon_uses", "missing"
    if asked.uses_worth and not asked.uses:
        yield "uses_worth", "worthless"
    if not (asked.card or asked.points or asked.principal or asked.bonus
            or asked.uses or asked.coupon_uses):  # fmt: skip
        yield "points", "nothing"


def bring_in(
    asked: Carried, imported: str, row: int, rules: InForce, made: Made
) -> OpeningBalance | Declined:
    """Return the fact of one row, or why not: see `refusal`."""
    bundle = rules.bundle
    if no := refusal(asked, bundle, made.at.date):
        return no
    moves = tuple(_opened(asked, bundle.programme.issuer, made))
    owed = asked.principal + asked.uses_worth
    return OpeningBalance(
        **said(made, rules),
        member=asked.member,
        imported=imported,
        row=row,
        currency=bundle.currency,
        exponent=bundle.exponent,
        card=asked.card,
        points=asked.points,
        principal=asked.principal,
        bonus=asked.bonus,
        uses=asked.uses,
        coupon_uses=asked.coupon_uses,
        moves=moves,
        postings=entry(
            *legs(moves, Holdings(), asked.member, bundle),
            Posting(OPENING, bundle.currency, owed, bundle.programme.issuer),
        ),
    )


def _opened(asked: Carried, issuer: str, made: Made) -> Iterator[Move]:
    """Yield the moves that open what the row names, in lots numbered from 1."""
    parts = (
        (POINTS, asked.points, asked.points_expires, "", 0),
        (PRINCIPAL, asked.principal, asked.principal_expires, asked.card_product, 0),
        (BONUS, asked.bonus, asked.bonus_expires, asked.card_product, 0),
        (COUNTS, asked.uses, asked.uses_expires, asked.plan, asked.uses_worth),
        (COUPON, asked.coupon_uses, asked.coupon_expires, asked.coupon, 0),
    )
    held = [part for part in parts if part[1]]
    since = asked.opened or made.at.date
    for number, (unit, amount, expires, terms, money) in enumerate(held, 1):
        lot = Lot(
            id=f"{made.deed}#{number}", member=asked.member, unit=unit, opened=since,
            active_from=since, expires=expires, issuer="" if unit == COUPON else issuer,
            terms=terms, origin=made.deed, home=made.store if unit == COUPON else "",
        )  # fmt: skip
        yield Move(lot=lot.id, amount=amount, money=money, opens=lot)
