"""Limits, caps, budgets and floors: how much of a rule there is, and what becomes of the rest."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from edge.shop.basket import LINES_MAX, Basket
from edge.shop.bundle import decode
from edge.shop.declined import Declined
from edge.shop.pricing import Asked, check, compile_rules
from edge.shop.pricing.following import EFFORT_MAX
from edge.shop.sale import Quote
from tests.shop_draws import ASKED, HASH, MORE_DOCUMENTS, basket, baskets, bundle, quote, rule


def limit(most: int, of: str = "uses", per: str = "order", **more: Any) -> dict[str, Any]:
    return {"max": most, "of": of, "per": per, **more}


def offs(made: Quote) -> list[tuple[int, ...]]:
    """Return what each unit of each line cost less in the end."""
    return [
        tuple(priced.line.unit_price - unit for unit in priced.unit_nets) for priced in made.lines
    ]


def why(made: Quote) -> list[tuple[str, dict[str, str | int]]]:
    return [(note.reason, note.params) for note in made.not_applied]


def with_floor(bought: Basket, *floors: int | None) -> Basket:
    """Return the basket with other price floors, line by line."""
    lines = [
        msgspec.structs.replace(line, product=msgspec.structs.replace(line.product, floor=floor))
        for line, floor in zip(bought.lines, floors, strict=True)
    ]
    return Basket(tuple(lines), bought.member)


# --- what holds for all of them -------------------------------------------------------------------


@given(baskets(), MORE_DOCUMENTS, ASKED)
def test_no_limit_and_no_budget_is_ever_exceeded(
    bought: Basket, document: dict[str, Any], asked: Asked
) -> None:
    made = quote(bought, document, more=asked)
    uses = {use.rule: use for use in made.uses}
    for each in document["rules"]:
        mine = [
            adjustment
            for priced in made.lines
            for adjustment in priced.adjustments
            if adjustment.rule == each["id"] and priced.kind == "goods"
        ]
        lowered = [-unit for adjustment in mine for unit in adjustment.units if unit]
        for one in each.get("limits", ()):
            before = asked.counters.get(f"{each['id']}|{one['of']}|{one['per']}", 0)
            left = max(0, one["max"] - before)
            match one["of"], one["per"]:
                case "amount", "unit":
                    assert all(off <= one["max"] for off in lowered)
                case "amount", "line":
                    assert all(-adjustment.amount <= one["max"] for adjustment in mine)
                case "amount", _:
                    assert sum(lowered) <= left
                case "units", _:
                    assert len(lowered) <= left
                case _:
                    assert left or not mine
            if one["per"] not in {"unit", "line", "order"} and each["id"] in uses:
                used = uses[each["id"]]
                assert used.amount == sum(lowered)
                assert used.units == len(lowered)
                assert one["of"] != "uses" or used.times <= left


# --- uses and units -------------------------------------------------------------------------------


def test_uses_are_counted_from_sale_to_sale() -> None:
    document = bundle([rule("amount_off", amount=10, limits=[limit(3, per="day")])])
    bought = basket((5, "2"))
    for before, uses in ((0, 1), (2, 1), (3, 0), (9, 0)):
        made = quote(bought, document, more=Asked(counters={"r|uses|day": before}))
        assert [(use.rule, use.times, use.units, use.amount) for use in made.uses] == (
            [("r", 1, 2, 20)] * uses
        )
        assert why(made) == [("R-LIMIT-REACHED", {"limit": 3, "per": "day"})] * (1 - uses)


def test_a_rule_that_repeats_repeats_no_more_often_than_its_limit() -> None:
    """Nine loaves, three for the price of two: three times, or twice by the limit."""
    for limits, free in (([], 3), ([limit(2)], 2)):
        made = quote(basket((0, "9")), bundle([rule("buy_n_get_m", buy=2, get=1, limits=limits)]))
        assert made.discount_total == free * 10


def test_the_dearest_units_count_first() -> None:
    half = rule("percent_off", basis_points=5_000, limits=[limit(3, "units")])
    made = quote(basket((0, "2"), (5, "2"), (2, "2")), bundle([half]))
    assert offs(made) == [(0, 0), (6_173, 6_172), (1_795, 0)]


def test_units_are_picked_by_what_they_cost_at_the_rule_s_turn() -> None:
    """p5 at 123.45 is the dearest until 60 % of it are gone; ties go to the earlier line."""
    first = rule("percent_off", "a", basis_points=6_000, priority=1,
                 target={"of": "products", "ids": ["p5"]})  # fmt: skip
    second = rule("amount_off", "b", amount=7,
                  target={"of": "all", "pick": {"which": "dearest", "count": 1}})  # fmt: skip
    made = quote(basket((5, "1"), (8, "1"), (8, "1")), bundle([first, second]))
    assert offs(made) == [(7_407,), (7,), (0,)]


def test_goods_may_be_left_out_of_a_target() -> None:
    target = {"of": "all", "without_products": ["p2"], "without_categories": ["meat"]}
    made = quote(basket((2, "1"), (4, "1"), (5, "1"), (0, "1")), bundle(
        [rule("amount_off", amount=7, target=target)]
    ))  # fmt: skip
    assert offs(made) == [(0,), (0,), (7,), (7,)]


def test_what_only_the_cloud_can_count_may_be_denied_offline() -> None:
    chain = rule("amount_off", amount=10, limits=[limit(5, per="total", offline="deny")])
    here = rule("amount_off", amount=10, limits=[limit(5, per="day", offline="deny")])
    for each, online, held_up in ((chain, True, 0), (chain, False, 1), (here, False, 0)):
        made = quote(basket((5, "1")), bundle([each]), more=Asked(online=online))
        assert why(made) == [("R-NEEDS-CLOUD", {})] * held_up


# --- caps and budgets -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([limit(500, "amount", "unit")], [(500, 500), (100,)]),
        ([limit(900, "amount", "line")], [(450, 450), (100,)]),
        ([limit(1_000, "amount", "order")], [(481, 480), (39,)]),
        ([limit(5_000, "amount", "store")], [(481, 480), (39,)]),
        ([limit(500, "amount", "unit"), limit(900, "amount", "line")], [(450, 450), (100,)]),
    ],
)
def test_caps_scale_down_what_each_unit_would_get(
    limits: list[dict[str, Any]], expected: list[tuple[int, ...]]
) -> None:
    """A tenth of 2 x 123.45 and of 9.99 would be 1235 + 1234 and 100 (what is left of a store's
    budget of 50.00 is 10.00)."""
    tenth = rule("percent_off", basis_points=1_000, limits=limits)
    bought = basket((5, "2"), (4, "1"))
    made = quote(bought, bundle([tenth]), more=Asked(counters={"r|amount|store": 4_000}))
    assert offs(made) == expected


def test_a_budget_that_is_spent_says_so() -> None:
    spent = rule("amount_off", amount=10, limits=[limit(5_000, "amount", "total")])
    made = quote(basket((5, "1")), bundle([spent]), more=Asked(counters={"r|amount|total": 5_000}))
    assert why(made) == [("R-BUDGET-SPENT", {"budget": 5_000, "per": "total"})]


# --- floors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overflow", "expected"),
    [("lost", [(45,), (500, 500)]), ("moves", [(45,), (728, 727)]), ("drops", [(0,), (0, 0)])],
)
def test_what_a_floor_leaves_no_room_for_is_lost_or_moves_or_drops_the_rule(
    overflow: str, expected: list[tuple[int, ...]]
) -> None:
    """5.00 off each: 9.99 may fall to 9.54 only, so that 4.55 are without a place."""
    bought = with_floor(basket((4, "1"), (5, "2")), 954, None)
    made = quote(bought, bundle([rule("amount_off", amount=500, overflow=overflow)]))
    assert offs(made) == expected
    assert why(made) == ([("R-NO-ROOM", {})] if overflow == "drops" else [])


def test_what_moves_finds_no_more_room_than_there_is() -> None:
    bought = with_floor(basket((4, "1"), (5, "1")), 900, 12_300)
    made = quote(bought, bundle([rule("amount_off", amount=500, overflow="moves")]))
    assert offs(made) == [(99,), (45,)]


def test_a_cap_drops_a_rule_too_if_the_rule_says_so() -> None:
    capped = rule("amount_off", amount=20, overflow="drops", limits=[limit(39, "amount")])
    assert offs(quote(basket((5, "1")), bundle([capped]))) == [(20,)]
    assert why(quote(basket((5, "2")), bundle([capped]))) == [("R-NO-ROOM", {})]


def test_more_than_goods_cost_is_no_overflow() -> None:
    """Nothing is dropped or moved because something is cheaper than the sum taken off it."""
    for overflow in ("lost", "moves", "drops"):
        made = quote(
            basket((4, "1"), (5, "1")),
            bundle([rule("amount_off", amount=2_000, overflow=overflow)]),
        )
        assert offs(made) == [(999,), (2_000,)]


# --- rounding and the odd cent --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odd_cent", "expected"),
    [("largest_remainder", (4, 3, 3)), ("first", (4, 3, 3)), ("last", (3, 3, 4))],
)
def test_the_bundle_declares_who_gets_the_odd_cent(
    odd_cent: str, expected: tuple[int, ...]
) -> None:
    ten = rule("amount_off", amount=10, per="order")
    assert offs(quote(basket((0, "3")), bundle([ten], odd_cent=odd_cent))) == [expected]


def test_the_running_base_is_rounded_or_exact() -> None:
    """A tenth off 6.65 three times: rounded 5.98, 5.38, 4.84; exact 4.84785 is 4.85."""
    thrice = [rule("percent_off", name, basis_points=1_000) for name in "abc"]
    for base, left in (("rounded", 484), ("exact", 485)):
        assert quote(basket((1, "1")), bundle(thrice, running_base=base)).total == left


def test_an_exact_base_also_falls_by_what_is_no_percentage() -> None:
    """6.65 less a tenth, less 1.00, less a tenth: rounded 5.98, 4.98, 4.48; exact 4.4865."""
    mixed = [
        rule("percent_off", "a", basis_points=1_000),
        rule("amount_off", "b", amount=100, per="order"),
        rule("percent_off", "c", basis_points=1_000),
    ]
    for base, left in (("rounded", 448), ("exact", 449)):
        assert quote(basket((1, "1")), bundle(mixed, running_base=base)).total == left


def test_the_price_may_be_rounded_instead_of_the_discount() -> None:
    """A tenth of 123.45 is 12.345: 12.35 off, or 111.105 left, which is 111.11; per unit both."""
    for round_, per, total in (
        ("discount", "line", 22_221), ("price", "line", 22_221),
        ("discount", "unit", 22_220), ("price", "unit", 22_222),
    ):  # fmt: skip
        tenth = rule("percent_off", basis_points=1_000, round=round_, per=per)
        assert quote(basket((5, "2")), bundle([tenth])).total == total


def test_a_basket_has_so_many_lines_and_no_more() -> None:
    rules = compile_rules(decode(msgspec.json.encode(bundle())), HASH)
    most = basket(*[(0, "1")] * LINES_MAX)
    assert check(most, rules) is None
    assert check(Basket((*most.lines, most.lines[0])), rules) == Declined(
        "E-TOO-MANY-LINES", {"limit": LINES_MAX}
    )


def test_trying_all_combinations_is_bounded_by_the_effort_too() -> None:
    """Ten rules in five groups of two: 32 combinations, and each rule looks at every line."""
    rules = [
        rule("percent_off", f"r{n}", stage=3, group=f"g{n % 5}", basis_points=n + 1)
        for n in range(10)
    ]
    groups = [{"id": f"g{n}", "mode": "best_for_guest"} for n in range(5)]
    terms = bundle(rules, groups=groups)
    assert 32 * 10 * 62 <= EFFORT_MAX < 32 * 10 * 63
    assert quote(basket(*[(0, "1")] * 62), terms).best == "final_total"
    assert quote(basket(*[(0, "1")] * 63), terms).best == "own_saving"
