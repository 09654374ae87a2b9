"""What a device or a terminal said -> what it means to the shop: typed, and never mistaken.

Every text belongs to exactly one namespace (see `known`). What belongs nowhere is `Unreadable`,
with the reason. A number that is a GTIN is judged as a number, so that its 8, 12, 13 and 14-digit
forms mean the same, and so does the UPC-E form of a UPC-A.
Sources: GS1 General Specifications, ISO/IEC 15424 (AIM identifiers).
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from drivers.terminal import words
from edge.intake import gs1, member_codes, numbers
from edge.intake.known import (
    CardNumber,
    CouponCode,
    ExpiredGoods,
    Known,
    PaymentCode,
    Person,
    ProductCode,
    Unreadable,
    WalletCode,
    WalletPass,
)
from edge.intake.numbers import WeighedPattern, is_number
from edge.intake.payments import payment
from edge.intake.phones import phone
from edge.intake.till_commands import till_command
from edge.refusals import Refusal

TEXT_CHARACTERS_MAX = 512
PLAIN_CHARACTERS_MAX = 64

_AIM = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
_EAN_LENGTHS = {"E0": (13,), "E3": (15, 18), "E4": (8,)}
"""How many digits an EAN barcode holds, by AIM identifier; ]E3 comes with an add-on of 2 or 5."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_PASS = re.compile(r"EDGE:PASS:([0-9A-Za-z-]{1,64})")
_WALLET = re.compile(r"EDGE:W1:([0-9A-Za-z-]{1,64}):([0-9]{6,8})")
_UID = re.compile(r"(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20})")

Source = Literal["code", "card", "phone", "uid"]
"""What the giver knows of a text: nothing (as scanned), a card's number, a phone number, or a
contactless card's UID in hex (4, 7 or 10 bytes, ISO/IEC 14443-3)."""


@dataclass(frozen=True, slots=True)
class Intake:
    """The shop's namespaces, and the key that phone numbers are hashed with.

    No coupon prefix starts with 0 or overlaps a card prefix, a weighed pattern or anything of
    `RESERVED`: the configuration has been checked. `currency_number` is ISO 4217's of the store.
    """

    card_prefixes: tuple[str, ...]
    coupon_prefixes: tuple[str, ...]
    phone_key: bytes
    weighed: tuple[WeighedPattern, ...] = ()
    stripe_prefixes: tuple[str, ...] = ()
    """With what the numbers on our own magnetic stripes begin."""
    currency_number: str = ""

    def resolve(self, text: str, symbology: str, source: Source, today: date) -> Known:
        """Return what `text` is. `today` is the shop's date, which expiry is judged by."""
        text = text.strip(" \t\r\n")
        if not symbology and (aim := _AIM.match(text)):
            symbology, text = aim[1], text[aim.end() :]
        if not 0 < len(text) <= TEXT_CHARACTERS_MAX:
            return Unreadable("length")
        if not text.replace(gs1.FNC1, "").isprintable():
            return Unreadable("characters")
        match source:
            case "phone":
                return phone(text, self.phone_key) or Unreadable("not_a_phone")
            case "uid":
                return _uid(text)
            case "card":
                return self._card(text, symbology, today)
            case "code":
                return self._code(text, symbology, today)

    def credential(self, given: words.Credential) -> Person | Refusal:
        """Return who a terminal's credential names, E-NOT-A-CREDENTIAL or E-PAYMENT-CODE.

        A member's id (`kind` "member") is no text to resolve: ask the directory.
        """
        if given.kind == "member":
            return Refusal("E-NOT-A-CREDENTIAL")
        known = self.resolve(given.text, given.symbology, given.kind, date.min)
        if isinstance(known, Person):
            return known
        code = "E-PAYMENT-CODE" if isinstance(known, PaymentCode) else "E-NOT-A-CREDENTIAL"
        return Refusal(code)

    def product(self, code: str, today: date) -> ProductCode | Refusal:
        """Return the product code a terminal's line names, or why it cannot be one."""
        return as_product(self.resolve(code, "", "code", today), code)

    def _card(self, text: str, symbology: str, today: date) -> CardNumber | Unreadable:
        known = self._code(text, symbology, today)
        if isinstance(known, CardNumber):
            return known
        if text.startswith(self.stripe_prefixes) and numbers.is_stripe_number(text):
            return CardNumber(text)
        return Unreadable("not_a_card")

    def _code(self, text: str, symbology: str, today: date) -> Known:
        if text.startswith("EDGE:"):
            return _ours(text)
        if symbology in gs1.SYMBOLOGIES or gs1.looks_like_element_string(text):
            said = gs1.element_strings(text)
            return Unreadable("element_string") if said is None else self._described(said, today)
        if paying := payment(text):
            return paying
        if _ADDRESS.match(text):
            said = gs1.digital_link(text)
            return Unreadable("url") if said is None else self._described(said, today)
        if lengths := _EAN_LENGTHS.get(symbology):
            if not is_number(text) or len(text) not in lengths:
                return Unreadable("symbology")
            text = text[:13]
        return self._number(text, symbology) if is_number(text) else self._words(text)

    def _words(self, text: str) -> Known:
        if gs1.FNC1 in text or " " in text:
            return Unreadable("characters")
        if text.startswith("+") and (number := phone(text, self.phone_key)):
            return number
        return self._plain(text, text)

    def _number(self, digits: str, symbology: str = "") -> Known:
        """Judge digits; leading zeros only tell a GTIN's forms apart."""
        number = digits.lstrip("0")
        if len(digits) not in numbers.GTIN_LENGTHS or number.startswith(self.coupon_prefixes):
            return self._plain(digits, number)
        if symbology != "E4" and (upc_a := numbers.upc_a_of(digits)):
            return ProductCode(upc_a.zfill(14))
        if not numbers.is_gtin(digits):
            return Unreadable("check_digit")
        if len(number) == 13 and number.startswith(self.card_prefixes):
            return CardNumber(number)
        return self._article(digits.zfill(14))

    def _article(self, gtin: str) -> ProductCode | Unreadable:
        ean = gtin[1:]
        for pattern in self.weighed:
            if gtin[0] == "0" and ean.startswith(pattern.prefix):
                return pattern.read(ean) or Unreadable("check_digit")
        return ProductCode(gtin)

    def _plain(self, text: str, probe: str) -> Known:
        if probe.startswith(self.coupon_prefixes):
            return CouponCode(probe)
        if len(text) > PLAIN_CHARACTERS_MAX:
            return Unreadable("length")
        return ProductCode(text)

    def _described(self, said: gs1.ElementStrings, today: date) -> Known:
        """Return what element strings name, with all that they say of it."""
        gtin = gs1.gtin(said)
        if gtin is None:
            return gs1.coupon(said) or Unreadable("element_string")
        known = self._number(gtin)
        if not isinstance(known, ProductCode) or known.measure is not None:
            return known
        return gs1.describe(known.code, said, today, self.currency_number)


