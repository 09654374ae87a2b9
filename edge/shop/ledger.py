"""Double entry: nothing appears, nothing vanishes.

Money is Dr + and Cr -. Points (unit PTS) a member receives are +n for the member and -n for
the programme that owes them. Accounts:

    cash:{terminal}      the drawer of a terminal
    sales:{tax_class}    revenue without tax
    tax:{tax_class}      tax owed on it
    member:{id}          what a member holds
    programme            what the programme owes its members
"""

from collections.abc import Iterable

import msgspec

POINTS = "PTS"
"""The unit of points."""


class Posting(msgspec.Struct, frozen=True):
    """One leg of an entry: so much of a unit into (+) or out of (-) an account."""

    account: str
    unit: str
    amount: int


def balanced(postings: Iterable[Posting]) -> bool:
    """Tell whether the postings sum to zero in every unit."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.unit] = sums.get(posting.unit, 0) + posting.amount
    return not any(sums.values())


def entry(*legs: Posting) -> tuple[Posting, ...]:
    """Return the legs that move something, as one balanced entry."""
    postings = tuple(leg for leg in legs if leg.amount)
    assert balanced(postings), f"an entry must sum to zero: {postings}"
    return postings
