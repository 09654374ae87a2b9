"""Returns of what another store sold: the cloud is asked first."""

from collections.abc import Callable
from functools import partial

from drivers import terminal as words
from edge.desk.elsewhere import SoldElsewhere
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations import returning
from edge.refusals import Refusal


async def prepare_return(
    means: Means, job: Job, asked: words.Return
) -> Callable[[], Outcome] | Refusal:
    """Ask for the receipt if it is another box's, so that the return can be decided in one step."""
    known = returning.find(means, asked.sale)
    is_foreign = isinstance(known, Refusal) and known.code == "E-NEEDS-CLOUD"
    if not is_foreign or means.elsewhere is None:
        return partial(returning.give, means, job, asked)
    sold = await means.elsewhere.take(asked.sale)
    if isinstance(sold, Refusal):
        return sold
    return partial(_give, means, job, asked, sold)


def _give(means: Means, job: Job, asked: words.Return, sold: SoldElsewhere) -> Outcome:
    assert means.elsewhere is not None, "somebody was asked"
    ours = means.counter.members.past.earlier(sold.sale.sale)
    theirs = [back for back in sold.earlier if back.reversal not in {one.reversal for one in ours}]
    outcome = returning.given(means, job, asked, sold.sale, (*theirs, *ours))
    means.elsewhere.done(sold.grant)
    return outcome
