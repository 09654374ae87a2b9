"""Feedback: a guest gives a score, complains by tags, or comes to an event."""

import msgspec

from edge.shop.accounts.feedback import FeedbackTerms
from edge.shop.declined import Declined
from edge.shop.facts.counter import FeedbackGiven
from edge.shop.operations.in_force import InForce
from edge.shop.operations.made import Made


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """From 1 to the best there is, for a `sale`; tags may say why."""

    sale: str
    score: int
    tags: tuple[str, ...] = ()


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """Something was wrong with a `sale`; `tags` say what."""

    sale: str
    tags: tuple[str, ...]


class CheckIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody came to an event."""

    event: str


FeedbackAsked = Score | Complaint | CheckIn


def give_feedback(
    asked: FeedbackAsked, member: str | None, rules: InForce, made: Made, *, came: bool = False
) -> FeedbackGiven | Declined:
    """Return the fact of feedback; `member` is None for a guest.

    `came` says whether this member checked in at the event before. Declined: E-SCORE {best},
    E-UNKNOWN-TAG {tag} (a complaint without a tag is of the tag ""), E-UNKNOWN-EVENT {event},
    E-CHECKED-IN {event}.
    """
    refused = _refused(asked, rules.bundle.programme.feedback, came=came)
    if refused:
        return refused
    fact = FeedbackGiven(
        feedback=made.deed,
        kind="score",
        business_date=made.business_date,
        store=made.store,
        terminal=made.terminal,
        member=member,
        about="",
    )
    match asked:
        case Score(sale=sale, score=score, tags=tags):
            return msgspec.structs.replace(fact, about=sale, score=score, tags=tags)
        case Complaint(sale=sale, tags=tags):
            return msgspec.structs.replace(fact, kind="complaint", about=sale, tags=tags)
        case CheckIn(event=event):
            return msgspec.structs.replace(fact, kind="check_in", about=event)


def _refused(asked: FeedbackAsked, terms: FeedbackTerms, *, came: bool) -> Declined | None:
    if isinstance(asked, CheckIn):
        if asked.event not in terms.events:
            return Declined("E-UNKNOWN-EVENT", {"event": asked.event})
        return Declined("E-CHECKED-IN", {"event": asked.event}) if came else None
    if isinstance(asked, Score) and not 1 <= asked.score <= terms.score_max:
        return Declined("E-SCORE", {"best": terms.score_max})
    tags = asked.tags if isinstance(asked, Score) else asked.tags or ("",)
    unknown = next((tag for tag in tags if tag not in terms.complaints), None)
    return None if unknown is None else Declined("E-UNKNOWN-TAG", {"tag": unknown})
