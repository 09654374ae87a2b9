"""What the cloud tells a box: members, cards, products, and the rule bundle."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cloud_bridge.contract.leases import Lease, Recall
from cloud_bridge.contract.post import Envelope
from cloud_bridge.contract.words import Price, Whole, Words

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
    confirmed: bool = True
    """Whether the phone was confirmed: whoever is not earns, and does not spend."""
    points: Whole = 0
    as_of: AsOf | None = None
    """Which of this box's facts `points` and `totals` already contain; None for none."""
    totals: Mapping[str, Whole] = {}
    """What is held in all, by unit (PRN, BON, CNT, PTS.X), wherever it may be spent."""
    code_key: Annotated[bytes, Meta(min_length=32, max_length=32)] | None = None
    """The Ed25519 public key (base64) of the phone that signs this member's codes itself."""


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


class Erase(Words, frozen=True, kw_only=True, tag="erase"):
    """A person is to be forgotten: the member, their cards, and what was sealed of them.

    Facts stay: they hold a masked name, a keyed hash and four digits of a phone, and no more.
    """

    member: str
    cards: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    """Hashes, as facts name them."""


class Coupon(Words, frozen=True, kw_only=True, tag="coupon"):
    """A coupon that was issued, as any box may know it; whoever holds its lot may take it."""

    id: str
    terms: str
    """Its type: the id of its rule in the bundle."""
    member: str
    opened: str
    active_from: str
    expires: str = ""
    home: str = ""
    """The store that may accept it without asking, "" for every store."""
    uses: Whole = 1
    """How many are left, as far as the cloud knows."""


class Merge(Words, frozen=True, kw_only=True, tag="merge"):
    """A member turned out to be another one: from now on `member` is called `into`.

    Their cards follow, and so does all they hold; a box gives back what it has of `member`.
    """

    member: str
    into: str


class CameBack(Words, frozen=True, kw_only=True, tag="came_back"):
    """Some of a sale of the box that reads this came back at another one.

    `letter` is the fact that says what, as that box wrote it. Nothing of it comes back twice.
    """

    sale: str
    letter: Envelope


Change = Member | Card | Product | Erase | Coupon | Merge | Lease | Recall | CameBack


class Changes(Words, frozen=True, kw_only=True):
    """One page of news. `cursor` goes into the next request; `more` says there is more now.

    A cursor from before the cloud was restored from a backup is refused, 409 `unknown-cursor`:
    the box begins again. So is one of the hot list.
    """

    changes: Annotated[tuple[Change, ...], Meta(max_length=10_000)]
    cursor: Annotated[str, Meta(max_length=256)]
    more: bool
    price_book: Whole
    """The price book's version once this page is applied."""
    members: Whole | None = None
    """How many members the programme has, where the cloud has counted them: for progress only."""


# --- GET /v1/hot?since=<cursor> -------------------------------------------------------------------


class Hot(Words, frozen=True, kw_only=True):
    """A card, member or coupon that nothing may be spent from (`blocked`), or may again."""

    of: Literal["card", "member", "coupon"]
    id: str
    blocked: bool = True


class HotList(Words, frozen=True, kw_only=True):
    """What changed on the hot list after a cursor: small and asked for often."""

    entries: Annotated[tuple[Hot, ...], Meta(max_length=10_000)]
    cursor: Annotated[str, Meta(max_length=256)]
    more: bool = False


# --- GET /v1/bundle -------------------------------------------------------------------------------
# Its ETag is the bundle's hash in quotes. 304 when that is what the box has, 404
# `no-bundle` for none yet.


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
