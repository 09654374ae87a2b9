"""Stored value, count cards and card products, as a story says it."""

from collections.abc import Iterator
from typing import Any

from edge.shop.accounts.value import invoiceable
from edge.shop.declined import Declined
from edge.shop.facts.counts import CountCardSold, CountUsed
from edge.shop.facts.coupons import PointsExchanged
from edge.shop.facts.value import CardRefunded, ToppedUp
from edge.shop.ledger import POINTS
from edge.shop.operations.cancel_top_up import CancelAsked, cancel_top_up
from edge.shop.operations.give_back_count_card import GiveBackAsked, give_back_count_card
from edge.shop.operations.refund_card import Bought, RefundCardAsked, refund_card
from edge.shop.operations.return_count import CountBackAsked, return_count
from edge.shop.operations.sell_card import CardAsked, sell_card
from edge.shop.operations.sell_count_card import CountCardAsked, sell_count_card
from edge.shop.operations.top_up import TopUpAsked, top_up
from edge.shop.operations.use_count import UseAsked, use_count
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.steps import authority
from edge.story.steps.basket import product
from edge.story.steps.circumstances import circumstances
from edge.story.steps.points import exchanges_undone
from edge.story.steps.watching import watched
from edge.story.values import whole


def topping_up(scene: Scene, said: Phrases) -> Iterator[str]:
    """`top_up T1 for ann 1000.00 by card | card gold-card | invoice`."""
    name, member = said.word("an id, such as T1"), scene.member(said.after("for"))
    tender, amount = by(said), scene.money(said.word("an amount"))
    card, invoice = said.say("card"), said.flag("invoice")
    made = circumstances(scene, said, name)
    said.done()
    judged = watched(scene, "top_up", made, member=member.id, amount=amount)
    if isinstance(judged, Declined):
        yield scene.out.declined(judged)
        return
    asked = TopUpAsked(member=member, amount=amount, tender=tender, card=card, invoice=invoice)
    yield from scene.settle(top_up(asked, scene.rules, scene.holdings(member.id), judged))


def cancelling(scene: Scene, said: Phrases) -> Iterator[str]:
    """`cancel C1 of T1 | reason guest`, or `reason merchant`."""
    name, fact = said.word("an id, such as C1"), _found(scene, said, ToppedUp, "top_up")
    reason, voided = _reason(said), said.flag("invoice", "voided")
    made = circumstances(scene, said, name)
    said.done()
    judged = watched(scene, "cancel_top_up", made, member=fact.member, amount=fact.amount)
    if isinstance(judged, Declined):
        yield scene.out.declined(judged)
        return
    asked = CancelAsked(
        top_up=fact, reason=reason, cancelled=scene.home.is_undone(fact.top_up),
        invoice_voided=voided,
    )  # fmt: skip
    done = cancel_top_up(asked, scene.rules, scene.holdings(fact.member), judged)
    yield from scene.settle(done)
    if not isinstance(done, Declined) and not done.moves:
        yield "nothing is left of it"


def selling_card(scene: Scene, said: Phrases) -> Iterator[str]:
    """`sell_card K1 for ann gold-card by cash`."""
    name, member = said.word("an id, such as K1"), scene.member(said.after("for"))
    tender, card = by(said), said.word("the id of a card product")
    invoice, made = said.flag("invoice"), circumstances(scene, said, name)
    said.done()
    asked = CardAsked(member=member, card=card, tender=tender, invoice=invoice)
    yield from scene.settle(sell_card(asked, scene.rules, scene.holdings(member.id), made))


def closing_account(scene: Scene, said: Phrases) -> Iterator[str]:
    """`refund_card X1 for ann by cash | reason guest`."""
    name, member = said.word("an id, such as X1"), scene.id(said.after("for"))
    tender, reason = by(said), _reason(said)
    made = circumstances(scene, said, name)
    voided = said.flag("invoices", "voided")
    said.done()
    top_ups = tuple(
        fact
        for _, fact, _ in scene.home.facts
        if isinstance(fact, ToppedUp)
        and fact.member == member
        and not scene.home.is_undone(fact.top_up)
    )
    asked = RefundCardAsked(
        member=member, card=top_ups[-1].card if top_ups else "", top_ups=top_ups, reason=reason,
        bought=tuple(_bought(scene, member)), tender=tender, invoices_voided=voided,
    )  # fmt: skip
    done = refund_card(asked, scene.rules, scene.holdings(member), made)
    yield from scene.settle(done)
    if not isinstance(done, Declined):
        yield from _refunded(scene, done)


def _refunded(scene: Scene, done: CardRefunded) -> Iterator[str]:
    """Print what went back in which unit, and what is over."""
    yield f"{scene.out.amount(done.refund, done.currency)} {done.currency} for the stored value"
    if done.uses:
        money = f" and {scene.out.amount(done.cash, done.currency)} {done.currency}"
        yield f"{done.points} {POINTS}{money if done.cash else ''} for {done.uses} uses"
    if done.tier:
        yield f"{done.tier} came with the card"


