"""The desk: one key, one effect; prices that hold; and a no that says what to do."""

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from cloud_bridge.contract import Card
from edge.verify import verify
from edge.world import World, real_world
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.cloud.weather import OFF, STORM, Sky
from tests.stand import stand, until
from tests.virtual_time import run as virtually

LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]
SILVER = {"kind": "card", "text": demo_data.card_number(1)}


def key(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


async def test_a_sale_is_durable_answered_and_acknowledged(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        sold = await shop.ask("sell", await shop.sale(key(1), LATTE, SILVER))
        assert sold["status"] == 200
        assert (sold["total"], sold["points_earned"], sold["points_balance"]) == (1280, 12, 22)
        assert sold["receipt"] == "s1-box-1-1S-000001"
        assert "拿铁咖啡" in sold["text"]
        await until(lambda: not shop.box.health().waiting)
        assert shop.twin.books()["member:m0001"] == {"PTS": 12}
    report = verify(tmp_path / "state" / "journal.db")
    assert report.books_agree, report.findings
    assert report.sales == 1


async def test_the_same_request_again_has_the_same_answer_byte_for_byte(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE)
        payload = json.dumps(request).encode()
        spaced = json.dumps(dict(reversed(request.items())), indent=2).encode()
        desk, terminal = shop.box.desk, shop.terminal()
        together = await asyncio.gather(*(desk.handle(terminal, "sell", payload) for _ in range(9)))
        later = await desk.handle(terminal, "sell", spaced)
        assert {answer.body for answer in (*together, later)} == {later.body}
        assert json.loads(later.body)["receipt"] == "s1-box-1-1S-000001"


async def test_another_request_with_a_used_key_is_refused(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE)
        pair = await asyncio.gather(
            shop.ask("sell", request), shop.ask("sell", {**request, "cashier": "bob"})
        )
        assert [answer["status"] for answer in pair] == [200, 422]
        again = await shop.ask("sell", {**request, "cashier": "bob"})
        assert again["code"] == "E-KEY-REUSED"


async def test_a_refusal_is_remembered_and_binds_its_key(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        short = await shop.sale(key(1), LATTE, tenders=[{"kind": "cash", "amount": 1}])
        first = await shop.ask("sell", short)
        assert (first["status"], first["code"]) == (422, "E-TENDER-SHORT")
        assert first["detail"] == "应付 18.00，实收 0.01。", "money is said as people say it"
        assert await shop.ask("sell", short) == first
        paid = {**short, "tenders": [{"kind": "cash", "amount": 1800}]}
        assert (await shop.ask("sell", paid))["code"] == "E-KEY-REUSED"
        assert (await shop.ask("ask", {"key": key(1)}))["answer"]["code"] == "E-TENDER-SHORT"


async def test_keys_belong_to_their_terminal(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE)
        await shop.ask("sell", request)
        other = await shop.ask("ask", {"key": key(1)}, "handheld-1")
        assert other["fate"] == "never", "what another terminal did is nobody else's business"
        assert (await shop.ask("ask", {"key": key(1)}))["fate"] == "done"


async def test_asking_for_an_unknown_key_fences_it_for_ever(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE)
        known = shop.box.desk.known(shop.terminal(), key(1))
        assert json.loads(known.body)["state"] == "unknown"
        assert (await shop.ask("ask", {"key": key(1)}))["fate"] == "never"
        assert (await shop.ask("sell", request))["code"] == "E-FENCED"
        assert (await shop.ask("ask", {"key": key(1)}))["fate"] == "never"


async def test_fences_are_rationed(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        asked = (shop.ask("ask", {"key": key(number)}) for number in range(100))
        codes = [answer.get("code") for answer in await asyncio.gather(*asked)]
        assert codes[:60] == [None] * 60
        assert set(codes[60:]) >= {"E-RATE-LIMITED"}


def test_a_slow_disk_makes_a_duplicate_wait_then_come_again(tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = World(lambda: 1_795_300_000_000 + int(loop.time() * 1000), loop.time, Random(1))
        async with stand(tmp_path, world=world, writer=SteppedWriter(20.0)) as shop:
            request = await shop.sale(key(1), LATTE)
            first = asyncio.create_task(shop.ask("sell", request))
            await asyncio.sleep(1)
            impatient = await shop.ask("sell", request)
            assert (impatient["code"], impatient["retry"]) == ("E-IN-PROGRESS", "same")
            assert (await shop.ask("ask", {"key": key(1)}))["code"] == "E-IN-PROGRESS"
            known = json.loads(shop.box.desk.known(shop.terminal(), key(1)).body)
            assert known["state"] == "in_progress"
            assert (await first)["status"] == 200
            assert await shop.ask("sell", request) == await first

    virtually(main())


async def test_a_caller_who_hangs_up_does_not_stop_the_sale(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE)
        task = asyncio.create_task(shop.ask("sell", request))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await shop.ask("ask", {"key": key(1)}))["fate"] == "done"


async def test_a_price_holds_for_a_quarter_of_an_hour_and_then_is_told_anew(
    tmp_path: Path,
) -> None:
    clock = {"ms": 1_795_300_000_000}
    world = World(lambda: clock["ms"], real_world().monotonic, Random(1))
    async with stand(tmp_path, world=world) as shop:
        held = await shop.sale(key(1), LATTE)
        late = await shop.sale(key(2), LATTE)
        before = shop.box.health().price_book
        latte = demo_data.products()[0]
        shop.twin.seed_products([msgspec.structs.replace(latte, price=2000)])
        await until(lambda: shop.box.health().price_book > before)
        clock["ms"] += 14 * 60 * 1000
        assert (await shop.ask("sell", held))["total"] == 1800
        clock["ms"] += 2 * 60 * 1000
        changed = await shop.ask("sell", late)
        assert (changed["code"], changed["quote"]["total"]) == ("E-PRICE-CHANGED", 2000)
        fresh = {
            **late, "key": key(3), "quote": changed["quote"]["quote"], "expected_total": 2000,
            "tenders": [{"kind": "cash", "amount": 2000}],
        }  # fmt: skip
        assert (await shop.ask("sell", fresh))["total"] == 2000


async def test_a_quote_outlives_a_restart_when_nothing_changed(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE, SILVER)
    async with stand(tmp_path) as shop:
        assert (await shop.ask("sell", request))["status"] == 200


async def test_points_count_the_clouds_word_and_ours_once_each(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        for number in range(3):
            await shop.ask("sell", await shop.sale(key(number), LATTE, SILVER))
            await until(lambda: not shop.box.health().waiting)
            balance = await shop.ask("balance", {"credential": SILVER})
            assert balance["points"] == 10 + 12 * (number + 1)


async def test_two_sales_in_one_breath_both_count(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        requests = [await shop.sale(key(number), LATTE, SILVER) for number in range(5)]
        sold = await asyncio.gather(*(shop.ask("sell", request) for request in requests))
        assert sorted(one["points_balance"] for one in sold) == [22, 34, 46, 58, 70]
        assert len({one["receipt"] for one in sold}) == 5


Change = dict[str, Any]
REFUSED: list[tuple[str, Change, str]] = [
    ("sell", {"expected_total": 1}, "E-PRICE-CHANGED"),
    ("sell", {"quote": "0" * 64}, "E-PRICE-CHANGED"),
    ("sell", {"lines": [{"code": "6900000000007"}]}, "E-UNKNOWN-PRODUCT"),
    ("sell", {"lines": [{"code": demo_data.card_number(1)}]}, "E-NOT-A-PRODUCT"),
    ("sell", {"lines": [{"code": "C:spring"}]}, "E-NOT-A-PRODUCT"),
    ("sell", {"lines": [{"code": demo_data.ean(1), "quantity": "0.5"}]}, "E-QUANTITY"),
    ("sell", {"lines": [{"code": demo_data.ean(1), "unit_price": 1}]}, "E-OWN-PRICE"),
    ("sell", {"member": {"kind": "card", "text": demo_data.card_number(999)}}, "E-UNKNOWN-MEMBER"),
    ("sell", {"member": {"kind": "card", "text": demo_data.ean(1)}}, "E-NOT-A-CREDENTIAL"),
    ("sell", {"member": {"kind": "phone", "text": "13900000000"}}, "E-UNKNOWN-MEMBER"),
    ("sell", {"tenders": [{"kind": "cash", "amount": 0}]}, "E-TENDER-SHORT"),
]


@pytest.mark.parametrize(("operation", "change", "code"), REFUSED)
async def test_every_ordinary_no_has_a_code_a_fix_and_a_place_in_the_journal(
    operation: str, change: Change, code: str, tmp_path: Path
) -> None:
    async with stand(tmp_path) as shop:
        refused = await shop.ask(operation, {**await shop.sale(key(1), LATTE), **change})
        assert refused["code"] == code
        assert refused["fix"]
        page = shop.box.journal.find("pos-1", key(1))
        assert page is not None
        assert page.kind == "refusal.v1"


async def test_a_blocked_card_is_refused(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        shop.twin.seed_members([], [Card(number=SILVER["text"], member="m0001", status="lost")])
        async with asyncio.timeout(60):
            while "code" not in (answer := await shop.ask("identify", {"credential": SILVER})):
                await asyncio.sleep(0.01)
        assert answer["code"] == "E-MEMBER-BLOCKED"


async def test_a_phone_number_finds_its_member(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        text = demo_data.phone_number(2).removeprefix("+86")
        found = await shop.ask("identify", {"credential": {"kind": "phone", "text": text}})
        assert (found["member"], found["tier"]) == ("m0002", "gold")


async def test_a_full_disk_is_a_polite_no_that_binds_nothing(tmp_path: Path) -> None:
    left = [2**40]
    async with stand(tmp_path, free=lambda _: left[0]) as shop:
        request = await shop.sale(key(1), LATTE)
        left[0] = 0
        await until(lambda: shop.box.health().state == "not_selling")
        refused = await shop.ask("sell", request)
        assert (refused["code"], refused["status"]) == ("E-DISK-LOW", 507)
        left[0] = 2**40
        await until(lambda: shop.box.health().state != "not_selling")
        assert (await shop.ask("sell", request))["status"] == 200


async def test_before_the_first_bundle_the_box_says_so(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE)
        rules = shop.box._bundles._current
        shop.box._bundles._current = None
        for operation, body in (("quote", {"lines": LATTE}), ("sell", request)):
            refused = await shop.ask(operation, body)
            assert (refused["code"], refused["retry"]) == ("E-NOT-READY", "same")
        assert shop.box.health().state == "not_selling"
        shop.box._bundles._current = rules
        assert (await shop.ask("sell", request))["status"] == 200, "its key was still free"


def test_business_days_open_and_close_by_the_shops_clock(tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = World(lambda: 1_795_300_000_000 + int(loop.time() * 1000), loop.time, Random(1))
        disk = SteppedWriter(0.01)
        async with stand(tmp_path, world=world, writer=disk, interval_seconds=7200) as shop:
            dates = []
            for number in range(4):
                sold = await shop.ask("sell", await shop.sale(key(number), LATTE))
                dates.append(sold["business_date"])
                await asyncio.sleep(12 * 3600)
            assert dates == ["2026-11-22", "2026-11-22", "2026-11-23", "2026-11-23"]
            kinds = [page.kind for page in shop.box.journal.after(0, 100)]
            assert kinds.count("day_opened.v1") == 2
            assert kinds.count("day_closed.v1") == 1

    virtually(main())


@pytest.mark.parametrize(
    "sky", [OFF, STORM, Sky(stalled=1.0), Sky(garbage=1.0), Sky(latency_seconds_max=30.0)], ids=repr
)
def test_whatever_the_cloud_does_a_sale_takes_as_long_as_the_disk(sky: Sky, tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = World(lambda: 1_795_300_000_000 + int(loop.time() * 1000), loop.time, Random(1))
        async with stand(tmp_path, world=world, writer=SteppedWriter(0.004)) as shop:
            shop.weather.sky = sky
            for number in range(40):
                await asyncio.sleep(shop.box._world.luck.random() * 20)
                request = await shop.sale(key(number), LATTE, SILVER)
                began = loop.time()
                assert (await shop.ask("sell", request))["status"] == 200
                assert loop.time() - began <= 0.004 + 1e-9
            assert shop.box.health().state in {"selling", "selling_offline"}

    virtually(main())
