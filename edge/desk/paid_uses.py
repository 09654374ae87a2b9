"""Uses of count cards that pay in a sale: what a terminal names, found in what its member holds."""

from collections.abc import Sequence

import msgspec

from drivers import terminal as words
from edge import replies
from edge.config import Terminal
from edge.desk.counter import Counter, refused
from edge.refusals import Refusal
from edge.shop.accounts.lots import Held, Holdings, Lot
from edge.shop.bundle import Bundle
from edge.shop.declined import Declined
from edge.shop.ledger import COUNTS
from edge.shop.operations.covering import UsesAsked, cover
from edge.shop.pricing import RuleSet
from edge.shop.sale import Quote
from edge.shop.tender import Tender


def covered(
    counter: Counter, asked: Sequence[words.RequestUses], quote: Quote, rules: RuleSet
) -> tuple[Tender, ...] | Declined:
    """Return the uses that pay for a part of a quote, as `cover` does, decided facts included."""
    if not asked:
        return ()
    held = counter.members.holdings(quote.member.id if quote.member else None)
    return cover(_wanted(asked), quote, rules.bundle, held, counter.moment().date)


def quoted(
    counter: Counter, terminal: Terminal, asked: words.Quote | words.Sell
) -> words.Quoted | Refusal:
    """Return a price for what a terminal asks, pinned, and what uses leave of it to pay.

    A card that is not here may be at the cloud, if that can be asked: it will be when it is sold.
    """
    with counter.steady():
        told = counter.quote(terminal, asked)
        if isinstance(told, Refusal) or not asked.uses:
            return told
        pin = counter.pins[terminal.id].get(told.quote, told.quoted_at)
        assert pin is not None, "it was pinned just now"
        quote, bundle, wanted = pin.quote, pin.rules.bundle, _wanted(asked.uses)
        held = counter.members.holdings(quote.member.id if quote.member else None)
        today = counter.moment().date
        uses = cover(wanted, quote, bundle, held, today)
        if _is_short(uses) and _asks(counter, wanted, held, today):
            maybe = Holdings({**held.lots, **_stand_ins(wanted, bundle)})
            uses = cover(_any_card(wanted, held), quote, bundle, maybe, today)
        if isinstance(uses, Declined):
            return refused(uses, quote.exponent)
        more = replies.paid_by_uses(quote, uses, bundle, held, terminal.lang)
        return msgspec.structs.replace(told, **more)


def _wanted(asked: Sequence[words.RequestUses]) -> list[UsesAsked]:
    return [
        UsesAsked(
            line=one.line, uses=one.uses, count_card=one.count_card or "", plan=one.plan or ""
        )
        for one in asked
    ]


def _is_short(uses: tuple[Tender, ...] | Declined) -> bool:
    return isinstance(uses, Declined) and uses.code == "E-COUNTS-SHORT"


def _asks(counter: Counter, asked: Sequence[UsesAsked], held: Holdings, today: str) -> bool:
    """Tell whether the cloud is asked when this is sold: so much is not here."""
    cloud = counter.cloud
    if cloud is None or cloud.is_home or not cloud.reachable:
        return False
    here = sum([one.left for one in held.spendable(COUNTS, today)])
    return here < sum([one.uses for one in asked])


def _any_card(asked: Sequence[UsesAsked], held: Holdings) -> list[UsesAsked]:
    """Return the same without the names of cards that are not here."""
    return [
        one if one.count_card in held.lots else msgspec.structs.replace(one, count_card="")
        for one in asked
    ]


def _stand_ins(asked: Sequence[UsesAsked], bundle: Bundle) -> dict[str, Held]:
    """Return a card of each plan with as many uses as are asked for, worth what one costs now."""
    uses = sum([one.uses for one in asked])
    lots = [
        (plan, Lot(id=f"{plan.id}?", member="", unit=COUNTS, opened="", active_from="",
                   terms=plan.id))
        for plan in bundle.programme.plans
    ]  # fmt: skip
    return {lot.id: Held(lot, uses, plan.price * uses // plan.uses) for plan, lot in lots}
