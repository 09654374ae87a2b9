"""Count cards: sold, used, a use given back, and given back unfinished."""

from collections.abc import Callable
from functools import partial

from drivers import terminal as words
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.leaving import slipped
from edge.desk.operations.returning import unknown
from edge.desk.operations.spending import Spends, spending
from edge.refusals import Refusal
from edge.shop.declined import Declined
from edge.shop.facts import CountCardGivenBack, CountCardSold, CountReturned, CountUsed
from edge.shop.operations.give_back_count_card import GiveBackAsked, give_back_count_card
from edge.shop.operations.made import Made
from edge.shop.operations.return_count import CountBackAsked, return_count
from edge.shop.operations.sell_count_card import CountCardAsked, sell_count_card
from edge.shop.operations.use_count import UseAsked, use_count


def sell(means: Means, job: Job, asked: words.SellCountCard) -> Outcome:
    """Sell a count card."""
    found = means.counter.identify(asked.member, decided=True)
    if isinstance(found, Refusal):
        return found
    rules, member = means.counter.rules, found.member.id
    wanted = CountCardAsked(member=member, plan=asked.plan, tender=asked.tender)

    def make(made: Made) -> CountCardSold | Declined:
        return sell_count_card(wanted, rules, means.counter.members.holdings(member), made)

    return means.placing.deed(job.request, job.by(asked), rules, make, means.placing.slips.told)


async def prepare_use(
    means: Means, job: Job, asked: words.UseCount
) -> Callable[[], Outcome] | Refusal:
    """Ask for the uses that are to be taken, so that it can be decided in one step."""
    step = partial(use, means, job, asked)
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    if isinstance(found, Refusal):
        return step
    return await spending(
        means, job, asked, Spends(holding=found, amounts={"uses": asked.uses}), step
    )


def use(means: Means, job: Job, asked: words.UseCount, flags: tuple[str, ...] = ()) -> Outcome:
    """Let a count card pay for a product."""
    found = means.counter.members.identify(asked.member, job.origin, decided=True)
    if isinstance(found, Refusal):
        return found
    product = means.counter.product(asked.product)
    if isinstance(product, Refusal):
        return product
    rules, member = means.counter.rules, found.member
    wanted = UseAsked(
        member=member, product=product, uses=asked.uses, count_card=asked.count_card or ""
    )

    def make(made: Made) -> CountUsed | Declined:
        return use_count(wanted, rules, means.counter.members.holdings(member.id), made)

    return slipped(means, job, job.by(asked, flags=flags), make)


def give_use_back(means: Means, job: Job, asked: words.ReturnUse) -> Outcome:
    """Give uses back to their card, the last used first."""
    past, rules = means.counter.members.past, means.counter.rules
    found = past.named(asked.use, [CountUsed])
    if found is None or not isinstance(found.fact, CountUsed):
        return unknown(means, asked.use)
    fact = found.fact
    wanted = CountBackAsked(use=fact, uses=asked.uses, returned=past.uses_returned(fact.use))

    def make(made: Made) -> CountReturned | Declined:
        held = means.counter.members.holdings_with(fact.member, (fact,))
        return return_count(wanted, rules, held, made)

    return slipped(means, job, job.by(asked), make)


def give_back(means: Means, job: Job, asked: words.GiveBackCountCard) -> Outcome:
    """Take an unfinished count card back."""
    rules = means.counter.rules
    found = means.counter.members.past.named(asked.count_card, [CountCardSold])
    if found is None or not isinstance(found.fact, CountCardSold):
        return unknown(means, asked.count_card)
    fact = found.fact
    wanted = GiveBackAsked(count_card=fact, reason=asked.reason, tender=asked.tender)

    def make(made: Made) -> CountCardGivenBack | Declined:
        held = means.counter.members.holdings_with(fact.member, (fact,))
        return give_back_count_card(wanted, rules, held, made)

    return means.placing.deed(job.request, job.by(asked), rules, make, means.placing.slips.told)
