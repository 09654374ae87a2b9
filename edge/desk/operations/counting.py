"""Beside sales: goods that are counted, and what guests say."""

from drivers import terminal as words
from edge import replies
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.returning import unknown
from edge.refusals import Refusal
from edge.shop.basket import Product
from edge.shop.declined import Declined
from edge.shop.facts import FeedbackGiven, SaleMade, ScanSessionClosed
from edge.shop.operations.feedback import (
    CheckIn,
    Complaint,
    FeedbackAsked,
    Score,
    give_feedback,
)
from edge.shop.operations.made import Made
from edge.shop.operations.scan_session import Scanned, SessionAsked, close


def close_session(means: Means, job: Job, asked: words.ScanSession) -> Outcome:
    """Close a session of codes that were counted."""
    counter = means.counter

    def product(code: str) -> Product | None:
        found = counter.product(code)
        return None if isinstance(found, Refusal) else found

    wanted = SessionAsked(
        name=asked.name, purpose=asked.purpose,
        scanned=tuple([Scanned(one.code, one.quantity) for one in asked.scanned]),
    )  # fmt: skip

    def make(made: Made) -> ScanSessionClosed | Declined:
        return close(wanted, product, made)

    return means.placing.deed(
        job.request, job.by(asked), counter.rules, make, replies.session_closed
    )


def feedback(means: Means, job: Job, asked: words.Feedback) -> Outcome:
    """Take a guest's score, complaint or check-in."""
    member = None
    if asked.member is not None:
        found = means.counter.identify(asked.member, decided=True)
        if isinstance(found, Refusal):
            return found
        member = found.member.id
    wanted, rules = _wanted(means, asked), means.counter.rules
    if isinstance(wanted, Refusal):
        return wanted
    came = member is not None and asked.about in means.counter.members.past.check_ins(member)

    def make(made: Made) -> FeedbackGiven | Declined:
        return give_feedback(wanted, member, rules, made, came=came)

    return means.placing.deed(job.request, job.by(asked), rules, make, replies.feedback_taken)


def _wanted(means: Means, asked: words.Feedback) -> FeedbackAsked | Refusal:
    if asked.kind == "check_in":
        return CheckIn(event=asked.about)
    told = means.counter.members.past.named(asked.about, [SaleMade])
    if told is None or not isinstance(told.fact, SaleMade):
        return unknown(means, asked.about)
    if asked.kind == "score":
        return Score(sale=told.fact.sale, score=asked.score, tags=asked.tags)
    return Complaint(sale=told.fact.sale, tags=asked.tags)
