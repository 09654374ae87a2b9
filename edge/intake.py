"""What a device or a terminal said -> what it means to the shop: typed, and never mistaken.

Every text belongs to exactly one namespace: products, this shop's cards, coupons, phone numbers
or the till's own barcodes. What belongs nowhere is `Unreadable`, with the reason. A number that
is a GTIN is judged as a number, so that its 8, 12, 13 and 14-digit forms mean the same.
Sources: GS1 General Specifications (GTIN, element strings, section 7.12 on years), ISO/IEC 15424
(AIM identifiers), ITU-T E.164 (phone numbers).
"""

import hashlib
import hmac
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Literal

from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_messages import GS1Message

from drivers.terminal import words
from edge.refusals import Refusal

TEXT_CHARACTERS_MAX = 512
PLAIN_CHARACTERS_MAX = 64
GTIN_LENGTHS = (8, 12, 13, 14)
GS1_SYMBOLOGIES = ("C1", "e0", "d2", "Q3", "J1")
"""AIM identifiers whose content is GS1 element strings."""
FNC1 = "\x1d"

_AIM = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
_PAY_CASH = re.compile(r"EDGE:PAY:CASH(?::([1-9][0-9]{0,11}))?")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_CN_MOBILE = re.compile(r"1[0-9]{10}")

Source = Literal["code", "card", "phone"]
"""What the giver knows of a text: nothing (as scanned), a card's number, a phone number."""


@dataclass(frozen=True, slots=True)
class ProductCode:
    """An article: a GTIN in its 14-digit form, or a product's id as it stands."""

    code: str


@dataclass(frozen=True, slots=True)
class ExpiredGoods:
    """An article whose own barcode says that it may no longer be sold."""

    code: str
    expired: date


@dataclass(frozen=True, slots=True)
class CardNumber:
    """One of this shop's own cards: the 13 digits printed on it."""

    number: str


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A phone number as the box may keep it: keyed hash (hex) and the last four digits."""

    hash: str
    last4: str


@dataclass(frozen=True, slots=True)
class CouponCode:
    """A coupon."""

    code: str


@dataclass(frozen=True, slots=True)
class TillCommand:
    """A barcode from the card beside the till. `handed` is in minor units, None for exact."""

    action: Literal["pay_cash", "remove_last", "cancel"]
    handed: int | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that belongs nowhere.

    length: empty or too long · characters: not printable · symbology: not what that barcode
    type holds · check_digit: a misread GTIN · element_string: not GS1, or without a GTIN ·
    command: no such till command · not_a_card, not_a_phone: not what the giver says it is.
    """

    reason: Literal[
        "length",
        "characters",
        "symbology",
        "check_digit",
        "element_string",
        "command",
        "not_a_card",
        "not_a_phone",
    ]


Known = (
    ProductCode | ExpiredGoods | CardNumber | PhoneNumber | CouponCode | TillCommand | Unreadable
)


@dataclass(frozen=True, slots=True)
class Intake:
    """The shop's namespaces, and the key that phone numbers are hashed with.

    A prefix never starts with 0, and no card prefix overlaps a coupon prefix.
    """

    card_prefixes: tuple[str, ...]
    coupon_prefixes: tuple[str, ...]
    phone_key: bytes

    def resolve(self, text: str, symbology: str, source: Source, today: date) -> Known:
        """Return what `text` is. `today` is the shop's date, which expiry is judged by."""
        text = text.strip(" \t\r\n")
        if not symbology and (aim := _AIM.match(text)):
            symbology, text = aim[1], text[aim.end() :]
        if not 0 < len(text) <= TEXT_CHARACTERS_MAX:
            return Unreadable("length")
        if not text.replace(FNC1, "").isprintable():
            return Unreadable("characters")
        match source:
            case "phone":
                return self._phone(text)
            case "card":
                known = self._code(text, symbology, today)
                return known if isinstance(known, CardNumber) else Unreadable("not_a_card")
            case "code":
                return self._code(text, symbology, today)

    def credential(self, given: words.Credential) -> CardNumber | PhoneNumber | Refusal:
        """Return who a terminal's credential names, or E-NOT-A-CREDENTIAL."""
        known = self.resolve(given.text, given.symbology, given.kind, date.min)
        if isinstance(known, CardNumber | PhoneNumber):
            return known
        return Refusal("E-NOT-A-CREDENTIAL")

    def product(self, code: str, today: date) -> ProductCode | Refusal:
        """Return the product code a terminal's line names, or why it cannot be one."""
        return as_product(self.resolve(code, "", "code", today), code)

    def _code(self, text: str, symbology: str, today: date) -> Known:
        if text.startswith("EDGE:"):
            return _till_command(text)
        if symbology in GS1_SYMBOLOGIES or _looks_like_element_string(text):
            return self._element_string(text, today)
        if not _fits(text, symbology):
            return Unreadable("symbology")
        if _is_number(text):
            return self._number(text)
        if FNC1 in text or " " in text:
            return Unreadable("characters")
        return self._plain(text, text)

    def _number(self, digits: str) -> Known:
        """Judge digits; leading zeros only tell a GTIN's forms apart."""
        number = digits.lstrip("0")
        if len(digits) not in GTIN_LENGTHS or number.startswith(self.coupon_prefixes):
            return self._plain(digits, number)
        if not _is_gtin(digits):
            return Unreadable("check_digit")
        if len(number) == 13 and number.startswith(self.card_prefixes):
            return CardNumber(number)
        return ProductCode(digits.zfill(14))

    def _plain(self, text: str, probe: str) -> Known:
        if probe.startswith(self.coupon_prefixes):
            return CouponCode(probe)
        if len(text) > PLAIN_CHARACTERS_MAX:
            return Unreadable("length")
        return ProductCode(text)

    def _element_string(self, text: str, today: date) -> Known:
        elements = _elements(text)
        if elements is None or "01" not in elements:
            return Unreadable("element_string")
        known = self._number(elements["01"])
        if isinstance(known, ProductCode) and "17" in elements:
            expires = _expiry(elements["17"], today)
            if expires is None:
                return Unreadable("element_string")
            if expires < today:
                return ExpiredGoods(known.code, expires)
        return known

    def _phone(self, text: str) -> PhoneNumber | Unreadable:
        number = e164(text)
        if number is None:
            return Unreadable("not_a_phone")
        digest = hmac.new(self.phone_key, number.encode(), hashlib.sha256).hexdigest()
        return PhoneNumber(digest, number[-4:])


