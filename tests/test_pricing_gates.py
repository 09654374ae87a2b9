"""Rules kept back by a shut gate: nobody can tell them from rules that had their turn in vain."""

from typing import Any

import msgspec
import pytest

from edge.shop.basket import Basket
from edge.shop.bundle import decode
from edge.shop.pricing import Asked, Moment, RuleSet, compile_rules, price
from edge.shop.pricing.index import index
from edge.shop.pricing.preparing import prepare
from edge.shop.pricing.state import NOT_APPLIED_MAX
from edge.shop.sale import Quote
from tests.pricer.against import asked_of
from tests.pricer_draws import basket_and_bundle
from tests.shop_draws import AT, HASH, basket, bundle, rule

DEAR = {"is": "at_least", "amount": 10**9, "base": "list"}


def compiled(rules: list[dict[str, Any]]) -> RuleSet:
    return compile_rules(decode(msgspec.json.encode(bundle(rules))), HASH)


def without_gates(rules: RuleSet) -> RuleSet:
    """Return rules that all get a turn."""
    every = index([placed.rule for placed in rules.discounts])
    return msgspec.structs.replace(rules, discount_index=every)


def both(rules: RuleSet, bought: Basket, at: Moment, terminal: str, more: Asked) -> list[Quote]:
    return [price(bought, by, at, terminal, 1, more=more) for by in (rules, without_gates(rules))]


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_a_quote_is_the_same_whether_rules_are_kept_back_or_not(first: int) -> None:
    """Prices, points, and which rules nearly acted, and why not: on random baskets and bundles."""
    kept_back = 0
    for seed in range(first, first + 100):
        document, bought, context = basket_and_bundle(seed)
        rules = compile_rules(decode(msgspec.json.encode(document)), HASH)
        at = Moment(0, context["date"], context["minute"], context["weekday"])
        goods, terminal = msgspec.convert(bought, Basket), context["terminal_kind"]
        gated, ungated = both(rules, goods, at, terminal, asked_of(context))
        assert gated == ungated, f"the case with seed {seed}"
        kept_back += len(rules.gates) - 1
    assert kept_back > 20, "gates are common enough for this to mean something"


def test_of_many_rules_behind_one_gate_the_first_by_name_are_explained() -> None:
    many = [rule("percent_off", f"r{i:03}", basis_points=1, when=[DEAR]) for i in range(99, -1, -1)]
    rules = compiled(many)
    assert len(rules.gates) == 2
    gated, ungated = both(rules, basket((5, "1")), AT, "pc_pos", Asked())
    assert gated == ungated
    assert [note.rule for note in gated.not_applied] == [f"r{i:03}" for i in range(NOT_APPLIED_MAX)]


def test_goods_that_are_not_discounted_say_so_beside_a_shut_gate() -> None:
    """A gate speaks for the conditions alone, so it is not used where goods stand in the way."""
    some = basket((5, "1"))
    line = some.lines[0]
    spared = msgspec.structs.replace(line.product, discountable=False)
    bought = Basket((msgspec.structs.replace(line, product=spared),))
    made = prepare(bought, compiled([rule("percent_off", "r", basis_points=1, when=[DEAR])]),
                   AT, "pc_pos", Asked())  # fmt: skip
    assert [(missed.rule.id, missed.unmet) for missed in made.missed] == [("r", 2)]
