"""Uses of count cards in a sale: which card pays for which units, and what that changes.

A use is a tender. It changes no price: it pays for one whole unit of goods that its plan covers,
whatever that unit costs after all discounts. What is sold for it is what the use is worth, as where
it is used by itself (`use_count`): so tax and points go by its worth, and what the unit cost beyond
that is contra-revenue.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from edge.shop.accounts import counts
from edge.shop.accounts.counts import CountPlan
from edge.shop.accounts.lots import Held, Holdings
from edge.shop.basket import PIECE
from edge.shop.bundle import Bundle
from edge.shop.declined import Declined
from edge.shop.earning import Rate, RatedLine
from edge.shop.ledger import COUNTS
from edge.shop.pricing import taxes
from edge.shop.sale import PricedLine, Quote, TaxLine
from edge.shop.tender import CardUses, Tender, UsesAsked

Place = tuple[int, int]
"""One unit of a quote: the number of its line and its place in the line, both from 0."""


def cover(
    asked: Sequence[UsesAsked], quote: Quote, bundle: Bundle, holdings: Holdings, today: str
) -> tuple[Tender, ...] | Declined:
    """Return the uses that pay for a part of a quote, the dearest units of each line first.

    E-NO-MEMBER, E-UNCONFIRMED, E-NO-LINE, E-QUANTITY for no use at all, E-USES-OVER for more than
    there are units to pay for, E-COUNTS-SHORT if no card that covers the product holds so many.
    """
    if not asked:
        return ()
    if no := _nobody(quote):
        return no
    found: list[Tender] = []
    for one in asked:
        made = _covered(one, quote, found, bundle.programme.plans, holdings, today)
        if isinstance(made, Declined):
            return made
        assert made.uses is not None, "it is uses that cover"
        found.append(made)
        holdings = holdings.after([made.uses.move])
    return tuple(found)


def _nobody(quote: Quote) -> Declined | None:
    """Return why nobody's count cards pay for this, or None."""
    if quote.member is None:
        return Declined("E-NO-MEMBER")
    return Declined("E-UNCONFIRMED") if quote.member.unconfirmed else None


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


# --- what could be paid for, and what still can ---------------------------------------------------


class Fitting(msgspec.Struct, frozen=True, kw_only=True):
    """A count card that could pay for `uses` units of a line at most, and has `left` uses.

    Of one that only the cloud may know neither `count_card` nor what is `left` is said.
    """

    line: int
    count_card: str
    plan: CountPlan
    uses: int
    left: int | None


def fitting(quote: Quote, bundle: Bundle, holdings: Holdings, today: str) -> tuple[Fitting, ...]:
    """Return the cards that could pay for a part of a quote, each as if no other did."""
    if _nobody(quote):
        return ()
    plans = bundle.programme.plans
    return tuple(
        [
            Fitting(line=number, count_card=held.lot.id, plan=plan, uses=min(units, held.left),
                    left=held.left)
            for number, priced in enumerate(quote.lines)
            if priced.kind == "goods" and (units := len(_units(priced, ())))
            for plan, held in counts.usable(plans, holdings, priced.line.product.id, today)
        ]
    )  # fmt: skip


def as_many(
    most: int | None, quote: Quote, bundle: Bundle, holdings: Holdings, today: str
) -> tuple[UsesAsked, ...] | Declined:
    """Return so many uses for a quote, the dearest units of all lines first; None for all.

    E-NO-MEMBER, E-UNCONFIRMED, E-USES-FEW if that are fewer than `most`, or none at all.
    """
    if most == 0:
        return ()
    if no := _nobody(quote):
        return no
    asked = Counter(islice(_one_by_one(quote, bundle.programme.plans, holdings, today), most))
    if not asked or asked.total() < (most or 0):
        return Declined("E-USES-FEW", {"uses": asked.total()})
    return tuple([msgspec.structs.replace(one, uses=uses) for one, uses in asked.items()])


def _one_by_one(
    quote: Quote, plans: Sequence[CountPlan], holdings: Holdings, today: str
) -> Iterator[UsesAsked]:
    """Yield a use for each unit that one can pay for, the dearest first."""
    left = {held.lot.id: held.left for held in holdings.spendable(COUNTS, today)}
    places = [
        (-priced.unit_nets[unit], number)
        for number, priced in enumerate(quote.lines)
        if priced.kind == "goods"
        for unit in _units(priced, ())
    ]
    cards = {
        number: counts.usable(plans, holdings, quote.lines[number].line.product.id, today)
        for number in {number for _, number in places}
    }
    for _, number in sorted(places):
        lot = next((held.lot.id for _, held in cards[number] if left[held.lot.id]), "")
        if lot:
            left[lot] -= 1
            yield UsesAsked(line=number, count_card=lot)


class Standing(NamedTuple):
    """What is left of uses that were asked for, what they pay, and why it is less than before."""

    asked: tuple[UsesAsked, ...]
    uses: tuple[Tender, ...]
    declined: Declined | None


def standing(
    asked: Sequence[UsesAsked], quote: Quote, bundle: Bundle, holdings: Holdings, today: str
) -> Standing:
    """Return as many of the uses as can pay now: goods, prices, cards may have changed since."""
    kept: tuple[UsesAsked, ...] = ()
    uses: tuple[Tender, ...] = ()
    declined: Declined | None = None
    for one in asked:
        wanted = one.uses
        while wanted:
            tried = (*kept, msgspec.structs.replace(one, uses=wanted))
            covering = cover(tried, quote, bundle, holdings, today)
            if not isinstance(covering, Declined):
                kept, uses = tried, covering
                break
            declined = declined or covering
            wanted = int(covering.params.get("uses", 0))  # fewer each time: so many would do
    return Standing(kept, uses, declined)


def without_line(uses: Iterable[UsesAsked], line: int) -> tuple[UsesAsked, ...]:
    """Return uses as they stand in a basket that one line, counted from 0, has left."""
    return tuple(
        [
            one if one.line < line else msgspec.structs.replace(one, line=one.line - 1)
            for one in uses
            if one.line != line
        ]
    )


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
