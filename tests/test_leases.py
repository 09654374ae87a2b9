"""What members hold elsewhere is spent here within leases and holds, and never twice."""

from pathlib import Path

import msgspec
import pytest

from cloud_bridge.contract import Changes, HoldAsked, Hot, LeaseReturned, LeaseTaken, Recall
from edge.shop.calendar import plus_days
from simulators.cloud.granting import LeasePolicy
from simulators.cloud.recording import Refused
from simulators.cloud.weather import Sky
from tests.away_kit import CARD, PRICE, WHO, AwayShop, away_shop, value_lot
from tests.stand import until

BROUGHT = 10
"""The points that the member has from before."""


async def test_offline_nobody_spends_more_than_the_lease(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        await shop.lease("l1")
        shop.offline()
        assert (await shop.pay(PRICE))["status"] == 200
        refused = await shop.pay(PRICE + 1, quantity=2)
        assert (refused["code"], refused["status"]) == ("E-OFFLINE-LIMIT", 409)
        assert "12.80" in refused["detail"]
        assert (await shop.pay(PRICE))["status"] == 200
        assert shop.spendable() == 0
        await shop.online()
        assert shop.owed() == 2 * PRICE
        assert shop.exceptions() == []
        shop.books_agree()


async def test_what_is_not_leased_is_held_by_the_cloud(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), PRICE)
        assert (await shop.pay(PRICE))["status"] == 200
        refused = await shop.pay(1)
        assert refused["code"] == "E-OFFLINE-LIMIT"
        await shop.told()
        [taken] = shop.taken()
        assert isinstance(taken, LeaseTaken)
        assert (taken.way, taken.kind, sum(m.amount for m in taken.moves)) == (
            "hold",
            "value",
            PRICE,
        )
        assert shop.owed() == 0
        shop.books_agree()


async def test_a_hold_for_a_deed_that_does_not_happen_goes_back(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), PRICE)
        unpaid = [{"kind": "value", "amount": PRICE - 1}]
        refused = await shop.pay(PRICE, tenders=unpaid)
        assert refused["code"] == "E-TENDER-SHORT"
        assert shop.spendable() == 0
        await shop.told()
        _, back = shop.taken()
        assert isinstance(back, LeaseReturned)
        assert (back.reason, sum(m.amount for m in back.moves)) == ("unused", 1 - PRICE)
        assert shop.twin._tables.lots.frees()["v1"] == PRICE
        shop.books_agree()


async def test_an_answer_that_comes_too_late_is_given_up_for_good(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), PRICE)
        shop.stand.weather.sky = Sky(lost_answer=1.0)
        assert (await shop.pay(PRICE))["code"] == "E-OFFLINE-LIMIT"
        assert shop.twin._tables.lots.frees()["v1"] == 0, "it was granted all the same"
        await shop.online()
        [back] = shop.taken()
        assert isinstance(back, LeaseReturned)
        assert (back.reason, back.moves) == ("late", ())
        assert shop.twin._tables.lots.frees()["v1"] == PRICE
        shop.books_agree()


async def test_a_silent_cloud_keeps_one_guest_waiting_and_not_the_next(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), PRICE)
        shop.offline()
        assert (await shop.pay(PRICE))["code"] == "E-OFFLINE-LIMIT"
        assert not shop.box.cloud.away.reachable
        assert (await shop.pay(PRICE))["code"] == "E-OFFLINE-LIMIT"
        await shop.online()
        assert len(shop.taken()) == 1


async def test_what_comes_back_can_be_spent_again_here(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 2 * PRICE)
        await shop.lease("l1")
        shop.offline()
        sold = await shop.pay(PRICE)
        back = {"key": shop.key(), "cashier": "anna", "sale": sold["receipt"]}
        returned = await shop.stand.ask("return", back)
        assert returned["status"] == 200, returned
        assert shop.spendable() == PRICE
        assert (await shop.pay(PRICE))["status"] == 200
        await shop.online()
        assert shop.owed() == PRICE
        shop.books_agree()


async def test_a_store_answers_for_an_overdraft_and_the_cloud_covers_it(tmp_path: Path) -> None:
    async with away_shop(tmp_path, {"overdraft_max": PRICE}) as shop:
        shop.twin.keeping.give(value_lot("v1"), PRICE)
        shop.offline()
        assert (await shop.pay(PRICE))["code"] == "E-OFFLINE-LIMIT", "a manager has to agree"
        sold = await shop.pay(PRICE, approved_by="boss")
        assert sold["status"] == 200
        again = await shop.pay(1, approved_by="boss")
        assert again["code"] == "E-OFFLINE-LIMIT", "no more until the cloud knows of it"
        await shop.online()
        assert shop.exceptions() == []
        assert shop.owed() == 0
        shop.books_agree()


async def test_an_overdraft_that_nothing_covers_names_the_store(tmp_path: Path) -> None:
    async with away_shop(tmp_path, {"overdraft_max": PRICE}) as shop:
        shop.twin.keeping.give(value_lot("v1"), PRICE - 300)
        shop.offline()
        assert (await shop.pay(PRICE, approved_by="boss"))["status"] == 200
        await shop.online()
        assert shop.exceptions() == [("overdraft", "s1", 300)]


