"""What reports read: facts, each with the store it happened in and, where it matters, when."""

from typing import NamedTuple

from edge.shop.calendar import Moment
from edge.shop.facts import Fact


class Entry(NamedTuple):
    """A fact as the journal tells it. Reports by the hour need `at`; others do without."""

    store: str
    fact: Fact
    at: Moment | None = None
