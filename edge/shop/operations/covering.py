"""Uses of count cards in a sale: which card pays for which units, and what that changes.

A use is a tender. It changes no price: it pays for one whole unit of goods that its plan covers,
whatever that unit costs after all discounts. What is sold for it is what the use is worth, as where
it is used by itself (`use_count`): so tax and points go by its worth, and what the unit cost beyond
that is contra-revenue.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from edge.shop.accounts import counts
from edge.shop.accounts.counts import CountPlan
from edge.shop.accounts.lots import Held, Holdings
from edge.shop.basket import PIECE
from edge.shop.bundle import Bundle
from edge.shop.declined import Declined
from edge.shop.earning import Rate, RatedLine
from edge.shop.pricing import taxes
from edge.shop.sale import PricedLine, Quote, TaxLine
from edge.shop.tender import CardUses, Tender

Place = tuple[int, int]
"""One unit of a quote: the number of its line and its place in the line, both from 0."""


class UsesAsked(msgspec.Struct, frozen=True, kw_only=True):
    """So many uses pay for units of one line of a basket, counted from 0.

    They are of one card: the one that expires first of those that hold as many, unless
    `count_card` names one, or `plan` what it was sold as.
    """

    line: int
    uses: int = 1
    count_card: str = ""
    plan: str = ""


def cover(
    asked: Sequence[UsesAsked], quote: Quote, bundle: Bundle, holdings: Holdings, today: str
) -> tuple[Tender, ...] | Declined:
    """Return the uses that pay for a part of a quote, the dearest units of each line first.

    E-NO-MEMBER, E-UNCONFIRMED, E-NO-LINE, E-QUANTITY for no use at all, E-USES-OVER for more than
    there are units to pay for, E-COUNTS-SHORT if no card that covers the product holds so many.
    """
    if not asked:
        return ()
    if quote.member is None:
        return Declined("E-NO-MEMBER")
    if quote.member.unconfirmed:
        return Declined("E-UNCONFIRMED")
    found: list[Tender] = []
    for one in asked:
        made = _covered(one, quote, found, bundle.programme.plans, holdings, today)
        if isinstance(made, Declined):
            return made
        assert made.uses is not None, "it is uses that cover"
        found.append(made)
        holdings = holdings.after([made.uses.move])
    return tuple(found)


def _covered(
    asked: UsesAsked,
    quote: Quote,
    before: Sequence[Tender],
    plans: Sequence[CountPlan],
    holdings: Holdings,
    today: str,
) -> Tender | Declined:
    known = 0 <= asked.line < len(quote.lines)
    if not known or quote.lines[asked.line].kind != "goods":
        return Declined("E-NO-LINE", {"number": asked.line + 1})
    priced = quote.lines[asked.line]
    product = priced.line.product.id
    if asked.uses < 1:
        return Declined("E-QUANTITY", {"code": product, "quantity": str(asked.uses)})
    free = _units(priced, [t.uses for t in before if t.uses and t.uses.line == asked.line])
    if asked.uses > len(free):
        return Declined("E-USES-OVER", {"product": product, "uses": len(free)})
    card = _card(asked, counts.usable(plans, holdings, product, today))
    if isinstance(card, int):
        return Declined("E-COUNTS-SHORT", {"product": product, "uses": card})
    plan, held = card
    units = free[: asked.uses]
    uses = CardUses(
        count_card=held.lot.id, plan=plan.id, name_zh=plan.name_zh, name_en=plan.name_en,
        line=asked.line, units=units, values=counts.use(held, asked.uses),
        left=held.left - asked.uses, earns=plan.earns,
    )  # fmt: skip
    return Tender("uses", sum([priced.unit_nets[unit] for unit in units]), uses=uses)


def _units(priced: PricedLine, paid: Sequence[CardUses]) -> tuple[int, ...]:
    """Return the units of a line that a use can still pay for, the dearest first."""
    if priced.line.product.unit != PIECE:
        return ()
    gone = {unit for uses in paid for unit in uses.units}
    left = [unit for unit, net in enumerate(priced.unit_nets) if net and unit not in gone]
    return tuple(sorted(left, key=lambda unit: -priced.unit_nets[unit]))


def _card(
    asked: UsesAsked, cards: Sequence[tuple[CountPlan, Held]]
) -> tuple[CountPlan, Held] | int:
    """Return the card that is used, or how many uses the fullest one has that could be."""
    named = [
        (plan, held)
        for plan, held in cards
        if asked.count_card in ("", held.lot.id) and asked.plan in ("", plan.id)
    ]
    enough = [card for card in named if card[1].left >= asked.uses]
    return enough[0] if enough else max([held.left for _, held in named], default=0)


# --- what it changes ------------------------------------------------------------------------------


def taxed(quote: Quote, uses: Sequence[CardUses], bundle: Bundle) -> tuple[TaxLine, ...]:
    """Return the tax of a quote of which uses pay a part: theirs is in what they are worth."""
    if not uses:
        return quote.tax
    beyond: defaultdict[int, int] = defaultdict(int)
    for one in uses:
        nets = quote.lines[one.line].unit_nets
        beyond[one.line] += sum([nets[unit] for unit in one.units]) - sum(one.values)
    return taxes(
        bundle,
        [
            msgspec.structs.replace(priced, net=priced.net - beyond[number])
            for number, priced in enumerate(quote.lines)
        ],
    )


def earning(uses: Sequence[CardUses]) -> dict[Place, int | None]:
    """Return for what each unit that a use paid for earns points; None for nothing at all."""
    return {
        (one.line, unit): value if one.earns else None
        for one in uses
        for unit, value in zip(one.units, one.values, strict=True)
    }


def counted(
    nets: Sequence[Sequence[int]], worth: Mapping[Place, int | None], share: tuple[int, int]
) -> list[list[int]]:
    """Return what units count for, as multiples of 1 / `share[1]`.

    `share` is the part of the money that earns; units that a use paid for count for their `worth`.
    """
    paid, whole = share
    return [
        [
            (worth[number, unit] or 0) * whole if (number, unit) in worth else net * paid
            for unit, net in enumerate(units)
        ]
        for number, units in enumerate(nets)
    ]


def rated(rate: Rate, worth: Mapping[Place, int | None], share: tuple[int, int]) -> Rate:
    """Return a rate that counts as `counted` does, without the units that earn nothing."""
    return msgspec.structs.replace(
        rate,
        lines=tuple([_earning_units(line, worth) for line in rate.lines]),
        nets=None if rate.nets is None else counted(rate.nets, worth, share),
    )


def _earning_units(line: RatedLine, worth: Mapping[Place, int | None]) -> RatedLine:
    units = [unit for unit in line.units if worth.get((line.line, unit), 0) is not None]
    return msgspec.structs.replace(line, units=units)
