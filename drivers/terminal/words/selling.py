"""Quoting and selling, and baskets that wait."""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from drivers.terminal.words.common import (
    AsOf,
    Code,
    Credential,
    Deed,
    Hash,
    Minor,
    Name,
    Place,
    Price,
    Quantity,
    Reply,
    Request,
    Said,
    Words,
)


class RequestLine(Words, frozen=True, kw_only=True):
    """Something to buy: a code (GTIN or product id) and how many units of it."""

    code: Code
    quantity: Quantity = Decimal(1)
    unit_price: Price | None = None
    """The terminal's own price; needs the right `own_price`."""


class RequestVoucher(Said, frozen=True, kw_only=True):
    """A voucher of somebody else's, such as a group-buying platform, verified with its issuer.

    `face` is what it is worth here, `paid` what the guest gave for it, `settlement` what the
    issuer will give the shop.
    """

    id: Name
    issuer: Name
    face: Minor
    paid: Minor
    settlement: Minor


class RequestTender(Said, frozen=True, kw_only=True):
    """Something handed over in payment.

    `value` is the member's stored value. What was paid by card, wallet or transfer was taken
    outside, before the box hears of it. Of a `voucher` counts at most its face.
    """

    kind: Literal["cash", "card", "wallet", "transfer", "value", "voucher"]
    amount: Minor
    voucher: RequestVoucher | None = None
    """With the kind `voucher`, and only there."""


class RequestUses(Said, frozen=True, kw_only=True):
    """Uses of one count card, each of which pays for one unit of a line, whatever that costs.

    `line` counts from 0. The card is the one that is named by its lot, else the one that expires
    first of those that cover the goods (and were sold as this `plan`) and hold as many.
    """

    line: Place
    uses: Annotated[int, Meta(ge=1, le=9999)] = 1
    count_card: Name | None = None
    plan: Name | None = None


Lines = Annotated[tuple[RequestLine, ...], Meta(min_length=1, max_length=500)]
Tenders = Annotated[tuple[RequestTender, ...], Meta(min_length=1, max_length=10)]
Coupons = Annotated[tuple[Code, ...], Meta(max_length=20)]
"""Coupons as they were shown, in that order."""
Uses = Annotated[tuple[RequestUses, ...], Meta(max_length=20)]
"""What count cards pay for, before anything else: a tender, so that no price is another for it."""
Redeem = Annotated[int, Meta(ge=0, le=10**9)] | Literal["max"]
"""How many points are to pay a part of the bill; "max" is as many as the rules let."""
Channel = Literal["till", "counter", "delivery", "pickup"]
"""How the goods reach the guest: it is what charges and rules go by."""


class Quote(Request, frozen=True, kw_only=True):
    """What would this cost?"""

    lines: Lines
    member: Credential | None = None
    also: Credential | None = None
    """What another member showed for the same basket: who is surer counts, else this one."""
    coupons: Coupons = ()
    redeem: Redeem = 0
    channel: Channel = "till"
    region: Annotated[str, Meta(max_length=64)] = ""
    """Where it goes, for what is delivered: the zone that rules and charges know; "" for here."""
    uses: Uses = ()


class Sell(Deed, frozen=True, kw_only=True):
    """Make it a sale: everything as quoted, the quote's hash and total, and what was paid."""

    lines: Lines
    quote: Hash
    expected_total: Minor
    tenders: Tenders
    member: Credential | None = None
    also: Credential | None = None
    """What another member showed for the same basket: who is surer counts, else this one."""
    seller: Name | None = None
    coupons: Coupons = ()
    redeem: Redeem = 0
    channel: Channel = "till"
    region: Annotated[str, Meta(max_length=64)] = ""
    uses: Uses = ()
    """As quoted; what they do not pay for, the tenders do. Cash of 0 where nothing is left."""
    approved_by: Name | None = None
    """The manager who stands beside it; needs the right `approve`."""


class Park(Deed, frozen=True, kw_only=True):
    """Put a basket aside, for any terminal or lane of the store to go on with.

    It outlives a restart of the box, and ends when it is recalled or its business day is closed.
    Nothing is priced, held or reserved by it.
    """

    lines: Lines
    member: Credential | None = None
    coupons: Coupons = ()
    uses: Uses = ()
    """What count cards are to pay for; it is judged when it is quoted again."""
    label: Name | None = None
    """What staff call it: a table, a first name."""


class Recall(Deed, frozen=True, kw_only=True):
    """Take a parked basket back: whoever comes first has it."""

    ticket: Name


class ListParked(Request, frozen=True, kw_only=True):
    """Which baskets wait?"""


class Adjusted(Words, frozen=True, kw_only=True):
    """What one rule took off one line. `amount` is negative, in minor units."""

    rule: str
    name: str
    amount: int


