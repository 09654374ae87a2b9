"""The words: types of all requests and replies, as they stand in JSON.

The same JSON goes over MQTT and HTTP. A request is decoded strictly (`decode`), a reply is
encoded once, so that one key has one answer, byte for byte, through every door.
Sources: RFC 9457 (problem details), RFC 9562 section 5.7 (UUIDv7), RFC 8259 (JSON).
"""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# --- the words both sides use -------------------------------------------------------------------

# `$` alone would also match before a last line feed.
_END = r"$(?!\n)"
# C0 and C1 controls, line and paragraph separators, and the marks that turn text around.
_UNPRINTABLE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"

Key = Annotated[
    str,
    Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}" + _END),
]
"""A request key: a UUIDv7 in lower case, made on the device that first saw the intent."""

Code = Annotated[str, Meta(min_length=1, max_length=512)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=rf"^[^{_UNPRINTABLE}]+" + _END)]
"""Somebody's or something's name, as printed: no control or direction-changing characters."""
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + _END)]
Minor = Annotated[int, Meta(ge=0, le=10**12)]
"""An amount of money in minor units (fen, cents) of the store's currency."""
Price = Annotated[int, Meta(ge=0, le=10**9)]
"""A unit price in minor units: 500 lines of 9,999 such units still fit 64 bits."""
Quantity = Annotated[Decimal, Meta()]
"""An exact decimal as a JSON string, such as "2" or "0.435".

In a request: plain digits, below a million, at most 3 decimals.
"""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all words: frozen, and a field nobody knows is an error."""


class Credential(Words, frozen=True, kw_only=True):
    """What a person shows to be recognised.

    `kind` says what the terminal knows about `text`: a card number, a phone number, or a
    code as scanned (`code`: the box finds out by itself what it is).
    """

    kind: Literal["card", "phone", "code"]
    text: Code
    symbology: Annotated[str, Meta(max_length=3)] = ""

    def __repr__(self) -> str:
        return f"Credential(kind={self.kind!r}, ...)"  # what is shown is a person's


class RequestLine(Words, frozen=True, kw_only=True):
    """Something to buy: a code (GTIN or product id) and how many units of it."""

    code: Code
    quantity: Quantity = Decimal(1)
    unit_price: Price | None = None
    """The terminal's own price; needs the right `own_price`."""


class RequestTender(Words, frozen=True, kw_only=True):
    """Something handed over in payment."""

    kind: Literal["cash"]
    amount: Minor


# --- requests -----------------------------------------------------------------------------------


class Identify(Words, frozen=True, kw_only=True):
    """Who is this?"""

    credential: Credential


class Quote(Words, frozen=True, kw_only=True):
    """What would this cost?"""

    lines: Annotated[tuple[RequestLine, ...], Meta(min_length=1, max_length=500)]
    member: Credential | None = None


class Sell(Words, frozen=True, kw_only=True):
    """Make it a sale: the lines as quoted, the quote's hash and total, and what was paid."""

    key: Key
    cashier: Name
    lines: Annotated[tuple[RequestLine, ...], Meta(min_length=1, max_length=500)]
    quote: Hash
    expected_total: Minor
    tenders: Annotated[tuple[RequestTender, ...], Meta(min_length=1, max_length=10)]
    member: Credential | None = None
    seller: Name | None = None


class Balance(Words, frozen=True, kw_only=True):
    """What does this member hold? (UnifiedPOS readValue)"""

    credential: Credential


class Ask(Words, frozen=True, kw_only=True):
    """What became of request `key`? An unknown key is fenced: it can never happen later."""

    key: Key


class Health(Words, frozen=True, kw_only=True):
    """How is the box?"""


Request = Identify | Quote | Sell | Balance | Ask | Health
OPERATIONS: dict[str, type[Request]] = {
    "identify": Identify,
    "quote": Quote,
    "sell": Sell,
    "balance": Balance,
    "ask": Ask,
    "health": Health,
}

# --- replies ------------------------------------------------------------------------------------


class AsOf(Words, frozen=True, kw_only=True):
    """Up to which fact of this box an answer is true."""

    epoch: int
    sequence: int


