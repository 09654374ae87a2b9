"""A member of the programme, as much of them as a price depends on."""

import msgspec


class Member(msgspec.Struct, frozen=True):
    """Who buys. `display` is masked for screens; `tier` is "" for a member without one."""

    id: str
    display: str = ""
    tier: str = ""
    tags: tuple[str, ...] = ()
    """Tags, segments and RFM classes, as the cloud gave them."""
    birthday: str = ""
    """Month and day, MM-DD, or by the lunar calendar LMM-DD; "" if not known. Never a year."""
    adult: bool = False
    partner: str = ""
    """The alliance partner whose member this is, "" for our own."""
    purchases: int | None = None
    """How many purchases they made before this one, everywhere; None if nobody knows."""
    unconfirmed: bool = False
    """Enrolled here and not confirmed by the cloud: earns, and does not spend."""
