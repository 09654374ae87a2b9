"""What a merchant may write into a section of the programme: names, amounts, counts, days."""

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=64)]

Amount = Annotated[int, Meta(ge=0, le=10**12)]
"""Minor units of the currency, or points."""

Count = Annotated[int, Meta(ge=1, le=9_999)]
"""How many."""

Days = Annotated[int, Meta(ge=0, le=36_500)]
"""A number of days; what 0 means is said where it stands."""

Months = Annotated[int, Meta(ge=1, le=1_200)]
"""A number of months."""

Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
"""A day of the calendar, ISO 8601; "" for none."""


class Declared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything a bundle declares: a field nobody knows is an error."""
