"""Two members turn out to be one: points of both are kept, cards follow, nothing is spent twice."""

from pathlib import Path

from simulators import demo_data
from tests.away_kit import PRICE, away_shop, value_lot
from tests.stand import until

OTHER = "m0002"
OTHER_CARD = {"kind": "card", "text": demo_data.card_number(2)}


async def test_a_merged_member_keeps_points_cards_and_money(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1", OTHER), 4 * PRICE)
        await shop.lease("l1", member=OTHER)
        shop.offline()
        lines = [{"code": demo_data.ean(1), "quantity": "1"}]
        sold = await shop.stand.sale(shop.key(), lines, OTHER_CARD)
        assert (await shop.stand.ask("sell", sold))["status"] == 200
        before = [await balance(shop.stand.ask, number) for number in (1, 2)]
        shop.twin.keeping.merge(OTHER, "m0001")
        await shop.online()
        await until(lambda: shop.box._directory.called(OTHER) == "m0001")
        await until(lambda: shop.spendable(member=OTHER) == 0)
        await shop.told()
        await until(lambda: shop.box._directory.member("m0001").points == sum(before))  # type: ignore[union-attr]
        assert await balance(shop.stand.ask, 1) == await balance(shop.stand.ask, 2) == sum(before)
        assert shop.owed("m0001") == 4 * PRICE
        assert shop.owed(OTHER) == 0
        await shop.lease("l2", member="m0001")
        assert shop.spendable(member="m0001") == 2 * PRICE
        assert shop.exceptions() == []
        shop.books_agree()


async def test_sales_to_the_old_card_count_for_the_member_they_are_now(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        before = [await balance(shop.stand.ask, number) for number in (1, 2)]
        shop.twin.keeping.merge(OTHER, "m0001")
        lines = [{"code": demo_data.ean(1), "quantity": "1"}]
        sold = await shop.stand.ask("sell", await shop.stand.sale(shop.key(), lines, OTHER_CARD))
        assert sold["status"] == 200
        await shop.told()
        await until(lambda: shop.box._directory.called(OTHER) == "m0001")
        await until(lambda: shop.box._directory.fill.members == len(demo_data.members()) - 1)
        assert await balance(shop.stand.ask, 2) == sum(before) + 11
        assert shop.exceptions() == []


async def balance(ask: object, number: int) -> int:
    card = {"kind": "card", "text": demo_data.card_number(number)}
    answer = await ask("balance", {"credential": card})  # type: ignore[operator]
    assert answer["status"] == 200, answer
    points: int = answer["points"]
    return points