class Identified(Words, frozen=True, kw_only=True):
    """A member, as much of them as a cashier needs."""

    member: str
    display: str
    tier: str
    points: int
    as_of: AsOf


class Adjusted(Words, frozen=True, kw_only=True):
    """What one rule took off one line. `amount` is negative, in minor units."""

    rule: str
    name: str
    amount: int


class QuotedLine(Words, frozen=True, kw_only=True):
    """One line of a quote. Amounts in minor units; `net` is what the line costs after all."""

    code: str
    product: str
    name: str
    quantity: Quantity
    unit_price: int
    price_source: Literal["price_book", "terminal"]
    list_amount: int
    adjustments: tuple[Adjusted, ...]
    net: int
    tax_rate: int
    """Tax included in `net`, in basis points."""


class Explained(Words, frozen=True, kw_only=True):
    """A rule that took effect, or one that nearly did, with a stable reason code."""

    rule: str
    name: str
    amount: int
    reason: str
    text: str


class TaxLine(Words, frozen=True, kw_only=True):
    """Tax contained in the total at one rate (basis points), rounded once."""

    tax_class: str
    rate: int
    net: int
    tax: int


class Quoted(Words, frozen=True, kw_only=True):
    """A price that pins itself until `valid_until` (milliseconds since 1970 UTC)."""

    quote: str
    bundle: str
    price_book: int
    currency: str
    lines: tuple[QuotedLine, ...]
    list_total: int
    discount_total: int
    total: int
    tax: tuple[TaxLine, ...]
    points_earned: int
    member: str | None
    applied: tuple[Explained, ...]
    not_applied: tuple[Explained, ...]
    quoted_at: int
    valid_until: int
    as_of: AsOf


class Sold(Words, frozen=True, kw_only=True):
    """A sale that is on disk. `previous` is the digest of the journal page before it."""

    key: str
    sale: str
    receipt: str
    business_date: str
    epoch: int
    sequence: int
    previous: str
    currency: str
    total: int
    paid: int
    change: int
    points_earned: int
    points_balance: int | None
    text: str
    """The receipt, ready to print, in the terminal's language."""


class Balances(Words, frozen=True, kw_only=True):
    """What a member holds."""

    member: str
    display: str
    points: int
    as_of: AsOf


class Fate(Words, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a request key.

    done: `answer` is the stored reply, unchanged, and `status` its status ·
    never: it did not happen and now cannot.
    """

    key: str
    fate: Literal["done", "never"]
    status: int | None = None
    answer: msgspec.Raw | None = None


class Known(Words, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a request key, read without fencing it."""

    key: str
    state: Literal["done", "in_progress", "unknown"]
    status: int | None = None
    answer: msgspec.Raw | None = None


class HealthReport(Words, frozen=True, kw_only=True):
    """How the box is, in words an owner understands."""

    state: Literal["selling", "selling_offline", "not_selling"]
    reason: str
    store: str
    epoch: int
    sequence: int
    acknowledged: int
    waiting: int
    """Facts the cloud has not acknowledged yet."""
    cloud: Literal["up", "down"]
    bundle: str
    bundle_version: int
    price_book: int
    devices: dict[str, str]
    disk: Literal["ample", "low", "spent"]
    """Room for new sales; only for closing the books; for nothing."""
    version: str
    clock: Literal["trusted", "holdover", "unknown"]
    clock_error_ms: int | None
    """By how much the box's time may be off; null where nobody can tell."""
    members: int
    """How many members the box knows."""
    members_total: int | None
    """How many there are, while it is still fetching them; null once it has them all."""
    books: Literal["unchecked", "agree", "disagree"] = "unchecked"
    """What the last full check of the books found since the start."""
    books_checked: int = 0
    """The last fact that check has seen."""


class Problem(Words, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal (RFC 9457). `code` is stable; `fix` says what to do next."""

    type: str
    code: str
    status: int
    title: str
    detail: str
    fix: str
    retry: Literal["never", "same", "later"]
    lang: Literal["zh", "en"]
    retry_after: int | None = None
    key: str | None = None
    quote: Quoted | None = None
    """With E-PRICE-CHANGED: the new quote."""


Reply = Identified | Quoted | Sold | Balances | Fate | Known | HealthReport | Problem
