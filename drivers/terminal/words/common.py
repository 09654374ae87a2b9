"""What all areas share: the spellings of ids, names and amounts, and who shows what.

Sources: RFC 9562 section 5.7 (UUIDv7), RFC 8259 (JSON).
"""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# `$` alone would also match before a last line feed.
END = r"$(?!\n)"
# C0 and C1 controls, line and paragraph separators, and the marks that turn text around.
_UNPRINTABLE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"

Key = Annotated[
    str,
    Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}" + END),
]
"""A request key: a UUIDv7 in lower case, made on the device that first saw the intent."""

Code = Annotated[str, Meta(min_length=1, max_length=512)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=rf"^[^{_UNPRINTABLE}]+" + END)]
"""Somebody's or something's name, as printed: no control or direction-changing characters."""
Text = Annotated[str, Meta(max_length=500, pattern=rf"^[^{_UNPRINTABLE}]*" + END)]
"""A line that people read; "" for nothing."""
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END)]
Day = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}" + END)]
"""A business day, ISO 8601."""
Minor = Annotated[int, Meta(ge=0, le=10**12)]
"""An amount of money in minor units (fen, cents) of the store's currency."""
Price = Annotated[int, Meta(ge=0, le=10**9)]
"""A unit price in minor units: 500 lines of 9,999 such units still fit 64 bits."""
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
"""How many of something: at least one."""
Place = Annotated[int, Meta(ge=0, le=1_000_000)]
"""A place in a list, counted from 0."""
Quantity = Annotated[Decimal, Meta()]
"""An exact decimal as a JSON string, such as "2" or "0.435".

In a request: plain digits, below a million, at most 3 decimals.
"""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all words: frozen, and a field nobody knows is an error."""


class Said(Words, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what a terminal says: a default that is spelled out says nothing more.

    So a request has the same hash after fields were added that it does not use.
    """


class Request(Said, frozen=True, kw_only=True):
    """Base of all requests. One that changes nothing may be asked as often as one likes."""


class Keyed(Request, frozen=True, kw_only=True):
    """Base of the requests that change something: one key, one effect, one answer."""

    key: Key


class Deed(Keyed, frozen=True, kw_only=True):
    """Base of what a cashier does."""

    cashier: Name


class Reply(Words, frozen=True, kw_only=True):
    """Base of all replies."""


class Credential(Said, frozen=True, kw_only=True):
    """What a person shows to be recognised.

    `kind` says what the terminal knows about `text`: a card number, a phone number, the id of a
    member as an earlier reply named them, or a code as scanned (`code`: the box finds out by
    itself what it is).
    """

    kind: Literal["card", "phone", "code", "member"]
    text: Code
    symbology: Annotated[str, Meta(max_length=3)] = ""

    def __repr__(self) -> str:
        return f"Credential(kind={self.kind!r}, ...)"  # what is shown is a person's


class AsOf(Words, frozen=True, kw_only=True):
    """Up to which fact of this box an answer is true."""

    epoch: int
    sequence: int


class Done(Reply, frozen=True, kw_only=True):
    """Base of what is answered to a deed that is on disk.

    `deed` is its id, `receipt` its number. `previous` is the digest of the journal page before
    it.
    """

    key: str
    deed: str
    receipt: str
    business_date: str
    epoch: int
    sequence: int
    previous: str


class Slip(Done, frozen=True, kw_only=True):
    """A deed with something for the guest to take along."""

    text: str
    """The receipt, ready to print, in the terminal's language."""