def as_product(known: Known, code: str) -> ProductCode | Refusal:
    """Return the product, or why `code`, which is known to be this, cannot be sold as one."""
    match known:
        case ProductCode():
            return known
        case ExpiredGoods():
            return Refusal("E-EXPIRED-GOODS", {"code": code[:PLAIN_CHARACTERS_MAX]})
        case Unreadable():
            return Refusal("E-UNKNOWN-PRODUCT", {"code": shown(code)})
        case _:
            return Refusal("E-NOT-A-PRODUCT")


def shown(code: str) -> str:
    """Return a code as a refusal may quote it, which is kept for ever.

    A GTIN is shown. Whatever else was typed where a product was due may be a person's name, phone
    or card: its first character and its length must do.
    """
    if _is_number(code) and len(code) in GTIN_LENGTHS and _is_gtin(code):
        return code
    return f"{code[:1]}… ({len(code)})"


def e164(text: str) -> str | None:
    """Return a phone number in E.164 form, or None for what is not one.

    A number without a country code is a mobile number of mainland China: 11 digits from 1.
    Spaces and hyphens between digits do not matter.
    """
    number = text.replace(" ", "").replace("-", "")
    if _CN_MOBILE.fullmatch(number):
        return f"+86{number}"
    if not _E164.fullmatch(number):
        return None
    chinese = number.startswith("+86")
    return None if chinese and not _CN_MOBILE.fullmatch(number[3:]) else number


def _till_command(text: str) -> TillCommand | Unreadable:
    if paid := _PAY_CASH.fullmatch(text):
        return TillCommand("pay_cash", int(paid[1]) if paid[1] else None)
    match text:
        case "EDGE:REMOVE-LAST":
            return TillCommand("remove_last")
        case "EDGE:CANCEL":
            return TillCommand("cancel")
    return Unreadable("command")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_gtin(digits: str) -> bool:
    """Tell whether the check digit is right: all we need of a GTIN, at a fifth of its parser's."""
    return gs1_standard_check_digit(digits[:-1]) == int(digits[-1])


def _fits(text: str, symbology: str) -> bool:
    """Tell whether an EAN barcode holds what one can hold: 13 digits (]E0) or 8 (]E4)."""
    length = {"E0": 13, "E4": 8}.get(symbology)
    return length is None or (_is_number(text) and len(text) == length)


def _looks_like_element_string(text: str) -> bool:
    """Tell whether this can only be (01) and a GTIN, as readers send it without an identifier."""
    return len(text) >= 16 and text[:2] == "01" and _is_number(text[:16]) and _is_gtin(text[2:16])


def _elements(text: str) -> dict[str, str] | None:
    """Return the element strings by application identifier, the first of each; None if not GS1."""
    if not text.isascii():
        return None
    try:
        message = GS1Message.parse(text.removeprefix(FNC1))
    except ParseError:
        return None
    elements: dict[str, str] = {}
    for element in message.element_strings:
        elements.setdefault(element.ai.ai, element.value)
    return elements


def _expiry(yymmdd: str, today: date) -> date | None:
    """Return the last day of sale; day 00 is the month's last. None for no such day.

    A year is at most 49 years before and 50 years after `today` (section 7.12).
    """
    year_of_century, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    year = today.year - today.year % 100 + year_of_century
    if year - today.year > 50:
        year -= 100
    elif year - today.year < -49:
        year += 100
    try:
        return date(year, month, day or monthrange(year, month)[1])
    except ValueError:
        return None
