"""What a receipt earns: exact, floored once, shared over units; and the rules that declare it."""

from fractions import Fraction
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts.points_policy import EarnOn
from edge.shop.earning import ONE, Combining, Flooring, Rate, RatedLine, Ratio, combined, earned
from edge.shop.rules.conditions import Miss
from edge.shop.rules.points_earn import PointsEarn, PointsMultiplier
from edge.shop.rules.running import Picked

DOUBLE = Ratio(2)
CAKE_AND_BREAD = ((8_063,), (604, 604, 604))
"""8,880 less 817, and three breads at 665 less 61: 9,875."""


def whole(*sizes: int, factor: Ratio = ONE) -> tuple[RatedLine, ...]:
    return tuple(RatedLine(line, range(size), factor) for line, size in enumerate(sizes))


def rule(**declared: Any) -> PointsEarn:
    named = {"kind": "points_earn", "id": "earn", "name_zh": "积", "name_en": "earn"}
    return msgspec.convert(named | {"points": 1, "per": 100} | declared, PointsEarn)


def campaign(factor: int, *rules: str) -> PointsMultiplier:
    return PointsMultiplier(id="c", name_zh="c", name_en="c", factor=factor, rules=rules)


# --- the stories ----------------------------------------------------------------------------------


def test_a_birthday_at_the_bakery_earns_197() -> None:
    rates = [Rate(points=1, per=100, lines=whole(1, 3, factor=DOUBLE))]
    assert earned(CAKE_AND_BREAD, rates) == ((161,), (12, 12, 12))


def test_floored_before_the_factor_it_earns_196() -> None:
    rates = [Rate(points=1, per=100, lines=whole(1, 3, factor=DOUBLE))]
    points = earned(CAKE_AND_BREAD, rates, flooring="before_multiplier")
    assert sum(map(sum, points)) == 196


def test_floored_before_the_factor_every_rule_still_gives_its_points() -> None:
    rates = [Rate(points=3, per=100, lines=whole(1))]
    assert earned(((250,),), rates, flooring="before_multiplier") == ((7,),)


def test_what_bonus_paid_earns_nothing() -> None:
    share = EarnOn().paid_share(money=4_000, principal=5_000, bonus=1_000)
    assert Fraction(*share) == Fraction(9, 10)
    rates = [Rate(points=1, per=100, lines=whole(1, 1))]
    assert earned(((6_000,), (4_000,)), rates, paid_share=share) == ((54,), (36,))


def test_a_hotel_bill_earns_on_its_principal() -> None:
    share = EarnOn().paid_share(money=0, principal=30_000, bonus=3_000)
    rates = [Rate(points=1, per=100, lines=whole(1))]
    assert earned(((33_000,),), rates, paid_share=share) == ((300,),)


@pytest.mark.parametrize(
    ("declared", "share"),
    [
        ({}, Fraction(7, 9)),
        ({"bonus": True}, Fraction(1)),
        ({"principal": False}, Fraction(4, 9)),
        ({"principal": False, "bonus": True}, Fraction(6, 9)),
    ],
)
def test_what_earns_is_declared(declared: dict[str, bool], share: Fraction) -> None:
    paid = EarnOn(**declared).paid_share(money=400, principal=300, bonus=200)
    assert Fraction(*paid) == share


def test_a_bill_of_nothing_earns_nothing() -> None:
    assert EarnOn().paid_share(money=0, principal=0, bonus=0) == (0, 1)


# --- the arithmetic -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factors", "how", "expected"),
    [
        ((20_000, 30_000), "multiply", 6),
        ((20_000, 30_000), "add", 4),
        ((5_000, 2_500), "add", 0),
        ((15_000,), "add", Fraction(3, 2)),
        ((), "multiply", 1),
        ((), "add", 1),
    ],
)
def test_factors_multiply_or_add(
    factors: tuple[int, ...], how: Combining, expected: Fraction
) -> None:
    assert Fraction(*combined(factors, how)) == expected


