"""Exchange of points, with part cash, and prize draws whose odds are exact."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts import draws
from edge.shop.accounts.draws import Draw
from edge.shop.accounts.lots import COUPON, Holdings
from edge.shop.bundle import BundleError
from edge.shop.declined import Declined
from edge.shop.facts import PointsExchanged, PrizeDrawn
from edge.shop.ledger import COUNTS, POINTS, balanced
from edge.shop.member import Member
from edge.shop.operations.draw import DrawAsked, draw
from edge.shop.operations.exchange import ExchangeAsked, exchange
from edge.shop.tender import Tender
from tests.members_kit import TODAY, books, coupon, holding, lot, made, rules

MEMBER = Member("m1", tier="silver")
POT = holding((lot("old", expires="2026-12-31", issuer="hq"), 300), (lot("new", issuer="hq"), 500))
WASH = {
    "id": "wash", "name_zh": "洗", "name_en": "wash", "uses": 10, "price": 100, "list_price": 20,
    "products": ["p1"],
}  # fmt: skip


def offer(gives: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "o1", "name_zh": "兑", "name_en": "o1", "points": 200, "gives": gives} | more


def exchanged(
    one: dict[str, Any], *, member: Member = MEMBER, day: str = TODAY, **asked: Any
) -> PointsExchanged | Declined:
    of = rules(coupon(), plans=[WASH], exchange={"offers": [one]})
    paid = {"offer": "o1", "tenders": (Tender("cash", 9_000),)} if one.get("cash") else {}
    return exchange(ExchangeAsked(**({"offer": "o1"} | paid | asked)), member, of, POT, made(day))


def fact_of(one: dict[str, Any], **asked: Any) -> PointsExchanged:
    fact = exchanged(one, **asked)
    assert isinstance(fact, PointsExchanged), fact
    assert balanced(fact.postings)
    return fact


MUG = offer({"is": "goods", "product": "mug"}, cash=1_000, worth=180, tax_class="food")


def test_points_that_ended_with_the_member_s_activity_buy_nothing() -> None:
    """Their expiry is no fact yet, and the member did nothing for 31 days."""
    idle = Holdings(POT.lots, last_activity="2026-10-22")
    ends = {"expiry": {"is": "activity", "days": 30}}
    of = rules(coupon(), exchange={"offers": [MUG]}, draws=[WHEEL], points=ends)
    short = Declined("E-POINTS-SHORT", {"points": 0})
    assert exchange(ExchangeAsked(offer="o1"), MEMBER, of, idle, made()) == short
    assert draw(DrawAsked(draw="wheel"), MEMBER, 0, {}, of, idle, made()) == short


def test_no_piece_at_all_is_declined() -> None:
    assert exchanged(MUG, count=0) == Declined("E-QUANTITY", {"code": "o1", "quantity": "0"})


def test_goods_for_points_and_cash() -> None:
    fact = fact_of(MUG, count=2, tenders=(Tender("card", 2_000),))
    assert (fact.points, fact.cash, fact.worth, fact.count) == (400, 2_000, 360, 2)
    assert books(fact.postings) == {
        ("bank:card", ""): 2_000, ("points", "hq"): 360,
        ("sales:food", ""): -2_165, ("tax:food", ""): -195,
        ("member:m1", "hq"): -400, ("programme", "hq"): 400,
    }  # fmt: skip
    assert [(move.lot, move.amount) for move in fact.moves] == [("old", -300), ("new", -100)]


def test_a_service_for_points_alone() -> None:
    fact = fact_of(offer({"is": "service", "name": "engraving"}))
    assert books(fact.postings) == {("member:m1", "hq"): -200, ("programme", "hq"): 200}
    assert (fact.cash, fact.tax) == (0, ())


def test_coupons_for_points() -> None:
    fact = fact_of(offer({"is": "coupon", "coupon": "ten-off"}), count=3)
    held = POT.after(fact.moves)
    assert (held.balance(COUPON), held.balance(POINTS)) == (3, 200)
    assert len(held.of(COUPON)) == 3
    assert {one.lot.kind for one in held.of(COUPON)} == {"ordinary"}


def test_uses_of_a_count_card_are_deferred() -> None:
    fact = fact_of(offer({"is": "uses", "plan": "wash", "uses": 5}, cash=700, worth=300), count=2)
    assert books(fact.postings) == {
        ("cash:t1", ""): 1_400, ("points", "hq"): 600, ("deferred:m1", "hq"): -2_000,
        ("member:m1", "hq"): -390, ("programme", "hq"): 390,
    }  # fmt: skip
    cards = POT.after(fact.moves).of(COUNTS)
    assert [(card.left, card.money, card.lot.terms) for card in cards] == [(5, 1_000, "wash")] * 2


@pytest.mark.parametrize(
    ("more", "asked", "refused"),
    [
        ({}, {"offer": "o2"}, Declined("E-UNKNOWN-OFFER")),
        ({"until": "2026-11-21"}, {}, Declined("E-NOT-ON-OFFER", {"offer": "o1"})),
        ({"from": "2026-11-23"}, {}, Declined("E-NOT-ON-OFFER", {"offer": "o1"})),
        ({"tiers": ["gold"]}, {}, Declined("E-NOT-ON-OFFER", {"offer": "o1"})),
        ({"points": 801}, {}, Declined("E-POINTS-SHORT", {"points": 800})),
        ({}, {"member": Member("m1", unconfirmed=True)}, Declined("E-UNCONFIRMED")),
        ({"points": 301}, {"day": "2027-01-01"}, None),
        ({"points": 501}, {"day": "2027-01-01"}, Declined("E-POINTS-SHORT", {"points": 500})),
        ({"from": TODAY, "until": TODAY, "tiers": ["silver"], "points": 800}, {}, None),
    ],
)
def test_what_can_be_had(
    more: dict[str, Any], asked: dict[str, Any], refused: Declined | None
) -> None:
    fact = exchanged(MUG | more, **asked)
    assert isinstance(fact, PointsExchanged) if refused is None else fact == refused


@pytest.mark.parametrize(
    ("one", "what"),
    [
        (MUG | {"tax_class": ""}, "tax_class"),
        (MUG | {"tax_class": "foot"}, "foot"),
        (offer({"is": "coupon", "coupon": "ten-of"}), "ten-of"),
        (offer({"is": "uses", "plan": "wsh", "uses": 5}), "wsh"),
        (MUG | {"tiers": ["bronze"]}, "bronze"),
    ],
)
def test_offers_that_lead_nowhere(one: dict[str, Any], what: str) -> None:
    with pytest.raises(BundleError, match=what):
        exchanged(one)


# --- draws ----------------------------------------------------------------------------------------


def prize(name: str, outcomes: int, budget: int, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "name_zh": name, "name_en": name, "outcomes": outcomes, "budget": budget
    } | more  # fmt: skip


def drawing(*prizes: dict[str, Any], tickets: int = 1_000, **more: Any) -> dict[str, Any]:
    return {
        "id": "wheel", "name_zh": "转盘", "name_en": "wheel", "tickets": tickets, "prizes": prizes
    } | more  # fmt: skip


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(0, 50))
def test_the_odds_are_exact_over_all_seeds(outcomes: list[int], blanks: int) -> None:
    prizes = [prize(f"p{n}", own, budget=9_999) for n, own in enumerate(outcomes)]
    of = msgspec.convert(drawing(*prizes, tickets=sum(outcomes) + blanks), Draw)
    won = [draws.won(of, seed, {}) for seed in range(of.tickets)]
    assert [won.count(one) for one in of.prizes] == outcomes
    assert won.count(None) == blanks


@given(st.lists(st.integers(0, 99), max_size=60), st.integers(1, 3), st.integers(1, 3))
def test_no_budget_is_ever_exceeded_and_none_changes_another_s_odds(
    seeds: list[int], cars: int, mugs: int
) -> None:
    of = msgspec.convert(drawing(prize("car", 20, cars), prize("mug", 50, mugs), tickets=100), Draw)
    given_so_far: dict[str, int] = {}
    for seed in seeds:
        won = draws.won(of, seed, given_so_far)
        if won:
            given_so_far[won.id] = given_so_far.get(won.id, 0) + 1
    landed = {"car": sum(s < 20 for s in seeds), "mug": sum(20 <= s < 70 for s in seeds)}
    assert given_so_far.get("car", 0) == min(cars, landed["car"])
    assert given_so_far.get("mug", 0) == min(mugs, landed["mug"])


WHEEL = drawing(
    prize("pot", 1, 1, reward={"points": 500, "coupons": {"ten-off": 1}}),
    prize("mug", 9, 10, product="mug"),
    points=100,
)


def drawn(
    seed: int, given: dict[str, int] | None = None, member: Member = MEMBER, **asked: Any
) -> PrizeDrawn | Declined:
    of = rules(coupon(), draws=[WHEEL])
    return draw(
        DrawAsked(**({"draw": "wheel"} | asked)), member, seed, given or {}, of, POT, made()
    )


@pytest.mark.parametrize(
    ("seed", "given", "won", "product", "gained"),
    [
        (0, {}, "pot", "", 400),
        (0, {"pot": 1}, "", "", -100),
        (1, {"pot": 1}, "mug", "mug", -100),
        (9, {"mug": 9}, "mug", "mug", -100),
        (9, {"mug": 10}, "", "", -100),
        (10, {}, "", "", -100),
        (999, {}, "", "", -100),
    ],
)
def test_a_ticket(seed: int, given: dict[str, int], won: str, product: str, gained: int) -> None:
    fact = drawn(seed, given)
    assert isinstance(fact, PrizeDrawn)
    assert (fact.prize, fact.product, fact.points, fact.seed) == (won, product, 100, seed)
    assert POT.after(fact.moves).balance(POINTS) == 800 + gained
    assert balanced(fact.postings)
    assert books(fact.postings)["member:m1", "hq"] == gained


def test_a_ticket_can_be_checked_afterwards() -> None:
    of = rules(coupon(), draws=[WHEEL]).bundle.programme.draws[0]
    for seed, before in ((0, {"pot": 1}), (5, {"mug": 3}), (500, {"mug": 3})):
        fact = drawn(seed, before)
        assert isinstance(fact, PrizeDrawn)
        at_seed = draws.prize_at(of, fact.seed)
        again = draws.won(of, fact.seed, {at_seed.id: fact.given} if at_seed else {})
        assert (again.id if again else "") == fact.prize


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"draw": "other"}, Declined("E-UNKNOWN-OFFER")),
        ({"home": False}, Declined("E-NEEDS-CLOUD")),
        ({"member": Member("m1", unconfirmed=True)}, Declined("E-UNCONFIRMED")),
    ],
)
def test_tickets_that_are_not_drawn(asked: dict[str, Any], refused: Declined) -> None:
    assert drawn(0, **asked) == refused


@pytest.mark.parametrize("seed", [-1, 1_000])
def test_a_seed_is_one_of_the_outcomes(seed: int) -> None:
    with pytest.raises(AssertionError, match="outcomes"):
        drawn(seed)


def test_more_prizes_than_outcomes_are_no_draw() -> None:
    with pytest.raises(BundleError, match="own 11 outcomes of 10"):
        rules(draws=[drawing(prize("a", 6, 1), prize("b", 5, 1), tickets=10)])