def as_product(known: Known, code: str) -> ProductCode | Refusal:
    """Return the product, or why `code`, which is known to be this, cannot be sold as one."""
    match known:
        case ProductCode():
            return known
        case ExpiredGoods():
            return Refusal("E-EXPIRED-GOODS", {"code": code[:PLAIN_CHARACTERS_MAX]})
        case PaymentCode():
            return Refusal("E-PAYMENT-CODE")
        case Unreadable():
            return Refusal("E-UNKNOWN-PRODUCT", {"code": shown(code)})
        case _:
            return Refusal("E-NOT-A-PRODUCT")


def shown(code: str) -> str:
    """Return a code as a refusal may quote it, which is kept for ever.

    A GTIN is shown. Whatever else was typed where a product was due may be a person's name, phone
    or card: its first character and its length must do.
    """
    if is_number(code) and len(code) in numbers.GTIN_LENGTHS and numbers.is_gtin(code):
        return code
    return f"{code[:1]}… ({len(code)})"


def _ours(text: str) -> Known:
    """Return what a text under the shop's own beginning is: a member's code or a till command."""
    if text.startswith((member_codes.CLOUD_PREFIX, member_codes.PHONE_PREFIX)):
        return member_codes.read(text) or Unreadable("member_code")
    if wallet := _WALLET.fullmatch(text):
        return WalletCode(wallet[1], wallet[2])
    if own_pass := _PASS.fullmatch(text):
        return WalletPass(own_pass[1])
    return till_command(text)


def _uid(text: str) -> CardNumber | Unreadable:
    """Return a contactless card; a UID that is random at each tap (08 first, 4 bytes) is nobody."""
    random = len(text) == 8 and text.startswith("08")
    if not _UID.fullmatch(text) or random:
        return Unreadable("not_a_uid")
    return CardNumber(f"uid:{text.lower()}")
