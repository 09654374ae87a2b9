"""Who it is, what they hold, and what a coupon is worth."""

from drivers import terminal as words
from edge import replies
from edge.config import Terminal
from edge.desk.means import Means
from edge.desk.members import Holding
from edge.refusals import Refusal
from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.notices import Shown
from edge.shop.operations.check_coupon import check_coupon as checked
from edge.shop.operations.made import Made
from edge.shop.operations.notices import seen_by, tell


def identify(means: Means, terminal: Terminal, asked: words.Identify) -> words.Reply | Refusal:
    """Answer who this is, and what they are to be told; what they were told is written down."""
    found = means.counter.identify(asked.credential, decided=False)
    if isinstance(found, Refusal):
        return found
    as_of = means.counter.as_of()
    notices = _notices(means, terminal, found)
    return replies.identified(found.member, found.points, as_of, notices, terminal.lang)


def balance(means: Means, terminal: Terminal, asked: words.Balance) -> words.Reply | Refusal:
    """Answer what somebody holds."""
    found = means.counter.identify(asked.credential, decided=False)
    if isinstance(found, Refusal):
        return found
    counter, member = means.counter, found.member
    bundle, today = None, ""
    if counter.closed() is None:
        bundle, today = counter.rules.bundle, counter.moment().date
    held = counter.members.holdings(member.id)
    return replies.balances(member, found.points, held, bundle, today, counter.as_of())


def check_coupon(
    means: Means, terminal: Terminal, asked: words.CheckCoupon
) -> words.Reply | Refusal:
    """Answer what a coupon is worth, and whether it may be used here and now."""
    counter = means.counter
    if closed := counter.closed():
        return closed
    held, member = Holdings(), None
    if asked.member is not None:
        found = counter.identify(asked.member, decided=False)
        if isinstance(found, Refusal):
            return found
        member = found.member
        held = counter.members.holdings(member.id)
    coupon, held, elsewhere = counter.coupon(asked.coupon, held, member)
    made = _here(means, terminal)
    looked_at = checked(coupon, counter.rules, held, made, elsewhere=elsewhere)
    return replies.coupon_checked(looked_at, terminal.lang, counter.as_of())


def _notices(means: Means, terminal: Terminal, found: Holding) -> tuple[Shown, ...]:
    """Return what a member is told now, and write down that they were: it is counted."""
    counter = means.counter
    if counter.closed() or not counter.rules.bundle.programme.notices.notices:
        return ()
    made, member = _here(means, terminal), found.member
    seen = seen_by(member.id, counter.members.past.notices(member.id), made.business_date)
    held = counter.members.holdings(member.id)
    told = tell("identify", member, counter.rules, held, seen, made)
    if told.fact is None or means.placing.blocked() is not None:
        return told.shown
    means.placing.notices(told.fact)
    return told.shown


def _here(means: Means, terminal: Terminal) -> Made:
    """Return the circumstances of a mere look: it has no number, for nothing happens by it."""
    place = means.counter.place()
    return Made(
        deed="", receipt="", business_date=means.counter.business_date, at=place.at,
        store=place.store, terminal=terminal.id, terminal_kind=terminal.kind, online=place.online,
    )  # fmt: skip
