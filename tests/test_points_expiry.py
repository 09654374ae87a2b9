"""Points expire by the calendar of the programme, and never on a clock nobody trusts."""

from edge.shop.accounts import points
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.declined import Declined
from edge.shop.facts import HoldingsExpired
from edge.shop.ledger import POINTS, Posting
from edge.shop.operations.expire import expire
from tests.lots_draws import holding, in_days, lot
from tests.points_kit import TODAY, active, made, terms


def test_points_are_good_on_the_last_day_and_gone_the_next() -> None:
    held = holding((lot("x", expires=TODAY), 70), (lot("y"), 5))
    rules = terms()
    on_the_day = expire("m-1", rules, held, made(TODAY), trusted=True)
    assert on_the_day == Declined("E-NOTHING-DUE", {"member": "m-1"})
    fact = expire("m-1", rules, held, made(in_days(1)), trusted=True)
    assert isinstance(fact, HoldingsExpired)
    assert fact.points == 70
    assert fact.moves == (Move(lot="x", amount=-70, lapsed=70),)
    assert fact.postings == (
        Posting("member:m-1", POINTS, -70, "hq"),
        Posting("programme", POINTS, 70, "hq"),
    )
    assert active(held.after(fact.moves), TODAY) == 5


def test_the_last_point_expires_too_and_nothing_else_does() -> None:
    one, none = (lot("one", expires=TODAY), 1), (lot("none", expires=TODAY), 0)
    held = holding(one, none, (lot("owed", expires=TODAY, kind="debt"), -3))
    due = points.due(terms().bundle.programme.points, held, in_days(1))
    assert [lot_.lot.id for lot_ in due] == ["one"]
    assert [lot_.lot.id for lot_ in points.debts(held)] == ["owed"]


def test_nothing_expires_on_a_clock_nobody_trusts() -> None:
    held = holding((lot("x", expires=TODAY), 70))
    declined = expire("m-1", terms(), held, made("2099-01-01"), trusted=False)
    assert declined == Declined("E-CLOCK-UNKNOWN")


def test_without_activity_all_points_go_at_once() -> None:
    rules = terms(points={"expiry": {"is": "activity", "days": 30}})
    lots = holding((lot("x"), 70), (lot("owed", kind="debt"), -5), (lot("b", "BON"), 9))
    held = Holdings(lots.lots, last_activity=TODAY)
    declared = rules.bundle.programme.points
    assert isinstance(expire("m-1", rules, held, made(in_days(30)), trusted=True), Declined)
    fact = expire("m-1", rules, held, made(in_days(31)), trusted=True)
    assert isinstance(fact, HoldingsExpired)
    assert [(move.lot, move.amount) for move in fact.moves] == [("x", -70)]
    assert active(points.alive(declared, held, in_days(30)), in_days(30)) == 70
    assert active(points.alive(declared, held, in_days(31)), in_days(31)) == 0
    assert points.due(declared, lots, in_days(31)) == []
