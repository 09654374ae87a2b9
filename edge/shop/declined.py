"""How the shop says no: an ordinary no is a value, not an exception."""

import msgspec


class Declined(msgspec.Struct, frozen=True):
    """No, and why: a stable code and what a sentence about it needs to name.

    Amounts in `params` are minor units.
    """

    code: str
    params: dict[str, str | int] = {}