def _bought(scene: Scene, member: str) -> Iterator[Bought]:
    """Yield the exchanges by which a member had uses for points."""
    for _, fact, _ in scene.home.facts:
        match fact:
            case PointsExchanged(member=who, gives=gives) if (who, gives.kind) == (member, "uses"):
                back = exchanges_undone(scene, fact.exchange)
                yield Bought(exchange=fact, points_back=sum(undone.points for undone in back))


def selling_counts(scene: Scene, said: Phrases) -> Iterator[str]:
    """`sell_count_card K1 for ann cut15 by card`."""
    name, member = said.word("an id, such as K1"), scene.id(said.after("for"))
    tender, plan = by(said), said.word("the id of a plan")
    made = circumstances(scene, said, name)
    said.done()
    asked = CountCardAsked(member=member, plan=plan, tender=tender)
    yield from scene.settle(sell_count_card(asked, scene.rules, scene.holdings(member), made))


def using(scene: Scene, said: Phrases) -> Iterator[str]:
    """`use U1 for ann cut`, or `use U1 for ann cut 2 | count_card K1#1`."""
    name, member = said.word("an id, such as U1"), scene.member(said.after("for"))
    goods, uses = product(scene, said.word("a product")), whole(said.optional() or "1", 1)
    card, made = said.say("count_card"), circumstances(scene, said, name)
    said.done()
    allowed = authority.granted(scene, member.id, {"uses": uses}, made)
    if isinstance(allowed, Declined):
        yield scene.out.declined(allowed)
        return
    asked = UseAsked(member=member, product=goods, uses=uses, count_card=card)
    outcome = use_count(asked, scene.rules, scene.holdings(member.id), allowed.made)
    yield from authority.done(scene, allowed, member.id, outcome)


def returning_use(scene: Scene, said: Phrases) -> Iterator[str]:
    """`return_use B1 of U1`, or `return_use B1 of U1 2`."""
    name, fact = said.word("an id, such as B1"), _found(scene, said, CountUsed, "use")
    uses, made = whole(said.optional() or "1", 1), circumstances(scene, said, name)
    said.done()
    asked = CountBackAsked(use=fact, uses=uses, returned=scene.home.uses_returned(fact.use))
    yield from scene.settle(return_count(asked, scene.rules, scene.holdings(fact.member), made))


def giving_back(scene: Scene, said: Phrases) -> Iterator[str]:
    """`give_back G1 of K1 | reason guest`: a count card that is not finished."""
    name = said.word("an id, such as G1")
    fact = _found(scene, said, CountCardSold, "count_card")
    reason, made = _reason(said), circumstances(scene, said, name)
    said.done()
    asked = GiveBackAsked(count_card=fact, reason=reason)
    holdings = scene.holdings(fact.member)
    yield from scene.settle(give_back_count_card(asked, scene.rules, holdings, made))


def invoicing(scene: Scene, said: Phrases) -> Iterator[str]:
    """`invoice of S1`: what of a sale may be invoiced, beside what was when it was paid in."""
    name = said.after("of") or ""
    if name not in scene.home.sales:
        raise StoryError(f"invoice wants `of` and the id of a sale, not {name!r}")
    said.done()
    sale = scene.home.sales[name]
    top_ups = [fact for _, fact, _ in scene.home.facts if isinstance(fact, ToppedUp)]
    invoiced = [fact.top_up for fact in top_ups if fact.invoice == "issued"]
    value = invoiceable(scene.holdings(sale.member), sale.moves, invoiced)
    prepaid = ("bonus", "principal", "uses")
    outside = sum(t.amount for t in sale.tenders if t.kind not in prepaid)
    yield f"{name} can be invoiced for {scene.out.amount(outside + value, sale.currency)}"


def by(said: Phrases) -> Any:
    """Take how it is paid: cash unless said otherwise."""
    kind = said.after("by") or "cash"
    if kind not in {"cash", "card", "wallet", "transfer"}:
        raise StoryError(f"nobody can pay that by {kind!r}: cash, card, wallet or transfer")
    return kind


def _reason(said: Phrases) -> Any:
    reason = said.say("reason", default="guest")
    if reason not in {"guest", "merchant"}:
        raise StoryError(f"the reason is the guest's or the merchant's, not {reason!r}")
    return reason


def _found(scene: Scene, said: Phrases, kind: Any, field: str) -> Any:
    """Return the earlier fact of a kind that `of` names."""
    name = said.after("of")
    for _, fact, _ in scene.home.facts:
        if isinstance(fact, kind) and getattr(fact, field).partition("#")[0] == name:
            return fact
    raise StoryError(f"{said.verb} wants `of` and the id of what it is about, not {name!r}")
