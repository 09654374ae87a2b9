"""A member of the programme, as much of them as a price depends on."""

import msgspec


class Member(msgspec.Struct, frozen=True):
    """Who buys. `display` is masked for screens; `tier` is "" for a member without one."""

    id: str
    display: str = ""
    tier: str = ""
    tags: tuple[str, ...] = ()
