"""What a box credits: counted once at every moment, in one place, and spent by nobody twice."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from cloud_bridge.contract import HoldAsked, LotPart
from simulators.cloud.recording import Refused
from simulators.cloud.weather import CLEAR
from tests.away_kit import CARD, WHO, AwayShop, away_shop
from tests.stand import until

EARNED = 49
"""For four lattes."""
BROUGHT = 10
"""What the member had at the cloud before."""


async def test_a_credit_counts_once_before_and_after_the_cloud_has_it(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        before = await balance(shop)
        shop.offline()
        assert (await shop.pay(0, quantity=4))["points_earned"] == EARNED
        seen = {(await balance(shop), shop.spendable("points"))}
        sequence = shop.box.journal.head.sequence
        shop.stand.weather.sky = CLEAR
        while as_of(shop) < sequence:  # first the cloud has it, then it says so
            seen.add((await balance(shop), shop.spendable("points")))
            await asyncio.sleep(0.001)
        seen.add((await balance(shop), shop.spendable("points")))
        assert seen == {(before + EARNED, EARNED)}
        shop.books_agree()
    async with away_shop(tmp_path) as shop:
        assert shop.spendable("points") == EARNED


async def test_a_credit_wanted_elsewhere_is_there_after_one_recall(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        sold = await shop.pay(0, quantity=4)
        await shop.told()
        shop.twin.register_box("other", bytes(32))
        with pytest.raises(Refused):
            wanted(shop, "h1", EARNED + BROUGHT)
        await until(lambda: shop.spendable("points") == 0)
        await shop.told()
        assert sum(part.amount for part in wanted(shop, "h2", EARNED + BROUGHT)) == 59
        back = {"key": shop.key(), "cashier": "anna", "sale": sold["receipt"]}
        assert (await shop.stand.ask("return", back))["points_taken"] == EARNED
        await shop.told()
        shop.twin._tables.lots.lapse("other", 2**53)  # what it was granted, and did not take
        with pytest.raises(Refused) as no:
            wanted(shop, "h3", BROUGHT + 1)
        assert no.value.problem.possible == BROUGHT, "the rest is free, and owed at the box"
        assert shop.exceptions() == []


def wanted(shop: AwayShop, name: str, points: int) -> Sequence[LotPart]:
    """Ask for so many points for another box; return the parts it is granted."""
    asked = HoldAsked(id=name, member=WHO, kind="points", amount=points)
    return shop.twin.granting.hold("other", asked).parts


async def balance(shop: AwayShop) -> int:
    """Return the points of a member as a terminal is told."""
    points: int = (await shop.stand.ask("balance", {"credential": CARD}))["points"]
    return points


def as_of(shop: AwayShop) -> int:
    """Return up to which of our facts the cloud's word on a member counts."""
    held = shop.box._directory.member(WHO)
    assert held is not None
    return held.as_of.sequence if held.as_of else 0
