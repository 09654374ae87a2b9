"""What a deed leaves a member with, as only the moment of the deed knows it."""

import msgspec


class After(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has after a deed, as their receipt says it; None is not known, or not said.

    What the cloud had told by then counts, too, so that no history of this box alone leads to it.
    `value` is stored value in minor units, bonus included. `tier_*` name the tier, "" for none.
    """

    points: int | None = None
    value: int | None = None
    bonus: int = 0
    tier_zh: str = ""
    tier_en: str = ""


NOTHING_KNOWN = After()