def test_a_visit_counts_once_and_is_shared_by_price() -> None:
    rates = [Rate(points=10, of="visit", lines=whole(1, 2))]
    assert earned(((200,), (50, 150)), rates) == ((5,), (1, 4))
    assert earned(((0,), (0, 0)), rates) == ((4,), (3, 3))
    assert earned((), [Rate(points=10, of="visit", lines=())]) == ()
    two_lines = [Rate(points=10, of="visit", lines=whole(1, 1))]
    assert earned(((0,), (1,)), two_lines) == ((0,), (10,))


def test_units_earn_whatever_they_cost_and_however_they_are_paid() -> None:
    rates = [Rate(points=5, per=2, of="unit", lines=whole(3))]
    assert earned(((0, 700, 9),), rates, paid_share=(0, 1)) == ((3, 2, 2),)


def test_units_outside_a_rule_earn_nothing() -> None:
    rates = [Rate(points=1, per=1, lines=(RatedLine(1, (0, 2)),))]
    assert earned(((5,), (3, 3, 3)), rates) == ((0,), (3, 0, 3))


def test_another_base_takes_the_place_of_the_net() -> None:
    rates = [Rate(points=1, per=100, lines=whole(2), nets=((1_000, 500),))]
    assert earned(((900, 400),), rates) == ((10, 5),)


def test_a_cap_holds_for_its_own_rule_factors_included() -> None:
    capped = Rate(points=1, per=100, lines=whole(1, 1, factor=DOUBLE), cap=30)
    assert earned(((3_000,), (1_000,)), [capped]) == ((23,), (7,))
    free = Rate(points=1, per=1_000, lines=whole(1, 1))
    assert earned(((3_000,), (1_000,)), [capped, free]) == ((26,), (8,))
    below = msgspec.structs.replace(capped, cap=80)
    assert earned(((3_000,), (1_000,)), [below]) == ((60,), (20,))


def test_fractions_of_several_rules_add_up_before_the_floor() -> None:
    halves = [Rate(points=1, per=2, lines=whole(1)), Rate(points=1, per=2, lines=whole(1))]
    assert earned(((1,),), halves) == ((1,),)
    assert earned(((1,),), halves, flooring="before_multiplier") == ((0,),)


OF: tuple[Literal["money", "unit", "visit"], ...] = ("money", "unit", "visit")
NETS = st.lists(
    st.lists(st.integers(0, 2_000), min_size=1, max_size=4).map(tuple), min_size=1, max_size=4
).map(tuple)


@st.composite
def rated(draw: st.DrawFn) -> tuple[tuple[tuple[int, ...], ...], list[Rate]]:
    nets = draw(NETS)
    factors = st.builds(Ratio, st.integers(0, 30), st.sampled_from([1, 10, 7]))
    rates = []
    for _ in range(draw(st.integers(0, 3))):
        lines = tuple(
            RatedLine(line, draw(st.lists(st.sampled_from(range(len(units))), unique=True)), factor)
            for line, units in enumerate(nets)
            if (factor := draw(factors)) and draw(st.booleans())
        )
        of = draw(st.sampled_from(OF))
        rates.append(
            Rate(
                points=draw(st.integers(0, 50)),
                per=1 if of == "visit" else draw(st.integers(1, 300)),
                of=of,
                lines=lines,
                cap=draw(st.none() | st.integers(0, 300)),
            )
        )
    return nets, rates


@given(rated(), st.integers(0, 5))
def test_what_is_earned_is_the_floor_of_the_exact_sum(
    drawn: tuple[tuple[tuple[int, ...], ...], list[Rate]], fifths: int
) -> None:
    nets, rates = drawn
    points = earned(nets, rates, paid_share=(fifths, 5))
    assert [len(units) for units in points] == [len(units) for units in nets]
    exact = sum((_exactly(nets, rate, Fraction(fifths, 5)) for rate in rates), Fraction())
    assert sum(map(sum, points)) == exact.__floor__()
    assert all(point >= 0 for units in points for point in units)


