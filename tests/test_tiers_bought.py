"""Tiers that are bought for a fee, and given back."""

import pytest

from edge.shop.accounts import tiers
from edge.shop.accounts.tiers import TierStanding
from edge.shop.declined import Declined
from edge.shop.facts.tiers import TierBought, TierRefunded
from edge.shop.operations.buy_tier import TierAsked, buy_tier, refund_tier
from tests.members_kit import books, made, rules
from tests.tiers_kit import FEE, SILVER, bought, paid


def test_a_bought_tier_lasts_for_its_term() -> None:
    of, now = bought()
    assert (now.tier, now.until) == ("gold", "2027-01-01")
    assert tiers.review(of, now, "2027-01-01") == now
    assert tiers.review(of, now, "2027-01-02").tier == ""
    loyal = tiers.record(of, now, paid("r", 300_000, "2026-12-01"), "2026-12-01")
    assert loyal.tier == "gold"
    assert tiers.review(of, loyal, "2027-01-02").tier == "silver"


def test_what_was_earned_before_is_in_force_again() -> None:
    of, now = bought()
    assert tiers.give_up(of, now, "2026-07-02") == TierStanding(
        tier="silver", provisional=True, review_on="2027-01-01"
    )
    assert tiers.review(of, tiers.give_up(of, now, "2026-07-02"), "2027-01-01").tier == ""


@pytest.mark.parametrize(
    ("refund", "day", "amount"),
    [
        ("full", "2026-12-31", 21_200),
        ("none", "2026-01-01", 0),
        ("pro_rata", "2026-01-01", 21_200),
        ("pro_rata", "2026-07-02", 10_629),
        ("pro_rata", "2027-01-01", 0),
        ("full", "2027-01-02", 0),
    ],
)
def test_what_of_the_fee_is_given_back(refund: str, day: str, amount: int) -> None:
    of, now = bought(refund=refund)
    assert tiers.refundable(of, now, day) == amount


def test_buying_a_tier_and_giving_it_back() -> None:
    of = rules(tiers_policy={"steps": [SILVER, FEE]})
    fact = buy_tier(
        TierAsked(member="m1", tier="gold", tender="card"), TierStanding(), of, made("2026-01-01")
    )
    assert isinstance(fact, TierBought)
    assert books(fact.postings) == {
        ("bank:card", ""): 21_200, ("sales:fee", ""): -20_000, ("tax:fee", ""): -1_200
    }  # fmt: skip
    assert fact.until == "2027-01-01"
    _, now = bought()
    back = refund_tier("m1", "cash", now, of, made("2026-07-02"))
    assert isinstance(back, TierRefunded)
    assert books(back.postings) == {
        ("cash:t1", ""): -10_629, ("sales:fee", ""): 10_027, ("tax:fee", ""): 602
    }  # fmt: skip
    assert back.after == "silver"


def test_what_cannot_be_bought_or_given_back() -> None:
    of = rules(tiers_policy={"steps": [SILVER, FEE]})
    _, gold = bought()

    def ask(tier: str) -> TierAsked:
        return TierAsked(member="m1", tier=tier, tender="cash")

    assert buy_tier(ask("gold"), gold, of, made()) == Declined("E-TIER-HELD", {"tier": "gold"})
    assert buy_tier(ask("silver"), gold, of, made()) == Declined("E-UNKNOWN-OFFER")
    assert buy_tier(ask("x"), gold, of, made()) == Declined("E-UNKNOWN-OFFER")
    nothing = refund_tier("m1", "cash", TierStanding(), of, made())
    assert nothing == Declined("E-NOT-REFUNDABLE")
