"""Coupons: issued with all their uses, used, restored until they expire, voided, judged."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts import coupons
from edge.shop.accounts.lots import COUPON, Held, Holdings, Move
from edge.shop.bundle import BundleError
from edge.shop.operations.check_coupon import check_coupon
from edge.shop.operations.in_force import coupon_kinds
from edge.shop.rules.coupon import Coupon
from tests.members_kit import TODAY, after, coupon, lot, made, rules


def kind(**terms: Any) -> Coupon:
    return coupon_kinds(rules(coupon(**terms)).bundle)["ten-off"]


def issued(home: str = "", **terms: Any) -> Holdings:
    return after(coupons.issue(kind(**terms), "s1", 1, "m1", TODAY, home=home))


@pytest.mark.parametrize(
    ("terms", "last"),
    [
        ({}, ""),
        ({"valid_days": 30}, "2026-12-22"),
        ({"valid_days": 0}, TODAY),
        ({"valid_until": "2026-12-31"}, "2026-12-31"),
        ({"valid_days": 30, "valid_until": "2026-12-01"}, "2026-12-01"),
        ({"valid_days": 3, "valid_until": "2026-12-01"}, "2026-11-25"),
    ],
)
def test_the_earlier_end_is_the_last_day(terms: dict[str, Any], last: str) -> None:
    assert issued(**terms).lots["s1#1"].lot.expires == last


def test_a_coupon_is_a_lot_of_its_uses() -> None:
    held = issued("s1", uses=5).lots["s1#1"]
    assert (held.left, held.lot.unit, held.lot.terms) == (5, COUPON, "ten-off")
    assert (held.lot.member, held.lot.origin, held.lot.home) == ("m1", "s1", "s1")


@given(st.integers(1, 9), st.lists(st.booleans(), max_size=40))
def test_uses_stay_between_none_and_all_issued(uses: int, steps: list[bool]) -> None:
    """Sales use it and returns give back what a sale used, in any order."""
    holdings, used = issued(uses=uses, valid_days=10), 0
    for use in steps:
        held = holdings.lots["s1#1"]
        if use and coupons.shown(holdings, "s1#1", made()).usable:
            holdings, used = holdings.after([coupons.use(held)]), used + 1
        elif not use and used:
            back = coupons.restore(held, TODAY)
            assert back is not None
            holdings, used = holdings.after([back]), used - 1
        assert 0 <= holdings.lots["s1#1"].left == uses - used <= uses


@given(st.integers(1, 9))
def test_restoring_a_use_undoes_it(uses: int) -> None:
    holdings = issued(uses=uses)
    used = holdings.after([coupons.use(holdings.lots["s1#1"])])
    back = coupons.restore(used.lots["s1#1"], TODAY)
    assert back is not None
    assert used.after([back]) == holdings


def test_nothing_is_restored_after_the_last_day() -> None:
    holdings = issued(valid_days=2)
    held = Held(holdings.lots["s1#1"].lot, 0)
    assert coupons.restore(held, "2026-11-24") == Move(lot="s1#1", amount=1)
    assert coupons.restore(held, "2026-11-25") is None
    assert coupons.restore(held, "2026-11-24", undone=True) is None


def test_a_coupon_with_no_use_left_cannot_be_used() -> None:
    with pytest.raises(AssertionError, match="used up"):
        coupons.use(Held(lot("c", COUPON), 0))


def test_voiding_takes_what_is_left_and_no_more() -> None:
    holdings = issued(uses=3)
    once = holdings.after([coupons.use(holdings.lots["s1#1"])])
    gone = coupons.void(once.lots["s1#1"])
    assert gone == Move(lot="s1#1", amount=-2)
    assert coupons.void(once.after([gone]).lots["s1#1"]) is None
    assert coupons.shown(once.after([gone]), "s1#1", made()).reason == "R-COUPON-USED"


@pytest.mark.parametrize(
    ("more", "day", "where", "reason"),
    [
        ({}, TODAY, {}, ""),
        ({"expires": TODAY}, TODAY, {}, ""),
        ({"expires": TODAY}, "2026-11-23", {}, "R-COUPON-EXPIRED"),
        ({"active_from": "2026-11-23"}, TODAY, {}, "R-COUPON-NOT-YET"),
        ({}, TODAY, {"online": False}, ""),
        ({"home": "s2"}, TODAY, {}, ""),
        ({"home": "s2"}, TODAY, {"online": False}, "R-COUPON-NOT-HERE"),
        ({"home": "s1"}, TODAY, {"online": False}, ""),
        ({"home": "s2"}, TODAY, {"online": False, "store": "s2"}, ""),
    ],
)
def test_what_a_till_says_to_a_coupon(
    more: dict[str, Any], day: str, where: dict[str, Any], reason: str
) -> None:
    holdings = Holdings({"c": Held(lot("c", COUPON, terms="ten-off", **more), 1)})
    shown = coupons.shown(holdings, "c", made(day, **where))
    assert (shown.usable, shown.reason, shown.type) == (not reason, reason, "ten-off")


def test_a_used_coupon_says_so_even_after_its_last_day() -> None:
    holdings = Holdings({"c": Held(lot("c", COUPON, expires="2026-01-02"), 0)})
    assert coupons.shown(holdings, "c", made()).reason == "R-COUPON-USED"


def test_what_is_no_coupon_is_unknown() -> None:
    holdings = Holdings({"p": Held(lot("p"), 100)})
    assert coupons.shown(holdings, "p", made()).reason == "R-COUPON-UNKNOWN"
    assert coupons.shown(holdings, "x", made()).reason == "R-COUPON-UNKNOWN"


@pytest.mark.parametrize(("transferable", "reason"), [(False, "R-COUPON-NOT-YOURS"), (True, "")])
def test_somebody_else_s_coupon(transferable: bool, reason: str) -> None:
    theirs = Held(lot("c", COUPON, member="m2", terms="ten-off"), 1)
    terms = kind(transferable=transferable)
    shown = coupons.shown(Holdings(), "c", made(), elsewhere=theirs, terms=terms)
    assert (shown.usable, shown.reason) == (not reason, reason)


@pytest.mark.parametrize(("off_home", "reason"), [("ask", "R-COUPON-NOT-HERE"), ("accept", "")])
def test_away_from_home_and_offline(off_home: str, reason: str) -> None:
    holdings = issued("s2", off_home=off_home)
    shown = coupons.shown(holdings, "s1#1", made(online=False), terms=kind(off_home=off_home))
    assert shown.reason == reason


def test_checking_says_what_it_is_worth_and_until_when() -> None:
    terms = rules(coupon(valid_days=30, uses=2))
    checked = check_coupon("s1#1", terms, issued("s1", valid_days=30, uses=2), made())
    assert checked.shown.usable
    assert (checked.uses_left, checked.expires, checked.home) == (2, "2026-12-22", "s1")
    assert checked.worth == coupon_kinds(terms.bundle)["ten-off"]


def test_checking_a_coupon_of_a_type_that_is_gone() -> None:
    checked = check_coupon("s1#1", rules(), issued(), made())
    assert (checked.shown.usable, checked.shown.reason) == (False, "R-COUPON-UNKNOWN")
    assert (checked.uses_left, checked.worth) == (1, None)


def test_checking_a_coupon_nobody_knows() -> None:
    checked = check_coupon("x", rules(coupon()), Holdings(), made())
    assert checked.shown.reason == "R-COUPON-UNKNOWN"
    assert (checked.uses_left, checked.worth) == (0, None)


def test_a_gift_of_an_unknown_coupon_is_the_bundle_s_fault() -> None:
    with pytest.raises(BundleError, match="ten-off"):
        rules(coupon(), enrolment={"welcome": {"coupons": {"ten-of": 1}}})