def _exactly(nets: tuple[tuple[int, ...], ...], rate: Rate, paid: Fraction) -> Fraction:
    """Return what a rate earns, as it would be said aloud."""
    units = [(line, unit) for line in rate.lines for unit in line.units]
    prices = [nets[line.line][unit] for line, unit in units]
    total = Fraction()
    for (line, _), price in zip(units, prices, strict=True):
        factor = Fraction(*line.factor)
        if rate.of == "money":
            total += price * paid * rate.points / rate.per * factor
        elif rate.of == "unit":
            total += Fraction(rate.points, rate.per) * factor
        else:
            part = Fraction(price, sum(prices)) if any(prices) else Fraction(1, len(units))
            total += rate.points * part * factor
    return total if rate.cap is None else min(total, Fraction(rate.cap))


@given(rated())
def test_who_pays_half_with_what_earns_does_not_earn_more(
    drawn: tuple[tuple[tuple[int, ...], ...], list[Rate]],
) -> None:
    nets, rates = drawn
    half = earned(nets, rates, paid_share=(1, 2))
    assert sum(map(sum, half)) <= sum(map(sum, earned(nets, rates)))


@given(rated(), st.sampled_from(["last", "before_multiplier"]))
def test_only_the_ratio_of_the_paid_share_matters(
    drawn: tuple[tuple[tuple[int, ...], ...], list[Rate]], flooring: Flooring
) -> None:
    nets, rates = drawn
    half = earned(nets, rates, paid_share=(1, 2), flooring=flooring)
    assert earned(nets, rates, paid_share=(3, 6), flooring=flooring) == half


# --- the rules ------------------------------------------------------------------------------------

BOTH = (Picked(0, (0,)), Picked(1, (0, 1, 2)))


def test_a_tier_earns_by_its_factor() -> None:
    double = rule(multipliers={"gold": 20_000})
    assert earned(CAKE_AND_BREAD, [double.rate("gold", BOTH)]) == ((161,), (12, 12, 12))
    assert sum(map(sum, earned(CAKE_AND_BREAD, [double.rate("", BOTH)]))) == 98


def test_a_campaign_multiplies_the_units_it_is_about() -> None:
    about_two = (campaign(20_000), (Picked(1, (0, 2)),))
    rate = rule(per=1, multipliers={"gold": 30_000}).rate("gold", BOTH, [about_two])
    assert earned(((1,), (1, 1, 1)), [rate]) == ((3,), (6, 3, 6))
    added = rule(per=1, multipliers={"gold": 30_000}).rate("gold", BOTH, [about_two], how="add")
    assert earned(((1,), (1, 1, 1)), [added]) == ((3,), (4, 3, 4))


def test_a_campaign_may_be_for_some_rules_only() -> None:
    ours, others = (campaign(20_000, "earn"), BOTH), (campaign(20_000, "other"), BOTH)
    assert earned(((1,), (0, 0, 0)), [rule(per=1).rate("", BOTH, [ours])])[0] == (2,)
    assert earned(((1,), (0, 0, 0)), [rule(per=1).rate("", BOTH, [others])])[0] == (1,)


def test_a_rule_says_how_much_more_it_needs() -> None:
    needs = rule(minimum=9_876)
    missing = Miss("R-NEEDS-AMOUNT", {"amount": 9_876, "more": 1})
    assert needs.missing(CAKE_AND_BREAD, BOTH) == missing
    assert rule(minimum=9_875).missing(CAKE_AND_BREAD, BOTH) is None
    assert rule(minimum=605).missing(CAKE_AND_BREAD, (Picked(1, (1,)),)) is not None


def test_a_rule_for_the_visit_counts_it_once_whatever_its_per() -> None:
    rate = rule(of="visit", points=10, cap=7).rate("", BOTH)
    assert sum(map(sum, earned(CAKE_AND_BREAD, [rate]))) == 7
    assert rule(of="visit", points=10).rate("", BOTH).per == 1
