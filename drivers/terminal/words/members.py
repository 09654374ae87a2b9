"""Who members are, what they hold, and their cards."""

from typing import Annotated, Literal

from msgspec import Meta

from drivers.terminal.words.common import (
    AsOf,
    Code,
    Count,
    Credential,
    Deed,
    Done,
    Name,
    Reply,
    Request,
    Said,
    Words,
)

Birthday = Annotated[str, Meta(max_length=16)]
"""MM-DD, or by the lunar calendar LMM-DD; "" is not known. Never with a year."""
Group = Annotated[str, Meta(max_length=64)]


class Identify(Request, frozen=True, kw_only=True):
    """Who is this?"""

    credential: Credential


class Balance(Request, frozen=True, kw_only=True):
    """What does this member hold? (UnifiedPOS readValue)"""

    credential: Credential


class CheckCoupon(Request, frozen=True, kw_only=True):
    """What is this coupon worth, until when, and may this member use it here and now?"""

    coupon: Code
    member: Credential | None = None


class Consent(Said, frozen=True, kw_only=True):
    """What somebody agrees to, and to which version of its text; `given` false withdraws it."""

    to: Name
    version: Name
    given: bool = True


class Personal(Said, frozen=True, kw_only=True):
    """What somebody tells of themselves for the cloud alone: it is sealed at once."""

    name: Annotated[str, Meta(max_length=200)] = ""
    phone: Annotated[str, Meta(max_length=32)] = ""
    birthday: Annotated[str, Meta(max_length=16)] = ""
    """With its year, where the person gives one."""
    address: Annotated[str, Meta(max_length=500)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""

    def __repr__(self) -> str:
        return "Personal(...)"


class Enrol(Deed, frozen=True, kw_only=True):
    """Make somebody a member. `display` is their name as screens may show it, masked already.

    The phone number is kept as a keyed hash and its last 4 digits; whatever else is personal goes
    into `personal`, which nobody but the cloud can read.
    """

    display: Annotated[str, Meta(max_length=64)] = ""
    phone: Annotated[str, Meta(max_length=32)] = ""
    birthday: Birthday = ""
    adult: bool = False
    card: Code | None = None
    """A card to hand out, as scanned or printed."""
    consents: Annotated[tuple[Consent, ...], Meta(max_length=20)] = ()
    receipts: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    """Earlier sales that qualify them, by id or number of receipt."""
    partner: Group = ""
    group: Group = ""
    introducer: Credential | None = None
    personal: Personal | None = None
    seller: Name | None = None
    approved_by: Name | None = None

    def __repr__(self) -> str:
        return f"Enrol(key={self.key!r}, ...)"


class UpdateMember(Deed, frozen=True, kw_only=True):
    """Change what is known of a member; what is left out stays, "" forgets it."""

    member: Credential
    display: Annotated[str, Meta(max_length=64)] | None = None
    phone: Annotated[str, Meta(max_length=32)] | None = None
    birthday: Birthday | None = None
    adult: bool | None = None
    consents: Annotated[tuple[Consent, ...], Meta(max_length=20)] = ()
    personal: Personal | None = None

    def __repr__(self) -> str:
        return f"UpdateMember(key={self.key!r}, ...)"


class BindCard(Deed, frozen=True, kw_only=True):
    """Let a card name a member from now on."""

    member: Credential
    card: Code
    approved_by: Name | None = None


class ReplaceCard(Deed, frozen=True, kw_only=True):
    """Give a member a new card for an old one, whose number is dead for ever."""

    old: Code
    new: Code
    approved_by: Name | None = None


class FreezeCard(Deed, frozen=True, kw_only=True):
    """Let a card spend nothing until it is unfrozen; a `lost` one only its replacement ends."""

    card: Code
    lost: bool = False
    reason: Annotated[str, Meta(max_length=64)] = ""
    approved_by: Name | None = None


class UnfreezeCard(Deed, frozen=True, kw_only=True):
    """Let a frozen card spend again."""

    card: Code
    reason: Annotated[str, Meta(max_length=64)] = ""
    approved_by: Name | None = None


class ActivateCard(Deed, frozen=True, kw_only=True):
    """Hand out a pre-printed card: of which print run, and through whom."""

    card: Code
    batch: Name
    distributor: Name
    approved_by: Name | None = None


class NoticeShown(Words, frozen=True, kw_only=True):
    """A short message for the member; `link` is for a QR code beside it, "" for none."""

    notice: str
    text: str
    link: str


class Identified(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """A member, as much of them as a cashier needs."""

    member: str
    display: str
    tier: str
    points: int
    as_of: AsOf
    unconfirmed: bool = False
    """Enrolled here and not confirmed by the cloud yet: earns, and does not spend."""
    notices: tuple[NoticeShown, ...] = ()


class HeldLot(Words, frozen=True, kw_only=True):
    """One batch of what a member holds in one unit.

    Units: PTS points (PTS.{partner} an alliance partner's), PRN paid-in value and BON bonus in
    minor units, CNT uses of a count card, CPN uses of a coupon.
    """

    lot: str
    unit: str
    amount: int
    state: Literal["pending", "active", "debt"]
    active_from: str
    expires: str
    """The last day on which it can be used, "" for never."""
    terms: str
    """The plan of a count card, the type of a coupon, the card product of value; "" for none."""


class Balances(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """What a member holds. `points` is all of them as the cloud and this box count them.

    `lots` are what this box may itself spend from, in the order in which they expire.
    """

    member: str
    display: str
    points: int
    as_of: AsOf
    tier: str = ""
    principal: int = 0
    """What was paid in and is left, in minor units."""
    bonus: int = 0
    uses: int = 0
    coupons: int = 0
    points_spendable: int = 0
    lots: tuple[HeldLot, ...] = ()


class CouponChecked(Reply, frozen=True, kw_only=True):
    """A coupon, looked at. Nothing happened by it."""

    coupon: str
    type: str
    name: str
    """What it is called, "" for a type that nobody knows."""
    usable: bool
    reason: str
    """Why not: R-COUPON-USED, R-COUPON-EXPIRED, R-COUPON-NOT-YET, R-COUPON-NOT-YOURS,
    R-COUPON-NOT-HERE or R-COUPON-UNKNOWN; "" for a usable one."""
    uses_left: int
    expires: str
    as_of: AsOf


class Enrolled(Done, frozen=True, kw_only=True):
    """Somebody is a member now, under a provisional id until the cloud gives them another."""

    member: str
    display: str
    way: str
    """How they qualified: open, once, accumulated, partner or group."""
    points: int
    """What they were welcomed with."""
    coupons: tuple[str, ...]


class MemberUpdated(Done, frozen=True, kw_only=True):
    """What is known of a member changed."""

    member: str


class CardChanged(Done, frozen=True, kw_only=True):
    """A card is in another state now. Its number is shown masked."""

    card: str
    state: Literal["inactive", "active", "frozen", "lost", "dead"]
    member: str | None
    replaces: str = ""
    """The card that is dead now, masked."""


class UseCount(Deed, frozen=True, kw_only=True):
    """Let a count card pay for a product."""

    member: Credential
    product: Code
    uses: Count = 1
    count_card: Name | None = None
    """The card by its lot; without it, the one that expires first."""
    seller: Name | None = None
    approved_by: Name | None = None
