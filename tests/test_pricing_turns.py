"""Turns: in which order rules have theirs, and whom an exclusive rule keeps out."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from edge.shop.basket import Basket
from edge.shop.pricing import Asked
from edge.shop.sale import Quote
from tests.shop_draws import ASKED, MORE_DOCUMENTS, basket, baskets, bundle, quote, rule

Rules = list[dict[str, Any]]


def applied(made: Quote) -> list[str]:
    return [note.rule for note in made.applied]


# --- exclusive ------------------------------------------------------------------------------------


def _circle(exclusive: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two rules must not act together."""
    within = {"g-shop": "g-guest", "u-in": "u-guest"}
    match exclusive["exclusive"]:
        case "everything":
            return True
        case "level":
            return bool((exclusive["stage"] <= 3) == (other["stage"] <= 3))
        case "group":
            own = exclusive["group"]
            return bool(own) and own in {other["group"], within.get(other["group"])}
        case _:
            return False


@given(baskets(), MORE_DOCUMENTS, ASKED)
def test_an_exclusive_rule_never_acts_with_one_it_stands_alone_against(
    bought: Basket, document: dict[str, Any], asked: Asked
) -> None:
    rules = {
        each["id"]: {"exclusive": "no", "group": ""} | each
        for each in document["rules"]
        if "stage" in each
    }
    acted = [rules[name] for name in applied(quote(bought, document, more=asked)) if name in rules]
    for one, other in _pairs(acted):
        assert not _circle(one, other), (one["id"], other["id"])
    stops = [i for i, each in enumerate(acted) if each["exclusive"] == "after"]
    assert not stops or stops[0] == len(acted) - 1


def _pairs(acted: Rules) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    return ((one, other) for one in acted for other in acted if one["id"] != other["id"])


@pytest.mark.parametrize("priority", [0, 2])
def test_exclusion_is_symmetric_and_names_the_rule(priority: int) -> None:
    """Whoever comes first acts, and the other learns who was in its way."""
    rules = [
        rule("amount_off", "alone", amount=10, exclusive="everything", priority=priority),
        rule("amount_off", "social", amount=10, priority=1),
    ]
    made = quote(basket((5, "1")), bundle(rules))
    first, second = ("alone", "social") if priority else ("social", "alone")
    assert applied(made) == [first]
    note = made.not_applied[0]
    assert (note.rule, note.reason, note.params) == (
        second, "R-EXCLUDED-BY-RULE", {"rule": first}
    )  # fmt: skip


def test_after_stops_only_what_comes_later_and_only_if_it_took_effect() -> None:
    rules = [
        rule("amount_off", "before", amount=10, priority=2),
        rule("amount_off", "stop", amount=10, priority=1, exclusive="after"),
        rule("amount_off", "later", amount=10, stage=4),
    ]
    assert applied(quote(basket((5, "1")), bundle(rules))) == ["before", "stop"]
    rules[1]["amount"] = 0
    assert applied(quote(basket((5, "1")), bundle(rules))) == ["before", "later"]


# --- the order of turns ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "acted"),
    [
        ("priority_high", ["half", "tenth", "sum", "price"]),
        ("priority_low", ["price", "sum", "tenth", "half"]),
        ("kind", ["sum", "price", "half", "tenth"]),
        ("largest_saving", ["half", "sum", "tenth", "price"]),
    ],
)
def test_a_stage_declares_in_which_order_its_rules_have_their_turns(
    order: str, acted: list[str]
) -> None:
    rules = [
        rule("percent_off", "half", basis_points=5_000, priority=4),
        rule("percent_off", "tenth", basis_points=1_000, priority=3),
        rule("amount_off", "sum", amount=2_000, priority=2),
        rule("member_price", "price", price={"is": "percent", "basis_points": 100}, priority=1),
    ]
    stage = {"number": 3, "name": "lines", "level": "lines", "order": order}
    if order == "kind":
        stage["kinds"] = ["amount_off", "member_price"]
    made = quote(basket((5, "1")), bundle(rules, stages=[stage]))
    assert applied(made) == acted


def test_the_largest_saving_of_a_group_is_what_it_takes_alone() -> None:
    rules = [
        rule("amount_off", "a", amount=700, group="g"),
        rule("amount_off", "b", amount=800, group="g"),
        rule("amount_off", "c", amount=1_000),
    ]
    stage = {"number": 3, "name": "lines", "level": "lines", "order": "largest_saving"}
    document = bundle(rules, stages=[stage], groups=[{"id": "g", "mode": "all"}])
    assert applied(quote(basket((5, "1")), document)) == ["a", "b", "c"]
