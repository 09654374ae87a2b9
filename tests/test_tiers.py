"""Tiers: reached by what is measured, provisional, reviewed, bought, and what they grant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts import tiers
from edge.shop.accounts.lots import COUPON
from edge.shop.accounts.tiers import Measured, TiersPolicy, TierStanding
from edge.shop.bundle import BundleError
from edge.shop.calendar import plus_days, plus_months
from edge.shop.facts import SaleMade, ToppedUp, TopUpCancelled
from edge.shop.facts.returns import Refund, ReturnMade
from edge.shop.ledger import COUNTS
from edge.shop.operations.tier_review import (
    of_cancellation,
    of_return,
    of_sale,
    of_top_up,
    reviewed,
    tier_review,
)
from edge.shop.sale import Basis
from edge.shop.tender import Tender
from tests.members_kit import TODAY, after, books, coupon, made, rules
from tests.tiers_kit import FEE, GOLD, SILVER, bought, paid, policy, standing

# --- an upgrade, then a return --------------------------------------------------------------------


@pytest.mark.parametrize(("after_return", "kept"), [("at_review", "silver"), ("immediately", "")])
def test_an_upgrade_and_a_return(after_return: str, kept: str) -> None:
    of = policy(after_return=after_return)
    first = standing(of, paid("r1", 280_000))
    assert (first.tier, tiers.qualifying_sum(of, first, TODAY)) == ("", 280_000)
    second = tiers.record(of, first, paid("r2", 30_000), TODAY)
    assert (second.tier, second.provisional) == ("silver", True)
    assert tiers.qualifying_sum(of, second, TODAY) == 310_000
    third = tiers.record(of, second, paid("r3", 9_500), TODAY)
    assert tiers.qualifying_sum(of, third, TODAY) == 319_500
    back = tiers.record(of, third, paid("r2", -30_000), TODAY)
    assert tiers.qualifying_sum(of, back, TODAY) == 289_500
    assert back.tier == kept


def test_a_return_subtracts_on_the_day_of_its_sale() -> None:
    of = policy(window_months=1)
    now = standing(of, paid("old", 100_000, "2026-10-21"), paid("new", 50_000))
    back = tiers.record(of, now, paid("old", -40_000, "2026-10-21"), TODAY)
    assert tiers.qualifying_sum(of, now, TODAY) == tiers.qualifying_sum(of, back, TODAY) == 50_000


DATED = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 9), st.integers(-500, 500)))


@given(DATED, st.integers(1, 24))
def test_what_can_never_count_again_is_forgotten_and_nothing_else_is(
    events: list[tuple[int, int, int]], months: int
) -> None:
    """Day by day a standing knows the sum of all that happened in the window, and no older day."""
    of, now = policy(window_months=months), TierStanding()
    days: dict[str, str] = {}
    sums: dict[str, int] = {}
    for day, deed, amount in sorted(events):
        today, name = plus_days("2024-01-31", day), f"r{deed}"
        date = days.setdefault(name, today)
        sums[name] = sums.get(name, 0) + amount
        now = tiers.record(of, now, paid(name, amount, date), today)
        first = plus_months(today, -months)
        assert all(first < entry.date <= today for entry in now.entries.values())
        counted = [sums[one] for one, date in days.items() if first < date]
        assert tiers.qualifying_sum(of, now, today) == sum(counted)


@pytest.mark.parametrize(
    ("date", "counts"),
    [("2025-11-22", False), ("2025-11-23", True), ("2026-11-22", True), ("2026-11-23", False)],
)
def test_the_window(date: str, counts: bool) -> None:
    of = policy()
    now = standing(of, paid("r1", 1, date))
    assert tiers.qualifying_sum(of, now, TODAY) == counts


@pytest.mark.parametrize(
    ("more", "worth"),
    [
        ({}, 700),
        ({"stored_value": "top_ups"}, 5_400),
        ({"measure": "visits"}, 1),
        ({"measure": "points_earned"}, 7),
        ({"measure": "top_ups"}, 5_000),
    ],
)
def test_what_is_measured(more: dict[str, str], worth: int) -> None:
    everything = Measured(
        deed="s", date=TODAY, paid=400, stored=300, topped_up=5_000, points=7, visits=1
    )
    assert tiers.worth(policy(**more), everything) == worth


@given(
    st.permutations([paid("a", 200_000), paid("b", 150_000), paid("c", 190_000), paid("d", 5_000)]),
    st.sampled_from(["at_review", "immediately"]),
)
def test_the_order_of_a_day_s_sales_makes_no_difference(
    sales: list[Measured], after_return: str
) -> None:
    now = standing(policy(after_return=after_return), *sales)
    assert (now.tier, dict(now.entries)) == (
        "gold",
        dict(standing(policy(), *sorted(sales, key=lambda sale: sale.deed)).entries),
    )


EVENTS = st.lists(
    st.builds(paid, st.sampled_from("abcd"), st.integers(-300_000, 400_000)), max_size=8
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_where_a_fall_is_immediate_no_order_makes_a_difference(
    events: list[Measured], luck: Any
) -> None:
    of = policy(after_return="immediately")
    shuffled = luck.sample(events, len(events))
    one, other = standing(of, *events), standing(of, *shuffled)
    assert (one.tier, one.entries) == (other.tier, other.entries)
    total = sum(event.paid for event in events)
    assert one.tier == ("gold" if total >= 500_000 else "silver" if total >= 300_000 else "")


@given(EVENTS)
def test_the_sum_is_what_was_recorded(events: list[Measured]) -> None:
    now = standing(policy(), *events)
    assert tiers.qualifying_sum(policy(), now, TODAY) == sum(event.paid for event in events)


# --- reviews --------------------------------------------------------------------------------------


def risen(of: TiersPolicy, amount: int) -> TierStanding:
    return standing(of, paid("r1", amount, "2026-01-10"), today="2026-01-10")


@pytest.mark.parametrize(
    ("downgrade", "later", "tier"),
    [
        ("to_measured", 0, ""),
        ("one_step", 0, "silver"),
        ("never", 0, "gold"),
        ("to_measured", 300_000, "silver"),
        ("to_measured", 500_000, "gold"),
        ("one_step", 300_000, "silver"),
    ],
)
def test_a_review_a_year_later(downgrade: str, later: int, tier: str) -> None:
    of = policy(downgrade=downgrade)
    now = risen(of, 500_000)
    assert (now.tier, now.review_on) == ("gold", "2027-01-10")
    if later:
        now = tiers.record(of, now, paid("r2", later, "2026-06-01"), "2026-06-01")
    assert tiers.review(of, now, "2027-01-09") == now
    judged = tiers.review(of, now, "2027-01-10")
    assert judged.tier == tier
    assert judged.review_on == ("2028-01-10" if tier else "")


def test_one_step_below_the_lowest_is_none() -> None:
    of = policy(downgrade="one_step")
    assert tiers.review(of, risen(of, 300_000), "2027-01-10").tier == ""


def test_keeping_a_tier_may_ask_for_less() -> None:
    of = policy({**SILVER, "keep": 100_000})
    now = tiers.record(of, risen(of, 300_000), paid("r2", 100_000, "2026-06-01"), "2026-06-01")
    assert tiers.review(of, now, "2027-01-10").tier == "silver"
    less = tiers.record(of, now, paid("r2", -1, "2026-06-01"), "2026-06-02")
    assert tiers.review(of, less, "2027-01-10").tier == ""


def test_a_tier_the_cloud_gave_is_its_own_to_review() -> None:
    assert tiers.review(policy(), TierStanding(tier="silver"), "2099-01-01").tier == "silver"


def test_a_tier_above_the_ladder_is_never_replaced_by_it() -> None:
    of = policy()
    now = tiers.record(of, TierStanding(tier="black"), paid("r1", 500_000), TODAY)
    assert now.tier == "black"


def test_the_cloud_has_the_last_word() -> None:
    of = policy()
    confirmed = tiers.confirm(of, risen(of, 500_000), "gold", "2026-01-11")
    assert (confirmed.tier, confirmed.provisional) == ("gold", False)
    assert confirmed.review_on == "2027-01-10"
    assert tiers.confirm(of, confirmed, "", "2026-01-11").tier == ""


# --- grants and the fact of a review --------------------------------------------------------------

GRANT = {
    "points": 10, "coupons": {"ten-off": 1}, "counts": [{"plan": "wash", "uses": 2}]
}  # fmt: skip
WASH = {
    "id": "wash", "name_zh": "洗", "name_en": "wash", "uses": 10, "price": 100, "list_price": 20,
    "products": ["p1"],
}  # fmt: skip


def test_a_tier_grants_once_a_period() -> None:
    of = rules(coupon(), plans=[WASH], tiers_policy={"steps": [{**SILVER, "grant": GRANT}]})
    now = standing(of.bundle.programme.tiers_policy, paid("r1", 300_000))
    fact = tier_review("m1", now, of, made())
    assert fact is not None
    assert (fact.grant, fact.before, fact.after) == ("silver@2026-11-01", "silver", "silver")
    held = after(*fact.moves)
    assert (held.balance("PTS"), held.balance(COUNTS), held.balance(COUPON)) == (10, 2, 1)
    assert books(fact.postings) == {("member:m1", "hq"): 12, ("programme", "hq"): -12}
    then = reviewed(now, fact)
    assert tier_review("m1", then, of, made("2026-11-30")) is None
    december = tier_review("m1", then, of, made("2026-12-01"))
    assert december is not None
    assert december.grant == "silver@2026-12-01"


@pytest.mark.parametrize(
    ("period", "first"),
    [("month", "2026-11-01"), ("quarter", "2026-10-01"), ("year", "2026-01-01")],
)
def test_periods(period: Any, first: str) -> None:
    assert tiers.period_start(period, TODAY) == first


def test_a_review_is_a_fact_that_can_be_replayed() -> None:
    of = rules(tiers_policy={"steps": [SILVER, GOLD]})
    now = risen(of.bundle.programme.tiers_policy, 500_000)
    fact = tier_review("m1", now, of, made("2027-01-10"))
    assert fact is not None
    assert (fact.before, fact.after, fact.qualifying_sum) == ("gold", "", 0)
    assert reviewed(now, fact) == tiers.review(of.bundle.programme.tiers_policy, now, "2027-01-10")


def test_a_term_that_ends_can_be_replayed() -> None:
    of, now = bought()
    terms = rules(tiers_policy={"steps": [SILVER, FEE]})
    fact = tier_review("m1", now, terms, made("2027-01-02"))
    assert fact is not None
    assert fact.bought_ended
    assert reviewed(now, fact) == tiers.review(of, now, "2027-01-02")


# --- from facts -----------------------------------------------------------------------------------

DEED: dict[str, Any] = {
    "receipt": "1", "business_date": TODAY, "store": "s1", "terminal": "t1", "lane": None,
    "cashier": "c1", "seller": None, "member": "m1", "bundle": "b", "postings": (),
}  # fmt: skip
MONEY: dict[str, Any] = {"currency": "CNY", "exponent": 2}


def sale(*tenders: Tender, total: int, rounding: int = 0) -> SaleMade:
    return SaleMade(
        **DEED, **MONEY, sale="s7", terminal_kind="pc_pos", channel="till", region="", online=True,
        tier="", buyer=None, basis=Basis(at_ms=0, store="s1", online=True),
        lines=(), tenders=tenders, handed=total, change=0,
        list_total=total, total=total, rounding=rounding, tax=(), points_earned=90, quote="q",
        price_book=1,
    )  # fmt: skip


def test_what_a_sale_counts() -> None:
    made_of = (Tender("bonus", 1_000), Tender("principal", 5_000), Tender("cash", 4_001))
    assert of_sale(sale(*made_of, total=10_000, rounding=1)) == Measured(
        deed="s7", date=TODAY, paid=4_000, stored=5_000, points=90, visits=1
    )


@pytest.mark.parametrize("complete", [True, False])
def test_what_a_return_takes_back(complete: bool) -> None:
    refunds = (
        Refund(tender=2, kind="cash", amount=4_001),
        Refund(tender=1, kind="principal", amount=2_000),
    )
    back = ReturnMade(
        **(DEED | {"business_date": "2026-12-01"}), **MONEY, reversal="x", sale="s7",
        sale_receipt="1", sale_date=TODAY, reason="", approved_by=None, lines=(), refunds=refunds,
        total=6_000, rounding=1, tax=(), points_taken=54, complete=complete, policy="unit_net",
    )  # fmt: skip
    assert of_return(back) == Measured(
        deed="s7", date=TODAY, paid=-4_000, stored=-2_000, points=-54, visits=-complete
    )


def test_what_a_cancelled_top_up_takes_back() -> None:
    """What was left of it counts no more, on its own date; what was spent was paid in."""
    of = policy(measure="top_ups", after_return="immediately")
    before = standing(of, Measured(deed="T1", date="2026-11-01", topped_up=350_000))
    assert before.tier == "silver"
    cancelled = TopUpCancelled(
        **DEED, **MONEY, cancelled="C1", top_up="T1", card="", reason="guest",
        pricing="at_list", approved_by=None, tender="card", principal=100_000, bonus=0,
        refund=100_000, clawback=0, invoice="none",
    )  # fmt: skip
    taken = of_cancellation(cancelled, "2026-11-01")
    assert taken == Measured(deed="T1", date="2026-11-01", topped_up=-100_000)
    after_it = tiers.record(of, before, taken, TODAY)
    assert (after_it.tier, tiers.qualifying_sum(of, after_it, TODAY)) == ("", 250_000)


def test_a_tier_that_comes_with_a_card_never_lowers_one() -> None:
    of = policy()
    assert tiers.give(of, TierStanding(), "silver", TODAY).tier == "silver"
    assert tiers.give(of, TierStanding(tier="gold"), "silver", TODAY) == TierStanding(tier="gold")
    assert tiers.give(of, TierStanding(tier="gold"), "", TODAY).tier == "gold"


@pytest.mark.parametrize(
    ("after_return", "downgrade", "tier"),
    [
        ("at_review", "to_measured", "gold"), ("immediately", "to_measured", ""),
        ("immediately", "one_step", "silver"), ("immediately", "never", "gold"),
    ],
)  # fmt: skip
def test_a_tier_goes_with_its_card_as_it_goes_with_a_return(
    after_return: str, downgrade: str, tier: str
) -> None:
    of = policy(after_return=after_return, downgrade=downgrade)
    given = tiers.give(of, TierStanding(), "gold", TODAY)
    gone = tiers.take_back(of, given, "gold", TODAY)
    assert gone.tier == tier


def test_a_tier_whose_card_is_gone_falls_at_its_review_like_any_other() -> None:
    of = policy()
    given = tiers.give(of, TierStanding(), "gold", TODAY)
    gone = tiers.take_back(of, given, "gold", TODAY)
    assert gone == given
    assert tiers.review(of, gone, given.review_on).tier == ""


def test_only_the_tier_of_the_card_goes_and_only_where_nothing_else_keeps_it() -> None:
    of = policy(after_return="immediately")
    earned = standing(of, paid("s1", 500_000))
    assert tiers.take_back(of, earned, "gold", TODAY) == earned
    gold = tiers.give(of, TierStanding(), "gold", TODAY)
    assert tiers.take_back(of, gold, "silver", TODAY) == gold
    assert tiers.take_back(of, gold, "", TODAY) == gold


def test_what_a_top_up_counts() -> None:
    fact = ToppedUp(
        **DEED, **MONEY, top_up="u1", tender="card", amount=100_000, bonus=10_000, offers=(),
        card="", invoice="none",
    )  # fmt: skip
    assert of_top_up(fact) == Measured(deed="u1", date=TODAY, topped_up=100_000)


# --- what a bundle may not declare ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ([GOLD, SILVER], "lowest tier"),
        ([SILVER, SILVER], "twice"),
        ([{**FEE, "tax_class": ""}], "tax_class"),
        ([{"tier": "bronze", "reach": 1}], "bronze"),
        ([{**FEE, "tax_class": "fees"}], "fees"),
    ],
)
def test_ladders_that_make_no_sense(steps: list[dict[str, Any]], what: str) -> None:
    with pytest.raises(BundleError, match=what):
        rules(tiers_policy={"steps": steps})
