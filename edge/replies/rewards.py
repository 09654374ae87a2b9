"""Prizes, exchanges that come back, and bought tiers, as a terminal reads of them."""

from collections.abc import Iterable

from drivers import terminal as words
from edge.replies.stamp import Stamp, done
from edge.shop.facts import DrawUndone, ExchangeUndone, PrizeDrawn, TierBought, TierRefunded
from edge.shop.facts.returns import Refund


def exchange_undone(fact: ExchangeUndone, stamp: Stamp, text: str) -> words.ExchangeUndone:
    """Return pieces of an exchange that came back; `text` is their slip."""
    return words.ExchangeUndone(
        **done(fact, fact.reversal, stamp),
        text=text,
        member=fact.member or "",
        exchange=fact.exchange,
        how=fact.how,
        count=fact.count,
        points=fact.points,
        forfeited=fact.forfeited,
        currency=fact.currency,
        cash=fact.cash,
        refunds=_refunds(fact.refunds),
        complete=fact.complete,
    )


def drawn(fact: PrizeDrawn, stamp: Stamp, text: str) -> words.Drawn:
    """Return a ticket that was drawn."""
    return words.Drawn(
        **done(fact, fact.ticket, stamp),
        text=text,
        member=fact.member or "",
        draw=fact.draw,
        seed=fact.seed,
        given=fact.given,
        prize=fact.prize,
        product=fact.product,
        points=fact.points,
        lots=tuple([move.lot for move in fact.moves if move.opens]),
    )


def draw_undone(fact: DrawUndone, stamp: Stamp, text: str) -> words.DrawUndone:
    """Return a ticket that was taken back."""
    return words.DrawUndone(
        **done(fact, fact.reversal, stamp),
        text=text,
        member=fact.member or "",
        draw=fact.draw,
        ticket=fact.ticket,
        how=fact.how,
        prize=fact.prize,
        product=fact.product,
        points=fact.points,
        forfeited=fact.forfeited,
    )


def tier_bought(fact: TierBought, stamp: Stamp, text: str) -> words.TierChanged:
    """Return a tier that a member paid for."""
    return words.TierChanged(
        **done(fact, fact.receipt, stamp),
        text=text,
        what="bought",
        member=fact.member or "",
        tier=fact.tier,
        until=fact.until,
        currency=fact.currency,
        amount=fact.fee,
        change=fact.change,
        refunds=(),
    )


def tier_refunded(fact: TierRefunded, stamp: Stamp, text: str) -> words.TierChanged:
    """Return a tier that was given back."""
    return words.TierChanged(
        **done(fact, fact.receipt, stamp),
        text=text,
        what="refunded",
        member=fact.member or "",
        tier=fact.after,
        until="",
        currency=fact.currency,
        amount=fact.refund,
        change=0,
        refunds=_refunds(fact.refunds),
    )


def _refunds(refunds: Iterable[Refund]) -> tuple[words.Refunded, ...]:
    return tuple([words.Refunded(kind=one.kind, amount=one.amount) for one in refunds])
