"""What a receipt says beyond goods and cash: gifts, charges, coupons, points, value, training."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.pricing.explain import Lang
from edge.shop.receipt import WIDTH_MAX, WIDTH_MIN, ReceiptHeader, columns, render, wrap
from tests.selling import everything

HEADER = ReceiptHeader(
    store_zh="街角小店", store_en="Corner Shop", epoch=1, sequence=42, previous="0" * 64,
    at_ms=1_795_312_800_000, zone="Asia/Shanghai", points_balance=1_058, value_left=104_000,
    bonus_left=9_500, tier_zh="银卡", tier_en="Silver", training=True,
)  # fmt: skip
EXPECTED = {
    "zh": [
        "*** 练习模式 ***", "会员等级 银卡", "赠品：杯", "打包费 1.04", "小计 96.04", "优惠 -27.00",
        "合计 CNY 69.04", "现金舍入 -0.04", "赠送金额 5.00", "本金 50.00", "团购券 10.00",
        "现金 5.00", "找零 1.00", "优惠券核销：立减十元 c-1", "赠券：立减十元 x 1",
        "有效期至 2026-12-22", "积分抵扣 -200", "本次积分 63", "积分余额 1058", "储值余额 1040.00",
        "其中赠送金额 95.00",
    ],
    "en": [
        "*** TRAINING MODE ***", "Tier Silver", "Gift: Mug", "Packaging 1.04", "Subtotal 96.04",
        "Discount -27.00", "TOTAL CNY 69.04", "Cash rounding -0.04", "Bonus 5.00",
        "Principal 50.00", "Voucher 10.00", "Cash 5.00", "Change 1.00",
        "Coupon redeemed: 10.00 off c-1", "Coupon for you: 10.00 off x 1",
        "valid until 2026-12-22", "Points redeemed -200", "Points earned 63",
        "Points balance 1058", "Stored value left 1040.00", "of it bonus 95.00",
    ],
}  # fmt: skip


@pytest.mark.parametrize("lang", get_args(Lang))
def test_a_receipt_says_all_that_happened_in_its_order(lang: Lang) -> None:
    rows = [" ".join(row.split()) for row in render(everything(), HEADER, lang, 48).splitlines()]
    at = -1
    for row in EXPECTED[lang]:
        assert row in rows[at + 1 :], f"{row!r} is not where it belongs in {rows}"
        at = rows.index(row, at + 1)
    assert rows[0] == rows[-1] == EXPECTED[lang][0], "training stands above and below"


@pytest.mark.parametrize("lang", get_args(Lang))
@pytest.mark.parametrize("width", range(WIDTH_MIN, WIDTH_MAX + 1))
def test_no_row_is_wider_than_the_paper(lang: Lang, width: int) -> None:
    rows = render(everything(), HEADER, lang, width).splitlines()
    assert all(columns(row) <= width for row in rows)


def test_what_is_not_known_is_not_printed() -> None:
    header = msgspec.structs.replace(
        HEADER, points_balance=None, value_left=None, bonus_left=0, tier_zh="", training=False
    )
    text = render(everything(), header, "en")
    for word in ("balance", "value left", "of it", "Tier", "TRAINING"):
        assert word not in text


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Coupon for you: Popcorn at the cinema", ["Coupon for you: Popcorn at the", "cinema"]),
        ("short", ["short"]),
        ("x" * 40, ["x" * 32, "x" * 8]),
        ("  " + "y" * 40, ["  " + "y" * 30, "y" * 10]),
        ("a " * 20, ["a " * 15 + "a", "a a a a "]),
        ("赠券：" + "电影院爆米花一份大桶装送饮料", ["赠券：电影院爆米花一份大桶装送饮", "料"]),
        (
            "优惠券核销：周末晚间畅饮 Happy-Hour 两杯",
            ["优惠券核销：周末晚间畅饮", "Happy-Hour 两杯"],
        ),
        ("中文中文中文中文中文中文中Popcorn", ["中文中文中文中文中文中文中", "Popcorn"]),
    ],
)
def test_a_row_ends_between_words(text: str, rows: list[str]) -> None:
    assert wrap(text, 32) == rows


@given(st.text(alphabet="ab 中文-，", max_size=120), st.integers(WIDTH_MIN, WIDTH_MAX))
def test_no_row_is_too_wide_and_nothing_but_spaces_is_lost(text: str, width: int) -> None:
    rows = wrap(text, width)
    assert all(columns(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    words = text.replace("中", " ").replace("文", " ").replace("，", " ").split()
    if all(len(word) <= width for word in words) and not text.startswith(" "):
        said = " ".join(rows).replace("中", " ").replace("文", " ").replace("，", " ").split()
        assert said == words
