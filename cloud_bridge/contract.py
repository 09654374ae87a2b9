"""The cloud's wire types: everything that crosses between a box and the membership cloud.

All bodies are JSON (RFC 8259), UTF-8. Money is integer minor units, rates are basis points,
times are milliseconds since 1970-01-01 UTC, hashes and digests are lower-case hex SHA-256,
keys and signatures are base64 (RFC 4648 section 4) of raw Ed25519 (RFC 8032) bytes.

A request is authenticated by the header `Edge-Auth: box=<id>,at=<ms>,sig=<base64>` whose
signature, by the box's key, covers `auth.auth_text(...)`. A batch of facts is signed once more,
over its head, so that the journal's tail is vouched for independently of the transport.
"""

import base64
import hashlib
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""An integer every JSON software and every database can hold; the cloud may send no other."""


class CloudError(Exception):
    """Base of everything that can go wrong between us and the cloud."""


Price = Annotated[int, Meta(ge=0, le=10**9)]
"""A unit price in minor units: a basket of 500 lines of 9,999 such units still fits 64 bits."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all words: unknown fields are ignored, so that the cloud may grow before us."""


# --- GET /v1/changes?since=<cursor>&limit=<n> ----------------------------------------------------


class AsOf(Words, frozen=True, kw_only=True):
    """Up to which fact of this box the cloud has counted."""

    epoch: Whole
    sequence: Whole


class Member(Words, frozen=True, kw_only=True, tag="member"):
    """A member of the programme, as this box may know them."""

    id: str
    display: str
    """Masked for screens: the box never learns more of the name."""
    tier: str = ""
    status: Literal["active", "frozen", "closed"] = "active"
    phone_hash: str | None = None
    """Keyed hash of the E.164 number (HMAC-SHA-256 with the programme's phone key)."""
    phone_last4: str | None = None
    tags: tuple[str, ...] = ()
    points: Whole = 0
    as_of: AsOf | None = None
    """Which of this box's facts `points` already contains; None for none."""


class Card(Words, frozen=True, kw_only=True, tag="card"):
    """A card (or printed code) that stands for a member."""

    number: str
    member: str
    status: Literal["active", "frozen", "lost", "replaced", "inactive"] = "active"


class Product(Words, frozen=True, kw_only=True, tag="product"):
    """An article of the price book."""

    id: str
    gtins: tuple[str, ...] = ()
    name_zh: str
    name_en: str
    category: str = ""
    brand: str = ""
    model: str = ""
    variant: str = ""
    unit: str = "piece"
    price: Price
    tax_class: str
    discountable: bool = True
    reduced: bool = False
    floor: Price | None = None
    deleted: bool = False


Change = Member | Card | Product


class Changes(Words, frozen=True, kw_only=True):
    """One page of news. `cursor` goes into the next request; `more` says there is more now."""

    changes: Annotated[tuple[Change, ...], Meta(max_length=10_000)]
    cursor: Annotated[str, Meta(max_length=256)]
    more: bool
    price_book: Whole
    """The price book's version once this page is applied."""


# --- GET /v1/bundle -------------------------------------------------------------------------------
# Its ETag is the bundle's hash in quotes. 304 when that is what the box has, 404 for no bundle yet.


class SignedBundle(Words, frozen=True, kw_only=True):
    """A rule bundle. `signature` covers the bytes of `bundle` exactly as they stand here."""

    bundle: msgspec.Raw
    key: str
    """Which of the cloud's keys signed it."""
    signature: str


class BundleHead(Words, frozen=True, kw_only=True):
    """What the carrier reads of a bundle; the rest is the shop's business."""

    format: Literal["edgebox.bundle.v1"]
    version: Whole
    store: str
    valid_from: Whole
    valid_until: Whole


# --- POST /v1/facts -------------------------------------------------------------------------------


class Envelope(Words, frozen=True, kw_only=True):
    """One journal page on its way to the cloud.

    `hash` is the page's digest. It can be recomputed from the other fields: see `check`.
    """

    sequence: int
    epoch: int
    at: int
    origin: str
    key: str
    content: str
    """Hash of the request this fact answers."""
    kind: str
    body: msgspec.Raw
    answer: str
    """Hash of the stored answer, which itself stays on the box."""
    previous: str
    hash: str


def seal(*fields: str | int) -> str:
    """Return the digest that ties a page to all pages before it.

    SHA-256 over a JSON array of `previous, sequence, epoch, at, origin, key, content, kind,
    sha256(body), sha256(answer)` in msgspec's (minimal) encoding.
    """
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def sha256(data: bytes) -> str:
    """Return the lower-case hex SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def check(envelope: Envelope) -> bool:
    """Tell whether an envelope's fields and body are what its hash says."""
    e = envelope
    return e.hash == seal(
        e.previous, e.sequence, e.epoch, e.at, e.origin, e.key, e.content, e.kind,
        sha256(bytes(e.body)), e.answer,
    )  # fmt: skip


