"""Watches at the till: each barks at what it declares, and at nothing beside it."""

from typing import Any

import msgspec
import pytest

from edge.shop.accounts.fraud import FraudRules, Happening, judge
from edge.shop.declined import Declined

NOW = 1_795_312_800_000
MINUTE = 60_000


def rules(*watches: dict[str, Any]) -> FraudRules:
    return msgspec.convert({"watches": watches}, FraudRules)


def happening(operation: str = "sell", minutes_ago: float = 0, **more: Any) -> Happening:
    fields = {"at_ms": int(NOW - minutes_ago * MINUTE), "operation": operation, "terminal": "t1",
              "cashier": "amy"}  # fmt: skip
    return msgspec.convert(fields | more, Happening)


VELOCITY = {"watch": "velocity", "id": "fast", "operations": ["enrol"], "per": ["cashier"],
            "minutes": 60, "max": 3}  # fmt: skip


def test_velocity_counts_the_same_subject_in_the_window_only() -> None:
    watched = rules(VELOCITY)
    enrolments = [happening("enrol", minutes) for minutes in (5, 10, 61)]
    assert judge(watched, happening("enrol"), enrolments) == ()
    one_more = [*enrolments, happening("enrol", 59)]
    assert judge(watched, happening("enrol"), one_more) == Declined(
        "E-WATCH-APPROVAL", {"watch": "fast"}
    )
    assert judge(watched, happening("enrol", cashier="bob"), one_more) == ()
    assert judge(watched, happening("sell"), one_more) == ()


def test_velocity_over_a_pair_wants_both_and_nobody_is_no_pair() -> None:
    watched = rules(VELOCITY | {"operations": ["redeem"], "per": ["cashier", "member"], "max": 1})
    before = [happening("redeem", 1, member="ann")]
    assert judge(watched, happening("redeem", member="bea"), before) == ()
    assert isinstance(judge(watched, happening("redeem", member="ann"), before), Declined)
    assert judge(watched, happening("redeem"), [happening("redeem", 1)]) == ()


def test_an_approved_deed_passes_and_stays_flagged() -> None:
    watched = rules(VELOCITY | {"max": 0})
    assert judge(watched, happening("enrol"), [], approved=True) == ("fast",)


def test_to_refuse_is_stronger_than_approval_and_counts_first() -> None:
    watched = rules(VELOCITY | {"max": 0}, VELOCITY | {"id": "no", "max": 0, "action": "refuse"})
    for approved in (False, True):
        assert judge(watched, happening("enrol"), [], approved=approved) == Declined(
            "E-FRAUD-REFUSED", {"watch": "no"}
        )


def test_a_ratio_barks_from_the_least_th_one_on() -> None:
    watched = rules({"watch": "ratio", "id": "voids", "operations": ["return", "void"],
                     "minutes": 480, "share": 1_000, "least": 3, "action": "flag"})  # fmt: skip
    sales = [happening("sell", 100) for _ in range(29)]
    two = [happening("return", 30), happening("void", 20)]
    assert judge(watched, happening("return"), two[:1] + sales[:9]) == ()
    assert judge(watched, happening("return"), two + sales) == ("voids",)
    assert judge(watched, happening("return"), [*two, *sales, happening("sell", 1)]) == ()


def test_own_card_on_strangers_sales() -> None:
    watched = rules({"watch": "own_card", "id": "own", "max": 1, "action": "refuse"})
    before = [happening(minutes_ago=10, member="amy-card")]
    asked = happening(member="amy-card")
    assert judge(watched, asked, before, own_member="amy-card") == Declined(
        "E-FRAUD-REFUSED", {"watch": "own"}
    )
    assert judge(watched, asked, [], own_member="amy-card") == ()
    assert judge(watched, asked, before, own_member=None) == ()
    assert judge(watched, happening(member="ann"), before, own_member="amy-card") == ()


def test_ticket_splitting_needs_many_tickets_and_much_together() -> None:
    watched = rules({"watch": "ticket_splitting", "id": "split", "max": 2, "amount": 10_000,
                     "action": "flag"})  # fmt: skip
    two = [happening(minutes_ago=m, member="ann", amount=4_000) for m in (2, 5)]
    assert judge(watched, happening(member="ann", amount=2_000), two) == ("split",)
    assert judge(watched, happening(member="ann", amount=1_999), two) == ()
    assert judge(watched, happening(member="ann", amount=9_000), two[:1]) == ()
    assert judge(watched, happening(member="ann", amount=9_000, terminal="t2"), two) == ()


@pytest.mark.parametrize(
    ("watch", "asked", "barks"),
    [
        ("refund_to_stored_value", happening("return", to_stored_value=True, of_sale="s"), True),
        ("refund_to_stored_value", happening("return", of_sale="s"), False),
        ("refund_to_stored_value", happening("sell", to_stored_value=True), False),
        ("refund_without_sale", happening("return"), True),
        ("refund_without_sale", happening("return", of_sale="s"), False),
        ("late_credit", happening("late_credit", sale_at_ms=NOW - 24 * 60 * MINUTE), False),
        ("late_credit", happening("late_credit", sale_at_ms=NOW - 24 * 60 * MINUTE - 1), True),
        ("late_credit", happening("late_credit"), True),
    ],
)
def test_what_a_deed_says_of_itself(watch: str, asked: Happening, barks: bool) -> None:
    watched = rules({"watch": watch, "id": "w", "action": "flag"})
    assert judge(watched, asked, []) == (("w",) if barks else ())


def test_a_clock_that_was_set_back_does_not_make_the_future_count() -> None:
    watched = rules(VELOCITY | {"max": 1, "action": "flag"})
    assert judge(watched, happening("enrol"), [happening("enrol", -30)]) == ()
