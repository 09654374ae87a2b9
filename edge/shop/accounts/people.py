"""People as a box may know them: no year of birth, no phone number, and consent as a fact."""

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.shop.calendar import is_birthday
from edge.shop.declined import Declined

Display = Annotated[str, Meta(max_length=64)]
"""A name as screens may show it, masked: 王**."""

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phone number as a box keeps it: its keyed hash in hex digits, and the last 4 digits."""

    hash: Hash
    last4: Annotated[str, Meta(pattern=r"^\d{4}$")]


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member agreed to (or withdrew): to what, and to which version of its text."""

    to: Annotated[str, Meta(min_length=1, max_length=64)]
    version: Annotated[str, Meta(min_length=1, max_length=64)]
    given: bool = True


def provisional(deed: str) -> str:
    """Return the id of a member enrolled by `deed`, until the cloud gives them another.

    It follows from the deed alone, so that enrolling twice with one key is one member.
    """
    return f"p-{deed}"


def birthday(said: str) -> str | Declined:
    """Return a birthday: MM-DD, 29 February included, or by the lunar calendar LMM-DD.

    "" says that it is not known. Anything else is E-BIRTHDAY; so is a birthday with a year.
    """
    return said if not said or is_birthday(said) else Declined("E-BIRTHDAY")
