import hashlib
import hmac
from datetime import date
from decimal import Decimal

import pytest
from biip import ParseError
from biip.gtin import Gtin
from hypothesis import given
from hypothesis import strategies as st

from drivers.terminal.words import Credential
from edge.intake import (
    FNC1,
    CardNumber,
    CouponCode,
    ExpiredGoods,
    Intake,
    Known,
    PhoneNumber,
    ProductCode,
    TillCommand,
    Unreadable,
    e164,
)
from edge.intake.known import Measure
from edge.refusals import Refusal
from tests.corpus.truth import upc_a_of

TODAY = date(2026, 11, 22)
KEY = b"k" * 32
INTAKE = Intake(card_prefixes=("2900",), coupon_prefixes=("C:", "99"), phone_key=KEY)


def check_digit(payload: str) -> str:
    """Return the GS1 check digit (General Specifications, section 7.9)."""
    total = sum(int(d) * (3, 1)[i % 2] for i, d in enumerate(reversed(payload)))
    return str(-total % 10)


def code(text: str, symbology: str = "") -> Known:
    return INTAKE.resolve(text, symbology, "code", TODAY)


CARD = "290000000001" + check_digit("290000000001")
EAN = "6901234567892"
YESTERDAYS = ExpiredGoods("06901234567892", date(2026, 11, 21))
KILOS = Measure("weight", Decimal("1.250"))
OLD = "010690123456789217261121"


@pytest.mark.parametrize(
    ("text", "symbology", "known"),
    [
        (EAN, "", ProductCode("06901234567892")),
        (EAN, "E0", ProductCode("06901234567892")),
        ("]E0" + EAN, "", ProductCode("06901234567892")),
        (f"  {EAN}\r\n", "", ProductCode("06901234567892")),
        ("96385074", "E4", ProductCode("00000096385074")),
        ("012345678905", "", ProductCode("00012345678905")),
        ("0012345678905", "E0", ProductCode("00012345678905")),
        ("16901234567899", "", ProductCode("16901234567899")),
        ("6901234567891", "", Unreadable("check_digit")),
        ("96385074", "E0", Unreadable("symbology")),
        (EAN, "E4", Unreadable("symbology")),
        ("HELLO", "E0", Unreadable("symbology")),
        (CARD, "", CardNumber(CARD)),
        ("0" + CARD, "", CardNumber(CARD)),
        ("01" + "0" + CARD, "C1", CardNumber(CARD)),
        (CARD[:-1] + str((int(CARD[-1]) + 1) % 10), "", Unreadable("check_digit")),
        ("291234500001" + check_digit("291234500001"), "", ProductCode("02912345000011")),
        ("C:WELCOME", "", CouponCode("C:WELCOME")),
        ("C:", "", CouponCode("C:")),
        ("c:welcome", "", ProductCode("c:welcome")),
        ("9912345", "", CouponCode("9912345")),
        ("990000000001" + check_digit("990000000001"), "", CouponCode("9900000000011")),
        ("0990000000001" + check_digit("0990000000001"), "", CouponCode("9900000000011")),
        ("EDGE:PAY:CASH", "", TillCommand("pay_cash")),
        ("EDGE:PAY:CASH:10000", "", TillCommand("pay_cash", 10000)),
        ("EDGE:REMOVE-LAST", "", TillCommand("remove_last")),
        ("EDGE:CANCEL", "", TillCommand("cancel")),
        ("EDGE:PAY:CASH:010", "", Unreadable("command")),
        ("EDGE:PAY:CASH:-1", "", Unreadable("command")),
        ("EDGE:CANCEL:2", "", Unreadable("command")),
        ("tea-250", "", ProductCode("tea-250")),
        ("10023", "", ProductCode("10023")),
        ("13800138000", "", ProductCode("13800138000")),
        ("a" * 65, "", Unreadable("length")),
        ("", "", Unreadable("length")),
        ("]E0", "", Unreadable("length")),
        ("a" * 513, "", Unreadable("length")),
        ("two words", "", Unreadable("characters")),
        ("bell\x07", "", Unreadable("characters")),
        ("٦٩٠١٢٣٤٥٦٧٨٩٢", "E0", Unreadable("symbology")),
    ],
)
def test_a_code_is_what_it_is(text: str, symbology: str, known: Known) -> None:
    assert code(text, symbology) == known


@pytest.mark.parametrize(
    ("elements", "known"),
    [
        ("0106901234567892", ProductCode("06901234567892")),
        ("010690123456789217261122", ProductCode("06901234567892", expires=TODAY)),
        (OLD, YESTERDAYS),
        ("010690123456789217261100", ProductCode("06901234567892", expires=date(2026, 11, 30))),
        ("0196901234567895", Unreadable("measure")),
        ("01969012345678953103001250", ProductCode("96901234567895", measure=KILOS)),
        ("010690123456789217261000", ExpiredGoods("06901234567892", date(2026, 10, 31))),
        ("010690123456789210LOT" + FNC1 + "17261121", YESTERDAYS),
        (FNC1 + "0106901234567892", ProductCode("06901234567892")),
        ("0106901234567891", Unreadable("check_digit")),
        ("10LOT", Unreadable("element_string")),
        ("010690123456789217261399", Unreadable("element_string")),
        ("0106901234567892zz", Unreadable("element_string")),
        ("会员", Unreadable("element_string")),
    ],
)
def test_an_element_string_gives_its_gtin_and_its_expiry(elements: str, known: Known) -> None:
    assert code(elements, "C1") == known


def test_an_element_string_is_known_without_its_identifier() -> None:
    assert code(OLD) == YESTERDAYS


