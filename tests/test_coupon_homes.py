"""A coupon is taken once: at its home without asking, elsewhere with the cloud's word."""

from pathlib import Path
from typing import Any

from cloud_bridge.contract import HoldAsked
from tests.away_kit import CARD, LATTE, PRICE, WHO, AwayShop, away_shop, value_lot
from tests.stand import until

TEN_OFF = {
    "kind": "coupon", "id": "two-off", "name_zh": "减二", "name_en": "Two off", "stage": 5,
    "get": {"is": "amount", "amount": 200},
}  # fmt: skip
RISKED = {**TEN_OFF, "off_home": "accept"}


async def coupon(shop: AwayShop, name: str = "c1", home: str = "s2") -> None:
    """Give the member a coupon at the cloud, and wait until the box knows of it."""
    shop.twin.keeping.give(value_lot(name, unit="CPN", terms="two-off", home=home), 1)
    await until(lambda: shop.box._directory.coupon(name) is not None)


async def buy(shop: AwayShop, name: str = "c1", paid: int | None = None) -> dict[str, Any]:
    """Buy one latte with a coupon, if the shop takes it."""
    lines = [{"code": LATTE, "quantity": "1"}]
    asked = {"lines": lines, "member": CARD, "coupons": [name]}
    quoted = await shop.stand.ask("quote", asked)
    assert quoted["status"] == 200, quoted
    return await shop.stand.ask(
        "sell",
        {
            **asked, "key": shop.key(), "cashier": "anna", "quote": quoted["quote"],
            "expected_total": quoted["total"],
            "tenders": [{"kind": "cash", "amount": paid or quoted["total"]}],
        },
    )  # fmt: skip


async def test_away_from_home_the_cloud_is_asked(tmp_path: Path) -> None:
    async with away_shop(tmp_path, None, TEN_OFF) as shop:
        await coupon(shop)
        sold = await buy(shop)
        assert sold["total"] == PRICE - 200
        again = await buy(shop)
        assert again["total"] == PRICE, again
        await shop.told()
        assert shop.exceptions() == []
        shop.books_agree()


async def test_a_coupon_that_was_used_elsewhere_is_refused(tmp_path: Path) -> None:
    async with away_shop(tmp_path, None, TEN_OFF) as shop:
        await coupon(shop)
        shop.twin.register_box("other", shop.stand.premises.public_key)
        asked = HoldAsked(id="h1", member=WHO, kind="coupon", amount=1, subject="c1")
        shop.twin.granting.hold("other", asked)
        refused = await buy(shop)
        assert refused["status"] == 409


async def test_offline_a_coupon_from_elsewhere_is_not_taken(tmp_path: Path) -> None:
    async with away_shop(tmp_path, None, TEN_OFF) as shop:
        await coupon(shop)
        shop.offline()
        await until(lambda: not shop.box.cloud.state.up)
        assert (await buy(shop))["total"] == PRICE


async def test_a_coupon_taken_at_the_store_s_risk_may_turn_out_to_be_used(tmp_path: Path) -> None:
    async with away_shop(tmp_path, None, RISKED) as shop:
        await coupon(shop)
        await coupon(shop, "c2")
        shop.offline()
        await until(lambda: not shop.box.cloud.state.up)
        assert (await buy(shop))["total"] == PRICE - 200
        assert (await buy(shop, "c2"))["total"] == PRICE - 200
        shop.twin.register_box("other", shop.stand.premises.public_key)
        asked = HoldAsked(id="h1", member=WHO, kind="coupon", amount=1, subject="c1")
        shop.twin.granting.hold("other", asked)
        await shop.online()
        assert shop.exceptions() == [("coupon_twice", "s1", 1)]


async def test_a_coupon_given_back_unused_can_be_taken_later(tmp_path: Path) -> None:
    async with away_shop(tmp_path, None, TEN_OFF) as shop:
        await coupon(shop)
        short = await buy(shop, paid=1)
        assert short["code"] == "E-TENDER-SHORT"
        await shop.told()
        assert (await buy(shop))["total"] == PRICE - 200
        await shop.told()
        assert shop.exceptions() == []
        shop.books_agree()
