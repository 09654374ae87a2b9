"""What one store sold comes back at another: with the cloud's word, once."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge.contract import Coupon, Envelope, HoldAsked
from edge.desk.homes.elsewhere import SoldElsewhere
from edge.refusals import Refusal
from simulators import demo_data
from simulators.cloud.weather import CLEAR, OFF
from tests.adversary import COUPONS, HELD, Fleet, Shop
from tests.away_kit import PRICE, rules
from tests.test_coupon_homes import TEN_OFF
from tests.virtual_time import run

TOTAL = 4 * PRICE - 200
"""What four lattes cost; more than 50.00 are 2.00 cheaper."""


@asynccontextmanager
async def two_stores(
    folder: Path, *, agree: bool = True, more: Sequence[dict[str, Any]] = ()
) -> AsyncIterator[Fleet]:
    """Run two stores of one chain, in the end with books that `agree`, exceptions aside.

    With `more` their rules are the demo's and these.
    """
    found = Fleet(1, 2, folder, overdraft=0, risked=False)
    if more:
        found.twin.publish_bundle(rules({"overdraft_max": 0}, *more))
    try:
        for shop in found.shops:
            await shop.start()
            while not shop.box.cloud.state.up:
                await asyncio.sleep(1)
        yield found
        if agree:
            await found.settle()
            found.books_agree()
    finally:
        await found.close()


async def returned(shop: Shop, receipt: str, number: int) -> dict[str, object]:
    """Ask a store to take back all that is left of a receipt."""
    key = f"01900000-0000-7000-8999-{number:012}"
    return await shop._ask("return", {"key": key, "cashier": "anna", "sale": receipt})


async def voided(shop: Shop, receipt: str, number: int) -> dict[str, object]:
    """Ask a store to void a receipt."""
    key = f"01900000-0000-7000-8998-{number:012}"
    return await shop._ask("void", {"key": key, "cashier": "anna", "sale": receipt})


async def sold(shop: Shop, value: int) -> str:
    """Sell four lattes, some of it for stored value; return the receipt's number."""
    assert await shop.sell(0, value) == ""
    await told(shop)
    found = await shop._ask("find_receipt", {"member": {"kind": "card", "text": shop.card(0)}})
    sales = found["sales"]
    assert isinstance(sales, list)
    return str(sales[-1]["receipt"])


async def told(shop: Shop) -> None:
    while shop.box.journal.bookmark("cloud") != shop.box.journal.head.sequence:
        await asyncio.sleep(1)


def test_another_store_s_receipt_comes_back_with_its_money_and_points(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path) as stores:
            here, there = stores.shops
            receipt = await sold(there, 2 * PRICE)
            assert stores.twin.books()["principal:m0001"]["CNY"] == 2 * PRICE - HELD
            back = await returned(here, receipt, 1)
            assert back.get("total") == TOTAL, back
            await told(here)
            assert stores.twin.books()["principal:m0001"]["CNY"] == -HELD
            assert stores.twin.books().get("member:m0001", {}).get("PTS", 0) == 0
            assert (await returned(here, receipt, 2))["code"] == "E-RETURN-NOTHING"
            await heard(there)
            again = await returned(there, receipt, 3)
            assert again["code"] == "E-RETURN-NOTHING", "its own box has heard of it"
            found = await there._ask("find_receipt", {"sale": receipt})
            [sale] = msgspec.convert(found["sales"], list[dict[str, object]])
            assert (sale["state"], sale["given_back"]) == ("returned", TOTAL)
            await there.stop()
            await there.start()
            assert (await returned(there, receipt, 4))["code"] == "E-RETURN-NOTHING"
            await told(there)
            assert {one.outcome for one in stores.twin.outcomes(there.name)} == {"accepted"}

    run(live())


async def lost_and_back(shop: Shop) -> None:
    """Let a shop lose its disk, and get everything back from the cloud."""
    await told(shop)
    await shop.stop()
    shutil.rmtree(shop.config.store.state_dir)
    with suppress(TimeoutError):
        async with asyncio.timeout(600):
            await shop.start()  # it finds that its past is at the cloud, and ends
    await shop.stop()
    await shop.start()
    while not shop.box._history.is_whole:
        await asyncio.sleep(1)
    await told(shop)


def test_what_was_lost_and_came_back_is_returned_elsewhere_once(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path) as stores:
            here, there = stores.shops
            receipt = await sold(there, 2 * PRICE)
            await lost_and_back(there)
            back = await returned(here, receipt, 1)
            assert back.get("total") == TOTAL, back
            await told(here)
            await heard(there)
            await lost_and_back(here)
            await heard(there)
            told_of = there.box._directory.came_back(str(back["sale"]))
            assert len(told_of) == 1, "the return came back, and happened once"
            assert (await returned(there, receipt, 2))["code"] == "E-RETURN-NOTHING"
            assert (await returned(here, receipt, 3))["code"] == "E-RETURN-NOTHING"
            assert stores.twin.books()["principal:m0001"]["CNY"] == -HELD

    run(live())


