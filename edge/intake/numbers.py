"""Numbers under barcodes: GTINs in all their lengths, and in-store numbers that hold a measure.

Sources: GS1 General Specifications 7.9.1 (check digit), 7.9.2 to 7.9.4 (price and weight check
digits), 7.8.2 (UPC-E), 2.1.12 (variable measure items under prefixes 02 and 20 to 29);
ISO/IEC 7812-1 (numbers on magnetic stripes).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from biip.checksums import gs1_standard_check_digit

from edge.intake.known import Measure, MeasureKind, ProductCode

GTIN_LENGTHS: Final = (8, 12, 13, 14)
STRIPE_DIGITS_MIN: Final = 8
STRIPE_DIGITS_MAX: Final = 19

_TWO_MINUS: Final = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
_THREE: Final = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
_FIVE_PLUS: Final = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
_FIVE_MINUS: Final = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)
_FOUR_DIGITS: Final = (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS)
_FIVE_DIGITS: Final = (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS)


def is_number(text: str) -> bool:
    """Tell whether this is digits and nothing else, and ASCII ones."""
    return text.isascii() and text.isdigit()


def is_gtin(digits: str) -> bool:
    """Tell whether the check digit is right: all we need of a GTIN, at a fifth of its parser's."""
    return gs1_standard_check_digit(digits[:-1]) == int(digits[-1])


def is_stripe_number(digits: str) -> bool:
    """Tell whether this is a card number with a check digit (ISO/IEC 7812-1, annex B: Luhn)."""
    if not is_number(digits) or not STRIPE_DIGITS_MIN <= len(digits) <= STRIPE_DIGITS_MAX:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def upc_a_of(digits: str) -> str | None:
    """Return the UPC-A that 8 digits of UPC-E stand for, or None where they are none.

    Only number systems 0 and 1 are ever suppressed, and the check digit is the long form's. Half
    of such codes have the check digit of an EAN-8 too: from 0 on they are taken for UPC-E, since
    no maker's EAN-8 begins so (section 1.4.3), from 1 on for EAN-8.
    """
    if len(digits) != 8 or digits[0] not in "01" or (digits[0] == "1" and is_gtin(digits)):
        return None
    body, last = digits[1:6], digits[6]
    if last in "012":
        long = f"{body[:2]}{last}0000{body[2:]}"
    elif last == "3":
        long = f"{body[:3]}00000{body[3:]}"
    elif last == "4":
        long = f"{body[:4]}00000{body[4]}"
    else:
        long = f"{body}0000{last}"
    upc_a = f"{digits[0]}{long}{digits[7]}"
    return upc_a if is_gtin(upc_a) else None


@dataclass(frozen=True, slots=True)
class WeighedPattern:
    """How a shop's scale prints: `pattern` has 13 places, such as `21IIIIIVVVVVC`.

    Digits stand for themselves, I for the item, P for a check digit over the value (only with 4 or
    5 V), V for the value, C for the EAN's check digit. `decimals` of the value stand
    behind its point. The article is the GTIN with value and P zeroed, or the item as an id.
    """

    pattern: str
    value: MeasureKind = "weight"
    decimals: int = 3
    product: Literal["gtin", "id"] = "gtin"

    @property
    def prefix(self) -> str:
        """The digits that such a number begins with."""
        return self.pattern[: self.pattern.index("I")]

    def read(self, ean: str) -> ProductCode | None:
        """Return what 13 digits beginning with `prefix` say; None for a misread or empty value."""
        value, check = self._part(ean, "V"), self._part(ean, "P")
        if int(value) == 0 or (check and check != value_check_digit(value)):
            return None
        measure = Measure(self.value, Decimal(int(value)).scaleb(-self.decimals))
        if self.product == "id":
            return ProductCode(self._part(ean, "I"), measure=measure)
        zeroed = "".join("0" if p in "VP" else d for p, d in zip(self.pattern, ean, strict=True))
        gtin = f"0{zeroed[:-1]}{gs1_standard_check_digit(zeroed[:-1])}"
        return ProductCode(gtin, measure=measure)

    def _part(self, ean: str, letter: str) -> str:
        return "".join(d for p, d in zip(self.pattern, ean, strict=True) if p == letter)


def value_check_digit(value: str) -> str:
    """Return the check digit over 4 or 5 digits of a price or a weight (sections 7.9.3, 7.9.4)."""
    weights = {4: _FOUR_DIGITS, 5: _FIVE_DIGITS}[len(value)]
    total = sum(table[int(digit)] for table, digit in zip(weights, value, strict=True))
    if len(value) == 4:
        return str(total * 3 % 10)
    return str(_FIVE_MINUS.index(-total % 10))
