"""What a text can be: one class for each namespace, and one for what belongs nowhere."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from edge.intake.member_codes import MemberCode

MeasureKind = Literal["weight", "price", "count"]
Scheme = Literal["alipay", "wechat", "unionpay", "emvco_merchant", "emvco_consumer"]


@dataclass(frozen=True, slots=True)
class Measure:
    """How much of an article its own barcode says there is, or what it costs.

    weight: kilograms · price: what is to be paid for it, in the currency's own unit (yuan, not
    fen) · count: pieces.
    """

    kind: MeasureKind
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ProductCode:
    """An article: a GTIN in its 14-digit form, or a product's id as it stands.

    `batch`, `expires` (the last day of sale) and `measure` are what the code itself says.
    """

    code: str
    batch: str = ""
    expires: date | None = None
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class ExpiredGoods:
    """An article whose own barcode says that it may no longer be sold."""

    code: str
    expired: date


@dataclass(frozen=True, slots=True)
class CardNumber:
    """A card of this shop.

    The 13 digits printed on it, the number on its magnetic stripe, or `uid:` and a contactless
    card's UID in lower-case hex.
    """

    number: str


@dataclass(frozen=True, slots=True)
class WalletPass:
    """The fixed barcode of one of our own wallet passes: a card's number, good for earning."""

    number: str


@dataclass(frozen=True, slots=True)
class WalletCode:
    """The changing barcode of a wallet pass (RFC 6238): only the cloud can check the digits."""

    number: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A phone number as the box may keep it: keyed hash (hex) and the last four digits."""

    hash: str
    last4: str


@dataclass(frozen=True, slots=True)
class CouponCode:
    """A coupon of this shop, or a GS1 coupon number."""

    code: str


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """A code that money is paid with. It goes to a payment terminal and is never kept.

    alipay, wechat, unionpay: what a wallet shows to be scanned, or the address a merchant's own
    poster holds · emvco_merchant, emvco_consumer: the EMVCo QR codes of any scheme.
    """

    scheme: Scheme
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TillCommand:
    """A barcode from the card beside the till, or what was typed on its keypad.

    `handed` is in minor units, None for exact. `count` is how much of the last line (quantity),
    which line (remove), how many points (redeem; None for all that can), how many uses of count
    cards (uses; None likewise), which basket (recall).
    """

    action: Literal[
        "pay_cash", "pay_card", "pay_wallet", "pay_transfer", "pay_value", "redeem", "uses",
        "quantity", "remove_last", "remove", "cancel", "park", "recall", "reprint",
    ]  # fmt: skip
    handed: int | None = None
    count: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that belongs nowhere.

    length: empty or too long · characters: not printable · symbology: not what that barcode
    type holds · check_digit: a misread number · element_string: not GS1, or without anything we
    sell or take · measure: a weight or price we cannot use · command: no such till command ·
    member_code: not a member code of ours · payment: a broken payment code · url: an address
    that is not ours · not_a_card, not_a_phone, not_a_uid: not what the giver says it is.
    """

    reason: Literal[
        "length",
        "characters",
        "symbology",
        "check_digit",
        "element_string",
        "measure",
        "command",
        "member_code",
        "payment",
        "url",
        "not_a_card",
        "not_a_phone",
        "not_a_uid",
    ]


Person = CardNumber | WalletPass | WalletCode | PhoneNumber | MemberCode
"""What names a member."""
Known = (
    ProductCode
    | ExpiredGoods
    | CardNumber
    | WalletPass
    | WalletCode
    | PhoneNumber
    | MemberCode
    | CouponCode
    | PaymentCode
    | TillCommand
    | Unreadable
)