@pytest.mark.parametrize(
    ("year_of_century", "today", "expired"),
    [("49", 1999, False), ("50", 1999, True), ("76", 2026, False), ("77", 2026, True)],
)
def test_a_year_lies_within_half_a_century(year_of_century: str, today: int, expired: bool) -> None:
    text = f"010690123456789217{year_of_century}0630"
    known = INTAKE.resolve(text, "C1", "code", date(today, 7, 1))
    assert isinstance(known, ExpiredGoods) == expired


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("+441632960960", "+441632960960"),
        ("1380013800", None),
        ("23800138000", None),
        ("+861380013800", None),
        ("+8602112345678", None),
        ("+0441632960960", None),
        ("++8613800138000", None),
        ("+1234567890123456", None),
        ("１３８００１３８０００", None),
    ],
)
def test_a_phone_number_has_one_form(text: str, number: str | None) -> None:
    assert e164(text) == number


def test_a_phone_number_is_kept_as_a_keyed_hash() -> None:
    known = INTAKE.resolve("138 0013 8000", "", "phone", TODAY)
    digest = hmac.new(KEY, b"+8613800138000", hashlib.sha256).hexdigest()
    assert known == PhoneNumber(digest, "8000")
    assert "1380" not in repr(known)


@pytest.mark.parametrize(
    ("kind", "text", "known"),
    [
        ("card", CARD, CardNumber(CARD)),
        ("code", CARD, CardNumber(CARD)),
        ("card", EAN, None),
        ("code", EAN, None),
        ("card", "C:WELCOME", None),
        ("code", "EDGE:CANCEL", None),
        ("code", "13800138000", None),
        ("card", "13800138000", None),
        ("phone", CARD, None),
        ("code", "01069012345678921726112", None),
    ],
)
def test_a_credential_is_a_card_or_a_phone(kind: str, text: str, known: Known | None) -> None:
    found = INTAKE.credential(Credential(kind=kind, text=text))  # type: ignore[arg-type]
    assert found == (Refusal("E-NOT-A-CREDENTIAL") if known is None else known)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (EAN, ProductCode("06901234567892")),
        ("6901234567891", Refusal("E-UNKNOWN-PRODUCT", {"code": "6… (13)"})),
        (CARD, Refusal("E-NOT-A-PRODUCT")),
        ("C:WELCOME", Refusal("E-NOT-A-PRODUCT")),
        ("EDGE:CANCEL", Refusal("E-NOT-A-PRODUCT")),
        (OLD, Refusal("E-EXPIRED-GOODS", {"code": OLD})),
    ],
)
def test_a_line_names_a_product_or_is_refused(text: str, answer: ProductCode | Refusal) -> None:
    assert INTAKE.product(text, TODAY) == answer


texts = st.one_of(
    st.text(max_size=80),
    st.text("0123456789", max_size=20),
    st.text("0129", min_size=13, max_size=14),
    st.from_regex(r"\A(\][A-Za-z][0-9])?(01[0-9]{14}|10|17[0-9]{6}|EDGE:|C:|99|2900)\S*\Z"),
)


@given(text=texts, symbology=st.sampled_from(["", "E0", "E4", "C1", "Q3", "A0", "zz"]))
def test_a_text_is_never_in_two_namespaces(text: str, symbology: str) -> None:
    """Whatever the giver believes a text to be, it is one thing or nothing."""
    as_code = INTAKE.resolve(text, symbology, "code", TODAY)
    as_card = INTAKE.resolve(text, symbology, "card", TODAY)
    as_phone = INTAKE.resolve(text, symbology, "phone", TODAY)
    assert isinstance(as_code, Known)
    assert as_card in (as_code, Unreadable("not_a_card")) or isinstance(as_card, Unreadable)
    assert isinstance(as_card, CardNumber) == isinstance(as_code, CardNumber)
    if isinstance(as_phone, PhoneNumber):
        # Of all numbers only a plain id could look like a phone, and never to both doors.
        assert isinstance(as_code, ProductCode | CouponCode | Unreadable)


@given(payload=st.text("0123456789", min_size=12, max_size=12))
def test_all_forms_of_a_number_mean_the_same(payload: str) -> None:
    ean = payload + check_digit(payload)
    forms = {ean, "0" + ean, *([ean[1:]] if ean.startswith("0") else [])}
    assert len({code(form) for form in forms}) == 1
    assert code("010" + ean, "C1") == code(ean)
    known = code(ean)
    if ean.lstrip("0").startswith("99"):
        assert isinstance(known, CouponCode)
    elif ean.startswith("2900"):
        assert known == CardNumber(ean)
    else:
        assert known == ProductCode("0" + ean)


@given(
    digits=st.sampled_from((8, 12, 13, 14)).flatmap(
        lambda n: st.text("0123456789", min_size=n, max_size=n)
    )
)
def test_an_independent_reader_agrees_on_what_a_gtin_is(digits: str) -> None:
    long = digits
    if len(digits) == 8 and digits[0] in "01":  # it may be a UPC-E: then its long form counts
        upc_a = upc_a_of(digits)
        long = upc_a if check_digit(upc_a[:-1]) == upc_a[-1] else digits
    try:
        Gtin.parse(long)
    except ParseError:
        assert not isinstance(code(digits), ProductCode | CardNumber)
    else:
        assert not isinstance(code(digits), Unreadable)


@given(
    payload=st.text("0123456789", min_size=12, max_size=12),
    place=st.integers(0, 12),
    change=st.integers(1, 9),
)
def test_one_wrong_digit_is_never_another_product(payload: str, place: int, change: int) -> None:
    ean = payload + check_digit(payload)
    wrong = ean[:place] + str((int(ean[place]) + change) % 10) + ean[place + 1 :]
    assert isinstance(code(wrong), Unreadable | CouponCode)
