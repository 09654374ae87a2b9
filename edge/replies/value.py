"""Stored value paid in and paid out, as a terminal reads it."""

import msgspec

from drivers import terminal as words
from edge.replies.stamp import Stamp, done
from edge.shop.facts import CardRefunded, CardSold, ToppedUp, TopUpCancelled


def topped_up(fact: ToppedUp, stamp: Stamp, text: str) -> words.ToppedUp:
    """Return a top-up or a card sale, which say what value the member has afterwards."""
    assert fact.member is not None, "only members pay in"
    after = fact.afterwards
    assert after.value is not None, "who pays in is told what they have"
    return words.ToppedUp(
        **done(fact, fact.top_up, stamp),
        text=text,
        member=fact.member,
        currency=fact.currency,
        amount=fact.amount,
        bonus=fact.bonus,
        tender=fact.tender,
        principal_balance=after.value - after.bonus,
        bonus_balance=after.bonus,
        offers=fact.offers,
        price=fact.price if isinstance(fact, CardSold) else None,
        flags=fact.flags,
    )


def paid_out(fact: TopUpCancelled | CardRefunded, stamp: Stamp, text: str) -> words.PaidOut:
    """Return a top-up that was undone, or an account that was closed."""
    assert fact.member is not None, "only members hold value"
    deed = fact.refunded if isinstance(fact, CardRefunded) else fact.cancelled
    told = words.PaidOut(
        **done(fact, deed, stamp),
        text=text,
        what="top_up",
        member=fact.member,
        currency=fact.currency,
        refund=fact.refund,
        kept=fact.clawback,
        tender=fact.tender,
        principal=fact.principal,
        bonus=fact.bonus,
    )
    if not isinstance(fact, CardRefunded):
        return told
    return msgspec.structs.replace(
        told, what="account", refund=fact.refund + fact.cash, uses=fact.uses, points=fact.points
    )
