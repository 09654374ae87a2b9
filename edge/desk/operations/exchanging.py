"""Points become something else: goods, a service, a coupon, or uses of a count card."""

from collections.abc import Callable
from functools import partial

from drivers import terminal as words
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.leaving import slipped
from edge.desk.operations.paying import stored, tenders
from edge.desk.operations.spending import Spends, spending
from edge.refusals import Refusal
from edge.shop.accounts import exchange as terms
from edge.shop.declined import Declined
from edge.shop.facts import PointsExchanged
from edge.shop.operations.exchange import ExchangeAsked, exchange
from edge.shop.operations.made import Made


async def prepare(means: Means, job: Job, asked: words.Exchange) -> Callable[[], Outcome] | Refusal:
    """Ask for the points and the value that it takes, so that it can be decided in one step."""
    step = partial(give, means, job, asked)
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    offer = means.counter.rules.bundle.programme.exchange.offer(asked.offer)
    if isinstance(found, Refusal) or offer is None:
        return step  # it says so itself, and binds the key if it must
    price = terms.price(offer, asked.count)
    amounts = Spends(
        holding=found, amounts={"points": price.points, "value": stored(asked.tenders)}
    )
    return await spending(means, job, asked, amounts, step)


def give(means: Means, job: Job, asked: words.Exchange, flags: tuple[str, ...] = ()) -> Outcome:
    """Take points, and perhaps money, for what is on offer."""
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    if isinstance(found, Refusal):
        return found
    offered = tenders(asked.tenders)
    if isinstance(offered, Refusal):
        return offered
    rules, member = means.counter.rules, found.member
    held = means.counter.members.holdings(member.id)
    wanted = ExchangeAsked(offer=asked.offer, count=asked.count, tenders=tuple(offered))

    def make(made: Made) -> PointsExchanged | Declined:
        return exchange(wanted, member, rules, held, made)

    return slipped(means, job, job.by(asked, flags=flags), make)
