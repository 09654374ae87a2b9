"""Feedback: what guests may be asked for at the counter, as the merchant declares it.

All of it is picked from lists and scales. There is no free text: people write names and numbers
into it.
"""

from typing import Annotated

from msgspec import Meta

from edge.shop.accounts.declared import Declared, Name


class FeedbackTerms(Declared, frozen=True, kw_only=True):
    """The scale of scores, what may be complained of, and the events there are."""

    score_max: Annotated[int, Meta(ge=2, le=10)] = 5
    """The best score; the worst is 1."""
    complaints: tuple[Name, ...] = ()
    """The tags a complaint may carry."""
    events: tuple[Name, ...] = ()
    """Where members can check in."""