class Batch(Words, frozen=True, kw_only=True):
    """Facts in strict sequence. `signature` by the box over `head_text(...)`."""

    box: str
    envelopes: tuple[Envelope, ...]
    head: str
    signature: str


def head_text(box: str, sequence: int, head: str) -> bytes:
    """Return what a box signs for a batch: its last sequence and that page's digest."""
    return f"edgebox.batch.v1\n{box}\n{sequence}\n{head}".encode()


def unbase64(text: str) -> bytes | None:
    """Return the bytes of `text` (RFC 4648 section 4, strictly), or None."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None


class Outcome(Words, frozen=True, kw_only=True):
    """What the cloud made of one envelope. It records every authentic one."""

    sequence: Whole
    hash: str
    outcome: Literal["accepted", "accepted_with_exception", "rejected_invalid"]
    reason: str = ""


class Receipt(Words, frozen=True, kw_only=True):
    """The cloud's answer to a batch: counts only if `head` is our page's digest."""

    outcomes: tuple[Outcome, ...]
    high_water: Whole
    """The highest sequence the cloud has recorded of this box, 0 for none."""
    head: str
    """The digest of that page, "" for none."""


# --- the bodies of facts --------------------------------------------------------------------------
# One journal page's body is the JSON of one of these; Envelope.kind is its tag.


class Posting(Words, frozen=True, kw_only=True):
    """One leg of an entry. Units: a currency code, PTS, CNT, BON."""

    account: str
    unit: str
    amount: int


class SaleDiscount(Words, frozen=True, kw_only=True):
    """What one rule took off a line: a negative amount, and per unit, which sums to it."""

    rule: str
    name_zh: str
    name_en: str
    amount: int
    units: tuple[int, ...]


class SaleLine(Words, frozen=True, kw_only=True):
    """One line of a sale, with all that a receipt shows and a return needs."""

    product: str
    code: str
    name_zh: str
    name_en: str
    unit: str
    quantity: Decimal
    unit_price: int
    price_source: str
    list_amount: int
    discounts: tuple[SaleDiscount, ...]
    net: int
    unit_nets: tuple[int, ...]
    """What each unit of the line cost in the end; sums to `net`."""
    tax_class: str
    tax_rate: int
    points: int


class SaleTender(Words, frozen=True, kw_only=True):
    """What paid: `amount` is what counted towards the total, change already taken off."""

    kind: str
    amount: int


class SaleTax(Words, frozen=True, kw_only=True):
    """Tax contained at one rate."""

    tax_class: str
    rate: int
    net: int
    tax: int


class SaleFact(Words, frozen=True, kw_only=True, tag="sale.v1"):
    """A sale, complete: a receipt can be printed and a return be judged from it alone."""

    sale: str
    receipt: str
    business_date: str
    terminal: str
    lane: str | None
    cashier: str
    seller: str | None
    member: str | None
    currency: str
    exponent: int
    """Decimal digits of the currency's minor unit (ISO 4217)."""
    lines: tuple[SaleLine, ...]
    tenders: tuple[SaleTender, ...]
    handed: int
    change: int
    list_total: int
    total: int
    tax: tuple[SaleTax, ...]
    points_earned: int
    quote: str
    bundle: str
    price_book: int
    postings: tuple[Posting, ...]


class RefusalFact(Words, frozen=True, kw_only=True, tag="refusal.v1"):
    """A request that was understood and refused; it binds its key."""

    terminal: str
    operation: str
    code: str


class FenceFact(Words, frozen=True, kw_only=True, tag="fence.v1"):
    """A key was asked for and was not known: from now on it never happens."""

    terminal: str


class DayOpened(Words, frozen=True, kw_only=True, tag="day_opened.v1"):
    """A business day begins: facts after this one belong to it."""

    business_date: str


class DayClosed(Words, frozen=True, kw_only=True, tag="day_closed.v1"):
    """A business day is over."""

    business_date: str


class EpochOpened(Words, frozen=True, kw_only=True, tag="epoch_opened.v1"):
    """The journal begins, or begins again after a restore or a clone."""

    ordinal: int
    nonce: str
    parent_ordinal: int | None
    parent_sequence: int
    parent_head: str
    software: str


class WentOffline(Words, frozen=True, kw_only=True, tag="offline.v1"):
    """The cloud stopped answering (`online` false), or answers again (true)."""

    online: bool


FactBody = SaleFact | RefusalFact | FenceFact | DayOpened | DayClosed | EpochOpened | WentOffline


class CloudProblem(Words, frozen=True, kw_only=True):
    """The cloud's refusal of a whole request (RFC 9457)."""

    code: str
    status: int
    title: str = ""
    detail: str = ""
    high_water: Whole | None = None
    """With 409: the highest sequence the cloud has recorded of this box."""
    head: str = ""
    """With 409: the digest of that page."""
