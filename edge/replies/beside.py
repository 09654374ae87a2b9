"""What is done beside sales, as a terminal reads of it: baskets put aside, days, feedback."""

from drivers import terminal as words
from edge.replies.stamp import Stamp
from edge.shop.facts import BasketParked, DayOpened, FeedbackGiven, ScanSessionClosed


def parked(fact: BasketParked, stamp: Stamp) -> words.Parked:
    """Return a basket that was put aside."""
    return words.Parked(
        key=stamp.key,
        ticket=fact.ticket,
        number=fact.number,
        business_date=fact.business_date,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
    )


def day_opened(fact: DayOpened, stamp: Stamp) -> words.DayOpened:
    """Return a business day that began."""
    return words.DayOpened(
        key=stamp.key,
        business_date=fact.business_date,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
    )


def session_closed(fact: ScanSessionClosed, stamp: Stamp) -> words.SessionClosed:
    """Return codes that were counted."""
    return words.SessionClosed(
        key=stamp.key,
        session=fact.session,
        business_date=fact.business_date,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        counted=tuple(
            [
                words.CountedCode(code=row.code, product=row.product, quantity=row.quantity)
                for row in fact.counted
            ]
        ),
    )


def feedback_taken(fact: FeedbackGiven, stamp: Stamp) -> words.FeedbackTaken:
    """Return what a guest said."""
    return words.FeedbackTaken(
        key=stamp.key,
        feedback=fact.feedback,
        business_date=fact.business_date,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
    )
