"""Quote and sell."""

from collections.abc import Callable
from functools import partial

from drivers import terminal as words
from edge.config import Terminal
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.paying import stored, tenders
from edge.desk.operations.spending import Spends, spending
from edge.desk.paid_uses import covered, quoted
from edge.desk.placing import Deal
from edge.refusals import Refusal
from edge.shop.declined import Declined
from edge.shop.tender import settle


def quote(means: Means, terminal: Terminal, asked: words.Quote) -> words.Reply | Refusal:
    """Answer what a basket costs, and pin that price."""
    return means.counter.closed() or quoted(means.counter, terminal, asked)


async def prepare_sale(
    means: Means, job: Job, asked: words.Sell
) -> Callable[[], Outcome] | Refusal:
    """Ask for all that a sale spends, so that it can be decided in one step; see `may_spend`."""
    step = partial(sell, means, job, asked)
    agreed = means.counter.quoted(job.terminal, asked, job.origin)
    offered = tenders(asked.tenders)
    if isinstance(agreed, Refusal) or isinstance(offered, Refusal):
        return step  # it says so itself, and binds the key if it must
    spends = Spends(
        holding=agreed.holding,
        amounts={
            "points": agreed.quote.points_spent, "value": stored(offered),
            "uses": sum(one.uses for one in asked.uses),
        },
        coupons=[judged.coupon for judged in agreed.quote.coupons if judged.reason == "R-APPLIED"],
    )  # fmt: skip
    return await spending(means, job, asked, spends, step)


def may_spend(asked: words.Sell) -> bool:
    """Tell whether a sale may spend anything that its member holds, or a code that they show."""
    held = bool(asked.redeem or asked.coupons or asked.uses or stored(asked.tenders))
    return held or any(one and one.kind == "code" for one in (asked.member, asked.also))


def sell(means: Means, job: Job, asked: words.Sell, flags: tuple[str, ...] = ()) -> Outcome:
    """Make a quote a sale: settle it with what is handed over, and place it."""
    agreed = means.counter.quoted(job.terminal, asked, job.origin)
    if isinstance(agreed, Refusal):
        return agreed
    offered = tenders(asked.tenders)
    if isinstance(offered, Refusal):
        return offered
    quote, rules = agreed.quote, agreed.rules
    uses = covered(means.counter, asked.uses, quote, rules)
    if isinstance(uses, Declined):
        return uses
    paid = settle(
        quote.total,
        offered,
        means.counter.members.holdings(quote.member.id if quote.member else None),
        rules.bundle,
        today=means.counter.moment().date,
        online=means.counter.online(),
        uses=uses,
    )
    if isinstance(paid, Declined):
        return paid
    points = agreed.holding.points if agreed.holding else None
    if agreed.holding is not None and agreed.holding.besides:
        flags = (*flags, "two_members")
    return means.placing.sale(
        job.request, Deal(quote, rules, paid, points), job.by(asked, flags=flags)
    )
