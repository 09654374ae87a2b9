"""Stored value paid in and paid out, as a terminal reads it."""

import msgspec

from drivers import terminal as words
from edge.replies.stamp import Stamp, done
from edge.shop.accounts.lots import PRINCIPAL, Holdings
from edge.shop.facts import CardRefunded, CardSold, ToppedUp, TopUpCancelled
from edge.shop.ledger import BONUS


def topped_up(fact: ToppedUp, stamp: Stamp, after: Holdings, text: str) -> words.ToppedUp:
    """Return a top-up or a card sale; `after` is what the member holds then."""
    assert fact.member is not None, "only members pay in"
    return words.ToppedUp(
        **done(fact, fact.top_up, stamp),
        text=text,
        member=fact.member,
        currency=fact.currency,
        amount=fact.amount,
        bonus=fact.bonus,
        tender=fact.tender,
        principal_balance=after.balance(PRINCIPAL),
        bonus_balance=after.balance(BONUS),
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
