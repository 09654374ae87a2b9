"""What was had for points comes back: whatever parts it comes in, nothing is left of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts.lots import COUPON, PRINCIPAL, Holdings, Move
from edge.shop.declined import Declined
from edge.shop.facts import Deed, DrawUndone, ExchangeUndone, PointsExchanged, PrizeDrawn
from edge.shop.facts.coupons import Handed
from edge.shop.facts.value import CardRefunded
from edge.shop.ledger import COUNTS, POINTS
from edge.shop.member import Member
from edge.shop.operations.draw import DrawAsked, draw
from edge.shop.operations.exchange import ExchangeAsked, exchange
from edge.shop.operations.refund_card import Bought, RefundCardAsked, refund_card
from edge.shop.operations.undo_draw import UndoDrawAsked, undo_draw
from edge.shop.operations.undo_exchange import UndoExchangeAsked, undo_exchange
from edge.shop.reports.audit import imbalances
from edge.shop.tender import Tender, Voucher
from tests.members_kit import TODAY, Rules, coupon, holding, lot, made, rules

MEMBER = Member("m1")
LATER = "2027-01-02"
POT = holding(
    (lot("old", expires="2026-12-31", issuer="hq"), 300),
    (lot("new", issuer="hq"), 3_000),
    (lot("value", PRINCIPAL, issuer="hq"), 4_000),
)
WASH = {
    "id": "wash", "name_zh": "洗", "name_en": "wash", "uses": 10, "price": 100, "list_price": 20,
    "products": ["p1"],
}  # fmt: skip
GIVES: dict[str, dict[str, Any]] = {
    "goods": {"is": "goods", "product": "mug"},
    "coupon": {"is": "coupon", "coupon": "ten-off"},
    "uses": {"is": "uses", "plan": "wash", "uses": 4},
}
MUG = {
    "id": "o1", "name_zh": "换杯", "name_en": "mug", "points": 200, "cash": 983, "worth": 181,
    "tax_class": "food", "gives": GIVES["goods"],
}  # fmt: skip


def terms(gives: str = "goods", **programme: Any) -> Rules:
    offer = MUG | {"gives": GIVES[gives]}
    return rules(
        coupon(), cash=programme.pop("cash", 5), plans=[WASH], exchange={"offers": [offer]},
        **programme,
    )  # fmt: skip


def exchanged(of: Rules, count: int, *tenders: Tender, held: Holdings = POT) -> PointsExchanged:
    paid = tenders or (Tender("cash", count * 1_000),)
    asked = ExchangeAsked(offer="o1", count=count, tenders=paid)
    fact = exchange(asked, MEMBER, of, held, made(deed="E1"))
    assert isinstance(fact, PointsExchanged), fact
    return fact


def undo(
    fact: Deed, of: Rules, held: Holdings, count: int | None = None,
    earlier: tuple[ExchangeUndone, ...] = (), day: str = TODAY, **more: Any,
) -> ExchangeUndone | Declined:  # fmt: skip
    asked = UndoExchangeAsked(exchange=fact, count=count, earlier=earlier, **more)
    return undo_exchange(asked, of, held, made(day, f"X{len(earlier)}"))


def undone(*args: Any, **more: Any) -> ExchangeUndone:
    fact = undo(*args, **more)
    assert isinstance(fact, ExchangeUndone), fact
    return fact


def left(*deeds: Deed) -> dict[tuple[str, str, str], int]:
    sums: dict[tuple[str, str, str], int] = {}
    for deed in deeds:
        for leg in deed.postings:
            key = leg.account, leg.party, leg.unit
            sums[key] = sums.get(key, 0) + leg.amount
    return {key: amount for key, amount in sums.items() if amount}


TENDERS = st.permutations(
    [
        Tender("value", 700),
        Tender("card", 300),
        Tender("voucher", 150, Voucher(id="V", issuer="deals", face=200, paid=120, settlement=101)),
        Tender("cash", 9_000),
    ]
)


@given(st.data(), st.sampled_from(list(GIVES)), st.integers(2, 5), TENDERS)
def test_in_whatever_parts_it_comes_back_nothing_is_left(
    data: st.DataObject, gives: str, count: int, tenders: list[Tender]
) -> None:
    of = terms(gives)
    fact = exchanged(of, count, *tenders)
    held, back = POT.after(fact.moves), list[ExchangeUndone]()
    assert [*imbalances(fact, POT.lots)] == []
    while some := count - sum(one.count for one in back):
        part = data.draw(st.integers(1, some))
        one = undone(fact, of, held, part, tuple(back))
        assert [*imbalances(one, held.lots)] == []
        held = held.after(one.moves)
        back.append(one)
        assert one.complete == (sum(each.count for each in back) == count)
    assert left(fact, *back) == {}
    assert sum(one.points for one in back) == fact.points == 200 * count
    assert {name: lot for name, lot in held.lots.items() if lot.left} == POT.lots
    assert undo(fact, of, held, 1, tuple(back)) == Declined(
        "E-RETURN-TOO-MANY", {"product_zh": "换杯", "product_en": "mug", "asked": 1, "left": 0}
    )


@pytest.mark.parametrize(
    ("day", "count", "settled", "how"),
    [
        (TODAY, None, False, "void"),
        (TODAY, None, True, "return"),
        (TODAY, 1, False, "return"),
        (LATER, None, False, "return"),
    ],
)
def test_whole_and_at_once_it_is_a_void(
    day: str, count: int | None, settled: bool, how: str
) -> None:
    of = terms()
    fact = exchanged(of, 2)
    one = undone(fact, of, POT.after(fact.moves), count, day=day, settled=settled, reason="torn")
    assert (one.how, one.reason, one.exchange_receipt) == (how, "torn", fact.receipt)
    assert one.gives == Handed(kind="goods", id="mug")


@pytest.mark.parametrize(
    ("policy", "old", "again"),
    [({}, 0, 0), ({"on_expired_return": {"is": "reinstate", "days": 9}}, 0, 300)],
)
def test_points_of_an_expired_lot_are_forfeited_or_reinstated(
    policy: dict[str, Any], old: int, again: int
) -> None:
    """Four mugs: 300 points until December, then 500 more. The last spent come back first."""
    of = terms(points=policy)
    fact = exchanged(of, 4)
    held = POT.after(fact.moves)
    first = undone(fact, of, held, 2, day=LATER)
    assert (first.points, first.forfeited) == (400, 0)
    held = held.after(first.moves)
    second = undone(fact, of, held, 2, (first,), day=LATER)
    after = held.after(second.moves)
    assert (second.points, second.forfeited) == (400, 300 - again)
    assert (after.lots["old"].left, after.lots["new"].left) == (old, 3_000)
    assert after.balance(POINTS) == 3_000 + again
    reinstated = [one.lot.expires for one in after.of(POINTS) if one.lot.id.startswith("X1")]
    assert reinstated == (["2027-01-11"] if again else [])


def test_after_the_window_of_returns_nothing_comes_back() -> None:
    of = terms(returns={"window_days": 7})
    fact = exchanged(of, 1)
    held = POT.after(fact.moves)
    assert undo(fact, of, held, day="2026-11-30") == Declined("E-RETURN-WINDOW", {"days": 7})
    assert undone(fact, of, held, day="2026-11-29").complete


@pytest.mark.parametrize(("gives", "unit"), [("coupon", COUPON), ("uses", COUNTS)])
def test_what_was_used_or_has_expired_does_not_come_back(gives: str, unit: str) -> None:
    of = terms(gives)
    fact = exchanged(of, 3)
    held = POT.after(fact.moves)
    used = held.of(unit)[0]
    after = held.after([Move(lot=used.lot.id, amount=-1)])
    no = Declined(
        "E-RETURN-TOO-MANY", {"product_zh": "换杯", "product_en": "mug", "asked": 3, "left": 2}
    )
    assert undo(fact, of, after) == no
    two = undone(fact, of, after, 2)
    assert used.lot.id not in {move.lot for move in two.moves}
    assert (two.points, two.cash, two.worth, two.complete) == (400, 1_966, 362, False)


def test_what_is_no_exchange_and_what_is_nothing_does_not_come_back() -> None:
    of = terms()
    fact = exchanged(of, 2)
    held = POT.after(fact.moves)
    one = undone(fact, of, held)
    assert undo(one, of, held) == Declined("E-RETURN-OF-RETURN", {"receipt": "R-X0"})
    assert undo(fact, of, held, 0) == Declined("E-RETURN-NOTHING")
    assert undo(fact, of, held.after(one.moves), None, (one,)) == Declined("E-RETURN-NOTHING")


# --- draws ----------------------------------------------------------------------------------------

WHEEL = {
    "id": "wheel", "name_zh": "转盘", "name_en": "wheel", "tickets": 100, "points": 100,
    "prizes": [
        {"id": "pot", "name_zh": "大", "name_en": "pot", "outcomes": 1, "budget": 1,
         "reward": {"points": 500, "coupons": {"ten-off": 1}}},
    ],
}  # fmt: skip


def ticket(of: Rules, seed: int = 0) -> PrizeDrawn:
    fact = draw(DrawAsked(draw="wheel"), MEMBER, seed, {}, of, POT, made(deed="D1"))
    assert isinstance(fact, PrizeDrawn)
    return fact


def take(
    fact: Deed, of: Rules, held: Holdings, day: str = TODAY, *, boss: str | None = "boss",
    before: bool = False,
) -> DrawUndone | Declined:  # fmt: skip
    asked = UndoDrawAsked(ticket=fact, undone=before)
    return undo_draw(asked, of, held, made(day, "X1", approved_by=boss))


@pytest.mark.parametrize(("day", "how"), [(TODAY, "void"), ("2026-12-24", "return")])
@pytest.mark.parametrize("seed", [0, 50])
def test_a_ticket_goes_back_with_all_it_won(seed: int, day: str, how: str) -> None:
    of = rules(coupon(), draws=[WHEEL])
    fact = ticket(of, seed)
    held = POT.after(fact.moves)
    one = take(fact, of, held, day)
    assert isinstance(one, DrawUndone)
    assert (one.how, one.prize, one.points) == (how, fact.prize, 100)
    assert [*imbalances(one, held.lots)] == []
    after = held.after(one.moves)
    assert {name: lot for name, lot in after.lots.items() if lot.left} == POT.lots
    assert left(fact, one) == {}


def test_points_that_were_won_and_spent_are_owed_and_the_rest_is_not_taken_back() -> None:
    of = rules(coupon(), draws=[WHEEL], points={"debt": "net_lots"})
    fact = ticket(of)
    held = POT.after(fact.moves)
    prize = next(one.lot.id for one in held.of(POINTS) if one.lot.origin == "D1")
    one = take(fact, of, held.after([Move(lot=prize, amount=-500)]), LATER)
    assert isinstance(one, DrawUndone)
    assert (one.points, one.forfeited) == (100, 100)
    after = held.after([Move(lot=prize, amount=-500), *one.moves])
    assert after.balance(POINTS) == 200 + 3_000 - 500
    voucher = held.of(COUPON)[0].lot.id
    used = held.after([Move(lot=voucher, amount=-1)])
    assert take(fact, of, used) == Declined("E-PRIZE-USED", {"receipt": "R-D1"})


def test_tickets_that_are_not_taken_back() -> None:
    of = rules(coupon(), draws=[WHEEL], returns={"window_days": 1})
    fact = ticket(of)
    held = POT.after(fact.moves)
    assert take(fact, of, held, boss=None) == Declined("E-NEEDS-APPROVAL")
    assert take(fact, of, held, before=True) == Declined("E-RETURN-NOTHING")
    assert take(fact, of, held, "2026-11-24") == Declined("E-RETURN-WINDOW", {"days": 1})
    mug = exchanged(terms(), 1)
    assert take(mug, of, held) == Declined("E-RETURN-OF-RETURN", {"receipt": "R-E1"})


# --- an account is closed -------------------------------------------------------------------------


def closed(of: Rules, held: Holdings, *bought: Bought) -> CardRefunded | Declined:
    asked = RefundCardAsked(member="m1", top_ups=(), bought=bought, reason="guest", tender="card")
    return refund_card(asked, of, held, made(deed="Y1"))


@given(st.integers(1, 4), st.integers(0, 16))
def test_uses_bought_with_points_become_points_and_cash_again(count: int, spent: int) -> None:
    of = terms("uses", cash=1)
    fact = exchanged(of, count)
    held = POT.after(fact.moves)
    for card in held.of(COUNTS):
        uses = min(spent, card.left)
        spent -= uses
        worth = card.money * uses // card.left
        held = held.after([Move(lot=card.lot.id, amount=-uses, money=-worth)])
    uses = held.balance(COUNTS)
    done = closed(of, held, Bought(exchange=fact))
    assert isinstance(done, CardRefunded)
    assert [*imbalances(done, held.lots)] == []
    assert (done.uses, done.points) == (uses, 50 * uses)
    assert done.cash == 983 * count * uses // (4 * count)
    assert (done.refund, done.principal, done.clawback) == (4_000, 4_000, 0)
    after = held.after(done.moves)
    assert (after.balance(COUNTS), after.balance(PRINCIPAL)) == (0, 0)
    assert after.balance(POINTS) == POT.balance(POINTS) - fact.points + done.points
    assert sum(one.money for one in after.of(COUNTS)) == 0


def test_what_went_back_of_an_exchange_before_does_not_go_back_again() -> None:
    of = terms("uses")
    fact = exchanged(of, 3)
    held = POT.after(fact.moves)
    one = undone(fact, of, held, 1)
    held = held.after(one.moves)
    done = closed(of, held, Bought(exchange=fact, points_back=one.points))
    assert isinstance(done, CardRefunded)
    assert (done.uses, done.points) == (8, 400)
    assert {name: lot.left for name, lot in held.after(done.moves).lots.items() if lot.left} == {
        "old": 300, "new": 3_000
    }  # fmt: skip


def test_a_count_card_that_was_paid_for_still_has_to_be_given_back_first() -> None:
    of = terms("uses")
    fact = exchanged(of, 1)
    held = POT.after(fact.moves)
    assert closed(of, held) == Declined("E-COUNTS-LEFT", {"uses": 4})
