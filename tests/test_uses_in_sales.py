"""Count cards pay inside a sale, asked of a whole box: quoted, sold, refused, taken back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cloud_bridge.contract import LeaseReturned, LeaseTaken
from edge.box import JOURNAL_FILE
from edge.verify import verify
from tests.adversary import Fleet, Shop
from tests.away_kit import CARD, WHO, AwayShop, rules, value_lot
from tests.away_kit import trusting as all_managers
from tests.counter_kit import BANANAS, LATTE, OIL, PROGRAMME, SILVER, Till, counter
from tests.stand import stand, until
from tests.virtual_time import run

COFFEE = {"code": "americano"}
NET, WORTH = 1_280, 1_200
"""What it costs members, and what each of ten uses for 120.00 is worth."""
TWO = [{**COFFEE, "quantity": "2"}, BANANAS]


async def card(till: Till, member: Any = SILVER) -> str:
    sold = await till.do("sell_count_card", member=member, plan="coffees", tender="card")
    return str(sold["count_card"])


async def wish(till: Till, *uses: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a sell request in which uses pay, and cash the rest of it."""
    asked = {"lines": TWO, "member": SILVER, **more}
    quoted = await till.ask("quote", **asked, uses=uses)
    assert quoted["status"] == 200, quoted
    cash = [{"kind": "cash", "amount": quoted["due"]}]
    named = {"quote": quoted["quote"], "expected_total": quoted["total"]}
    return {**asked, "uses": uses, **named, "tenders": cash}


async def held(till: Till) -> dict[str, int]:
    """Return the uses on each card of the member."""
    told = await till.ask("balance", credential=SILVER)
    return {lot["lot"]: lot["amount"] for lot in told["lots"] if lot["unit"] == "CNT"}


