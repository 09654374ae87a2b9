"""Every text is in exactly one namespace, whoever judges it: two specifications agree.

What a text looks like is written down here a second time, as shapes that exclude each other; the
resolver must put each text into the namespace of its one shape.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.terminal.words import Credential
from edge.intake import (
    CardNumber,
    CouponCode,
    ExpiredGoods,
    Intake,
    Known,
    Measure,
    MemberCode,
    PaymentCode,
    PhoneNumber,
    ProductCode,
    Sold,
    TillCommand,
    Unreadable,
    WalletCode,
    WalletPass,
    WeighedPattern,
    as_product,
    sold_as,
)
from edge.refusals import Refusal
from tests.corpus.truth import check_digit, gtin, upc_a_of

TODAY = date(2026, 11, 22)
INTAKE = Intake(
    card_prefixes=("2900",),
    coupon_prefixes=("C:", "99"),
    phone_key=b"k" * 32,
    weighed=(WeighedPattern("21IIIIIVVVVVC"), WeighedPattern("02IIIIIPVVVVC", "price", 2)),
    currency_number="156",
)
POSTERS = ("https://qr.alipay.com/", "alipays://", "alipayqr://", "wxp://", "weixin://wxpay/",
           "https://qr.95516.com/")  # fmt: skip


def is_digits(text: str) -> bool:
    return re.fullmatch("[0-9]+", text) is not None


def is_coupon(text: str) -> bool:
    number = text.lstrip("0") if is_digits(text) else text
    return number.startswith(("C:", "99"))


def is_wallet(text: str) -> bool:
    alipay = is_digits(text) and 16 <= len(text) <= 24 and 25 <= int(text[:2]) <= 30
    wechat = is_digits(text) and len(text) == 18 and 10 <= int(text[:2]) <= 15
    return alipay or wechat or (is_digits(text) and len(text) == 19 and text[:2] == "62")


def is_element_string(text: str) -> bool:
    head = text[2:16]
    sound = len(head) == 14 and is_digits(head) and check_digit(head[:-1]) == head[-1]
    return text[:2] == "01" and sound


def is_poster(text: str) -> bool:
    return text.lower().startswith(POSTERS)


SHAPES: Mapping[str, Callable[[str], bool]] = {
    "ours": lambda t: t.startswith("EDGE:"),
    "merchant": lambda t: t.startswith("000201") and len(t) > 14,
    "consumer": lambda t: t.startswith("hQVDUFYw"),
    "wallet": is_wallet,
    "poster": is_poster,
    "address": lambda t: bool(re.match("[A-Za-z][A-Za-z0-9+.-]+://", t)) and not is_poster(t),
    "element string": is_element_string,
    "coupon": lambda t: is_coupon(t) and not is_element_string(t),
    "number": lambda t: is_digits(t) and len(t) in (8, 12, 13, 14) and not is_coupon(t),
    "phone": lambda t: re.fullmatch(r"\+[1-9][0-9 -]*", t) is not None,
}
MEANS: Mapping[str, tuple[type, ...]] = {
    "ours": (TillCommand, MemberCode, WalletCode, WalletPass, Unreadable),
    "merchant": (PaymentCode, Unreadable),
    "consumer": (PaymentCode, Unreadable),
    "wallet": (PaymentCode,),
    "poster": (PaymentCode,),
    "address": (ProductCode, CouponCode, ExpiredGoods, CardNumber, Unreadable),
    "element string": (ProductCode, CouponCode, ExpiredGoods, CardNumber, Unreadable),
    "coupon": (CouponCode, Unreadable),
    "number": (ProductCode, CardNumber, Unreadable),
    "phone": (PhoneNumber, ProductCode, Unreadable),
}

beginnings = st.sampled_from(
    ["", "EDGE:", "EDGE:M1:", "EDGE:P1:", "EDGE:W1:", "EDGE:PASS:", "000201", "hQVDUFYw", "wxp://",
     "https://", "https://qr.alipay.com/", "http://x.cn/01/", "C:", "99", "2900", "21", "02", "01",
     "28", "30", "13", "62", "+86", "+", "8110", "255", "0", "00", "ftp://", "C://"]
)  # fmt: skip
texts = st.builds(
    "{}{}".format,
    beginnings,
    st.text("0123456789", max_size=24)
    | st.text("0123456789abcXYZ:/.+-", max_size=40)
    | st.integers(10**11, 10**12 - 1).map(lambda n: gtin(str(n))),
).filter(lambda text: 0 < len(text) <= 64)


def code(text: str, symbology: str = "") -> Known:
    return INTAKE.resolve(text, symbology, "code", TODAY)


@given(texts)
@example("0102010000000000001")
@example("99" + "0" * 17)
@example("00020101021126")
@example("C://coupon")
def test_a_text_has_one_shape_and_means_what_that_shape_means(text: str) -> None:
    shapes = [name for name, fits in SHAPES.items() if fits(text)]
    assert len(shapes) <= 1, shapes
    found = code(text)
    if shapes:
        assert isinstance(found, MEANS[shapes[0]])
    else:
        assert isinstance(found, ProductCode | Unreadable)


@given(texts, st.sampled_from(["C1", "e0", "d2", "Q3", "J1"]))
def test_a_gs1_barcode_holds_nothing_but_gs1(text: str, symbology: str) -> None:
    found = code(text, symbology)
    ours = text.startswith("EDGE:")
    gs1 = (ProductCode, CouponCode, ExpiredGoods, CardNumber, Unreadable)
    assert isinstance(found, MEANS["ours"] if ours else gs1)


@given(texts)
def test_what_pays_never_names_a_member_or_a_product(text: str) -> None:
    found = code(text)
    credential = INTAKE.credential(Credential(kind="code", text=text))
    if isinstance(found, PaymentCode):
        assert credential == Refusal("E-PAYMENT-CODE")
        assert as_product(found, text) == Refusal("E-PAYMENT-CODE")
    if isinstance(found, ProductCode):
        assert credential == Refusal("E-NOT-A-CREDENTIAL")
    if not isinstance(credential, Refusal):
        assert isinstance(as_product(found, text), Refusal)


def test_a_person_is_not_shown_by_what_names_them() -> None:
    secret = "EDGE:W1:serial-7:123456"
    assert "123456" not in repr(code(secret))
    assert "2880" not in repr(code("28800000000000000001"))


# --- what labels say ------------------------------------------------------------------------------


@given(item=st.integers(0, 99999), grams=st.integers(1, 99999))
def test_a_scale_s_label_gives_an_exact_weight(item: int, grams: int) -> None:
    found = code(gtin(f"21{item:05}{grams:05}"))
    wanted = ProductCode(
        "0" + gtin(f"21{item:05}00000"), measure=Measure("weight", Decimal(grams) / 1000)
    )
    assert found == wanted
    assert sold_as(wanted.measure, "kg", 2) == Sold(Decimal(grams) / 1000, None)
    assert sold_as(wanted.measure, "g", 2) == Sold(Decimal(grams), None)
    assert sold_as(wanted.measure, "piece", 2) is None


@given(upc=st.integers(0, 99999), fen=st.integers(1, 9999))
def test_a_upc_label_is_the_ean_label_with_a_zero(upc: int, fen: int) -> None:
    two = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
    three, five = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7), (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)
    a, b, c, d = (int(digit) for digit in f"{fen:04}")
    check = (two[a] + two[b] + three[c] + five[d]) * 3 % 10
    label = gtin(f"2{upc:05}{check}{fen:04}")
    assert code(label) == code("0" + label)
    found = code(label)
    assert isinstance(found, ProductCode)
    assert found.measure == Measure("price", Decimal(fen) / 100)
    assert sold_as(found.measure, "kg", 2) == Sold(Decimal(1), fen)
    whole = None if fen % 100 else Sold(Decimal(1), fen // 100)
    assert sold_as(found.measure, "piece", 0) == whole


def test_a_label_without_a_pattern_is_an_article_like_any_other() -> None:
    plain = replace(INTAKE, weighed=())
    label = gtin("211234500435")
    assert plain.resolve(label, "", "code", TODAY) == ProductCode("0" + label)


@given(st.integers(0, 999999))
def test_a_upc_e_is_its_upc_a(number: int) -> None:
    payload = f"0{number:06}"
    upc_a = gtin(upc_a_of(payload + "0")[:-1])
    upc_e = payload + upc_a[-1]
    if not upc_e.lstrip("0").startswith("99") and not upc_a.lstrip("0").startswith("99"):
        assert code(upc_e) == ProductCode("00" + upc_a)
        assert code(upc_e) == code(upc_a) or upc_a[1] == "2"


@pytest.mark.parametrize(
    ("measure", "unit", "sold"),
    [
        (None, "kg", Sold(Decimal(1), None)),
        (Measure("count", Decimal(6)), "piece", Sold(Decimal(6), None)),
        (Measure("count", Decimal(6)), "kg", None),
        (Measure("weight", Decimal("0.5")), "m", None),
        (Measure("price", Decimal("12.345")), "piece", None),
    ],
)
def test_a_label_goes_with_goods_of_its_kind(
    measure: Measure | None, unit: str, sold: Sold | None
) -> None:
    assert sold_as(measure, unit, 2) == sold
