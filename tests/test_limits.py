"""Offline limits: the order in which a spend is decided, and a bound that nothing passes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts.limits import (
    AskHold,
    Authorised,
    Cap,
    Kind,
    Lease,
    OfflineLimits,
    Spending,
    SpendLimits,
    authorise,
    refusal,
)
from edge.shop.declined import Declined

TODAY = "2026-11-22"


def decide(
    limits: OfflineLimits, spending: Spending, *, online: bool = False, approved: bool = False
) -> Authorised | AskHold | Declined:
    return authorise(limits, spending, today=TODAY, online=online, approved=approved)


def away(amount: int, left: int = 0, **more: object) -> Spending:
    lease = Lease(left=left, **more)  # type: ignore[arg-type]  # built from what a test names
    return Spending(amount=amount, home=False, lease=lease)


def test_at_home_everything_there_may_be_spent() -> None:
    assert decide(OfflineLimits(), Spending(amount=900, home=True)) == Authorised(own=900)


def test_the_order_is_status_hot_list_single_cap_lease_hold_overdraft() -> None:
    limits = OfflineLimits(single_max=1_000, overdraft_max=300)
    worst = Spending(amount=5_000, home=False, status="frozen", hot=True, confirmed=False)
    assert decide(limits, worst) == Declined("E-MEMBER-BLOCKED")
    hot = Spending(amount=5_000, home=False, hot=True, confirmed=False)
    assert decide(limits, hot) == Declined("E-HOT-LISTED")
    unconfirmed = Spending(amount=5_000, home=False, confirmed=False)
    assert decide(limits, unconfirmed) == Declined("E-UNCONFIRMED")
    assert decide(limits, away(1_001)) == Declined("E-SINGLE-MAX", {"possible": 1_000})
    assert decide(limits, away(1_000, 1_000)) == Authorised(own=1_000)
    assert decide(limits, away(1_000, 400), online=True) == AskHold(600)
    assert decide(limits, away(700, 400), approved=True) == Authorised(own=400, overdraft=300)
    assert decide(limits, away(701, 400), approved=True) == Declined(
        "E-OFFLINE-LIMIT", {"possible": 700}
    )
    assert decide(limits, away(700, 400)) == Declined("E-OFFLINE-LIMIT", {"possible": 400})


def test_an_overdraft_is_flagged_and_nothing_else_is() -> None:
    assert Authorised(own=1, overdraft=1).flagged
    assert not Authorised(own=1, held=1).flagged


def test_what_the_cloud_held_fills_up_the_lease_and_is_not_asked_for_twice() -> None:
    spending = Spending(amount=1_000, home=False, lease=Lease(left=400), held=500)
    assert decide(OfflineLimits(), spending, online=True) == Declined(
        "E-OFFLINE-LIMIT", {"possible": 900}
    )
    enough = Spending(amount=900, home=False, lease=Lease(left=400), held=500)
    assert decide(OfflineLimits(), enough) == Authorised(own=400, held=500)


def test_a_lease_that_is_over_too_often_used_or_too_old_counts_for_nothing() -> None:
    limits = OfflineLimits(data_age_hours_max=24)
    nothing = Declined("E-OFFLINE-LIMIT", {"possible": 0})
    assert decide(limits, away(10, 100, expires="2026-11-21")) == nothing
    assert decide(limits, away(10, 100, expires=TODAY)) == Authorised(own=10)
    assert decide(limits, away(10, 100, count_left=0)) == nothing
    stale = Spending(amount=10, home=False, lease=Lease(left=100), data_age_hours=25)
    assert decide(limits, stale) == nothing
    fresh = Spending(amount=10, home=False, lease=Lease(left=100), data_age_hours=24)
    assert decide(limits, fresh) == Authorised(own=10)
    assert decide(limits, away(60, 100, single_max=50)) == Declined(
        "E-OFFLINE-LIMIT", {"possible": 50}
    )


def test_caps_count_by_member_terminal_and_store() -> None:
    caps = (
        Cap(per="member", max=500),
        Cap(per="terminal", of="count", max=2),
        Cap(per="store", max=2_000),
    )
    limits = OfflineLimits(caps=caps)

    def room(**spent: int) -> object:
        counters = {name.replace("_", "|"): value for name, value in spent.items()}
        asked = Spending(amount=1_000, home=False, lease=Lease(left=9_999), spent=counters)
        said = decide(limits, asked)
        assert isinstance(said, Declined)
        return said.params["possible"]

    assert room() == 500
    assert room(member_amount=200) == 300
    assert room(terminal_count=1) == 500
    assert room(terminal_count=2) == 0
    assert room(store_amount=1_900) == 100
    assert room(store_amount=2_500) == 0


@pytest.mark.parametrize(
    ("kind", "single", "offline", "name"),
    [
        ("value", "E-SINGLE-MAX", "E-OFFLINE-LIMIT", "possible"),
        ("points", "E-SINGLE-POINTS", "E-OFFLINE-POINTS", "points"),
        ("uses", "E-SINGLE-USES", "E-OFFLINE-USES", "uses"),
    ],
)
def test_each_kind_has_its_own_limits_and_its_own_words(
    kind: Kind, single: str, offline: str, name: str
) -> None:
    mine: dict[str, Any] = {
        "single_max": 50,
        "caps": (Cap(per="member", max=40),),
        "overdraft_max": 5,
    }
    others: dict[str, Any] = {other: SpendLimits() for other in ("points", "uses")}
    if kind == "value":
        limits = OfflineLimits(**mine, **others)
    else:
        others[kind] = SpendLimits(**mine)
        limits = OfflineLimits(**others)

    def spend(amount: int, *, home: bool = False) -> Spending:
        return Spending(kind=kind, amount=amount, home=home, lease=Lease(left=99))

    assert decide(limits, spend(51, home=True)) == Declined(single, {name: 50})
    assert decide(limits, spend(50, home=True)) == Authorised(own=50)
    assert decide(limits, spend(41)) == Declined(offline, {name: 40})
    assert decide(limits, spend(45), approved=True) == Authorised(own=40, overdraft=5)
    assert decide(limits, spend(46), approved=True) == Declined(offline, {name: 45})
    kinds: tuple[Kind, ...] = ("value", "points", "uses")
    for other in kinds:
        if other != kind:
            free = Spending(kind=other, amount=99, home=False, lease=Lease(left=99))
            assert decide(limits, free) == Authorised(own=99)


def test_a_refusal_does_not_look_at_where_the_home_is() -> None:
    limits = OfflineLimits(points=SpendLimits(single_max=5))
    away = Spending(kind="points", amount=5, home=False)
    assert refusal(limits, away) is None
    dear = Spending(kind="points", amount=6, home=False)
    assert refusal(limits, dear) == Declined("E-SINGLE-POINTS", {"points": 5})
    assert refusal(limits, Spending(amount=6, home=True, hot=True)) == Declined("E-HOT-LISTED")


@given(
    st.lists(st.integers(1, 400), max_size=30),
    st.integers(0, 1_000),
    st.integers(0, 500),
    st.booleans(),
)
def test_however_often_it_is_tried_no_more_is_lost_than_declared(
    asked: list[int], left: int, overdraft: int, approved: bool
) -> None:
    limits = OfflineLimits(overdraft_max=overdraft)
    beyond = 0
    for amount in asked:
        spending = Spending(
            amount=amount, home=False, lease=Lease(left=left), spent={"overdraft": beyond}
        )
        said = decide(limits, spending, approved=approved)
        if isinstance(said, Authorised):
            assert said.own + said.overdraft == amount
            left -= said.own
            beyond += said.overdraft
        else:
            assert isinstance(said, Declined)
            possible = said.params["possible"]
            assert isinstance(possible, int)
            assert possible < amount
    assert left >= 0
    assert beyond <= (overdraft if approved else 0)
