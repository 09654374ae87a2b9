"""Count cards and what points are exchanged for, as a terminal reads them."""

from drivers import terminal as words
from edge.replies.stamp import Stamp, done, pick
from edge.shop.facts import (
    CountCardGivenBack,
    CountCardSold,
    CountReturned,
    CountUsed,
    PointsExchanged,
)


def count_card_sold(fact: CountCardSold, stamp: Stamp, text: str) -> words.CountCardSold:
    """Return a count card that was sold; `text` is its slip."""
    assert fact.member is not None, "only members have cards"
    return words.CountCardSold(
        **done(fact, fact.count_card, stamp),
        text=text,
        member=fact.member,
        count_card=fact.count_card,
        plan=fact.plan.id,
        uses=fact.plan.uses,
        expires=fact.expires,
        currency=fact.currency,
        price=fact.plan.price,
    )


def count_used(fact: CountUsed | CountReturned, stamp: Stamp, text: str) -> words.CountUsed:
    """Return uses that paid, or that went back to their card."""
    assert fact.member is not None, "only members have cards"
    back = isinstance(fact, CountReturned)
    return words.CountUsed(
        **done(fact, fact.returned if isinstance(fact, CountReturned) else fact.use, stamp),
        text=text,
        what="return" if back else "use",
        member=fact.member,
        count_card=fact.count_card,
        uses=len(fact.values),
        left=fact.left,
        currency=fact.currency,
        worth=sum(fact.values),
        points=-fact.points if back else fact.points,
    )


def count_card_back(fact: CountCardGivenBack, stamp: Stamp, text: str) -> words.PaidOut:
    """Return an unfinished count card that was given back."""
    assert fact.member is not None, "only members have cards"
    return words.PaidOut(
        **done(fact, fact.given_back, stamp),
        text=text,
        what="count_card",
        member=fact.member,
        currency=fact.currency,
        refund=fact.refund,
        kept=fact.retained,
        tender=fact.tender,
        uses=fact.uses,
    )


def exchanged(fact: PointsExchanged, stamp: Stamp, text: str) -> words.Exchanged:
    """Return what a member had for points, and how many are left."""
    assert fact.member is not None, "only members have points"
    assert fact.afterwards.points is not None, "who pays with points is told what they have"
    return words.Exchanged(
        **done(fact, fact.exchange, stamp),
        text=text,
        member=fact.member,
        offer=fact.offer,
        name=pick(stamp.lang, fact.name_zh, fact.name_en),
        count=fact.count,
        points=fact.points,
        points_left=fact.afterwards.points,
        currency=fact.currency,
        cash=fact.cash,
        paid=fact.handed,
        change=fact.change,
        lots=tuple([move.lot for move in fact.moves if move.opens]),
    )
