"""What a rule that does nothing is short of: an amount, units, or goods that are named."""

from typing import Any

import pytest

from edge.shop.basket import Line
from tests.rule_draws import goods
from tests.test_rule_kinds_priced import quote, rule

HALF = {"is": "percent", "basis_points": 5_000}
MUGS = {"of": "products", "ids": ["mug"]}
POTS = {"of": "products", "ids": ["pot"]}
NAMED = {"from": "named", "bought": MUGS, "rewarded": POTS}
STEPS = [{"at_least": 3, "off": HALF}]
SPENT = [{"at_least": 1_000, "off": HALF}]
SET = [{"target": MUGS, "count": 2}, {"target": POTS, "count": 1}]


def reason(lines: list[Line], kind: str, **terms: Any) -> tuple[str, dict[str, Any]]:
    (note,) = quote(lines, rule(kind, "it", **terms)).not_applied
    return note.reason, note.params


@pytest.mark.parametrize(
    ("terms", "more"), [({}, 400), ({"strict": True}, 401), ({"every": True}, 400)]
)
def test_a_threshold_is_short_of_an_amount(terms: dict[str, Any], more: int) -> None:
    off = {"is": "amount", "amount": 100}
    short = reason([goods("mug", 600)], "spend_threshold", amount=1_000, off=off, **terms)
    assert short == ("R-NEEDS-AMOUNT", {"amount": 1_000, "more": more})


@pytest.mark.parametrize(
    ("units", "terms", "short"),
    [
        ("1", {"steps": STEPS}, ("R-NEEDS-COUNT", {"count": 3, "units": 2})),
        ("3", {"steps": STEPS, "strict": True}, ("R-NEEDS-COUNT", {"count": 3, "units": 1})),
        ("1", {"steps": STEPS, "strict": True}, ("R-NEEDS-COUNT", {"count": 3, "units": 3})),
        ("1", {"steps": SPENT, "by": "money"}, ("R-NEEDS-AMOUNT", {"amount": 1_000, "more": 400})),
        ("2", {"steps": STEPS, "mode": "progressive"},
         ("R-NEEDS-COUNT", {"count": 3, "units": 1})),
    ],
)  # fmt: skip
def test_a_ladder_is_short_of_its_first_step(
    units: str, terms: dict[str, Any], short: tuple[str, dict[str, Any]]
) -> None:
    assert reason([goods("mug", 600, units)], "ladder", **terms) == short


def test_a_ladder_names_the_part_that_is_nearest_to_a_step() -> None:
    lines = [goods("mug", 600, "1"), goods("pot", 600, "2")]
    short = reason(lines, "ladder", steps=STEPS, over="line")
    assert short == ("R-NEEDS-COUNT", {"count": 3, "units": 1})


@pytest.mark.parametrize(
    ("terms", "count", "units"),
    [
        ({"buy": 2, "get": 2}, 3, 2),
        ({"buy": 2, "get": 2, "partial": False}, 4, 3),
        ({"buy": 3, "get": 1, "reward": {"from": "added", "product": "cup"}}, 3, 2),
    ],
)
def test_buy_n_get_m_is_short_of_units(terms: dict[str, Any], count: int, units: int) -> None:
    short = reason([goods("mug", 600)], "buy_n_get_m", **terms)
    assert short == ("R-NEEDS-COUNT", {"count": count, "units": units})


@pytest.mark.parametrize(
    ("lines", "missing", "units"),
    [
        ([goods("mug", 600), goods("pot", 900)], "mug", 1),
        ([goods("pot", 900)], "mug", 2),
        ([goods("mug", 600, "2")], "pot", 1),
    ],
)
def test_named_goods_are_what_it_is_short_of(lines: list[Line], missing: str, units: int) -> None:
    short = "R-NEEDS-GOODS", {"goods": missing, "units": units}
    assert reason(lines, "buy_n_get_m", buy=2, get=1, reward=NAMED) == short
    assert reason(lines, "set_price", components=SET, off=HALF) == short


def test_units_that_were_bought_are_not_there_to_be_rewarded() -> None:
    reward = {"from": "named", "bought": {"of": "all"}, "rewarded": {"of": "all"}}
    short = reason([goods("mug", 600, "2")], "buy_n_get_m", buy=2, get=1, reward=reward)
    assert short == ("R-NEEDS-COUNT", {"count": 1, "units": 1})


def test_every_nth_is_short_of_units_in_its_longest_run() -> None:
    lines = [goods("mug", 600), goods("pot", 900, "2")]
    short = reason(lines, "every_nth", n=4, off=HALF, across="vertical")
    assert short == ("R-NEEDS-COUNT", {"count": 4, "units": 2})


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("every_nth", {"n": 1, "off": {"is": "fixed", "amount": 900}}),
        ("ladder", {"steps": [{"at_least": 1, "off": {"is": "fixed", "amount": 900}}]}),
        ("set_price", {"components": [{"target": MUGS}], "off": {"is": "fixed", "amount": 900}}),
        ("buy_n_get_m", {"buy": 1, "get": 1, "off": {"is": "fixed", "amount": 900}}),
        ("fixed_price", {"amount": 900}),
    ],
)
def test_what_costs_less_already_is_short_of_nothing(kind: str, terms: dict[str, Any]) -> None:
    assert reason([goods("mug", 600, "2")], kind, **terms) == ("R-NOTHING-LEFT", {})
