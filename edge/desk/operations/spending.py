"""What must be awaited before a deed spends what its member holds, and the step that follows.

A code that is good for one use is used up, and the cloud is asked for what is not here. Then the
deed is decided anew, on the book as it is by then, without waiting any more.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from drivers import terminal as words
from edge.desk.homes.away import Granted, Where
from edge.desk.means import Job, Means, Outcome
from edge.desk.members import Holding
from edge.refusals import Refusal
from edge.shop.accounts.limits import Kind
from edge.shop.declined import Declined


class Spends(msgspec.Struct, frozen=True, kw_only=True):
    """What a deed will spend of what a member holds: minor units, points or uses by kind."""

    holding: Holding | None
    amounts: Mapping[Kind, int] = {}
    coupons: Sequence[str] = ()
    """Coupons that are shown, by id."""

    @property
    def is_nothing(self) -> bool:
        """Whether nobody has to be asked."""
        return not (self.coupons or any(self.amounts.values()))


Step = Callable[[tuple[str, ...]], Outcome]
"""Decides the deed; is told why somebody should look at it afterwards."""


async def spending(
    means: Means, job: Job, asked: words.Deed, spends: Spends, step: Step
) -> Callable[[], Outcome] | Refusal:
    """Return the step that decides a deed which spends this, or why it may not be spent.

    E-NEEDS-PROOF unless the member is here for certain, E-CODE-USED, and whatever the limits say.
    """
    approved = getattr(asked, "approved_by", None) is not None
    if refusal := await _proven(means, job, spends, approved=approved):
        return refusal
    if spends.is_nothing or spends.holding is None or means.away is None:
        return partial(step, ())
    holding, amounts = spends.holding, {kind: n for kind, n in spends.amounts.items() if n}
    where = Where(terminal=job.terminal.id, card=holding.card, approved=approved)
    granted = await means.away.authorise(holding.member.id, amounts, where, spends.coupons)
    if isinstance(granted, Refusal):
        return granted
    return partial(_granted, means, granted, step)


async def _proven(means: Means, job: Job, spends: Spends, *, approved: bool) -> Refusal | None:
    """Use up what was shown, and return why nothing may be spent on it, or None."""
    holding = spends.holding
    if holding is None:
        return None
    must_prove = means.counter.must_prove and any(spends.amounts.values())
    if must_prove and not (holding.proven or approved):
        return Refusal("E-NEEDS-PROOF")
    codes = means.counter.members.codes
    if holding.shown is None or codes is None:
        return None
    return await codes.use(holding.shown, job.origin)


def _granted(means: Means, granted: Granted, step: Step) -> Outcome:
    """Decide the deed on an authority; what was on hold for one that fails goes back."""
    assert means.away is not None, "somebody granted it"
    begun = means.away.begin(granted)
    if isinstance(begun, Refusal):
        return begun
    outcome = step(begun.flags)
    means.away.end(begun, done=not isinstance(outcome, Declined | Refusal))
    return outcome