async def test_the_guest_sees_what_is_left_to_pay_and_pays_just_that(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        lot = await card(till)
        plain = await till.ask("quote", lines=TWO, member=SILVER)
        quoted = await till.ask("quote", lines=TWO, member=SILVER, uses=[{"line": 0, "uses": 2}])
        assert quoted["quote"] == plain["quote"], "a tender changes no price"
        assert (quoted["total"], quoted["due"]) == (plain["total"], plain["total"] - 2 * NET)
        assert plain.keys().isdisjoint({"due", "uses"})
        assert quoted["uses"] == [
            {"line": 0, "count_card": lot, "plan": "coffees", "name": "名", "uses": 2,
             "amount": 2 * NET, "left": 8}
        ]  # fmt: skip
        assert quoted["points_earned"] < plain["points_earned"], "the plan earns nothing"
        sold = await till.do("sell", **await wish(till, {"line": 0, "uses": 2}))
        assert sold["uses"] == quoted["uses"]
        assert (sold["total"], sold["change"]) == (quoted["total"], 0)
        assert sold["points_earned"] == quoted["points_earned"]
        printed = [row.split() for row in sold["text"].splitlines()]
        at = printed.index(["次卡：名", "25.60"])
        assert printed[at + 1] == ["用", "2", "次", "余", "8", "次"]
        assert await held(till) == {lot: 8}


async def test_all_of_a_basket_may_be_paid_by_uses(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        await card(till)
        request = await wish(till, {"line": 0, "uses": 2}, lines=TWO[:1])
        assert request["tenders"] == [{"kind": "cash", "amount": 0}]
        sold = await till.do("sell", **request)
        assert sold["change"] == 0
        over = [{"kind": "card", "amount": 1}]
        declined = await till.tries("sell", **{**request, "tenders": over})
        assert declined["code"] == "E-TENDER-OVER"


async def test_one_key_takes_the_uses_once(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        lot = await card(till)
        request = {"key": till.key(), "cashier": "anna", **await wish(till, {"line": 0})}
        first = await till.ask("sell", **request)
        again = await till.ask("sell", **request)
        assert (first["status"], again) == (200, first)
        assert await held(till) == {lot: 9}
        other = await till.ask("sell", **{**request, "uses": [{"line": 0, "uses": 2}]})
        assert other["code"] == "E-KEY-REUSED"


async def test_the_last_use_pays_for_one_of_two_sales_at_once(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        lot = await card(till)
        many = [{**COFFEE, "quantity": "9"}]
        await till.do("sell", **await wish(till, {"line": 0, "uses": 9}, lines=many))
        request = {"cashier": "anna", **await wish(till, {"line": 0})}
        sold = await asyncio.gather(*[till.ask("sell", **request, key=till.key()) for _ in "12345"])
        refused = [one["code"] for one in sold if one["status"] != 200]
        assert set(refused) <= {"E-COUNTS-SHORT", "E-OFFLINE-USES"}
        assert len(refused) == 4
        assert lot not in await held(till)


async def test_what_comes_back_gives_the_use_back_and_no_money(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        lot = await card(till)
        sold = await till.do("sell", **await wish(till, {"line": 0}))
        back = await till.do("return", sale=sold["receipt"], lines=[{"line": 0, "units": [0]}])
        assert back["refunds"] == [{"kind": "uses", "amount": NET}]
        assert "次数" in back["text"]
        assert await held(till) == {lot: 10}
        rest = await till.do("return", sale=sold["receipt"])
        assert rest["complete"]
        assert rest["refunds"] == [{"kind": "cash", "amount": sold["total"] - NET}]
        assert await held(till) == {lot: 10}
        again = await till.do("sell", **await wish(till, {"line": 0, "uses": 2}))
        void = await till.do("void", sale=again["receipt"], reason="mistake")
        assert sorted(one["kind"] for one in void["refunds"]) == ["cash", "uses"]
        assert await held(till) == {lot: 10}


async def test_the_first_to_end_is_used_first_and_another_may_be_named(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        first, second = await card(till), await card(till)
        await till.do("sell", **await wish(till, {"line": 0}))
        await till.do("sell", **await wish(till, {"line": 0, "count_card": second}))
        both = {"line": 0, "plan": "coffees"}, {"line": 0, "count_card": second}
        await till.do("sell", **await wish(till, *both))
        assert await held(till) == {first: 8, second: 8}


@pytest.mark.parametrize(
    ("uses", "code"),
    [
        ([{"line": 0, "uses": 3}], "E-USES-OVER"),
        ([{"line": 0, "uses": 2}, {"line": 0}], "E-USES-OVER"),
        ([{"line": 1}], "E-USES-OVER"),
        ([{"line": 0, "count_card": "nobody's"}], "E-COUNTS-SHORT"),
        ([{"line": 0, "plan": "tea"}], "E-COUNTS-SHORT"),
        ([{"line": 2}], "E-NO-LINE"),
        ([{"line": -1}], "E-MALFORMED"),
        ([{"line": 0, "uses": 0}], "E-MALFORMED"),
        ([{"line": 0, "uses": "1"}], "E-MALFORMED"),
        ([{"uses": 1}], "E-MALFORMED"),
        ([{"line": 0, "card": "x"}], "E-UNKNOWN-FIELD"),
        ([{"line": 0}] * 21, "E-MALFORMED"),
    ],
)
async def test_uses_that_cannot_pay_are_refused_alike_in_quote_and_sale(
    tmp_path: Path, uses: Any, code: str
) -> None:
    async with counter(tmp_path) as till:
        lot = await card(till)
        sale = await till.sale(TWO, member=SILVER)
        quoted = await till.ask("quote", lines=TWO, member=SILVER, uses=uses)
        sold = await till.tries("sell", **sale, uses=uses)
        assert (quoted["code"], sold["code"]) == (code, code)
        assert await held(till) == {lot: 10}


async def test_goods_that_no_plan_covers_are_not_paid_by_uses(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        await card(till)
        declined = await till.ask("quote", lines=OIL, member=SILVER, uses=[{"line": 0}])
        assert declined["code"] == "E-COUNTS-SHORT"


async def test_nobody_is_no_member_and_a_stranger_has_no_card(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        await card(till)
        nobody = await till.ask("quote", lines=TWO, uses=[{"line": 0}])
        assert nobody["code"] == "E-NO-MEMBER"
        stranger = {"kind": "member", "text": "m0002"}
        sale = await till.sale(TWO, member=stranger)
        declined = await till.tries("sell", **sale, uses=[{"line": 0}])
        assert declined["code"] == "E-OFFLINE-USES", "the cloud knows of none either"


async def test_uses_are_spent_by_who_proves_to_be_there_or_with_a_manager(tmp_path: Path) -> None:
    async with counter(tmp_path, adjust=lambda config: config) as till:
        await card(till)
        request = await wish(till, {"line": 0})
        assert (await till.tries("sell", **request))["code"] == "E-NEEDS-PROOF"
        assert [*(await held(till)).values()] == [10]


async def test_a_price_that_changed_is_told_with_what_is_left_to_pay(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        await card(till)
        request = await wish(till, {"line": 0})
        changed = await till.tries("sell", **{**request, "expected_total": 1})
        assert changed["code"] == "E-PRICE-CHANGED"
        assert changed["quote"]["due"] == request["tenders"][0]["amount"]


async def test_the_cloud_agrees_use_by_use(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        await card(till)
        sold = await till.do("sell", **await wish(till, {"line": 0, "uses": 2}))
        await till.do("return", sale=sold["receipt"], lines=[{"line": 0, "count": 1}])
        shop = till.shop
        await until(lambda: shop.box.journal.bookmark("cloud") == shop.box.journal.head.sequence)
        books, who = shop.twin.books(), "m0001"
        assert books[f"deferred:{who}"]["CNY"] == -9 * WORTH
        assert books[f"member:{who}"]["CNT"] == 9
        report = verify(shop.config.store.state_dir / JOURNAL_FILE)
        assert report.books_agree, report.findings


async def test_a_sale_without_uses_says_nothing_of_them(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        sold = await till.sell(LATTE, member=SILVER)
        pages = till.shop.box.journal.after(sold["sequence"] - 1, 1)
        body = json.loads(bytes(pages[0].body))
        assert all("uses" not in tender for tender in body["tenders"])
        assert "uses" not in sold


# --- whose home is the cloud ----------------------------------------------------------------------


@asynccontextmanager
async def away(folder: Path, limits: dict[str, Any] | None = None) -> AsyncIterator[AwayShop]:
    """Run a shop of a chain whose cloud keeps the count cards."""
    document = rules()
    document["programme"] |= {"plans": PROGRAMME["plans"], "limits": {"uses": limits or {}}}
    async with stand(folder, bundle=document, interval_seconds=0.05, adjust=all_managers) as found:
        await until(lambda: found.box.cloud.state.up)
        yield AwayShop(found)


def give(shop: AwayShop, uses: int) -> None:
    """Let the cloud give the member a card of so many uses, each worth 12.00."""
    shop.twin.keeping.give(value_lot("k1", unit="CNT", terms="coffees", issuer="hq"), uses)


def left(shop: AwayShop) -> int:
    return shop.twin.books().get(f"member:{WHO}", {}).get("CNT", 0)


async def buy(shop: AwayShop, uses: int, **changed: Any) -> dict[str, Any]:
    """Buy as many coffees as uses pay for, and one more for cash."""
    lines = [{**COFFEE, "quantity": str(uses + 1)}]
    sale = await shop.stand.sale(shop.key(), lines, CARD)
    wanted = {"uses": [{"line": 0, "uses": uses}], **changed}
    return await shop.stand.ask("sell", {**sale, **wanted})


async def test_offline_no_more_uses_than_are_leased(tmp_path: Path) -> None:
    async with away(tmp_path) as shop:
        give(shop, 6)
        await shop.lease("l1", "uses")  # a half of them
        shop.offline()
        first = await buy(shop, 2)
        assert first["status"] == 200, first
        refused = await buy(shop, 2)
        assert (refused["code"], refused["status"]) == ("E-OFFLINE-USES", 409)
        assert (await buy(shop, 1))["status"] == 200
        await shop.online()
        assert (left(shop), shop.exceptions()) == (3, [])
        shop.books_agree()


async def test_caps_count_uses_in_sales_and_by_themselves_alike(tmp_path: Path) -> None:
    async with away(tmp_path, {"caps": [{"per": "member", "of": "amount", "max": 3}]}) as shop:
        give(shop, 20)
        await shop.lease("l1", "uses")
        shop.offline()
        assert (await buy(shop, 2))["status"] == 200
        use = {"key": shop.key(), "cashier": "anna", "member": CARD, "product": "americano"}
        assert (await shop.stand.ask("use_count", use))["status"] == 200
        refused = await buy(shop, 1)
        assert refused["code"] == "E-OFFLINE-USES"
        assert (await shop.stand.ask("use_count", {**use, "key": shop.key()}))["code"] == (
            "E-OFFLINE-USES"
        )


async def test_what_is_not_leased_is_held_by_the_cloud(tmp_path: Path) -> None:
    async with away(tmp_path) as shop:
        give(shop, 2)
        asked = {"lines": [{**COFFEE, "quantity": "3"}], "member": CARD}
        quoted = await shop.stand.ask("quote", {**asked, "uses": [{"line": 0, "uses": 2}]})
        assert quoted["due"] == quoted["total"] // 3
        assert quoted["uses"] == [
            {"line": 0, "count_card": "", "plan": "coffees", "name": "名", "uses": 2,
             "amount": quoted["total"] - quoted["due"]}
        ]  # fmt: skip
        sold = await buy(shop, 2)
        assert (sold["status"], sold["uses"][0]["count_card"]) == (200, "k1")
        assert (await buy(shop, 1))["code"] == "E-OFFLINE-USES"
        await shop.told()
        assert [(one.way, one.kind) for one in shop.taken() if isinstance(one, LeaseTaken)] == [
            ("hold", "uses")
        ]
        assert left(shop) == 0
        shop.books_agree()


async def test_a_hold_for_a_sale_that_does_not_happen_goes_back(tmp_path: Path) -> None:
    async with away(tmp_path) as shop:
        give(shop, 1)
        refused = await buy(shop, 1, tenders=[{"kind": "cash", "amount": 1}])
        assert refused["code"] == "E-TENDER-SHORT"
        await shop.told()
        back = [one for one in shop.taken() if isinstance(one, LeaseReturned)]
        assert [one.reason for one in back] == ["unused"]
        assert shop.twin._tables.lots.frees()["k1"] == 1
        shop.books_agree()


def test_what_uses_paid_for_at_one_store_comes_back_at_another(tmp_path: Path) -> None:
    async def live() -> None:
        fleet = Fleet(1, 2, tmp_path, overdraft=0, risked=False)
        document = rules()
        document["programme"] |= {"plans": PROGRAMME["plans"]}
        fleet.twin.publish_bundle(document)
        fleet.twin.keeping.give(value_lot("k1", unit="CNT", terms="coffees", issuer="hq"), 3)
        here, there = fleet.shops
        for shop in fleet.shops:
            await shop.start()
            while not shop.box.cloud.state.up:
                await asyncio.sleep(1)
        uses = [{"line": 0, "uses": 2}]
        wanted: dict[str, object] = {"lines": TWO, "member": CARD, "uses": uses}
        quoted = await there._ask("quote", wanted)
        paid = {"quote": quoted["quote"], "expected_total": quoted["total"]}
        cash = {"tenders": [{"kind": "cash", "amount": quoted["due"]}]}
        key = {"key": "01900000-0000-7000-8999-000000000001", "cashier": "anna"}
        sold = await there._ask("sell", {**key, **wanted, **paid, **cash})
        await told(there)
        assert fleet.twin.books()[f"member:{WHO}"]["CNT"] == 1
        key = {"key": "01900000-0000-7000-8999-000000000002", "cashier": "anna"}
        back = await here._ask("return", {**key, "sale": sold["receipt"]})
        assert back.get("refunds") == [
            {"kind": "cash", "amount": quoted["due"]}, {"kind": "uses", "amount": 2 * NET}
        ], back  # fmt: skip
        await told(here)
        assert fleet.twin.books()[f"member:{WHO}"]["CNT"] == 3
        await fleet.settle()
        fleet.books_agree()
        await fleet.close()

    run(live())


async def told(shop: Shop) -> None:
    while shop.box.journal.bookmark("cloud") != shop.box.journal.head.sequence:
        await asyncio.sleep(1)


async def test_one_sale_takes_no_more_uses_than_are_declared(tmp_path: Path) -> None:
    async with away(tmp_path, {"single_max": 1}) as shop:
        give(shop, 5)
        await shop.lease("l1", "uses")
        assert (await buy(shop, 2))["code"] == "E-SINGLE-USES"
        assert (await buy(shop, 1))["status"] == 200
        await shop.told()
        assert left(shop) == 4