def test_a_store_that_could_not_take_it_back_leaves_it_to_another_at_once(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path) as stores:
            here, there = stores.shops
            receipt = await sold(there, 0)
            key = "01900000-0000-7000-8999-000000000009"
            too_many = [{"line": 0, "count": 9}]
            no = await here._ask(
                "return", {"key": key, "cashier": "anna", "sale": receipt, "lines": too_many}
            )
            assert no["code"] == "E-RETURN-TOO-MANY"
            await told(here)
            sale = sale_id(stores.twin.granting.receipt(receipt).sale)
            asked = HoldAsked(id="x", member="", kind="return", subject=sale)
            assert stores.twin.granting.hold(there.name, asked).id == "x"

    run(live())


def test_a_void_at_another_store_is_a_return_and_says_so(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path) as stores:
            here, there = stores.shops
            receipt = await sold(there, 2 * PRICE)
            here.weather.sky = OFF
            assert (await voided(here, receipt, 1))["code"] == "E-NEEDS-CLOUD"
            here.weather.sky = CLEAR
            await asyncio.sleep(60)
            back = await voided(here, receipt, 2)
            assert (back["what"], back["late_void"], back["total"]) == ("return", True, TOTAL)
            assert (await voided(here, receipt, 3))["code"] == "E-VOID-PARTLY"
            await told(here)
            await heard(there)
            assert (await voided(there, receipt, 4))["code"] == "E-VOID-PARTLY"
            assert stores.twin.books()["principal:m0001"]["CNY"] == -HELD
            assert (await voided(here, "nobody-1S-000001", 5))["code"] == "E-UNKNOWN-RECEIPT"

    run(live())


def test_what_only_its_own_store_can_do_is_refused_elsewhere_and_says_so(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path) as stores:
            here, there = stores.shops
            paid_in = await there._ask(
                "top_up",
                {"key": "01900000-0000-7000-8777-000000000001", "cashier": "anna", "amount": 5000,
                 "member": {"kind": "card", "text": there.card(0)}},
            )  # fmt: skip
            await told(there)
            no = await here._ask(
                "cancel_top_up",
                {"key": "01900000-0000-7000-8777-000000000002", "cashier": "anna",
                 "top_up": paid_in["receipt"]},
            )  # fmt: skip
            assert (no["code"], no["retry"]) == ("E-MADE-ELSEWHERE", "never")
            mistyped = await here._ask("reprint", {"sale": f"{here.name}-1S-000099"})
            assert mistyped["code"] == "E-UNKNOWN-RECEIPT"

    run(live())


def test_a_box_that_could_not_hear_of_it_takes_it_again_and_that_is_in_the_tray(
    tmp_path: Path,
) -> None:
    async def live() -> None:
        async with two_stores(tmp_path, agree=False) as stores:
            here, there = stores.shops
            receipt = await sold(there, 0)
            there.weather.sky = OFF
            assert (await returned(here, receipt, 1)).get("total") == TOTAL
            await told(here)
            assert (await returned(there, receipt, 2)).get("total") == TOTAL, "offline"
            there.weather.sky = CLEAR
            await told(there)
            [item] = await tray(there)
            assert (item["kind"], item["fact"]) == ("returned_twice", "return.v1")
            assert "charge_store" in msgspec.convert(item["choices"], list[str])
            assert (await returned(there, receipt, 3))["code"] == "E-RETURN-NOTHING"

    run(live())


def test_the_other_one_is_cut_off_before_it_can_say_so(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path, agree=False) as stores:
            here, there = stores.shops
            receipt = await sold(there, 0)
            await cut_after_the_hold(here)
            assert (await returned(here, receipt, 1)).get("total") == TOTAL
            assert (await returned(there, receipt, 2)).get("total") == TOTAL, "nobody told it"
            await told(there)
            assert await tray(there) == []
            here.weather.sky = CLEAR
            await told(here)
            [item] = await tray(here)
            assert item["kind"] == "returned_twice"

    run(live())


async def cut_after_the_hold(shop: Shop) -> None:
    """Cut a shop's line right after the cloud's next answer to a hold."""
    elsewhere = shop.box.cloud.elsewhere
    take = elsewhere.take

    async def once(name: str) -> SoldElsewhere | Refusal:
        taken = await take(name)
        shop.weather.sky = OFF
        return taken

    shop.box.cloud.elsewhere.take = once  # type: ignore[method-assign]


