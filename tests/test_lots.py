"""Lots: what is held is the sum of the moves, and it is spent in one order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts.expiry import (
    Activity,
    Days,
    EndOfMonth,
    EndOfYear,
    Expiry,
    Never,
    is_over,
    lapse,
    last_day,
)
from edge.shop.accounts.lots import Held, Holdings, Move, is_spendable, spending, take
from edge.shop.ledger import BONUS, POINTS
from tests.lots_draws import START, held_points, holding, in_days, lot

TODAY = START


def test_a_lot_is_the_sum_of_its_moves() -> None:
    first = lot("S1#p1", expires="2026-12-31")
    held = Holdings(last_activity=TODAY).after(
        [
            Move(lot="S1#p1", amount=100, money=900, opens=first),
            Move(lot="S1#p1", amount=-30, money=-270),
            Move(lot="S1#p1", amount=-20, lapsed=20),
        ]
    )
    assert held.lots == {"S1#p1": Held(first, 50, 630, 20)}
    assert held.last_activity == TODAY


def test_what_was_never_opened_cannot_move() -> None:
    with pytest.raises(AssertionError, match="never opened"):
        Holdings().after([Move(lot="nobody's", amount=1)])


def test_a_move_knows_its_lot() -> None:
    old, new = lot("old"), lot("new")
    held = holding((old, 1))
    assert held.lot(Move(lot="old", amount=-1)) == old
    assert held.lot(Move(lot="new", amount=1, opens=new)) == new


def test_spending_order_is_expiry_then_opened_then_id() -> None:
    held = holding(
        (lot("never"), 1),
        (lot("late", expires="2026-12-31"), 1),
        (lot("b", expires="2026-06-30"), 1),
        (lot("a", expires="2026-06-30"), 1),
        (lot("older", expires="2026-06-30", opened="2026-01-30"), 1),
        (lot("bonus", BONUS, expires="2026-01-01"), 1),
    )
    names = [one.lot.id for one in held.of(POINTS)]
    assert names == ["older", "a", "b", "late", "never"]
    assert [one.lot.id for one in held.of(POINTS, BONUS)] == ["bonus", *names]


@pytest.mark.parametrize(
    ("active", "expires", "left", "is_good"),
    [
        (0, "", 1, True),
        (1, "", 1, False),
        (0, TODAY, 1, True),
        (-9, in_days(-1), 1, False),
        (0, "", 0, False),
        (0, "", -1, False),
    ],
)
def test_what_can_be_spent_today(active: int, expires: str, left: int, is_good: bool) -> None:
    held = Held(lot("x", active_from=in_days(active), expires=expires), left)
    assert is_spendable(held, TODAY) is is_good


@given(held_points(), st.data())
def test_taking_empties_the_first_lots_first(held: Holdings, data: st.DataObject) -> None:
    lots = held.spendable(POINTS, TODAY)
    amount = data.draw(st.integers(0, sum(one.left for one in lots)))
    after = held.after(take(lots, amount))
    assert held.balance(POINTS) - after.balance(POINTS) == amount
    touched = [one for one in lots if after.lots[one.lot.id].left < one.left]
    assert all(after.lots[one.lot.id].left == 0 for one in touched[:-1])
    assert touched == sorted(lots, key=spending)[: len(touched)]


def test_more_than_there_is_cannot_be_taken() -> None:
    with pytest.raises(AssertionError, match="more was to be taken"):
        take([Held(lot("x"), 5)], 6)


# --- expiry ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expiry", "start", "last"),
    [
        (Never(), "2026-01-31", ""),
        (Activity(days=90), "2026-01-31", ""),
        (Days(days=1), "2026-02-28", "2026-03-01"),
        (Days(days=365), "2028-02-29", "2029-02-28"),
        (EndOfMonth(), "2028-02-01", "2028-02-29"),
        (EndOfMonth(months=1), "2026-01-31", "2026-02-28"),
        (EndOfMonth(months=12), "2026-12-15", "2027-12-31"),
        (EndOfYear(), "2026-01-01", "2026-12-31"),
        (EndOfYear(years=2), "2026-12-31", "2028-12-31"),
    ],
)
def test_the_last_day(expiry: Expiry, start: str, last: str) -> None:
    assert last_day(expiry, start) == last


def test_the_last_day_counts_and_the_next_does_not() -> None:
    held = Held(lot("x", expires="2026-02-28"), 7)
    assert is_spendable(held, "2026-02-28")
    assert not is_over(held, "2026-02-28")
    assert not is_spendable(held, "2026-03-01")
    assert is_over(held, "2026-03-01")
    assert not is_over(Held(lot("y"), 7), "9999-12-31")


def test_what_lapses_is_all_that_is_left_but_no_debt() -> None:
    lots = [Held(lot("x"), 7), Held(lot("empty"), 0), Held(lot("owed", kind="debt"), -5)]
    assert lapse(lots) == (Move(lot="x", amount=-7, lapsed=7),)
