"""What another box sold comes back here: the cloud is asked first."""

from collections.abc import Callable
from functools import partial

from drivers import terminal as words
from edge.desk.homes.elsewhere import SoldElsewhere
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations import returning
from edge.refusals import Refusal
from edge.shop.facts import TakenBack

Decide = Callable[[SoldElsewhere, tuple[TakenBack, ...]], Outcome]
"""Takes back what was found elsewhere, of which this came back earlier."""


async def prepare_return(
    means: Means, job: Job, asked: words.Return
) -> Callable[[], Outcome] | Refusal:
    """Ask for the receipt if it is another box's, so that the return can be decided in one step."""

    def decide(sold: SoldElsewhere, earlier: tuple[TakenBack, ...]) -> Outcome:
        return returning.given(means, job, asked, sold.sale, earlier)

    here = partial(returning.give, means, job, asked)
    return await _prepared(means, asked.sale, here, decide)


async def prepare_void(
    means: Means, job: Job, asked: words.Void
) -> Callable[[], Outcome] | Refusal:
    """Ask for the receipt if it is another box's: what was sold there is returned here."""

    def decide(sold: SoldElsewhere, earlier: tuple[TakenBack, ...]) -> Outcome:
        return returning.voided(means, job, asked, sold.sale, earlier, home=False)

    here = partial(returning.take_back, means, job, asked)
    return await _prepared(means, asked.sale, here, decide)


async def _prepared(
    means: Means, name: str, here: Callable[[], Outcome], decide: Decide
) -> Callable[[], Outcome] | Refusal:
    """Return what is done `here`, or what another box's receipt comes to."""
    known = returning.find(means, name)
    is_foreign = isinstance(known, Refusal) and known.code == "E-MADE-ELSEWHERE"
    if not is_foreign or means.elsewhere is None:
        return here
    sold = await means.elsewhere.take(name)
    return sold if isinstance(sold, Refusal) else partial(_decided, means, sold, decide)


def _decided(means: Means, sold: SoldElsewhere, decide: Decide) -> Outcome:
    assert means.elsewhere is not None, "somebody was asked"
    ours = means.counter.members.past.earlier(sold.sale.sale)
    theirs = [back for back in sold.earlier if back.reversal not in {one.reversal for one in ours}]
    outcome = decide(sold, (*theirs, *ours))
    means.elsewhere.done(sold.grant)
    return outcome
