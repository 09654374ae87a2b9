"""Points growth: the story of compound growth, and what a return does to it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts import growth, points
from edge.shop.accounts.growth import Grown, GrowthPolicy, Reversal
from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.declined import Declined
from edge.shop.facts import PointsGrown
from edge.shop.ledger import POINTS, Posting
from edge.shop.operations.grow import GrowAsked, grow
from tests.lots_draws import holding, lot
from tests.points_kit import made, terms

MONTHS = [f"{2026 + number // 12}-{number % 12 + 1:02}" for number in range(36)]


def policy(**declared: Any) -> GrowthPolicy:
    return msgspec.convert({"rate": 100} | declared, GrowthPolicy)


def kept(amount: int, **more: str) -> Holdings:
    return holding((lot("S1#p1", active_from="2025-12-31", **more), amount))


def months(declared: GrowthPolicy, held: Holdings, count: int) -> tuple[list[int], Holdings]:
    """Return what each of so many months brought, and what is held then."""
    brought, carry = [], 0
    for month in MONTHS[:count]:
        now = growth.growth(declared, held, month, carry)
        held = held.after(
            growth.grow(declared, now, period=month, deed=month, member="m-1", issuer="hq")
        )
        brought.append(now.points)
        carry = now.carry
    return brought, held


def test_growth_compounds_month_by_month() -> None:
    brought, held = months(policy(), kept(10_000), 4)
    assert brought == [100, 101, 102, 103]
    assert held.balance(POINTS) == 10_406


def test_after_a_year_carrying_the_fraction_is_two_points_more() -> None:
    assert months(policy(), kept(10_000), 12)[1].balance(POINTS) == 11_266
    carried = policy(rounding="carry")
    assert months(carried, kept(10_000), 12)[1].balance(POINTS) == 11_268


def test_fifty_points_never_grow_unless_the_fraction_is_carried() -> None:
    assert months(policy(), kept(50), 36)[0] == [0] * 36
    assert months(policy(rounding="carry"), kept(50), 3)[0] == [0, 1, 0]


def test_pending_points_and_debts_do_not_grow() -> None:
    held = holding(
        (lot("S1#p1", active_from="2026-01-01"), 10_000),
        (lot("pending", active_from="2027-01-01"), 500),
        (lot("owed", active_from="2025-01-01", kind="debt"), -300),
    )
    brought, after = months(policy(), held, 4)
    assert brought == [100, 101, 102, 103]
    assert after.lots["owed"].left == -300


@pytest.mark.parametrize(
    ("active_from", "expires", "grows"),
    [
        ("2026-02-01", "", True),
        ("2026-02-02", "", False),
        ("2026-02-01", "2026-02-28", True),
        ("2026-02-01", "2026-02-27", False),
    ],
)
def test_only_lots_active_the_whole_period_grow(
    active_from: str, expires: str, grows: bool
) -> None:
    held = holding((lot("x", active_from=active_from, expires=expires), 1_000))
    now = growth.growth(policy(), held, "2026-02")
    assert now.base == (1_000 if grows else 0)
    assert now.points == (10 if grows else 0)


def test_periods_are_months_and_years() -> None:
    assert growth.bounds("2028-02") == ("2028-02-01", "2028-02-29")
    assert growth.bounds("2026-12") == ("2026-12-01", "2026-12-31")
    assert growth.bounds("2026") == ("2026-01-01", "2026-12-31")


def test_without_carrying_a_fraction_left_over_counts_for_nothing() -> None:
    """The terms may have changed since a period that carried."""
    now = growth.growth(policy(), kept(50), "2026-01", 9_999)
    assert (now.points, now.carry) == (0, 0)


def test_above_the_cap_nothing_is_given_and_nothing_carried() -> None:
    now = growth.growth(policy(rounding="carry", cap=99), kept(10_050), "2026-01")
    assert (now.points, now.carry) == (99, 0)
    exact = growth.growth(policy(rounding="carry", cap=100), kept(10_050), "2026-01")
    assert (exact.points, exact.carry) == (100, 5_000)


def test_growth_is_active_at_once_and_expires_by_its_own_terms() -> None:
    declared = policy(expiry={"is": "end_of_month", "months": 2})
    _, held = months(declared, kept(10_000), 1)
    grown = held.lots["2026-01#g1"].lot
    assert (grown.active_from, grown.expires, grown.kind) == ("2026-02-01", "2026-04-30", "growth")


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=6), st.integers(0, 2_000))
def test_growth_is_floored_once_and_each_lot_has_its_share(amounts: list[int], rate: int) -> None:
    lots = [(lot(f"L{n}", active_from="2026-01-01"), left) for n, left in enumerate(amounts)]
    now = growth.growth(policy(rate=rate), holding(*lots), "2026-01")
    assert now.points == sum(amounts) * rate // 10_000
    assert sum(share.points for share in now.shares) == now.points
    assert [share.base for share in now.shares] == [amount for amount in amounts if amount]


@given(st.integers(0, 400), st.lists(st.integers(0, 10**6), min_size=1, max_size=24))
def test_carrying_loses_nothing(rate: int, amounts: list[int]) -> None:
    carry, brought = 0, 0
    declared = policy(rate=rate, rounding="carry")
    for month, amount in zip(MONTHS, amounts, strict=False):
        now = growth.growth(declared, kept(amount), month, carry)
        carry, brought = now.carry, brought + now.points
    assert brought * 10_000 + carry == sum(amounts) * rate


# --- when goods come back -------------------------------------------------------------------------


def test_growth_stays_or_goes_with_the_points() -> None:
    _, held = months(policy(), kept(10_000), 1)
    into = held.lots["2026-01#g1"].lot
    grown = [(into, Grown("S1#p1", 10_000, 100)), (into, Grown("other", 5, 5))]
    some = Reversal("S1#p1", 2_500)
    back = growth.reverse(
        policy(on_return="take_back"), PointsPolicy(), held, grown, some, "2026-02-03", "R1"
    )
    assert [(move.lot, move.amount) for move in back] == [("2026-01#g1", -25)]
    assert growth.reverse(policy(), PointsPolicy(), held, grown, some, "2026-02-03", "R1") == ()


@given(st.integers(0, 300), st.integers(1, 300), st.lists(st.integers(1, 90), max_size=5))
def test_growth_goes_in_parts_as_it_goes_as_a_whole(grew: int, base: int, parts: list[int]) -> None:
    into = lot("G#g1")
    held = holding((into, grew))
    held = held.after(points.spend(held, POINTS, grew // 2, into.opened))  # type: ignore[arg-type]
    declared, grown = policy(on_return="take_back"), [(into, Grown("S1#p1", base, grew))]
    already = 0
    for number, part in enumerate(parts):
        moves = growth.reverse(
            declared, PointsPolicy(), held, grown, Reversal("S1#p1", part, already),
            into.opened, f"R{number}",
        )  # fmt: skip
        held, already = held.after(moves), already + part
    gone = grew * min(already, base) // base
    assert held.balance(POINTS) == grew - grew // 2 - gone
    assert held.lots["G#g1"].left == max(0, grew - grew // 2 - gone)


# --- the deed -------------------------------------------------------------------------------------

RULES = terms(growth={"rate": 100, "rounding": "carry"})


def test_growth_is_a_fact_of_its_own() -> None:
    asked = GrowAsked(member="m-1", period="2026-01", carry=9_000)
    fact = grow(asked, RULES, kept(10_050), made("2026-02-01", "G1"), trusted=True)
    assert isinstance(fact, PointsGrown)
    assert (fact.base, fact.rate, fact.points, fact.carry) == (10_050, 100, 101, 4_000)
    assert fact.shares == (Grown("S1#p1", 10_050, 101),)
    assert fact.postings == (
        Posting("member:m-1", POINTS, 101, "hq"),
        Posting("programme", POINTS, -101, "hq"),
    )
    assert kept(10_050).after(fact.moves).balance(POINTS) == 10_151


@pytest.mark.parametrize(
    ("asked", "today"),
    [
        (GrowAsked(member="m-1", period="2026-01"), "2026-01-31"),
        (GrowAsked(member="m-1", period="2026-01", grown_until="2026-01"), "2026-02-01"),
        (GrowAsked(member="m-1", period="2026-01", grown_until="2026-02"), "2026-03-01"),
        (GrowAsked(member="m-1", period="2025"), "2026-02-01"),
    ],
)
def test_a_period_grows_once_and_when_it_is_over(asked: GrowAsked, today: str) -> None:
    answer = grow(asked, RULES, kept(10_000), made(today), trusted=True)
    assert answer == Declined("E-NOTHING-DUE", {"member": "m-1"})


def test_where_nothing_changes_there_is_no_fact() -> None:
    asked = GrowAsked(member="m-1", period="2026-01")
    nothing = Declined("E-NOTHING-DUE", {"member": "m-1"})
    assert grow(asked, RULES, Holdings(), made("2026-02-01"), trusted=True) == nothing
    half = grow(asked, RULES, kept(50), made("2026-02-01"), trusted=True)
    assert isinstance(half, PointsGrown)
    assert (half.points, half.carry, half.moves, half.postings) == (0, 5_000, (), ())


def test_nothing_grows_on_a_clock_nobody_trusts() -> None:
    asked = GrowAsked(member="m-1", period="2026-01")
    answer = grow(asked, RULES, kept(10_000), made("2026-02-01"), trusted=False)
    assert answer == Declined("E-CLOCK-UNKNOWN")
