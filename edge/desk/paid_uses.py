"""Uses of count cards that pay in a sale: what a terminal names, found in what its member holds."""

from collections.abc import Sequence

import msgspec

from drivers import terminal as words
from edge import replies
from edge.config import Terminal
from edge.desk.counter import Counter, refused
from edge.desk.pins import Pin
from edge.refusals import Refusal
from edge.shop.accounts.counts import CountPlan
from edge.shop.accounts.lots import Held, Holdings, Lot
from edge.shop.basket import UNITS_MAX
from edge.shop.declined import Declined
from edge.shop.ledger import COUNTS
from edge.shop.operations.covering import Fitting, cover, fitting
from edge.shop.pricing import RuleSet
from edge.shop.sale import Quote
from edge.shop.tender import Tender, UsesAsked


def covered(
    counter: Counter, asked: Sequence[words.RequestUses], quote: Quote, rules: RuleSet
) -> tuple[Tender, ...] | Declined:
    """Return the uses that pay for a part of a quote, as `cover` does, decided facts included."""
    if not asked:
        return ()
    held = counter.members.holdings(quote.member.id if quote.member else None)
    return cover(wished(asked), quote, rules.bundle, held, counter.moment().date)


def quoted(
    counter: Counter, terminal: Terminal, asked: words.Quote | words.Sell
) -> words.Quoted | Refusal:
    """Return a price for what a terminal asks, pinned, and what uses leave of it to pay.

    The cards that could pay are named. One that is not here may be at the cloud, if that can be
    asked: it will be when it is sold.
    """
    with counter.steady():
        told = counter.quote(terminal, asked)
        if isinstance(told, Refusal):
            return told
        pin = counter.pins[terminal.id].get(told.quote, told.quoted_at)
        assert pin is not None, "it was pinned just now"
        if not asked.uses and not _may_fit(pin):
            return told
        who = pin.quote.member
        held = counter.members.holdings(who.id if who else None)
        uses = _uses(counter, pin, wished(asked.uses), held)
        if isinstance(uses, Declined):
            return refused(uses, pin.quote.exponent)
        fits = _fitting(counter, pin, held)
        told = msgspec.structs.replace(told, count_cards=replies.count_cards(fits, terminal.lang))
        if not uses:
            return told
        more = replies.paid_by_uses(pin.quote, uses, pin.rules.bundle, held, terminal.lang)
        return msgspec.structs.replace(told, **more)


def wished(asked: Sequence[words.RequestUses]) -> tuple[UsesAsked, ...]:
    """Return the uses that a terminal asks for, as the shop knows them."""
    return tuple(
        [
            UsesAsked(
                line=one.line, uses=one.uses, count_card=one.count_card or "", plan=one.plan or ""
            )
            for one in asked
        ]
    )


def _uses(
    counter: Counter, pin: Pin, wanted: Sequence[UsesAsked], held: Holdings
) -> tuple[Tender, ...] | Declined:
    """Return the uses that are found here, or as they would be if the cloud has the cards."""
    quote, bundle, today = pin.quote, pin.rules.bundle, counter.moment().date
    uses = cover(wanted, quote, bundle, held, today)
    if _is_short(uses) and _asks(counter, wanted, held, today):
        most = sum([one.uses for one in wanted])
        maybe = Holdings({**held.lots, **_stand_ins(bundle.programme.plans, most)})
        uses = cover(_any_card(wanted, held), quote, bundle, maybe, today)
    return uses


# --- the cards that could pay ---------------------------------------------------------------------


def _may_fit(pin: Pin) -> bool:
    """Tell at once of most baskets that no count card pays for any of it."""
    covered = {product for plan in pin.rules.bundle.programme.plans for product in plan.products}
    lines = pin.quote.lines if pin.quote.member and covered else ()
    return any(line.line.product.id in covered for line in lines)


def _fitting(counter: Counter, pin: Pin, held: Holdings) -> tuple[Fitting, ...]:
    """Return the cards that could pay: those that are here, else those the cloud may have."""
    quote, bundle, today = pin.quote, pin.rules.bundle, counter.moment().date
    here = fitting(quote, bundle, held, today)
    if not _elsewhere(counter):
        return here
    known = {(one.line, one.plan.id) for one in here}
    stand_ins = Holdings(_stand_ins(bundle.programme.plans, UNITS_MAX))
    there = fitting(quote, bundle, stand_ins, today)
    return (*here, *[_unknown(one) for one in there if (one.line, one.plan.id) not in known])


def _unknown(maybe: Fitting) -> Fitting:
    return msgspec.structs.replace(maybe, count_card="", left=None)


def _elsewhere(counter: Counter) -> bool:
    """Tell whether members may have more than is here, and that can be asked."""
    cloud = counter.cloud
    return cloud is not None and not cloud.is_home and cloud.reachable


def _is_short(uses: tuple[Tender, ...] | Declined) -> bool:
    return isinstance(uses, Declined) and uses.code == "E-COUNTS-SHORT"


def _asks(counter: Counter, asked: Sequence[UsesAsked], held: Holdings, today: str) -> bool:
    """Tell whether the cloud is asked when this is sold: so much is not here."""
    if not _elsewhere(counter):
        return False
    here = sum([one.left for one in held.spendable(COUNTS, today)])
    return here < sum([one.uses for one in asked])


def _any_card(asked: Sequence[UsesAsked], held: Holdings) -> list[UsesAsked]:
    """Return the same without the names of cards that are not here."""
    return [
        one if one.count_card in held.lots else msgspec.structs.replace(one, count_card="")
        for one in asked
    ]


def _stand_ins(plans: Sequence[CountPlan], uses: int) -> dict[str, Held]:
    """Return a card of each plan with so many uses, worth what one costs now."""
    lots = [
        (plan, Lot(id=f"{plan.id}?", member="", unit=COUNTS, opened="", active_from="",
                   terms=plan.id))
        for plan in plans
    ]  # fmt: skip
    return {lot.id: Held(lot, uses, plan.price * uses // plan.uses) for plan, lot in lots}
