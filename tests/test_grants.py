"""What a cloud grants is taken as it is meant, however clumsily it is said."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge.contract import HoldAsked
from edge.book.rebuild import rebuild
from edge.box import JOURNAL_FILE
from edge.journal import connect
from edge.verify import verify
from simulators.cloud.weather import CLEAR, OFF
from tests import virtual_time
from tests.away_kit import CARD, LATTE, PRICE, AwayShop, away_shop, value_lot
from tests.lives import Body, Shop, of_box, of_cloud

TODAY = "2026-11-22"
REDEEM = {
    "kind": "points_redeem", "id": "redeem", "name_zh": "积分抵现", "name_en": "Points pay",
    "points": 1, "amount": 1,
}  # fmt: skip


async def test_a_lot_that_a_grant_names_twice_is_one_lot(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        shop.twin.keeping.give(value_lot("v2"), PRICE)
        lease = await shop.lease("l1")
        [whole] = [part for part in lease.parts if part.lot.id == "v1"]
        new = msgspec.structs.replace(whole, lot=value_lot("v3"), amount=PRICE)
        clumsy = msgspec.structs.replace(lease, id="l2", parts=(new, whole, new, new))
        before = shop.spendable()
        durable = shop.leasing.take(clumsy, TODAY)
        assert durable is not None
        await durable
        assert shop.spendable() == before + whole.amount + 3 * PRICE
        back = shop.leasing.give_back("l2")
        assert back is not None
        await back
        assert shop.spendable() == before
        report = verify(shop.stand.config.store.state_dir / JOURNAL_FILE)
        assert report.books_agree, report.findings


async def test_a_sale_that_moved_a_lot_twice_is_reserved_with_each_lot_once(tmp_path: Path) -> None:
    async with away_shop(tmp_path, None, REDEEM) as shop:
        first = await sold(shop)
        await sold(shop, redeem=12)
        back = {"key": shop.key(), "cashier": "anna", "sale": first["receipt"]}
        owing = await shop.stand.ask("return", back)
        assert owing["status"] == 200, owing
        last = await sold(shop)
        await shop.told()
        [repaid] = [e for e in shop.twin.facts(shop.stand.premises.box) if e.key == last["key"]]
        moved = [move["lot"] for move in msgspec.json.decode(repaid.body)["moves"]]
        assert len(moved) > len({*moved}), "its points repaid a debt at once"
        asked = HoldAsked(id="h1", member="m0001", kind="return", subject=last["sale"])
        hold = shop.twin.granting.hold("another-box", asked)
        assert sorted(part.lot.id for part in hold.parts) == sorted({*moved})
        shop.books_agree()


async def sold(shop: AwayShop, redeem: int = 0) -> dict[str, Any]:
    """Sell a latte to the member, for points and cash; return the answer."""
    wished = {"lines": [{"code": LATTE, "quantity": "1"}], "member": CARD, "redeem": redeem}
    quoted = await shop.stand.ask("quote", wished)
    assert quoted["status"] == 200, quoted
    total = quoted["total"]
    paid = {"expected_total": total, "tenders": [{"kind": "cash", "amount": total}]}
    keyed = {"key": shop.key(), "cashier": "anna", "quote": quoted["quote"]}
    answer = await shop.stand.ask("sell", {**wished, **keyed, **paid})
    assert answer["status"] == 200, answer
    return answer


async def taken_in_both_lives(folder: Path) -> None:
    """Take some of a lot, lose that, and take some more before it has come back."""
    shop = Shop(folder / "shop")
    shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
    box = shop.box("a")
    box.start()
    await box.sell(1)
    await box.settled()
    await box.stop()
    box.copy(folder / "backup")
    box.start()
    await take_held(shop, box, "h1")
    await box.settled()
    await box.stop()
    box.put_back(folder / "backup")
    (box.state / "restored.json").write_text("{}")
    shop.weather.sky = OFF
    box.start()
    await take_held(shop, box, "h2")
    shop.weather.sky = CLEAR
    await box.settled()
    assert box.box.cloud.away._spendable("m0001", "value") == 2 * PRICE
    await box.sell(1)
    await box.settled()
    await box.stop()
    assert of_box(box) == of_cloud(shop)
    lots = shop.twin._tables.lots
    assert (lots.at(shop.premises.box, "m0001", "value"), lots.frees()["v1"]) == (2 * PRICE,) * 2
    report = verify(box.state / JOURNAL_FILE)
    assert report.books_agree, report.findings
    assert rebuilt(box) == [("v1", 2 * PRICE)]


def test_a_lot_that_is_taken_anew_before_what_was_lost_comes_back_is_one_lot(
    tmp_path: Path,
) -> None:
    virtual_time.run(taken_in_both_lives(tmp_path))


def rebuilt(box: Body) -> list[tuple[str, int]]:
    """Make the book again from the pages; return what is in each lot of value."""
    rebuild(box.state / JOURNAL_FILE, lambda done, of: None)
    with closing(connect(box.state / JOURNAL_FILE, writable=False)) as db:
        return [*db.execute("select id, amount from lot where unit = 'PRN'")]


async def take_held(shop: Shop, box: Body, name: str) -> None:
    """Take what the cloud holds for a deed of the box."""
    await box.ready()
    asked = HoldAsked(id=name, member="m0001", kind="value", amount=PRICE)
    hold = shop.twin.granting.hold(shop.premises.box, asked)
    durable = box.box.cloud.away.leasing.take_hold(asked, hold)
    assert durable is not None
    await durable
