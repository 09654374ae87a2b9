"""Parked baskets are one shelf: put aside at any till, taken at any other, by one of them."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from drivers.events import Scan
from edge.config.weighed import Weighed
from edge.shop.operations.parking import PARKED_MAX
from simulators import demo_data
from simulators.demo_data import card_number
from tests import virtual_time
from tests.lane_kit import CANCEL, CASH, LANE, OOLONG, TEA, Lane, in_virtual_time, lane
from tests.test_desk_rude import key

PARK, TWO_TEAS = "EDGE:PARK", [{"code": TEA, "quantity": "2"}]


async def do(it: Lane, number: int, operation: str, **body: Any) -> dict[str, Any]:
    """Have the PC till do something, and wait until it is on disk."""
    told = await it.ask(operation, key=key(number), cashier="ben", **body)
    await asyncio.sleep(0.1)
    return told


async def shelf(it: Lane) -> list[dict[str, Any]]:
    """Return what waits, as the PC till is told."""
    return list((await it.ask("list_parked"))["baskets"])


def codes(it: Lane) -> list[str]:
    return [said["code"] for said in it.heard("declined")]


@in_virtual_time
async def test_what_a_lane_parks_a_terminal_recalls_and_sells(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA, TEA, OOLONG, card_number(1), PARK)
        parked = it.heard_last("parked")
        (waiting,) = await shelf(it)
        assert (waiting["number"], waiting["ticket"]) == (1, parked["ticket"])
        assert (waiting["terminal"], waiting["cashier"], waiting["lines"]) == ("till-1", "anna", 2)
        await it.stop(crash=True)
        await it.start()
        taken = await do(it, 1, "recall", ticket=parked["ticket"])
        assert [(line["code"], line["quantity"]) for line in taken["lines"]] == [
            (TEA, "2"), (OOLONG, "1")
        ]  # fmt: skip
        assert taken["member"] == "m0001"
        member = {"kind": "member", "text": taken["member"]}
        quoted = await it.ask("quote", lines=taken["lines"], member=member)
        sold = await do(
            it, 2, "sell", lines=taken["lines"], member=member, quote=quoted["quote"],
            expected_total=quoted["total"], tenders=[{"kind": "cash", "amount": quoted["total"]}],
        )  # fmt: skip
        assert sold["total"] == quoted["total"]
        await it.key(".8*1")
        assert codes(it)[-1] == "E-NOT-PARKED"
        assert await shelf(it) == []


@in_virtual_time
async def test_what_a_terminal_parks_a_lane_recalls_by_its_number(folder: Path) -> None:
    async with lane(folder) as it:
        card = {"kind": "card", "text": card_number(1)}
        parked = await do(it, 1, "park", lines=TWO_TEAS, member=card, label="window")
        assert parked["number"] == 1
        assert (await do(it, 2, "park", lines=TWO_TEAS))["number"] == 2
        await it.stop(crash=True)
        await it.start()
        await it.key(".8*1")
        shown = it.heard_last("shown")
        assert (shown["member"], shown["lines"][0]["quantity"]) == ("m0001", "2")
        assert [one["number"] for one in await shelf(it)] == [2]
        gone = await do(it, 3, "recall", ticket=parked["ticket"])
        assert gone["code"] == "E-BASKET-GONE"
        await it.scan(CASH)
        assert it.heard_last("sold")["points_earned"] > 0
        assert (await do(it, 4, "park", lines=TWO_TEAS))["number"] == 1  # it is free again


@pytest.mark.parametrize("digits", ["210004201253", "220004201250"])
def test_goods_with_a_label_cross_the_shelf_both_ways(digits: str, tmp_path: Path) -> None:
    """By weight and by price: a terminal gets the code alone, for the label says the rest."""

    label = digits + demo_data.check_digit(digits)

    async def main() -> None:
        it = Lane(tmp_path, ("scanner-1",))
        scales = (
            Weighed(pattern="21IIIIIVVVVVC", product="id"),
            Weighed(pattern="22IIIIIVVVVVC", value="price", decimals=2, product="id"),
        )
        it.config = replace(it.config, store=replace(it.config.store, weighed=scales))
        apples = next(one for one in demo_data.products() if one.id == "apples")
        it.twin.seed_products([replace(apples, id="00042", gtins=())])
        await it.start()
        await it.scan(label, PARK)
        before = it.heard_last("shown")
        (waiting,) = await shelf(it)
        taken = await do(it, 1, "recall", ticket=waiting["ticket"])
        assert [(line["code"], line["quantity"]) for line in taken["lines"]] == [(label, "1")]
        quoted = await it.ask("quote", lines=taken["lines"])
        assert quoted["total"] == before["total"]
        await do(it, 2, "park", lines=taken["lines"])
        await it.key(".8*1")
        assert it.heard_last("shown")["lines"] == before["lines"]
        await it.stop()
        it.twin.close()

    virtual_time.run(main())


@in_virtual_time
async def test_a_terminal_s_own_price_stays_at_a_lane(folder: Path) -> None:
    async with lane(folder) as it:
        till = it.config.terminals["pos-1"]
        own = replace(till, rights=till.rights | {"own_price"})
        it.config = replace(it.config, terminals={**it.config.terminals, "pos-1": own})
        await do(it, 1, "park", lines=[{"code": TEA, "unit_price": 333}])
        await it.key(".8*1")
        (line,) = it.heard_last("shown")["lines"]
        assert (line["unit_price"], line["price_source"]) == (333, "terminal")


@in_virtual_time
async def test_a_basket_that_is_partly_paid_is_not_parked(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA, TEA)
        await it.key(".2*1", ".7")
        assert codes(it) == ["E-PARTLY-PAID"]
        await it.scan(CANCEL, PARK)
        assert it.heard_last("parked")["number"] == 1


@in_virtual_time
async def test_a_full_shelf_leaves_the_basket_where_it_is(folder: Path) -> None:
    async with lane(folder) as it:
        for number in range(PARKED_MAX):
            await do(it, number, "park", lines=TWO_TEAS)
        await it.scan(TEA, PARK)
        assert codes(it) == ["E-TOO-MANY-PARKED"]
        await it.scan(CASH)
        assert it.heard_last("sold")["total"] == 450
        await it.scan(OOLONG)
        await do(it, 500, "recall", ticket=(await shelf(it))[7]["ticket"])
        await it.scan(PARK)
        assert it.heard_last("parked")["number"] == 8


@in_virtual_time
async def test_two_reach_for_one_basket_and_one_has_it(folder: Path) -> None:
    async with lane(folder) as it:
        ticket = (await do(it, 1, "park", lines=TWO_TEAS))["ticket"]
        asking = asyncio.create_task(do(it, 2, "recall", ticket=ticket))
        await it.key(".8*1")
        told = await asking
        lane_has = bool(it.box.lanes.tills[LANE]._baskets.till.basket.lines)
        assert lane_has == (told.get("code") == "E-BASKET-GONE")
        assert await shelf(it) == []


@in_virtual_time
async def test_while_a_basket_is_taken_nothing_else_is(folder: Path) -> None:
    async with lane(folder) as it:
        await do(it, 1, "park", lines=TWO_TEAS)
        it.said.clear()
        it.hands["scanner-1"].tell(Scan("EDGE:RECALL:1"))
        it.hands["scanner-1"].tell(Scan(OOLONG))
        while not it.heard("declined"):
            await asyncio.sleep(0.001)
        assert (codes(it), it.heard("shown")) == (["E-IN-PROGRESS"], [])
        await asyncio.sleep(1)
        assert len(it.heard_last("shown")["lines"]) == 1


@in_virtual_time
async def test_two_baskets_come_back_after_a_crash_and_the_first_is_parked(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA)
        it.hands["scanner-1"].tell(Scan(CASH))
        while it.box.lanes.tills[LANE].is_busy:
            await asyncio.sleep(0)
        it.hands["scanner-1"].tell(Scan(OOLONG))  # the next guest, before the disk has the first
        while not it.box.lanes.tills[LANE].is_busy:
            await asyncio.sleep(0)
        await it.stop(crash=True)
        await it.start()
        assert it.heard_last("shown")["total"] == 500
        assert [one["number"] for one in await shelf(it)] == [1]
        await it.scan(CASH)
        await it.key(".8*1", "+")
        assert [said["total"] for said in it.heard("sold")] == [500, 450]


@pytest.mark.parametrize("seed", range(8))
def test_no_basket_is_lost_or_doubled_whatever_dies(seed: int, tmp_path: Path) -> None:
    """Park and recall, crash at any moment: the basket is at the lane or on the shelf."""
    luck = random.Random(seed)

    async def main() -> None:
        async with lane(tmp_path) as it:
            await it.scan(TEA, OOLONG)
            for _ in range(8):
                is_open = it.box.lanes.tills[LANE].is_busy
                it.hands["scanner-1"].tell(Scan(PARK if is_open else "EDGE:RECALL:1"))
                if luck.random() < 0.7:
                    await asyncio.sleep(luck.choice((0, 0.001, 0.009, 0.011, 0.02)))
                    if luck.random() < 0.5:
                        await it.writer.stop()
                    await it.stop(crash=True)
                    await it.start()
                await asyncio.sleep(0.5)
                at_lane = it.box.lanes.tills[LANE].is_busy
                assert len(await shelf(it)) + at_lane == 1
            if not it.box.lanes.tills[LANE].is_busy:
                await it.key(".8*1")
            await it.scan(CASH)
            assert [said["total"] for said in it.heard("sold")] == [950]

    virtual_time.run(main())
