"""Tiers that are bought for a fee, and given back."""

import pytest

from edge.shop.accounts import tiers
from edge.shop.accounts.lots import PRINCIPAL, Held, Holdings, Lot
from edge.shop.accounts.tiers import TierStanding
from edge.shop.declined import Declined
from edge.shop.facts.returns import Refund
from edge.shop.facts.tiers import TierBought, TierRefunded
from edge.shop.facts.value import ToppedUp
from edge.shop.operations.buy_tier import TierAsked, buy_tier, refund_tier
from edge.shop.operations.tier_standing import stands
from edge.shop.tender import Tender
from tests.members_kit import books, made, rules
from tests.tiers_kit import FEE, SILVER, bought, paid

DAY = "2026-01-01"
VALUE = Lot(id="v", member="m1", unit=PRINCIPAL, opened=DAY, active_from=DAY, issuer="hq")


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
        TierAsked(member="m1", tier="gold", tenders=(Tender("card", 21_200),)),
        TierStanding(),
        of,
        Holdings(),
        made("2026-01-01"),
    )
    assert isinstance(fact, TierBought)
    assert books(fact.postings) == {
        ("bank:card", ""): 21_200, ("sales:fee", ""): -20_000, ("tax:fee", ""): -1_200
    }  # fmt: skip
    assert fact.until == "2027-01-01"
    _, now = bought()
    back = refund_tier(fact, now, of, Holdings(), made("2026-07-02"))
    assert isinstance(back, TierRefunded)
    assert books(back.postings) == {
        ("bank:card", ""): -10_629, ("sales:fee", ""): 10_027, ("tax:fee", ""): 602
    }  # fmt: skip
    assert back.refunds == (Refund(tender=0, kind="card", amount=10_629),)
    assert back.after == "silver"


def test_a_fee_is_paid_in_parts_and_its_cash_is_rounded() -> None:
    """212.02: 100.00 by card, 12.00 of value, and of the 100.02 that are left 100.00 in cash."""
    of = rules(tiers_policy={"steps": [SILVER, {**FEE, "fee": 21_202}]}, cash=10)
    held = Holdings({"v": Held(VALUE, 5_000)})
    tenders = (Tender("cash", 10_050), Tender("value", 1_200), Tender("card", 10_000))
    asked = TierAsked(member="m1", tier="gold", tenders=tenders)
    fact = buy_tier(asked, TierStanding(), of, held, made("2026-01-01"))
    assert isinstance(fact, TierBought)
    assert [(tender.kind, tender.amount) for tender in fact.tenders] == [
        ("principal", 1_200), ("card", 10_000), ("cash", 10_000)
    ]  # fmt: skip
    assert (fact.handed, fact.change, fact.rounding) == (21_250, 50, -2)
    assert held.after(fact.moves).balance(PRINCIPAL) == 3_800
    assert books(fact.postings) == {
        ("bank:card", ""): 10_000, ("cash:t1", ""): 10_000, ("principal:m1", "hq"): 1_200,
        ("rounding", ""): 2, ("sales:fee", ""): -20_002, ("tax:fee", ""): -1_200,
    }  # fmt: skip
    _, now = bought(fee=21_202)
    after = held.after(fact.moves)
    back = refund_tier(fact, now, of, after, made("2026-07-02"))
    assert isinstance(back, TierRefunded)
    assert (back.refund, back.rounding) == (10_630, 0)
    assert [(refund.kind, refund.amount) for refund in back.refunds] == [
        ("cash", 10_000), ("card", 630)
    ]  # fmt: skip
    assert back.moves == ()


def test_a_fee_goes_back_to_the_value_that_paid_it_and_all_of_it_to_all_tenders() -> None:
    """212.02 of which 2 were never paid: nobody keeps them, and the value is whole again."""
    fee = {**FEE, "fee": 21_202, "refund": "full"}
    of = rules(tiers_policy={"steps": [SILVER, fee]}, cash=10)
    held = Holdings({"v": Held(VALUE, 5_000)})
    tenders = (Tender("cash", 10_050), Tender("value", 1_200), Tender("card", 10_000))
    asked = TierAsked(member="m1", tier="gold", tenders=tenders)
    fact = buy_tier(asked, TierStanding(), of, held, made("2026-01-01"))
    assert isinstance(fact, TierBought)
    policy = of.bundle.programme.tiers_policy
    now = stands(policy, TierStanding(), fact, "2026-01-01", nobody)
    back = refund_tier(fact, now, of, held.after(fact.moves), made("2026-07-02"))
    assert isinstance(back, TierRefunded)
    assert (back.refund, back.rounding) == (21_202, -2)
    assert not any(books((*fact.postings, *back.postings)).values())
    assert held.after(fact.moves).after(back.moves).balance(PRINCIPAL) == 5_000
    again = stands(policy, now, back, "2026-07-02", nobody)
    twice = refund_tier(fact, again, of, held, made("2026-07-03"))
    assert twice == Declined("E-NOT-REFUNDABLE")


def nobody(top_up: str) -> ToppedUp:
    raise AssertionError(f"no top-up was asked for, least of all {top_up}")


def test_what_cannot_be_bought_or_given_back() -> None:
    of = rules(tiers_policy={"steps": [SILVER, FEE]})
    _, gold = bought()

    def ask(tier: str) -> TierAsked:
        return TierAsked(member="m1", tier=tier, tenders=(Tender("cash", 21_200),))

    def buy(tier: str, now: TierStanding = gold) -> object:
        return buy_tier(ask(tier), now, of, Holdings(), made())

    assert buy("gold") == Declined("E-TIER-HELD", {"tier": "gold"})
    assert buy("silver") == buy("x") == Declined("E-UNKNOWN-OFFER")
    unpaid = buy_tier(
        TierAsked(member="m1", tier="gold", tenders=()), TierStanding(), of, Holdings(), made()
    )
    assert unpaid == Declined("E-TENDER-SHORT", {"due": 21_200, "paid": 0})
    fact = buy_tier(
        TierAsked(member="m1", tier="gold", tenders=(Tender("cash", 21_200),)),
        TierStanding(), of, Holdings(), made(),
    )  # fmt: skip
    assert isinstance(fact, TierBought)
    nothing = refund_tier(fact, TierStanding(), of, Holdings(), made())
    assert nothing == Declined("E-NOT-REFUNDABLE")
