"""Rules on sets of goods, calculated by hand: buy n get m, every nth, and set prices."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.rules.rule import NOTHING, Effect, Gift
from edge.shop.rules.running import Cut
from tests.rule_draws import MANY, at_list, effect, goods, offs, priced, rule

FREE = {"is": "percent", "basis_points": 10_000}
HALF = {"is": "percent", "basis_points": 5_000}


# --- buy n get m --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("buy", "get", "units", "free", "sets"),
    [
        (2, 1, 2, 0, 0), (2, 1, 3, 1, 1), (2, 1, 8, 2, 2), (2, 1, 9, 3, 3),
        (2, 3, 2, 0, 0), (2, 3, 4, 2, 1), (2, 3, 5, 3, 1), (2, 3, 6, 3, 1), (2, 3, 9, 5, 2),
        (2, 3, 10, 6, 2), (1, 1, 5, 2, 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rank", ["over_set", "over_all"])
def test_so_many_are_free(buy: int, get: int, units: int, free: int, sets: int, rank: str) -> None:
    basket = at_list(goods("mug", 100, str(units)))
    done = effect(basket, "buy_n_get_m", buy=buy, get=get, rank=rank)
    assert sum(sum(cut.units) for cut in done.cuts) == 100 * free
    assert done.times == sets


@pytest.mark.parametrize(("units", "free"), [(4, 0), (5, 3), (6, 3), (9, 3), (10, 6)])
def test_without_partial_only_whole_sets_are_rewarded(units: int, free: int) -> None:
    basket = at_list(goods("mug", 100, str(units)))
    done = effect(basket, "buy_n_get_m", buy=2, get=3, partial=False)
    assert sum(sum(cut.units) for cut in done.cuts) == 100 * free


def test_the_gift_is_shared_over_its_set_so_that_any_unit_can_be_returned() -> None:
    assert offs(at_list(goods("mug", 1000, "3")), "buy_n_get_m", buy=2, get=1) == [
        (334, 333, 333)
    ]  # fmt: skip
    # 300 over 9, 6 and 3 parts of 18, wherever they stand
    assert offs(priced(300, 900, 600), "buy_n_get_m", buy=2, get=1) == [50, 150, 100]
    assert offs(priced(300, 900, 600), "buy_n_get_m", buy=2, get=1, share=False) == [300, 0, 0]


def test_a_set_is_not_paid_for_by_another() -> None:
    # Sets are 900, 900, 600 and 100, 100, 100: 600 over 2400, 100 over 300.
    basket = at_list(goods("g-a", 100, "3"), goods("g-b", 900, "2"), goods("g-c", 600))
    assert offs(basket, "buy_n_get_m", buy=2, get=1) == [(34, 33, 33), (225, 225), 150]


@pytest.mark.parametrize(
    ("which", "rank", "free"),
    [
        ("cheapest", "over_set", [0, 0, 40, 0, 0, 10]),
        ("cheapest", "over_all", [0, 0, 0, 0, 20, 10]),
        ("dearest", "over_set", [60, 0, 0, 30, 0, 0]),
        ("dearest", "over_all", [60, 50, 0, 0, 0, 0]),
    ],
)
def test_which_units_are_free(which: str, rank: str, free: list[int]) -> None:
    basket = priced(60, 50, 40, 30, 20, 10)
    done = offs(basket, "buy_n_get_m", buy=2, get=1, which=which, rank=rank, share=False)
    assert done == free


def test_over_all_pairs_the_dearest_bought_with_the_dearest_rewarded() -> None:
    # 20 over 80 + 70 + 20 (9.41, 8.23, 2.35), 10 over 60 + 50 + 10 (5, 4.17, 0.83); 40, 30 stay.
    basket = priced(80, 70, 60, 50, 40, 30, 20, 10)
    done = offs(basket, "buy_n_get_m", buy=2, get=1, rank="over_all")
    assert done == [10, 8, 5, 4, 0, 0, 2, 1]


def test_as_many_sets_as_the_limit_leaves_the_dearest_first() -> None:
    basket = priced(60, 50, 40, 30, 20, 10)
    once = [16, 13, 11]  # 40 over 60 + 50 + 40: 16, 13.3, 10.7
    assert offs(basket, "buy_n_get_m", times_max=1, buy=2, get=1) == [*once, 0, 0, 0]
    assert offs(basket, "buy_n_get_m", buy=2, get=1, repeats=False) == [*once, 0, 0, 0]
    cheapest = offs(basket, "buy_n_get_m", 1, buy=2, get=1, rank="over_all", share=False)
    assert cheapest == [0, 0, 0, 0, 0, 10]


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (HALF, [0, 500]),  # 499.5, half up
        (HALF | {"round": "price"}, [0, 499]),
        ({"is": "amount", "amount": 300}, [0, 300]),
        ({"is": "amount", "amount": 2000}, [0, 999]),
        ({"is": "fixed", "amount": 100}, [0, 899]),
        ({"is": "fixed", "amount": 1000}, [0, 0]),
    ],
)
def test_the_reward_may_be_a_share_a_sum_or_a_price(
    off: dict[str, Any], expected: list[int]
) -> None:
    assert offs(priced(1200, 999), "buy_n_get_m", buy=1, get=1, off=off, share=False) == expected


@pytest.mark.parametrize(
    ("basis_points", "base", "off"),
    [(4_000, "remaining", 200), (4_000, "list", 400), (7_000, "list", 500)],
)
def test_a_share_of_the_list_price_takes_no_more_than_is_left(
    basis_points: int, base: str, off: int
) -> None:
    halved = priced(1_000)
    halved.take((Cut(0, (500,)),))
    less = {"is": "percent", "basis_points": basis_points, "base": base}
    assert offs(halved, "every_nth", n=1, off=less) == [off]


def test_goods_that_cost_nothing_neither_make_a_set_nor_spoil_one() -> None:
    assert effect(priced(500, 500, 0), "buy_n_get_m", buy=2, get=1) == NOTHING
    done = offs(priced(0, 90, 90, 90), "buy_n_get_m", buy=2, get=1, rank="over_all")
    assert done == [0, 30, 30, 30]


BREAD_AND_JAM = {
    "from": "named",
    "bought": {"of": "categories", "ids": ["bread"]},
    "rewarded": {"of": "categories", "ids": ["jam"]},
}


def test_named_goods_are_rewarded_for_others() -> None:
    basket = at_list(
        goods("bread-a", 500, "2"), goods("jam-a", 400), goods("jam-b", 300), goods("tea", 900)
    )
    deal: dict[str, Any] = {
        "buy": 1,
        "get": 1,
        "off": HALF,
        "reward": BREAD_AND_JAM,
        "share": False,
    }
    assert offs(basket, "buy_n_get_m", **deal) == [(0, 0), 200, 150, 0]
    assert offs(basket, "buy_n_get_m", times_max=1, **deal) == [(0, 0), 0, 150, 0]
    dearest = offs(basket, "buy_n_get_m", 1, which="dearest", **deal)
    assert dearest == [(0, 0), 200, 0, 0]
    # Shared: 150 over 500 + 300 (93.75, 56.25), then 200 over 500 + 400 (111.1, 88.9).
    deal["share"] = True
    assert offs(basket, "buy_n_get_m", **deal) == [(94, 111), 89, 56, 0]


def test_named_goods_may_be_both_and_those_that_are_only_bought_go_first() -> None:
    both = {"of": "products", "ids": ["bread-a", "jam-a"]}
    basket = at_list(goods("bread-a", 500), goods("jam-a", 700))
    reward = BREAD_AND_JAM | {"bought": both}
    deal: dict[str, Any] = {"buy": 1, "get": 1, "reward": reward, "share": False}
    assert offs(basket, "buy_n_get_m", **deal) == [0, 700]
    assert effect(at_list(goods("jam-a", 700)), "buy_n_get_m", **deal) == NOTHING


def test_a_last_named_set_may_be_partial() -> None:
    basket = at_list(goods("bread-a", 500, "2"), goods("jam-a", 300, "3"))
    deal: dict[str, Any] = {"buy": 1, "get": 2, "reward": BREAD_AND_JAM, "share": False}
    assert offs(basket, "buy_n_get_m", **deal) == [(0, 0), (300, 300, 300)]
    assert effect(basket, "buy_n_get_m", **deal).times == 2
    whole = effect(basket, "buy_n_get_m", partial=False, **deal)
    assert (whole.times, sum(sum(cut.units) for cut in whole.cuts)) == (1, 600)


def test_a_gift_is_added_for_every_set_of_bought_units() -> None:
    deal: dict[str, Any] = {"buy": 2, "get": 3, "reward": {"from": "added", "product": "cup"}}
    five = at_list(goods("mug", 100, "4"), goods("pot", 100))
    assert effect(five, "buy_n_get_m", **deal) == Effect(times=2, gifts=(Gift("cup", 6),))
    assert effect(five, "buy_n_get_m", 1, **deal) == Effect(gifts=(Gift("cup", 3),))
    assert effect(five, "buy_n_get_m", repeats=False, **deal).gifts == (Gift("cup", 3),)
    assert effect(priced(100), "buy_n_get_m", **deal) == NOTHING
    with pytest.raises(msgspec.ValidationError, match="added on top are free"):
        rule("buy_n_get_m", off=HALF, **deal)


@given(st.data())
def test_rewards_are_counted_as_one_would_on_fingers(data: st.DataObject) -> None:
    buy, get, units = (data.draw(st.integers(1, most)) for most in (4, 4, 30))
    basket = at_list(goods("mug", 1, str(units)))
    counted = [i % (buy + get) >= buy for i in range(units)]
    done = effect(basket, "buy_n_get_m", buy=buy, get=get)
    assert sum(sum(cut.units) for cut in done.cuts) == sum(counted)
    whole = effect(basket, "buy_n_get_m", buy=buy, get=get, partial=False)
    in_whole_sets = counted[: units // (buy + get) * (buy + get)]
    assert sum(sum(cut.units) for cut in whole.cuts) == sum(in_whole_sets)


@given(
    st.lists(st.tuples(st.integers(1, 900), st.booleans()), min_size=2, max_size=12),
    st.integers(1, 3), st.integers(1, 3), st.booleans(),
)  # fmt: skip
def test_nobody_gains_by_asking_for_two_receipts(
    units: list[tuple[int, bool]], buy: int, get: int, partial: bool
) -> None:
    def saved(prices: list[int]) -> int:
        done = effect(priced(*prices), "buy_n_get_m", buy=buy, get=get, partial=partial)
        return sum(sum(cut.units) for cut in done.cuts)

    parts = [[price for price, side in units if side is wanted] for wanted in (True, False)]
    assert sum(saved(part) for part in parts) <= saved([price for price, _ in units])


# --- every nth ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, [250, (0, 500, 0)]),  # a a a b
        ({"across": "vertical"}, [0, (0, 500, 0)]),
        ({"order": "cheapest_first"}, [0, (500, 0, 500)]),  # b a a a
        ({"order": "as_entered", "n": 3}, [0, (0, 500, 0)]),
        ({"n": 1, "off": {"is": "amount", "amount": 700}}, [500, (700, 700, 700)]),
        ({"n": 4, "off": {"is": "fixed", "amount": 1}}, [499, (0, 0, 0)]),
    ],
)
def test_every_nth_unit(more: dict[str, Any], expected: list[Any]) -> None:
    basket = at_list(goods("b", 500), goods("a", 1000, "3"))
    assert offs(basket, "every_nth", **{"n": 2, "off": HALF, **more}) == expected


def test_vertical_counts_a_product_over_its_lines_or_a_category_over_its_products() -> None:
    basket = at_list(goods("cup-a", 100), goods("mug", 80), goods("cup-a", 100), goods("cup-b", 60))
    deal: dict[str, Any] = {"n": 3, "off": FREE, "across": "vertical"}
    assert effect(basket, "every_nth", **deal) == NOTHING
    assert offs(basket, "every_nth", within="category", **deal) == [0, 0, 0, 60]
    deal["n"] = 2
    assert offs(basket, "every_nth", **deal) == [0, 0, 100, 0]


def test_limited_uses_go_to_those_that_come_first() -> None:
    basket = at_list(goods("a", 100, "2"), goods("b", 300, "2"))
    deal: dict[str, Any] = {"n": 2, "off": FREE, "across": "vertical"}
    assert effect(basket, "every_nth", **deal).times == 2
    assert offs(basket, "every_nth", times_max=1, **deal) == [(0, 0), (0, 300)]
    assert offs(basket, "every_nth", 1, order="cheapest_first", **deal) == [(0, 100), (0, 0)]


# --- set price ----------------------------------------------------------------------------------

LUNCH: dict[str, Any] = {
    "off": {"is": "fixed", "amount": 2500},
    "components": [
        {"target": {"of": "categories", "ids": ["noodles"]}},
        {"target": {"of": "products", "ids": ["tea", "cola"]}, "count": 2},
    ],
}


def test_the_saving_of_a_set_is_shared_by_price() -> None:
    # 2900 for 2500: 400 is 248.28 + 68.97 + 82.76.
    basket = at_list(goods("noodles-a", 1800), goods("tea", 500), goods("cola", 600))
    assert offs(basket, "set_price", **LUNCH) == [248, 69, 83]
    tenth = LUNCH | {"off": {"is": "percent", "basis_points": 1000}}
    assert offs(basket, "set_price", **tenth) == [180, 50, 60]
    less = LUNCH | {"off": {"is": "amount", "amount": 5000}}
    assert offs(basket, "set_price", **less) == [1800, 500, 600]


def test_sets_repeat_with_the_dearest_or_the_cheapest_units_first() -> None:
    basket = at_list(goods("noodles-a", 1800, "2"), goods("tea", 500, "4"), goods("cola", 600))
    # cola tea (2900: 400 off), then tea tea (2800: 300 off); one tea is left over.
    done = effect(basket, "set_price", **LUNCH)
    assert (done.times, sum(sum(cut.units) for cut in done.cuts)) == (2, 700)
    # tea tea twice
    cheap = effect(basket, "set_price", first="cheapest", **LUNCH)
    assert (cheap.times, sum(sum(cut.units) for cut in cheap.cuts)) == (2, 600)
    for once in (effect(basket, "set_price", 1, **LUNCH),
                 effect(basket, "set_price", repeats=False, **LUNCH)):  # fmt: skip
        assert (once.times, sum(sum(cut.units) for cut in once.cuts)) == (1, 400)


def test_an_incomplete_set_is_no_set() -> None:
    basket = at_list(goods("noodles-a", 1800), goods("tea", 500))
    assert effect(basket, "set_price", **LUNCH) == NOTHING


def test_the_choosier_component_is_served_first() -> None:
    drinks = [
        {"target": {"of": "products", "ids": ["tea", "cola"]}},
        {"target": {"of": "products", "ids": ["cola"]}},
    ]
    basket = at_list(goods("cola", 600), goods("tea", 500))
    off = {"is": "fixed", "amount": 1000}
    assert offs(basket, "set_price", components=drinks, off=off) == [55, 45]


def test_a_set_that_saves_nothing_keeps_its_prices_and_is_no_use() -> None:
    two = [{"target": {"of": "all"}, "count": 2}]
    deal: dict[str, Any] = {"components": two, "off": {"is": "fixed", "amount": 500}}
    basket = priced(100, 100, 400, 400)
    assert effect(basket, "set_price", MANY, **deal).times == 1
    assert offs(basket, "set_price", first="cheapest", times_max=1, **deal) == [0, 0, 150, 150]
    assert effect(priced(100, 100), "set_price", **deal) == NOTHING
