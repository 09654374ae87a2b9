"""The kinds of values that sections are made of. Each says what is expected, for findings."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# `$` alone would also match before a last line feed.
END = r"$(?!\n)"

Id = Annotated[
    str,
    Meta(pattern="^[a-z0-9-]{1,32}" + END, description="1 to 32 of a-z, 0-9 and -"),
]
Text = Annotated[str, Meta(min_length=1, max_length=64, description="1 to 64 characters")]
Lang = Annotated[Literal["zh", "en"], Meta(description='"zh" or "en"')]
Seconds = Annotated[
    float, Meta(gt=0, le=86400, description="a number of seconds, more than 0, at most 86400")
]
Count = Annotated[int, Meta(ge=1, le=100_000, description="a whole number from 1 to 100000")]
Bytes = Annotated[
    int, Meta(ge=1024, le=16 << 20, description="a number of bytes from 1024 to 16777216")
]
Listen = Annotated[
    str,
    Meta(
        pattern=r"^([^\s:\[\]]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}" + END,
        description='an address and a port such as "127.0.0.1:1883"',
    ),
]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: frozen, and a key nobody knows is an error."""
