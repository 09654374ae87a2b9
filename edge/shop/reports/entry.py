"""What reports read: facts, each with the store it happened in and, where it matters, when."""

from collections.abc import Iterable
from typing import NamedTuple

from edge.shop.calendar import Moment
from edge.shop.facts import Deed, Fact


class Entry(NamedTuple):
    """A fact as the journal tells it. Reports by the hour need `at`; others do without."""

    store: str
    fact: Fact
    at: Moment | None = None


def real(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries without what was done for practice: no report tells of it."""
    return [
        entry for entry in entries if not (isinstance(entry.fact, Deed) and entry.fact.training)
    ]