async def tray(shop: Shop) -> list[dict[str, object]]:
    """Return what the cloud did not simply accept of a shop's facts."""
    answer = await shop.box.office.handle("tray", b"{}")
    items: list[dict[str, object]] = msgspec.json.decode(answer.body)
    return items


async def heard(shop: Shop) -> None:
    """Wait until a shop has all news of the cloud."""
    last = shop.fleet.twin._tables.news(0, 1_000_000, shop.name)[-1][0]
    while int(shop.box._directory.cursor) < last:
        await asyncio.sleep(1)


def test_without_the_cloud_it_stays_where_it_was_bought(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path) as stores:
            here, there = stores.shops
            receipt = await sold(there, 0)
            here.weather.sky = OFF
            assert (await returned(here, receipt, 1))["code"] == "E-NEEDS-CLOUD"
            here.weather.sky = CLEAR
            await asyncio.sleep(60)
            sale = sale_id(stores.twin.granting.receipt(receipt).sale)
            asked = HoldAsked(id="x", member="", kind="return", subject=sale)
            stores.twin.granting.hold(there.name, asked)
            assert (await returned(here, receipt, 2))["code"] == "E-BEING-RETURNED"
            assert (await returned(here, "nobody-1S-000001", 3))["code"] == "E-UNKNOWN-RECEIPT"

    run(live())


def sale_id(envelope: Envelope) -> str:
    return str(msgspec.json.decode(envelope.body)["sale"])


async def bought(shop: Shop, coupon: str, number: int) -> str:
    """Sell four lattes with a coupon; return the receipt's number, or the coupon's reason."""
    asked: dict[str, object] = {
        "lines": [{"code": demo_data.ean(1), "quantity": "4"}], "coupons": [coupon],
        "member": {"kind": "card", "text": shop.card(0)},
    }  # fmt: skip
    quoted = await shop._ask("quote", asked)
    if quoted["total"] == TOTAL:
        [judged] = msgspec.convert(quoted["coupons"], list[dict[str, object]])
        return str(judged["reason"])
    sold = await shop._ask(
        "sell",
        {
            **asked, "key": f"01900000-0000-7000-8777-{number:012}", "cashier": "anna",
            "quote": quoted["quote"], "expected_total": quoted["total"],
            "tenders": [{"kind": "cash", "amount": quoted["total"]}],
        },
    )  # fmt: skip
    await told(shop)
    return str(sold.get("receipt", sold.get("code")))


def test_a_coupon_that_another_store_gave_back_is_good_where_it_was_used(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path) as stores:
            here, there = stores.shops
            await heard(there)
            receipt = await bought(there, COUPONS[0], 1)
            assert await bought(there, COUPONS[0], 2) == "R-COUPON-USED"
            assert "code" not in await returned(here, receipt, 1)
            await told(here)
            await heard(there)
            again = await bought(there, COUPONS[0], 3)
            assert not again.startswith(("R-", "E-")), again
            assert await bought(there, COUPONS[0], 4) == "R-COUPON-USED"
            assert "code" not in await returned(here, again, 2)
            await told(here)
            await heard(here)
            third = await bought(here, COUPONS[0], 5)
            assert not third.startswith(("R-", "E-")), third
            await heard(there)
            assert await bought(there, COUPONS[0], 6) == "E-PRICE-CHANGED"
            await there.stop()
            await there.start()
            assert {one.outcome for one in stores.twin.outcomes(there.name)} == {"accepted"}

    run(live())


GIVES_ONE = {
    "kind": "spend_threshold", "id": "next-time", "name_zh": "下次优惠", "name_en": "Next time",
    "stage": 4, "amount": 1000, "coupons": [{"coupon": "two-off"}],
}  # fmt: skip


def test_a_coupon_of_the_box_s_own_is_good_again_where_it_was_given(tmp_path: Path) -> None:
    async def live() -> None:
        async with two_stores(tmp_path, more=(TEN_OFF, GIVES_ONE)) as stores:
            here, there = stores.shops
            await sold(there, 0)
            await heard(there)
            issued = next(one.id for one in coupons_told(stores) if one.id not in COUPONS)
            receipt = await bought(there, issued, 1)
            assert await bought(there, issued, 2) == "R-COUPON-USED"
            assert "code" not in await returned(here, receipt, 1)
            await told(here)
            await heard(there)
            again = await bought(there, issued, 3)
            assert not again.startswith(("R-", "E-")), again
            assert await bought(there, issued, 4) == "R-COUPON-USED"

    run(live())


def coupons_told(stores: Fleet) -> list[Coupon]:
    """Return the coupons that the cloud has told boxes of, in order."""
    news = stores.twin._tables.news(0, 1_000_000, stores.shops[0].name)
    return [change for _, change in news if isinstance(change, Coupon)]
