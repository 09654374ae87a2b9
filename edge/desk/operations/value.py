"""Stored value: paid in, undone, and paid out (UnifiedPOS ElectronicValueRW)."""

from drivers import terminal as words
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.leaving import slipped
from edge.desk.operations.returning import unknown
from edge.desk.operations.watched import watched
from edge.refusals import Refusal
from edge.shop.declined import Declined
from edge.shop.facts import CardRefunded, CardSold, PointsExchanged, ToppedUp, TopUpCancelled
from edge.shop.operations.cancel_top_up import CancelAsked, cancel_top_up
from edge.shop.operations.made import Made
from edge.shop.operations.refund_card import Bought, RefundCardAsked, refund_card
from edge.shop.operations.sell_card import CardAsked
from edge.shop.operations.sell_card import sell_card as sold_card
from edge.shop.operations.top_up import TopUpAsked, top_up


def pay_in(means: Means, job: Job, asked: words.TopUp) -> Outcome:
    """Let a member pay in."""
    found = means.counter.identify(asked.member, decided=True)
    if isinstance(found, Refusal):
        return found
    member, rules = found.member, means.counter.rules
    flags = watched(means, job, asked, "top_up", member=member.id, amount=asked.amount)
    if isinstance(flags, Declined):
        return flags
    held = means.counter.members.holdings(member.id)
    wanted = TopUpAsked(
        member=member, amount=asked.amount, tender=asked.tender, card=asked.card or "",
        invoice=asked.invoice,
    )  # fmt: skip

    def make(made: Made) -> ToppedUp | Declined:
        return top_up(wanted, rules, held, made)

    return slipped(means, job, job.by(asked, flags=flags), make)


def sell_card(means: Means, job: Job, asked: words.SellCard) -> Outcome:
    """Sell a card product: its value, its tier and its gifts."""
    found = means.counter.identify(asked.member, decided=True)
    if isinstance(found, Refusal):
        return found
    member, rules = found.member, means.counter.rules
    held = means.counter.members.holdings(member.id)
    wanted = CardAsked(member=member, card=asked.card, tender=asked.tender, invoice=asked.invoice)

    def make(made: Made) -> CardSold | Declined:
        return sold_card(wanted, rules, held, made)

    return slipped(means, job, job.by(asked), make)


def cancel(means: Means, job: Job, asked: words.CancelTopUp) -> Outcome:
    """Undo a top-up, with all it gave."""
    past, rules = means.counter.members.past, means.counter.rules
    found = past.named(asked.top_up, [ToppedUp])
    if found is None or not isinstance(found.fact, ToppedUp):
        return unknown(means, asked.top_up)
    fact = found.fact
    flags = watched(means, job, asked, "cancel_top_up", member=fact.member, amount=fact.amount)
    if isinstance(flags, Declined):
        return flags
    held = means.counter.members.holdings(fact.member, fact)
    wanted = CancelAsked(
        top_up=fact, reason=asked.reason, tender=asked.tender,
        cancelled=past.is_undone(fact.top_up), invoice_voided=asked.invoice_voided,
    )  # fmt: skip

    def make(made: Made) -> TopUpCancelled | Declined:
        return cancel_top_up(wanted, rules, held, made)

    return slipped(means, job, job.by(asked, flags=flags), make)


def close(means: Means, job: Job, asked: words.RefundCard) -> Outcome:
    """Close a member's account and pay out what is left of it."""
    found = means.counter.identify(asked.member, decided=True)
    if isinstance(found, Refusal):
        return found
    member, rules = found.member.id, means.counter.rules
    past = means.counter.members.past
    top_ups = past.top_ups(member)
    held = means.counter.members.holdings_with(member, top_ups)
    wanted = RefundCardAsked(
        member=member, card=top_ups[-1].card if top_ups else "", top_ups=top_ups,
        bought=_bought(means, member), reason=asked.reason, tender=asked.tender,
        invoices_voided=asked.invoices_voided,
    )  # fmt: skip

    def make(made: Made) -> CardRefunded | Declined:
        return refund_card(wanted, rules, held, made)

    return slipped(means, job, job.by(asked), make)


def _bought(means: Means, member: str) -> tuple[Bought, ...]:
    """Return the exchanges by which a member had uses for points."""
    past = means.counter.members.past
    return tuple(
        Bought(exchange=fact, points_back=past.points_back(fact.exchange))
        for fact in past.exchanges(member)
        if isinstance(fact, PointsExchanged) and fact.gives.kind == "uses"
    )