async def test_who_is_on_the_hot_list_spends_nothing(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 2 * PRICE)
        await shop.lease("l1")
        directory = shop.box._directory
        shop.twin.granting.block(Hot(of="member", id=WHO))
        await until(lambda: directory.is_hot("member", WHO))
        assert (await shop.pay(PRICE))["code"] == "E-HOT-LISTED"
        assert (await shop.pay(0))["status"] == 200, "money is money"
        shop.twin.granting.block(Hot(of="member", id=WHO, blocked=False))
        shop.twin.granting.block(Hot(of="card", id=CARD["text"]))
        await until(lambda: not directory.is_hot("member", WHO))
        assert (await shop.pay(PRICE))["code"] == "E-HOT-LISTED"


async def test_a_recall_gives_back_what_was_not_spent(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        await shop.lease("l1")
        await shop.pay(PRICE)
        box = shop.stand.premises.box
        shop.twin._tables.tell([Recall(id="r1", member=WHO, kind="value", amount=300)], box)
        await until(lambda: shop.spendable() == PRICE - 300)
        shop.twin._tables.tell([Recall(id="r2", member=WHO, kind="value")], box)
        await until(lambda: shop.spendable() == 0)
        await shop.told()
        assert shop.twin._tables.lots.frees()["v1"] == 3 * PRICE
        shop.books_agree()


async def test_a_hold_that_is_not_covered_recalls_what_another_box_has(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.register_box("other", shop.stand.premises.public_key)
        shop.twin.keeping.give(value_lot("v1"), PRICE)
        await shop.lease("l1")
        asked = {"id": "h1", "member": WHO, "kind": "value", "amount": PRICE}
        refused = await ask_as(shop, "other", asked)
        assert refused == ("not-covered", PRICE // 2)
        await until(lambda: shop.spendable() == 0)
        await shop.told()
        assert await ask_as(shop, "other", {**asked, "id": "h2"}) == ("granted", PRICE)


async def ask_as(shop: AwayShop, box: str, asked: dict[str, object]) -> tuple[str, int]:
    """Ask for a hold as another box would; how it was answered, and for how much."""
    try:
        hold = shop.twin.granting.hold(box, msgspec.convert(asked, HoldAsked))
    except Refused as refused:
        return refused.problem.code, refused.problem.possible
    return "granted", sum(part.amount for part in hold.parts)


async def test_a_lease_is_taken_once_whatever_the_cloud_repeats(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        lease = await shop.lease("l1")
        for _ in range(3):
            shop.twin._tables.tell([lease], shop.stand.premises.box)
            assert shop.leasing.take(lease, "2026-11-22") is None
        shop.box._directory.apply(_nothing_known())
        await shop.lease("l2")
        assert shop.spendable() == sum(p.amount for p in lease.parts) + PRICE
        shop.books_agree()


def _nothing_known() -> Changes:
    return Changes(changes=(), cursor="", more=False, price_book=1)


async def test_leases_survive_a_restart(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        await shop.lease("l1")
        assert (await shop.pay(PRICE))["status"] == 200
    async with away_shop(tmp_path) as shop:
        assert shop.spendable() == PRICE
        shop.offline()
        assert (await shop.pay(PRICE + 1, quantity=2))["code"] == "E-OFFLINE-LIMIT"
        assert shop.leasing.lease_of(WHO, "value") is not None


@pytest.mark.parametrize(
    "policy", [LeasePolicy(single_max={"value": 500}), LeasePolicy(count_max={"value": 1})],
    ids=["single", "count"],
)  # fmt: skip
async def test_the_terms_of_a_lease_bind(tmp_path: Path, policy: LeasePolicy) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.granting.lease_policy = policy
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        await shop.lease("l1")
        shop.offline()
        assert (await shop.pay(500))["status"] == 200
        assert (await shop.pay(501))["code"] == "E-OFFLINE-LIMIT"


async def test_a_lease_with_little_left_is_filled_up_in_the_background(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.granting.lease_policy = LeasePolicy(low=9_000)
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        await shop.lease("l1")
        assert (await shop.pay(PRICE))["status"] == 200
        await until(lambda: shop.spendable() == 2 * PRICE)
        await shop.told()
        assert [fact.way for fact in shop.taken() if isinstance(fact, LeaseTaken)] == ["lease"] * 2
        shop.books_agree()


async def test_a_lease_that_is_over_goes_back(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        lease = await shop.lease("l1")
        assert shop.leasing.expire(lease.expires) == 0, "its last day still counts"
        after = plus_days(lease.expires, 1)
        assert shop.leasing.expire(after) == 1
        assert shop.leasing.expire(after) == 0
        assert shop.spendable() == 0
        assert shop.leasing.lease_of(WHO, "value") is None
        await shop.told()
        assert shop.twin._tables.lots.frees()["v1"] == 4 * PRICE
        shop.books_agree()


async def test_what_two_lives_repaid_too_much_is_leased_as_any_points(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        debt = value_lot("debt", unit="PTS", kind="debt", issuer="hq")
        shop.twin.keeping.give(debt, 40)
        await shop.lease("l1", kind="points")
        assert shop.spendable("points") == (40 + BROUGHT) // 2
        shop.books_agree()
        shop.twin._tables.tell(
            [Recall(id="r1", member=WHO, kind="points")], shop.stand.premises.box
        )
        await until(lambda: shop.spendable("points") == 0)
        await shop.told()
        assert shop.exceptions() == []
        shop.books_agree()
