"""How facts travel: journal pages in envelopes, signed batches, and what the cloud answers."""

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cloud_bridge.contract.words import Whole, Words, sha256

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


class Outcome(Words, frozen=True, kw_only=True):
    """What the cloud made of one envelope. It records every authentic one.

    An exception has a `kind`, and where something is missing the `liable` party and how much:
    overdraft, coupon_twice, unknown_lot, returned_twice, unknown_member, duplicate_member,
    served_twice, home_differs.
    """

    sequence: Whole
    hash: str
    outcome: Literal["accepted", "accepted_with_exception", "rejected_invalid"]
    reason: str = ""
    kind: str = ""
    liable: str = ""
    amount: Whole = 0
    unit: str = ""
    """Of `amount`: a currency's minor units, PTS, CNT or CPN."""


class Receipt(Words, frozen=True, kw_only=True):
    """The cloud's answer to a batch: counts only if `head` is our page's digest."""

    outcomes: tuple[Outcome, ...]
    high_water: Whole
    """The highest sequence the cloud has recorded of this box, 0 for none."""
    head: str
    """The digest of that page, "" for none."""


class CloudProblem(Words, frozen=True, kw_only=True):
    """The cloud's refusal of a whole request (RFC 9457).

    Of a batch, 409: `gap` (a page before it is missing here), `forked` (another page is recorded
    in its place, or in the place of one before it), `fenced` (a later epoch has been opened).
    """

    code: str
    status: int
    title: str = ""
    detail: str = ""
    high_water: Whole | None = None
    """With 409: the highest sequence the cloud has recorded of this box."""
    head: str = ""
    """With 409: the digest of that page."""
    epoch: Whole = 0
    """With 409: the epoch of that page."""
    possible: Whole = 0
    """With 409 `not-covered`: how much would be."""


# --- GET /v1/head ---------------------------------------------------------------------------------


class CloudHead(Words, frozen=True, kw_only=True):
    """The last page the cloud has recorded of this box, in its latest epoch; zeros for none.

    A box asks for it before it sends anything, so that it learns whether its own past went on
    somewhere else.
    """

    epoch: Annotated[int, Meta(ge=0, le=2**31)]
    sequence: Annotated[int, Meta(ge=0, le=2**53)]
    head: str


# --- GET /v1/facts?epoch=<e>&after=<sequence>&limit=<n> -------------------------------------------


class RecordedFacts(Words, frozen=True, kw_only=True):
    """What the cloud has recorded of this box after a place, by epoch and then by sequence.

    It runs on from one epoch into the next. `more` says that there is more now.
    """

    envelopes: Annotated[tuple[Envelope, ...], Meta(max_length=10_000)]
    more: bool
