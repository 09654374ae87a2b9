"""Money: splitting loses nothing, rounding does what it says, people read what is meant."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.money import (
    OddCent,
    Rounding,
    contained,
    divide,
    extend,
    format_minor,
    percent,
    split,
)

AMOUNTS = st.integers(-(10**9), 10**9)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_shares_sum_exactly_and_are_within_one_of_the_true_share(
    amount: int, weights: list[int]
) -> None:
    shares = split(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1


@given(WEIGHTS, st.data())
def test_a_share_never_exceeds_its_weight(weights: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    assert all(0 <= s <= w for s, w in zip(split(amount, weights), weights, strict=True))


@given(st.integers(0, 10**9), WEIGHTS, st.data())
def test_order_matters_to_ties_only(amount: int, weights: list[int], data: st.DataObject) -> None:
    distinct = sorted(set(weights))
    order = data.draw(st.permutations(range(len(distinct))))
    straight = split(amount, distinct)
    assert split(amount, [distinct[i] for i in order]) == [straight[i] for i in order]


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (5, [10] * 10, [1] * 5 + [0] * 5),
        (20000, [1] * 15, [1334] * 5 + [1333] * 10),
        (1000, [8880, 1995], [817, 183]),
        (10, [1, 2, 1], [3, 5, 2]),
        (1, [3, 3, 6, 0], [0, 0, 1, 0]),
        (2, [1, 3], [0, 2]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
        (-7, [1, 1], [-4, -3]),
    ],
)
def test_split(amount: int, weights: list[int], shares: list[int]) -> None:
    assert split(amount, weights) == shares


@pytest.mark.parametrize(
    ("amount", "weights", "odd_cent", "shares"),
    [
        (5, [2, 2, 2], "last", [1, 2, 2]),
        (5, [1, 1, 1], "last", [1, 1, 3]),
        (5, [1, 1, 1], "first", [2, 2, 1]),
        (2, [0, 1, 1, 1], "first", [0, 1, 1, 0]),
        (2, [1, 1, 1, 0], "last", [0, 1, 1, 0]),
    ],
)
def test_places_take_the_odd_units_as_far_as_weights_reach(
    amount: int, weights: list[int], odd_cent: OddCent, shares: list[int]
) -> None:
    assert split(amount, weights, odd_cent) == shares


@pytest.mark.parametrize("weights", [[0], [0, 0], [2, -1]])
def test_nothing_is_shared_by_nothing(weights: list[int]) -> None:
    with pytest.raises(AssertionError):
        split(1, weights)


@pytest.mark.parametrize(
    ("numerator", "rounding", "quotient"),
    [
        (25, "half_up", 3), (-25, "half_up", -3), (24, "half_up", 2), (26, "half_up", 3),
        (25, "half_even", 2), (35, "half_even", 4), (-25, "half_even", -2), (26, "half_even", 3),
        (29, "down", 2), (-29, "down", -2),
    ],
)  # fmt: skip
def test_tenths_are_rounded_as_declared(numerator: int, rounding: Rounding, quotient: int) -> None:
    assert divide(numerator, 10, rounding) == quotient


@given(AMOUNTS, st.integers(1, 10**6))
def test_rounding_is_off_by_half_at_most(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert abs(divide(numerator, denominator) - exact) <= Fraction(1, 2)
    assert abs(divide(numerator, denominator, "half_even") - exact) <= Fraction(1, 2)
    assert 0 <= abs(exact) - abs(divide(numerator, denominator, "down")) < 1
    assert divide(numerator, denominator, "half_even") == round(exact)


@pytest.mark.parametrize(
    ("quantity", "unit_price", "amount"),
    [("0.435", 3590, 1562), ("3", 665, 1995), ("0.5", 1, 1), ("0.001", 499, 0), ("1E+1", 7, 70)],
)
def test_a_line_is_extended_exactly(quantity: str, unit_price: int, amount: int) -> None:
    assert extend(Decimal(quantity), unit_price) == amount


def test_rates() -> None:
    assert percent(777, 1000) == 78
    assert percent(5, 1000, "half_even") == 0
    assert contained(113, 1300) == 13
    assert contained(100, 0) == 0


def test_what_is_extended_or_contained_is_rounded_as_declared() -> None:
    assert extend(Decimal("0.5"), 1, "half_even") == 0
    assert extend(Decimal("0.9"), 1, "down") == 0
    assert contained(5, 1300) == 1
    assert contained(5, 1300, "down") == 0


@pytest.mark.parametrize(
    ("amount", "exponent", "text"),
    [
        (1234, 2, "12.34"), (-5, 2, "-0.05"), (7, 0, "7"), (-7, 0, "-7"), (1, 3, "0.001"),
        (0, 2, "0.00"), (0, 0, "0"),
        (10**15 + 1, 2, "10000000000000.01"),
    ],
)  # fmt: skip
def test_amounts_are_written_exactly(amount: int, exponent: int, text: str) -> None:
    assert format_minor(amount, exponent) == text


@given(AMOUNTS, st.integers(0, 4))
def test_what_is_written_can_be_read_back(amount: int, exponent: int) -> None:
    assert Decimal(format_minor(amount, exponent)).scaleb(exponent) == amount
