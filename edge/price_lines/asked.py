"""What is asked: a basket, whom it is for, what they show and how they pay, under which rules."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from edge.shop.basket import PIECE, UNITS_MAX
from edge.shop.rules.conditions import Channel
from edge.shop.tender import Kind

FEW_MAX = 100
"""How many coupons, tenders or tags one line of input may name."""

Minor = Annotated[int, Meta(ge=0, le=10**12)]
"""Minor units of the bundle's currency."""

Points = Annotated[int, Meta(ge=-(10**12), le=10**12)]
"""Points somebody holds; below zero is a debt."""

Text = Annotated[str, Meta(max_length=64)]

QUANTITY = r"^(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?$"
"""How a quantity is spelled that is a text."""

Quantity = (
    Annotated[str, Meta(extra_json_schema={"pattern": QUANTITY})]
    | Annotated[int, Meta(ge=1, le=9_999)]
)
"""How much, in the product's unit: a text ("0.435"), or a whole number.

The text is looked at where it becomes a number: most texts were seen before.
"""

Time = (
    Annotated[
        str,
        Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}(\.[0-9]{1,6})?(Z|[+-][0-9:]{5})$"),
    ]
    | Annotated[int, Meta(ge=0, lt=2**43)]
)
"""Milliseconds since 1970-01-01 UTC, or RFC 3339: 2026-11-22T10:00:00+08:00."""

Wish = Annotated[int, Meta(ge=0, le=10**12)] | Literal["max"]
"""How many points to redeem: so many, or as many as can be."""

Reason = Literal[
    "", "R-COUPON-USED", "R-COUPON-EXPIRED", "R-COUPON-NOT-YET", "R-COUPON-NOT-YOURS",
    "R-COUPON-NOT-HERE", "R-COUPON-UNKNOWN",
]  # fmt: skip


class Words(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Base of all that is asked: a field nobody knows is an error.

    Defaults are omitted, as `strict.read_once` needs it.
    """


class Goods(Words, frozen=True, kw_only=True):
    """A product, as much of it as a price depends on."""

    id: Text
    price: Minor
    tax_class: Text
    category: Text = ""
    unit: Text = PIECE
    gtins: Annotated[tuple[Text, ...], Meta(max_length=FEW_MAX)] = ()
    name_zh: Text = ""
    name_en: Text = ""
    discountable: bool = True
    reduced: bool = False
    floor: Minor | None = None


class AskedLine(Words, frozen=True, kw_only=True):
    """A line: a product (or the id of one in `products`) and how much of it."""

    product: Goods | Text
    quantity: Quantity = 1
    unit_price: Minor | None = None
    """A price of the terminal's own."""
    code: Text = ""
    """The code as it was scanned; left out, the product's id."""


class AskedCountCard(Words, frozen=True, kw_only=True):
    """A count card: what it was sold as, and the uses it has left."""

    id: Text
    plan: Text
    uses: Annotated[int, Meta(ge=0, le=1_000_000)]
    worth: Minor | None = None
    """What those uses are worth in the books: tax and points go by it. Left out, it is their share
    of what the plan costs, rounded down."""
    expires: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    """The last day on which it can be used; left out, there is none."""


class AskedUses(Words, frozen=True, kw_only=True):
    """Uses of one count card that pay for units of one line, which counts from 0.

    The card is the one that is named, else the first to expire of those that cover the goods (and
    were sold as this `plan`) and hold as many.
    """

    line: Annotated[int, Meta(ge=0, le=10**6)]
    uses: Annotated[int, Meta(ge=1, le=9_999)] = 1
    count_card: Text = ""
    plan: Text = ""


class AskedMember(Words, frozen=True, kw_only=True):
    """Who buys, and what they can spend."""

    id: Text
    tier: Text = ""
    tags: Annotated[tuple[Text, ...], Meta(max_length=FEW_MAX)] = ()
    birthday: Text = ""
    """MM-DD, or by the lunar calendar LMM-DD."""
    adult: bool = False
    partner: Text = ""
    purchases: Minor | None = None
    points: Points = 0
    principal: Minor = 0
    bonus: Minor = 0
    """What of either kind of stored value they can spend."""
    count_cards: Annotated[tuple[AskedCountCard, ...], Meta(max_length=FEW_MAX)] = ()


class AskedCoupon(Words, frozen=True, kw_only=True):
    """A coupon that is shown: its id, and its type, which is the id of its rule.

    One that cannot be used says why in `reason`.
    """

    id: Text
    type: Text
    usable: bool = True
    reason: Reason = ""


class AskedPoints(Words, frozen=True, kw_only=True):
    """Points of an alliance partner: how many of them to redeem, and how many there are."""

    points: Wish
    held: Points


class AskedVoucher(Words, frozen=True, kw_only=True):
    """A voucher the guest bought from somebody else.

    `face` is what it is worth here, `paid` what they gave for it, `settlement` what its `issuer`
    will give us.
    """

    id: Text
    issuer: Text
    face: Minor
    paid: Minor = 0
    settlement: Minor = 0


class AskedTender(Words, frozen=True, kw_only=True):
    """What is paid with; the one tender whose `amount` is left out pays whatever is left.

    `value` is stored value of both kinds, a voucher's amount is at most its face.
    """

    kind: Literal["cash", "card", "wallet", "transfer", "value", "voucher"]
    amount: Minor | None = None
    voucher: AskedVoucher | None = None

    @property
    def tender(self) -> Kind:
        """The kind, as the till knows it."""
        return self.kind


class PriceAsked(Words, frozen=True, kw_only=True):
    """One line of input."""

    basket: Annotated[tuple[AskedLine, ...], Meta(max_length=UNITS_MAX)]
    now: Time
    bundle: dict[str, Any] | Annotated[str, Meta(min_length=1, max_length=4_096)] | None = None
    """The bundle itself, or the path of its file; left out, the one the command was given."""
    products: tuple[Goods, ...] = ()
    """A catalogue, for lines that name products by id and for gifts."""
    currency: Text = ""
    """If it is said, it must be the bundle's."""
    member: AskedMember | None = None
    coupons: Annotated[tuple[AskedCoupon, ...], Meta(max_length=FEW_MAX)] = ()
    redeem: Wish = 0
    """How many of the member's points are to pay a part of the bill."""
    partners: dict[Text, AskedPoints] = {}
    """The same for the points of alliance partners, by partner."""
    tenders: Annotated[tuple[AskedTender, ...], Meta(max_length=FEW_MAX)] = ()
    uses: Annotated[tuple[AskedUses, ...], Meta(max_length=FEW_MAX)] = ()
    """What the member's count cards pay for, before anything else."""
    counters: dict[Annotated[str, Meta(max_length=128)], Minor] = {}
    """How much of a rule's limit was used before, by "{rule}|{of}|{per}"."""
    store: Text = ""
    """Left out, the bundle's."""
    region: Text = ""
    channel: Channel = "till"
    terminal: Text = "pc_pos"
    """The kind of terminal."""
    online: bool = True
    """Whether the cloud can be reached, for what only it can count or verify."""
