"""Feedback: scores, complaints and check-ins, picked from what the merchant declares."""

import pytest

from edge.shop.declined import Declined
from edge.shop.facts import FeedbackGiven
from edge.shop.operations.feedback import (
    CheckIn,
    Complaint,
    FeedbackAsked,
    Score,
    give_feedback,
)
from tests.members_kit import TODAY, made, rules

RULES = rules(feedback={"score_max": 5, "complaints": ["slow", "cold"], "events": ["gala"]})


@pytest.mark.parametrize(
    ("asked", "kind", "about", "score", "tags"),
    [
        (Score(sale="S1", score=1), "score", "S1", 1, ()),
        (Score(sale="S1", score=5, tags=("slow",)), "score", "S1", 5, ("slow",)),
        (Complaint(sale="S1", tags=("slow", "cold")), "complaint", "S1", None, ("slow", "cold")),
        (CheckIn(event="gala"), "check_in", "gala", None, ()),
    ],
)
def test_what_was_said_is_a_fact(
    asked: FeedbackAsked, kind: str, about: str, score: int | None, tags: tuple[str, ...]
) -> None:
    fact = give_feedback(asked, "m1", RULES, made())
    assert isinstance(fact, FeedbackGiven)
    assert (fact.kind, fact.about, fact.score, fact.tags) == (kind, about, score, tags)
    assert (fact.feedback, fact.member, fact.store, fact.business_date) == ("d1", "m1", "s1", TODAY)


@pytest.mark.parametrize(
    ("asked", "no"),
    [
        (Score(sale="S1", score=0), Declined("E-SCORE", {"best": 5})),
        (Score(sale="S1", score=6), Declined("E-SCORE", {"best": 5})),
        (Score(sale="S1", score=3, tags=("rude",)), Declined("E-UNKNOWN-TAG", {"tag": "rude"})),
        (Complaint(sale="S1", tags=()), Declined("E-UNKNOWN-TAG", {"tag": ""})),
        (CheckIn(event="fair"), Declined("E-UNKNOWN-EVENT", {"event": "fair"})),
    ],
)
def test_what_cannot_be_ticked_is_declined(asked: FeedbackAsked, no: Declined) -> None:
    assert give_feedback(asked, None, RULES, made()) == no


def test_a_member_checks_in_once() -> None:
    no = give_feedback(CheckIn(event="gala"), "m1", RULES, made(), came=True)
    assert no == Declined("E-CHECKED-IN", {"event": "gala"})
