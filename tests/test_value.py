"""Stored value: how a bill is paid from principal and bonus, and how it comes back."""

from typing import Any

import pytest

from edge.shop.accounts import value
from edge.shop.accounts.lots import PRINCIPAL, Move
from edge.shop.accounts.value import Spent, ValuePolicy
from edge.shop.declined import Declined
from edge.shop.ledger import BONUS
from tests.prepaid_kit import Account, rules

TODAY = "2026-11-22"
LATER = "2027-11-22"


def account(**policy: Any) -> Account:
    one = Account(rules(value=policy))
    one.top_up(100_000)
    return one


def parts(spent: Spent) -> tuple[int, int]:
    return spent.principal, spent.bonus


# --- spending -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "amount", "expected"),
    [
        ("proportional", 33_000, (30_000, 3_000)),
        ("proportional", 10_000, (9_091, 909)),
        ("proportional", 110_000, (100_000, 10_000)),
        ("proportional", 0, (0, 0)),
        ("bonus_first", 33_000, (23_000, 10_000)),
        ("bonus_first", 9_999, (0, 9_999)),
        ("principal_first", 33_000, (33_000, 0)),
        ("principal_first", 100_001, (100_000, 1)),
    ],
)
def test_a_bill_is_paid_in_the_declared_order(
    order: str, amount: int, expected: tuple[int, int]
) -> None:
    one = account(spend_order=order)
    assert parts(one.spend(amount)) == expected
    assert one.holdings.balance(PRINCIPAL) == 100_000 - expected[0]
    assert one.holdings.balance(BONUS) == 10_000 - expected[1]
    one.check()


def test_too_much_is_declined_with_what_would_do() -> None:
    one = account()
    no = value.spend(ValuePolicy(), one.holdings, 110_001, TODAY)
    assert no == Declined("E-VALUE-SHORT", {"more": 110_000})


def test_bonus_counts_to_the_end_of_its_last_day_and_no_longer() -> None:
    one = account(bonus_days=10)
    policy = one.rules.bundle.programme.value
    assert isinstance(value.spend(policy, one.holdings, 110_000, "2026-12-02"), Spent)
    no = value.spend(policy, one.holdings, 110_000, "2026-12-03")
    assert no == Declined("E-VALUE-SHORT", {"more": 100_000})


def test_the_store_is_owed_what_value_pays_and_the_issuer_funds_the_bonus() -> None:
    one = account()
    one.postings.clear()
    one.spend(33_000)
    assert one.balance("principal:m-1", party="hq") == 30_000
    assert one.balance("bonus", party="hq") == 3_000
    assert one.balance("sales:free", party="") == -33_000
    assert one.balance("member:m-1", BONUS) == -3_000
    assert one.balance("programme", BONUS) == 3_000


def test_the_bonus_that_ends_first_goes_first() -> None:
    one = Account(rules(value={"bonus_days": 30, "spend_order": "bonus_first"}))
    first = one.top_up(100_000, "2026-11-01")
    second = one.top_up(100_000, "2026-11-10")
    assert [move.lot for move in one.spend(15_000).moves] == [
        f"{first.top_up}#2",
        f"{second.top_up}#2",
    ]


# --- giving back ----------------------------------------------------------------------------------


def test_value_goes_back_to_its_lots_the_last_spent_first() -> None:
    one = Account(rules(value={"spend_order": "principal_first"}))
    one.top_up(50_000, "2026-11-01")
    one.top_up(60_000, "2026-11-02")
    spent = one.spend(70_000)
    assert spent.moves == (Move(lot="d1#1", amount=-50_000), Move(lot="d2#1", amount=-20_000))
    first = one.give_back(spent.moves, 30_000, 0)
    assert first == (Move(lot="d2#1", amount=20_000), Move(lot="d1#1", amount=10_000))
    rest = one.give_back((*spent.moves, *first), 40_000, 0)
    assert rest == (Move(lot="d1#1", amount=40_000),)
    assert one.holdings.balance(PRINCIPAL) == 110_000
    one.check()


def test_more_than_was_spent_never_comes_back() -> None:
    one = account()
    spent = one.spend(11_000)
    back = one.give_back(spent.moves, 10_000, 0)
    with pytest.raises(AssertionError, match="more was to come back"):
        one.give_back((*spent.moves, *back), 1, 0)


def test_bonus_that_ended_meanwhile_is_forfeited_and_only_the_money_is_booked_back() -> None:
    one = account(bonus_days=10)
    spent = one.spend(11_000)
    one.postings.clear()
    back = one.give_back(spent.moves, 10_000, 1_000, LATER)
    assert one.balance("bonus") == -1_000
    assert one.balance("member:m-1", BONUS) == 0
    assert one.holdings.balance(BONUS) == 9_000
    with pytest.raises(AssertionError, match="more was to come back"):
        one.give_back((*spent.moves, *back), 0, 1, LATER)


def test_bonus_that_ended_meanwhile_can_be_declared_good_again() -> None:
    one = account(bonus_days=10, bonus_return="reinstate", reinstate_days=7)
    spent = one.spend(11_000)
    half = one.give_back(spent.moves, 0, 400, LATER)
    rest = one.give_back((*spent.moves, *half), 10_000, 600, LATER)
    opened = [move.opens for move in (*half, *rest) if move.opens]
    assert [(lot.id, lot.expires, lot.origin) for lot in opened] == [
        ("d2#b1", "2027-11-29", "d1"),
        ("d3#b1", "2027-11-29", "d1"),
    ]
    assert one.spend(1_000, "2027-11-29").bonus == 10  # 1,000 of 1,000 and 100,000
    one.check()


def test_bonus_that_still_counts_goes_back_where_it_was() -> None:
    one = account(bonus_days=10, bonus_return="reinstate")
    spent = one.spend(11_000)
    assert one.give_back(spent.moves, 0, 1_000, "2026-12-02") == (Move(lot="d1#2", amount=1_000),)


# --- invoices and limits --------------------------------------------------------------------------


def test_what_was_invoiced_when_paid_in_is_not_invoiced_when_spent() -> None:
    one = account()
    one.top_up(50_000, "2026-11-23")
    spent = one.spend(155_000, "2026-11-23")
    assert parts(spent) == (145_313, 9_687)  # 155,000 x 150 / 160 = 145,312.5: the larger gets it
    assert value.invoiceable(one.holdings, spent.moves, []) == 145_313
    assert value.invoiceable(one.holdings, spent.moves, ["d1"]) == 45_313
    assert value.invoiceable(one.holdings, spent.moves, ["d1", "d2"]) == 0


def test_a_country_sets_the_limits_that_nobody_declares() -> None:
    assert ValuePolicy().balance_max(named=True) is None
    china = ValuePolicy(country="CN")
    assert (china.balance_max(named=True), china.balance_max(named=False)) == (500_000, 100_000)
    lower = ValuePolicy(country="CN", balance_max_named=1)
    assert (lower.balance_max(named=True), lower.balance_max(named=False)) == (1, 100_000)
