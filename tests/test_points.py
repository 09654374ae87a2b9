"""Points: the stories of the debt and of the alliance, spending, giving back, expiry."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts import points
from edge.shop.accounts.expiry import lapse
from edge.shop.accounts.lots import Holdings, Move, is_spendable, spending
from edge.shop.accounts.points import Cost
from edge.shop.accounts.points_policy import PointsPolicy, partner_unit
from edge.shop.declined import Declined
from edge.shop.ledger import POINTS, Posting, balanced
from tests.lots_draws import held_points, holding, in_days, lot
from tests.points_kit import TODAY, active, earn, owed, policy, spend

# --- the story of the debt ------------------------------------------------------------------------


def story_of_the_debt(terms: PointsPolicy) -> list[tuple[int, int]]:
    """Return (active, owed) after each of five deeds."""
    told = []
    sold = earn(terms, Holdings(), "S1", 100)
    held = Holdings().after(sold)
    told.append((active(held), owed(held)))
    held = held.after(spend(held, 100))
    held = held.after(earn(terms, held, "S2", 19))
    told.append((active(held), owed(held)))
    held = held.after(points.reverse(terms, held, sold, 100, TODAY, "R1"))
    told.append((active(held), owed(held)))
    for deed, amount in (("S3", 50), ("S4", 80)):
        held = held.after(earn(terms, held, deed, amount))
        told.append((active(held), owed(held)))
    return told


def test_a_debt_is_repaid_by_the_next_earnings() -> None:
    assert story_of_the_debt(policy()) == [(100, 0), (19, 0), (19, 100), (19, 50), (49, 0)]


def test_or_a_debt_first_nets_what_else_is_active() -> None:
    told = story_of_the_debt(policy(debt="net_lots"))
    assert told == [(100, 0), (19, 0), (0, 81), (0, 31), (49, 0)]


def test_the_debt_is_in_the_books() -> None:
    terms = policy()
    sold = earn(terms, Holdings(), "S1", 100)
    held = Holdings().after(sold)
    held = held.after(spend(held, 100))
    back = points.reverse(terms, held, sold, 100, TODAY, "R1")
    assert [(move.lot, move.amount) for move in back] == [("R1#d1", -100)]
    assert list(points.legs(held, back, "m-1")) == [
        Posting("member:m-1", POINTS, -100, "hq"),
        Posting("programme", POINTS, 100, "hq"),
    ]
    held = held.after(back)
    repaying = earn(terms, held, "S3", 50)
    assert [(move.lot, move.amount) for move in repaying] == [
        ("S3#p1", 50), ("S3#p1", -50), ("R1#d1", 50),
    ]  # fmt: skip
    legs = list(points.legs(held, repaying, "m-1"))
    assert balanced(legs)
    assert sum(leg.amount for leg in legs if leg.account == "member:m-1") == 50


def test_it_does_not_matter_which_of_two_linked_sales_comes_back_first() -> None:
    """S1 earned 100, S2 was paid with them and earned 19; with both returned, nothing is left."""
    terms = policy()
    earned = earn(terms, Holdings(), "S1", 100)
    held = Holdings().after(earned)
    used = (*spend(held, 100), *earn(terms, held, "S2", 19))
    held = held.after(used)

    def first(held: Holdings) -> Holdings:
        return held.after(points.reverse(terms, held, earned, 100, TODAY, "R1"))

    def second(held: Holdings) -> Holdings:
        held = held.after(points.give_back(terms, held, used, 100, TODAY, "R2"))
        return held.after(points.reverse(terms, held, used, 19, TODAY, "R2"))

    for after in (first(second(held)), second(first(held))):
        assert (active(after), owed(after)) == (0, 0)


# --- the story of the alliance --------------------------------------------------------------------

RATES = {"X": {"points": 100, "amount": 90}, "Z": {"points": 100, "amount": 90}}


def alliance() -> Holdings:
    return holding(
        (lot("x", "PTS.X", expires=in_days(10), issuer="X"), 400),
        (lot("z", "PTS.Z", expires=in_days(20), issuer="Z"), 500),
    )


def test_alliance_points_are_spent_by_expiry_over_all_programmes() -> None:
    terms, held = policy(partners=RATES), alliance()
    assert terms.units == ("PTS", "PTS.X", "PTS.Z")
    spent = spend(held, 600, *terms.units)
    assert spent == (Move(lot="x", amount=-400), Move(lot="z", amount=-200))
    costs = points.costs(terms, held, spent, 600, "Y-issuer")
    assert costs == (Cost("X", 360), Cost("", 60), Cost("Z", 180))


def test_alliance_points_whose_lot_expired_are_forfeited() -> None:
    terms, held = policy(partners=RATES), alliance()
    spent = spend(held, 600, *terms.units)
    held = held.after(spent)
    later = in_days(15)
    held = held.after(points.give_back(terms, held, spent, 600, later, "R1"))
    assert points.redeemable(held, "PTS.X", later) == 0
    assert held.lots["x"].lapsed == 400
    assert points.redeemable(held, "PTS.Z", later) == 500


def test_or_are_good_again_for_some_days() -> None:
    terms = policy(partners=RATES, on_expired_return={"is": "reinstate", "days": 5})
    held = alliance()
    spent = spend(held, 600, *terms.units)
    held = held.after(spent)
    held = held.after(points.give_back(terms, held, spent, 600, in_days(15), "R1"))
    again = held.lots["R1#r2"]
    assert (again.left, again.lot.unit, again.lot.issuer) == (400, "PTS.X", "X")
    assert (again.lot.opened, again.lot.expires) == (in_days(15), in_days(20))


def test_our_own_points_cost_their_issuer_their_share() -> None:
    held = holding((lot("own"), 100), (lot("x", "PTS.X", expires=in_days(9), issuer="X"), 50))
    terms = policy(partners={"X": {"points": 100, "amount": 150}})
    costs = points.costs(terms, held, spend(held, 150, *terms.units), 151, "hq")
    assert costs == (Cost("X", 75), Cost("", -25), Cost("hq", 101))


@given(held_points((POINTS, "PTS.X", "PTS.Z")), st.data())
def test_costs_sum_to_what_the_points_paid(held: Holdings, data: st.DataObject) -> None:
    terms = policy(partners=RATES)
    amount = data.draw(st.integers(0, points.redeemable(held, terms.units, TODAY)))
    value = data.draw(st.integers(0, 10_000)) if amount else 0
    costs = points.costs(terms, held, spend(held, amount, *terms.units), value, "hq")
    assert sum(cost.amount for cost in costs) == value


# --- spending -------------------------------------------------------------------------------------


def test_more_than_there_is_says_what_is_possible() -> None:
    held = holding((lot("x"), 40), (lot("pending", active_from=in_days(1)), 60))
    assert points.spend(held, POINTS, 41, TODAY) == Declined("E-POINTS-SHORT", {"points": 40})
    assert sum(move.amount for move in spend(held, 41, today=in_days(1))) == -41


@given(held_points((POINTS, "PTS.X")), st.data())
def test_what_expires_first_is_spent_first(held: Holdings, data: st.DataObject) -> None:
    units = (POINTS, partner_unit("X"))
    amount = data.draw(st.integers(0, points.redeemable(held, units, TODAY)))
    after = held.after(spend(held, amount, *units))
    touched = [one for name, one in held.lots.items() if after.lots[name].left < one.left]
    spared = [one for one in after.lots.values() if is_spendable(one, TODAY)]
    for one in touched:
        assert all(spending(one) <= spending(other) for other in spared)


@given(held_points(), st.data())
def test_giving_back_at_once_undoes_spending(held: Holdings, data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, active(held)))
    spent = spend(held, amount)
    after = held.after(spent)
    assert after.after(points.give_back(policy(), after, spent, amount, TODAY, "R")) == held


@given(held_points(), st.integers(0, 60), st.booleans(), st.data())
def test_given_back_in_parts_is_given_back_as_a_whole(
    held: Holdings, days: int, reinstates: bool, data: st.DataObject
) -> None:
    kept = {"is": "reinstate", "days": 7} if reinstates else {"is": "forfeit"}
    terms = policy(on_expired_return=kept)
    spent = spend(held, data.draw(st.integers(0, active(held))))
    amount, today = -sum(move.amount for move in spent), in_days(days)
    at_once = held.after(spent)
    at_once = at_once.after(points.give_back(terms, at_once, spent, amount, today, "R"))
    in_parts, already = held.after(spent), 0
    for number, part in enumerate(data.draw(parts(amount))):
        moves = points.give_back(terms, in_parts, spent, part, today, f"R{number}", already=already)
        in_parts, already = in_parts.after(moves), already + part
    assert all(in_parts.lots[name] == at_once.lots[name] for name in held.lots)
    assert active(in_parts, today) == active(at_once, today)


def parts(amount: int) -> st.SearchStrategy[list[int]]:
    cuts = st.lists(st.integers(0, amount), max_size=4).map(sorted)
    return cuts.map(
        lambda at: [b - a for a, b in zip([0, *at], [*at, amount], strict=True)]
    )  # fmt: skip


def test_more_than_was_spent_cannot_come_back() -> None:
    held = holding((lot("x"), 40))
    spent = spend(held, 30)
    with pytest.raises(AssertionError, match="more points"):
        points.give_back(policy(), held.after(spent), spent, 20, TODAY, "R", already=11)


# --- reversing what was earned --------------------------------------------------------------------


@given(st.integers(1, 200), st.booleans(), st.data())
def test_reversed_in_parts_is_reversed_as_a_whole(
    amount: int, nets: bool, data: st.DataObject
) -> None:
    terms = policy(debt="net_lots" if nets else "next_earnings")
    sold = earn(terms, Holdings(), "S1", amount)
    held = Holdings().after(sold)
    held = held.after(spend(held, data.draw(st.integers(0, amount))))
    held = held.after(earn(terms, held, "S2", data.draw(st.integers(0, 200))))
    whole = held.after(points.reverse(terms, held, sold, amount, TODAY, "R"))
    for number, part in enumerate(data.draw(parts(amount))):
        moves = points.reverse(terms, held, sold, part, TODAY, f"R{number}")
        held = held.after(moves)
    assert (active(held), owed(held)) == (active(whole), owed(whole))


def test_what_expired_before_the_return_is_not_owed() -> None:
    """Of 100 points 30 were spent and 70 expired; only what was spent is owed, in any parts."""
    terms = policy(expiry={"is": "days", "days": 10})
    sold = earn(terms, Holdings(), "S1", 100)
    held = Holdings().after(sold)
    held = held.after(spend(held, 30))
    later = in_days(11)
    held = held.after(lapse(points.due(terms, held, later)))
    held = held.after(points.reverse(terms, held, sold, 54, later, "R1"))
    assert (owed(held), held.lots["S1#p1"].lapsed) == (0, 16)
    held = held.after(points.reverse(terms, held, sold, 46, later, "R2"))
    assert (owed(held), held.lots["S1#p1"].lapsed) == (30, 0)


def test_reinstated_points_are_still_those_that_were_earned() -> None:
    terms = policy(
        expiry={"is": "days", "days": 10}, on_expired_return={"is": "reinstate", "days": 5}
    )
    sold = earn(terms, Holdings(), "S1", 100)
    held = Holdings().after(sold)
    spent = spend(held, 100)
    held, later = held.after(spent), in_days(11)
    held = held.after(points.give_back(terms, held, spent, 100, later, "R2"))
    assert active(held, later) == 100
    back = points.reverse(terms, held, sold, 100, later, "R1")
    assert back == (Move(lot="R2#r1", amount=-100),)


def test_what_was_given_for_another_reason_stays() -> None:
    terms = policy()
    sold = earn(terms, Holdings(), "S1", 100)
    welcome = msgspec.structs.replace(lot("S1#1"), kind="welcome", origin="S1")
    held = Holdings().after([*sold, Move(lot="S1#1", amount=50, opens=welcome)])
    held = held.after(spend(held, 60))
    assert held.lots["S1#1"].left == 0
    held = held.after([Move(lot="S1#1", amount=50)])
    held = held.after(points.reverse(terms, held, sold, 100, TODAY, "R1"))
    assert (held.lots["S1#1"].left, owed(held)) == (50, 10)


def test_a_debt_never_expires_and_points_expire_from_when_they_are_active() -> None:
    terms = policy(pending_days=14, expiry={"is": "days", "days": 10})
    sold = earn(terms, Holdings(), "S1", 100)
    assert sold[0].opens is not None
    assert sold[0].opens.expires == in_days(24)
    held = Holdings().after(sold)
    held = held.after(spend(held, 100, today=in_days(20)))
    (owing,) = points.reverse(terms, held, sold, 100, in_days(21), "R1")
    assert owing.opens is not None
    assert owing.opens.expires == ""


def test_repaying_a_debt_is_not_spending() -> None:
    """S3 is paid with 20 points and earns 50, which repay a debt: only the 20 can come back."""
    terms = policy()
    held = holding((lot("owed", kind="debt"), -80), (lot("x"), 20))
    sold = (*spend(held, 20), *earn(terms, held, "S3", 50))
    held = held.after(sold)
    back = points.give_back(terms, held, sold, 20, TODAY, "R3")
    assert back == (Move(lot="x", amount=20),)
    with pytest.raises(AssertionError, match="more points"):
        points.give_back(terms, held, sold, 21, TODAY, "R3")


def test_what_is_given_back_nets_other_debts_where_that_is_declared() -> None:
    held = holding((lot("x"), 20))
    spent = spend(held, 20)
    held = Holdings({**held.after(spent).lots, **holding((lot("owed", kind="debt"), -5)).lots})
    kept = held.after(points.give_back(policy(), held, spent, 20, TODAY, "R"))
    assert (active(kept), owed(kept)) == (20, 5)
    netting = policy(debt="net_lots")
    netted = held.after(points.give_back(netting, held, spent, 20, TODAY, "R"))
    assert (active(netted), owed(netted)) == (15, 0)


def test_what_is_reinstated_nets_other_debts_too() -> None:
    terms = policy(debt="net_lots", on_expired_return={"is": "reinstate", "days": 5})
    held = holding((lot("x", expires=TODAY), 20))
    spent = spend(held, 20)
    held = Holdings({**held.after(spent).lots, **holding((lot("owed", kind="debt"), -5)).lots})
    later = in_days(1)
    netted = held.after(points.give_back(terms, held, spent, 20, later, "R"))
    assert (active(netted, later), owed(netted)) == (15, 0)


def test_pending_points_are_reversed_before_anybody_could_spend_them() -> None:
    terms = policy(pending_days=14, expiry={"is": "end_of_year"})
    sold = earn(terms, Holdings(), "S1", 100)
    held = Holdings().after(sold)
    assert (active(held), active(held, in_days(13)), active(held, in_days(14))) == (0, 0, 100)
    held = held.after(points.reverse(terms, held, sold, 100, TODAY, "R1"))
    assert (held.balance(POINTS), owed(held)) == (0, 0)


def test_points_that_became_active_later_can_still_net_a_debt() -> None:
    held = holding((lot("owed", kind="debt"), -30), (lot("x", active_from=in_days(3)), 50))
    terms = policy(debt="net_lots")
    assert points.settle_debt(terms, held, POINTS, TODAY) == ()
    netted = points.settle_debt(terms, held, POINTS, in_days(3))
    assert netted == (Move(lot="x", amount=-30), Move(lot="owed", amount=30))
    assert points.settle_debt(policy(), held, POINTS, in_days(3)) == ()
