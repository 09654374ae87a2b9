"""GS1 element strings and Digital Link addresses: what they say of an article, or which coupon.

Sources: GS1 General Specifications section 3 (application identifiers), 4.14 (which of them need
others), 7.8 (element strings and FNC1), 7.12 (the century of a year); GS1 Digital Link Standard
1.1.3 and later, URI Syntax (uncompressed addresses of any domain).
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString
from biip.gs1_messages import GS1Message

from edge.intake.known import (
    CouponCode,
    ExpiredGoods,
    Measure,
    MeasureKind,
    ProductCode,
    Unreadable,
)
from edge.intake.numbers import GTIN_LENGTHS, is_gtin, is_number

FNC1: Final = "\x1d"
SYMBOLOGIES: Final = ("C1", "e0", "d2", "Q3", "J1")
"""AIM identifiers whose content is GS1 element strings."""
COUPONS: Final = ("255", "8110", "8112")
"""Global Coupon Number, and the coupon codes of North America."""

VARIABLE_MEASURE: Final = "9"
"""The indicator digit of a GTIN whose label has to say how much there is (section 4.14.2)."""

_MEASURES: Final = re.compile(r"3[1-6][0-9]{2}")
_WEIGHT: Final = re.compile(r"310[0-5]")
_PRICE: Final = re.compile(r"39[23][0-9]")
_GTIN_IN_ADDRESS: Final = re.compile(r"/(?:01|gtin)/([0-9]+)(?=[/?#]|$)")

ElementStrings = Mapping[str, GS1ElementString]
"""By application identifier; the first of each counts."""


def looks_like_element_string(text: str) -> bool:
    """Tell whether this can only be (01) and a GTIN, as readers send it without an identifier."""
    return len(text) >= 16 and text[:2] == "01" and is_number(text[:16]) and is_gtin(text[2:16])


def element_strings(text: str) -> ElementStrings | None:
    """Return what a barcode's text says; None if it is not GS1."""
    if not text.isascii():
        return None
    try:
        return _first_of_each(GS1Message.parse(text.removeprefix(FNC1)).element_strings)
    except (ParseError, ValueError, ArithmeticError):
        return None


def digital_link(address: str) -> ElementStrings | None:
    """Return what an address says; None if it is not a Digital Link.

    Shorter GTINs than 14 digits stand in addresses too; here they are filled up with zeros.
    """
    if not address.isascii():
        return None
    if article := _GTIN_IN_ADDRESS.search(address):
        if len(article[1]) not in GTIN_LENGTHS:
            return None
        filled = f"/01/{article[1].zfill(14)}"
        address = address[: article.start()] + filled + address[article.end() :]
    try:
        return _first_of_each(GS1DigitalLinkURI.parse(address).element_strings)
    except (ParseError, ValueError, ArithmeticError):
        return None


def coupon(said: ElementStrings) -> CouponCode | None:
    """Return the coupon that element strings without an article name, or None."""
    for identifier in COUPONS:
        if identifier in said:
            return CouponCode(said[identifier].value)
    return None


def describe(
    code: str, said: ElementStrings, today: date, currency_number: str
) -> ProductCode | ExpiredGoods | Unreadable:
    """Return an article with what element strings say of it.

    The last day of sale is (15) best before or (17) expiry, whichever comes first.
    `currency_number` is the store's own (ISO 4217, 3 digits), "" if it takes no prices that name
    a currency.
    """
    days = [last_day(said[ai].value, today) for ai in ("15", "17") if ai in said]
    if None in days:
        return Unreadable("element_string")
    expires = min((day for day in days if day is not None), default=None)
    if expires is not None and expires < today:
        return ExpiredGoods(code, expires)
    measure = _measure(said, currency_number)
    if isinstance(measure, Unreadable):
        return measure
    if measure is None and code.startswith(VARIABLE_MEASURE):
        return Unreadable("measure")  # sold as one piece it would be one kilogram, or one box
    batch = said["10"].value if "10" in said else ""
    return ProductCode(code, batch, expires, measure)


def last_day(yymmdd: str, today: date) -> date | None:
    """Return the day a barcode means; day 00 is the month's last. None for no such day.

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


def _first_of_each(found: list[GS1ElementString]) -> ElementStrings:
    said: dict[str, GS1ElementString] = {}
    for element in found:
        said.setdefault(element.ai.ai, element)
    return said


def gtin(said: ElementStrings) -> str | None:
    """Return the 14 digits of the article, None without one; the check digit is not judged."""
    if "01" not in said or len(said["01"].value) not in GTIN_LENGTHS:
        return None
    return said["01"].value


def _measure(said: ElementStrings, currency_number: str) -> Measure | Unreadable | None:
    """Return the price to pay, else the weight, else the count of an article.

    A weight in pounds, a length or an area is Unreadable: sold as one piece it would be wrong.
    """
    price = weight = None
    for identifier, element in said.items():
        if _PRICE.fullmatch(identifier):
            if identifier.startswith("393") and element.value[:3] != currency_number:
                return Unreadable("measure")
            price = _above_zero("price", element.decimal)
        elif _WEIGHT.fullmatch(identifier):
            weight = _above_zero("weight", element.decimal)
        elif _MEASURES.fullmatch(identifier):
            return Unreadable("measure")
    if price is None and weight is None and "30" in said:
        return _above_zero("count", Decimal(said["30"].value))
    return price or weight


def _above_zero(kind: MeasureKind, amount: Decimal | None) -> Measure | Unreadable:
    if amount is None or amount <= 0:
        return Unreadable("measure")
    return Measure(kind, amount)
