"""The watches on a till, judged before a deed: refused, for a manager to approve, or flagged."""

from drivers import terminal as words
from edge.desk.means import Job, Means
from edge.shop.accounts.fraud import Happening, Operation, judge
from edge.shop.declined import Declined


def watched(
    means: Means,
    job: Job,
    asked: words.Deed,
    operation: Operation,
    *,
    member: str | None = None,
    amount: int = 0,
    sale: str = "",
) -> tuple[str, ...] | Declined:
    """Return the watches that flag a deed which is about to be done, or why it is not.

    `amount` is minor units, without sign; `sale` is the one that it is about.
    """
    rules = means.counter.rules.bundle.programme.fraud
    if not rules.watches:
        return ()
    at_ms = means.counter.moment().at_ms
    about = Happening(
        at_ms=at_ms, operation=operation, terminal=job.terminal.id, cashier=asked.cashier,
        member=member, amount=amount, of_sale=sale,
    )  # fmt: skip
    recent = means.counter.watching.recent(rules, at_ms)
    return judge(rules, about, recent, approved=job.by(asked).approved_by is not None)
