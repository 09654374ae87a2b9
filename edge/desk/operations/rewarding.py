"""Prize draws, exchanges that come back, and tiers that are bought."""

from collections.abc import Callable
from functools import partial

from drivers import terminal as words
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.leaving import slipped
from edge.desk.operations.paying import stored, tenders
from edge.desk.operations.returning import unknown
from edge.desk.operations.spending import Spends, spending
from edge.refusals import Refusal
from edge.shop.declined import Declined
from edge.shop.facts import (
    DrawUndone,
    ExchangeUndone,
    PointsExchanged,
    PrizeDrawn,
    TierBought,
    TierRefunded,
)
from edge.shop.operations.buy_tier import TierAsked, buy_tier, refund_tier
from edge.shop.operations.draw import DrawAsked, draw, find
from edge.shop.operations.made import Made
from edge.shop.operations.undo_draw import UndoDrawAsked, undo_draw
from edge.shop.operations.undo_exchange import UndoExchangeAsked, undo_exchange


def exchange_back(means: Means, job: Job, asked: words.UndoExchange) -> Outcome:
    """Take pieces of an exchange back."""
    past, rules = means.counter.members.past, means.counter.rules
    found = past.named(asked.exchange, [PointsExchanged])
    if found is None or not isinstance(found.fact, PointsExchanged):
        return unknown(means, asked.exchange)
    fact = found.fact
    earlier = past.undone_exchanges(fact.exchange)
    wanted = UndoExchangeAsked(
        exchange=fact, count=asked.count, earlier=earlier, reason=asked.reason,
        settled=asked.settled,
    )  # fmt: skip

    def make(made: Made) -> ExchangeUndone | Declined:
        held = means.counter.members.holdings_with(fact.member, (fact, *earlier))
        return undo_exchange(wanted, rules, held, made)

    return slipped(means, job, job.by(asked), make)


async def prepare_draw(
    means: Means, job: Job, asked: words.Draw
) -> Callable[[], Outcome] | Refusal:
    """Ask for the points that a ticket costs."""
    step = partial(ticket, means, job, asked)
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    terms = find(asked.draw, means.counter.rules)
    if isinstance(found, Refusal) or terms is None:
        return step
    spends = Spends(holding=found, amounts={"points": terms.points})
    return await spending(means, job, asked, spends, step)


def ticket(means: Means, job: Job, asked: words.Draw, flags: tuple[str, ...] = ()) -> Outcome:
    """Draw a ticket, by a number that nobody can know before."""
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    if isinstance(found, Refusal):
        return found
    rules, member, members = means.counter.rules, found.member, means.counter.members
    terms = find(asked.draw, rules)
    seed = means.placing.chance(terms.tickets) if terms else 0
    wanted = DrawAsked(draw=asked.draw, home=means.is_home)

    def make(made: Made) -> PrizeDrawn | Declined:
        given, held = members.drawn(asked.draw), members.holdings(member.id)
        return draw(wanted, member, seed, given, rules, held, made)

    by = job.by(asked, flags=flags)
    return slipped(means, job, by, make)


def ticket_back(means: Means, job: Job, asked: words.UndoDraw) -> Outcome:
    """Take a ticket back, with all it won."""
    past, rules = means.counter.members.past, means.counter.rules
    found = past.named(asked.ticket, [PrizeDrawn])
    if found is None or not isinstance(found.fact, PrizeDrawn):
        return unknown(means, asked.ticket)
    fact = found.fact
    wanted = UndoDrawAsked(ticket=fact, undone=past.is_drawn_back(fact.ticket), reason=asked.reason)

    def make(made: Made) -> DrawUndone | Declined:
        held = means.counter.members.holdings_with(fact.member, (fact,))
        return undo_draw(wanted, rules, held, made)

    return slipped(means, job, job.by(asked), make)


async def prepare_tier(
    means: Means, job: Job, asked: words.BuyTier
) -> Callable[[], Outcome] | Refusal:
    """Ask for the stored value that a tier is to be paid with."""
    step = partial(tier, means, job, asked)
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    if isinstance(found, Refusal):
        return step
    spends = Spends(holding=found, amounts={"value": stored(asked.tenders)})
    return await spending(means, job, asked, spends, step)


def tier(means: Means, job: Job, asked: words.BuyTier, flags: tuple[str, ...] = ()) -> Outcome:
    """Let a member pay for a tier."""
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    if isinstance(found, Refusal):
        return found
    offered = tenders(asked.tenders)
    if isinstance(offered, Refusal):
        return offered
    rules, members = means.counter.rules, means.counter.members
    member = found.member.id
    wanted = TierAsked(member=member, tier=asked.tier, tenders=tuple(offered))
    standing = members.standing(found.member, rules.bundle.programme.tiers_policy)

    def make(made: Made) -> TierBought | Declined:
        return buy_tier(wanted, standing, rules, members.holdings(member), made)

    by = job.by(asked, flags=flags)
    return slipped(means, job, by, make)


def tier_back(means: Means, job: Job, asked: words.RefundTier) -> Outcome:
    """Give a bought tier back before its term ends."""
    found = means.counter.identify(asked.member, decided=True)
    if isinstance(found, Refusal):
        return found
    rules, members = means.counter.rules, means.counter.members
    bought = members.past.tier_bought(found.member.id)
    if bought is None:
        return Refusal("E-NOT-REFUNDABLE")
    standing = members.standing(found.member, rules.bundle.programme.tiers_policy)

    def make(made: Made) -> TierRefunded | Declined:
        held = members.holdings_with(found.member.id, (bought,))
        return refund_tier(bought, standing, rules, held, made)

    return slipped(means, job, job.by(asked), make)
