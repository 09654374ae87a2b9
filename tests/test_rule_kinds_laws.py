"""What holds for every kind of rule, whatever it says and whatever is in the basket."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.shop.bundle.bundle import AnyRule
from edge.shop.rules.rule import NOTHING
from edge.shop.rules.running import Running
from tests.rule_draws import (
    KINDS,
    at_list,
    effect,
    everything,
    goods,
    per_unit,
    rule,
    runnings,
    selections,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_kind_keeps_to_its_goods_their_prices_and_its_limit(
    kind: str, data: st.DataObject
) -> None:
    made = rule(**data.draw(KINDS[kind]))
    running = data.draw(runnings())
    selection = data.draw(selections(running))
    times_max = data.draw(st.integers(1, 5))
    done = made.effect(running, selection, times_max)
    places = {(picked.line, place) for picked in selection for place in picked.units}
    assert [cut.line for cut in done.cuts] == sorted({cut.line for cut in done.cuts})
    for cut in done.cuts:
        assert len(cut.units) == len(running.units[cut.line])
        assert any(cut.units)
        for place, off in enumerate(cut.units):
            assert 0 <= off <= running.units[cut.line][place]
            assert not off or (cut.line, place) in places
    assert done == NOTHING or 1 <= done.times <= times_max
    assert done == NOTHING or done.cuts or done.gifts or done.coupons
    assert running.fitting(done.cuts) == done.cuts
    assert msgspec.json.decode(msgspec.json.encode(made), type=AnyRule) == made


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_kind_treats_lines_alike_wherever_they_stand(kind: str, data: st.DataObject) -> None:
    made = rule(**data.draw(KINDS[kind]))
    prices = data.draw(st.lists(st.integers(1, 3_000), min_size=1, max_size=8, unique=True))
    names = data.draw(
        st.lists(
            st.sampled_from(["a-0", "a-1", "b-0", "b-1", "c-0"]),
            min_size=len(prices), max_size=len(prices),
        )
    )  # fmt: skip
    turned = data.draw(st.permutations(range(len(prices))))
    lines = [goods(name, price) for name, price in zip(names, prices, strict=True)]
    straight, shuffled = at_list(*lines), at_list(*[lines[i] for i in turned])
    before = per_unit(straight, made.effect(straight, everything(straight), 3).cuts)
    after = per_unit(shuffled, made.effect(shuffled, everything(shuffled), 3).cuts)
    assert after == [before[i] for i in turned]


@given(st.data())
def test_sharing_a_reward_changes_who_pays_less_and_not_how_much(data: st.DataObject) -> None:
    document = data.draw(KINDS["buy_n_get_m"])
    running: Running = data.draw(runnings())
    sums = [
        sum(sum(cut.units) for cut in effect(running, **(document | {"share": shared})).cuts)
        for shared in (True, False)
    ]
    assert sums[0] == sums[1]


@given(st.data())
def test_amounts_for_the_whole_order_are_exact(data: st.DataObject) -> None:
    running, amount = data.draw(runnings()), data.draw(st.integers(0, 9_000))
    left = sum(running.left)
    coupon = effect(running, "coupon", get={"is": "amount", "amount": amount})
    assert sum(sum(cut.units) for cut in coupon.cuts) == min(amount, left)
    fixed = effect(running, "fixed_price", amount=amount, per="order")
    running.take(running.fitting(fixed.cuts))
    assert running.payable == sum(running.left) == min(amount, left)