class QuotedLine(Words, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a quote. Amounts in minor units; `net` is what the line costs after all."""

    code: str
    product: str
    name: str
    quantity: Quantity
    unit_price: int
    price_source: Literal["price_book", "terminal", "barcode"]
    list_amount: int
    adjustments: tuple[Adjusted, ...]
    net: int
    tax_rate: int
    """Tax included in `net`, in basis points."""
    kind: Literal["goods", "gift", "charge"] = "goods"
    """Why it is there: the guest took it, a rule gives it away, or a rule charges it."""


class Explained(Words, frozen=True, kw_only=True):
    """A rule that took effect, or one that nearly did, with a stable reason code."""

    rule: str
    name: str
    amount: int
    reason: str
    text: str


class CouponJudged(Words, frozen=True, kw_only=True):
    """What became of a coupon that was shown.

    `reason` is R-APPLIED, or why it takes nothing off; `amount` is what it took off, negative.
    """

    coupon: str
    rule: str
    reason: str
    amount: int
    text: str


class TaxLine(Words, frozen=True, kw_only=True):
    """Tax contained in the total at one rate (basis points), rounded once."""

    tax_class: str
    rate: int
    net: int
    tax: int


class PaidUses(Words, frozen=True, kw_only=True, omit_defaults=True):
    """Uses of a count card that pay for units of a line: `amount` is what those cost.

    `name` is what the card's plan is called. In a quote `count_card` is "", and what is left is not
    said, where only the cloud can tell whether there is such a card: it is asked at the sale.
    """

    line: int
    count_card: str
    plan: str
    name: str
    uses: int
    amount: int
    left: int | None = None
    """The uses left on the card after the sale."""


class FittingCard(Words, frozen=True, kw_only=True, omit_defaults=True):
    """A count card of the member's that could pay for units of a line, `uses` of them at most.

    Each is said as if no other card paid; `name` is what its plan is called. Where only the cloud
    can tell whether there is such a card, `count_card` is "" and what is left is not said: name
    the `plan` then, and the cloud is asked at the sale.
    """

    line: int
    count_card: str
    plan: str
    name: str
    uses: int
    left: int | None = None
    """The uses left on the card, those that this quote names among them."""


class Quoted(Reply, frozen=True, kw_only=True, omit_defaults=True):
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
    coupons: tuple[CouponJudged, ...] = ()
    points_spent: int = 0
    """Points that pay a part of the bill, partners' too."""
    gives: tuple[str, ...] = ()
    """The coupons this sale will give, by their names; one is named as often as it is given."""
    two_members: tuple[str, ...] = ()
    """Two members were shown: who counts and who does not, both masked."""
    uses: tuple[PaidUses, ...] = ()
    """What count cards would pay for. `tax` and `points_earned` then go by what they are worth."""
    due: int | None = None
    """What is left to pay of the total beside the uses, where any are asked for."""
    count_cards: tuple[FittingCard, ...] = ()
    """The count cards that could pay for a part of it: what `uses` may name."""


class Sold(Reply, frozen=True, kw_only=True, omit_defaults=True):
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
    points_spent: int = 0
    rounding: int = 0
    """Cash rounding: what was asked for beyond the total, or below zero let go of it."""
    coupons_given: tuple[str, ...] = ()
    """The ids of the coupons that the sale gave."""
    flags: tuple[str, ...] = ()
    """Why somebody should look at it afterwards."""
    uses: tuple[PaidUses, ...] = ()
    """What count cards paid for."""


class Parked(Reply, frozen=True, kw_only=True):
    """A basket is put aside under this ticket; a lane recalls it by its number."""

    key: str
    ticket: str
    number: int
    business_date: str
    epoch: int
    sequence: int


class ParkedBasket(Words, frozen=True, kw_only=True):
    """A basket that waits: who put it aside where and when (milliseconds since 1970 UTC)."""

    ticket: str
    number: int
    """What people call it while it waits: a lane shows it, and recalls the basket by it."""
    label: str
    lines: int
    terminal: str
    cashier: str
    parked_at: int


class ParkedBaskets(Reply, frozen=True, kw_only=True):
    """The baskets that wait, oldest first."""

    baskets: tuple[ParkedBasket, ...]
    as_of: AsOf


class Recalled(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """A parked basket, for the terminal that took it: quote it, and sell it.

    `member` is the id to identify them by (a credential of the kind `member`), null for a guest.
    `uses` are as they were parked: nothing of them was held, so quote them anew.
    """

    key: str
    ticket: str
    lines: tuple[RequestLine, ...]
    member: str | None
    display: str
    coupons: tuple[str, ...]
    label: str
    epoch: int
    sequence: int
    uses: tuple[RequestUses, ...] = ()
