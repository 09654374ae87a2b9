"""How the shop says no: an ordinary no is a value, not an exception."""

import msgspec

AMOUNTS = frozenset({"amount", "due", "least", "more", "most", "paid", "possible"})
"""The parameters of a no that are minor units."""


class Declined(msgspec.Struct, frozen=True):
    """No, and why: a stable code and what a sentence about it needs to name.

    Amounts in `params`, those that AMOUNTS names, are minor units.
    """

    code: str
    params: dict[str, str | int] = {}
