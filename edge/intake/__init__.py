"""What devices and terminals say -> what it means to the shop. One namespace a file."""

from edge.intake.credentials import Choice, CodeChecker, Credential, choose
from edge.intake.currencies import number_of
from edge.intake.gs1 import FNC1
from edge.intake.gs1 import SYMBOLOGIES as GS1_SYMBOLOGIES
from edge.intake.intake import (
    PLAIN_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    Intake,
    Source,
    as_product,
    shown,
)
from edge.intake.known import (
    CardNumber,
    CouponCode,
    ExpiredGoods,
    Known,
    Measure,
    PaymentCode,
    Person,
    PhoneNumber,
    ProductCode,
    TillCommand,
    Unreadable,
    WalletCode,
    WalletPass,
)
from edge.intake.making import make_codes, make_intake
from edge.intake.measures import Sold, sold_as
from edge.intake.member_codes import MemberCode, Strength
from edge.intake.numbers import GTIN_LENGTHS, WeighedPattern
from edge.intake.phones import e164

__all__ = [
    "FNC1",
    "GS1_SYMBOLOGIES",
    "GTIN_LENGTHS",
    "PLAIN_CHARACTERS_MAX",
    "TEXT_CHARACTERS_MAX",
    "CardNumber",
    "Choice",
    "CodeChecker",
    "CouponCode",
    "Credential",
    "ExpiredGoods",
    "Intake",
    "Known",
    "Measure",
    "MemberCode",
    "PaymentCode",
    "Person",
    "PhoneNumber",
    "ProductCode",
    "Sold",
    "Source",
    "Strength",
    "TillCommand",
    "Unreadable",
    "WalletCode",
    "WalletPass",
    "WeighedPattern",
    "as_product",
    "choose",
    "e164",
    "make_codes",
    "make_intake",
    "number_of",
    "shown",
    "sold_as",
]
