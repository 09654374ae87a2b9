"""The desk among rude guests: failing disks, borrowed rights, prices that move meanwhile."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from cloud_bridge.contract import Changes, Member, Product
from drivers.events import Beep, Scan
from edge import config as settings
from edge.desk.lane import Baskets, Faces, LaneDesk, LaneShelf, MemoryFile, Outputs, Selling, Shop
from edge.writer import ThreadWriter
from simulators import demo_data
from tests.stand import Stand, stand, until

LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]
SILVER = {"kind": "card", "text": demo_data.card_number(1)}


def key(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


class FailingWriter(ThreadWriter):
    """A writer whose disk can be filled."""

    full = False

    def start(self, commit: Any, done: Any, fail: Any, idle: Any) -> None:
        def commit_or_fail(jobs: Sequence[object]) -> None:
            if self.full:
                raise apsw.FullError("database or disk is full")
            commit(jobs)

        super().start(commit_or_fail, done, fail, idle)


async def test_what_the_disk_refused_is_never_told(tmp_path: Path) -> None:
    writer = FailingWriter()
    async with stand(tmp_path, writer=writer) as shop:
        request = await shop.sale(key(1), LATTE)
        writer.full = True
        for _ in range(3):
            assert (await shop.ask("sell", request))["code"] == "E-STOPPING"
        assert (await shop.ask("ask", {"key": key(1)}))["code"] == "E-STOPPING"
        known = json.loads(shop.box.desk.known(shop.terminal(), key(1)).body)
        assert known["code"] == "E-STOPPING"
        assert shop.box.health().state == "not_selling"
    async with stand(tmp_path) as shop:
        assert (await shop.ask("ask", {"key": key(1)}))["fate"] == "never"


async def test_nobody_sells_at_a_price_another_terminal_was_quoted(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        desk = shop.box.desk
        clerk = shop.terminal()
        boss = msgspec.structs.replace(clerk, id="boss", rights=frozenset({"own_price"}))
        lines = [{"code": demo_data.ean(1), "quantity": "1", "unit_price": 1}]
        quoted = json.loads((await desk.handle(boss, "quote", encode({"lines": lines}))).body)
        request = {
            "key": key(1), "cashier": "c", "lines": lines, "quote": quoted["quote"],
            "expected_total": 1, "tenders": [{"kind": "cash", "amount": 1}],
        }  # fmt: skip
        refused = await desk.handle(clerk, "sell", encode(request))
        assert json.loads(refused.body)["code"] == "E-OWN-PRICE"
        assert (await desk.handle(boss, "sell", encode(request))).status == 200


async def test_a_quote_on_one_terminal_leaves_anothers_alone(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        held = await shop.sale(key(1), LATTE)
        same = await shop.ask("quote", {"lines": LATTE}, "handheld-1")
        assert same["quote"] == held["quote"]
        many = [{"code": demo_data.ean(n), "quantity": "900"} for n in range(1, 6)]
        for number in range(4):
            many[0]["quantity"] = str(900 - number)
            await shop.ask("quote", {"lines": many}, "handheld-1")
        await reprice(shop, 2000)
        assert (await shop.ask("sell", held))["total"] == 1800


async def reprice(shop: Stand, price: int, **changed: Any) -> None:
    """Have the cloud change the first article, and wait until the box knows."""
    before = shop.box.health().price_book
    latte: Product = demo_data.products()[0]
    shop.twin.seed_products([msgspec.structs.replace(latte, price=price, **changed)])
    await until(lambda: shop.box.health().price_book > before)


async def test_a_sell_that_meets_the_fence_of_its_own_key_is_fenced(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        request = await shop.sale(key(1), LATTE)
        asked, sold = await asyncio.gather(
            shop.ask("ask", {"key": key(1)}), shop.ask("sell", request)
        )
        assert asked["fate"] == "never"
        assert sold["code"] == "E-FENCED"


async def test_refusals_are_rationed_and_bind_nothing_then(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        wrong = await shop.sale(key(0), LATTE, expected_total=1)
        codes: list[str] = []
        while "E-RATE-LIMITED" not in codes:  # what a slow machine is given meanwhile comes on top
            keys = [key(number) for number in range(len(codes), len(codes) + 50)]
            refused = await asyncio.gather(*(shop.ask("sell", {**wrong, "key": k}) for k in keys))
            codes += [refusal["code"] for refusal in refused]
        assert codes.index("E-RATE-LIMITED") >= 300
        assert set(codes) == {"E-PRICE-CHANGED", "E-RATE-LIMITED"}
        for number, code in enumerate(codes):
            is_bound = shop.box.journal.find("pos-1", key(number)) is not None
            assert is_bound == (code == "E-PRICE-CHANGED")


async def test_a_balance_is_what_it_was_at_the_sequence_it_names(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        await until(lambda: not shop.box.health().waiting)
        for number in range(20):
            request = await shop.sale(key(number), LATTE, SILVER)
            selling = asyncio.create_task(shop.ask("sell", request))
            while not selling.done():
                balance = await shop.ask("balance", {"credential": SILVER})
                sold = [
                    page
                    for page in shop.box.journal.after(0, 1000)
                    if page.kind == "sale.v1" and page.sequence <= balance["as_of"]["sequence"]
                ]
                assert balance["points"] == 10 + 12 * len(sold)
                await asyncio.sleep(0)
            await selling


@pytest.mark.parametrize("name", ["茶\x1bp\x00\x19", "茶\n合计 CNY  0.01", "\u202e茶"])
async def test_a_name_from_the_cloud_cannot_command_the_printer(name: str, tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        await reprice(shop, 1800, name_zh=name)
        text = (await shop.ask("sell", await shop.sale(key(1), LATTE)))["text"]
        assert all(row.isprintable() for row in text.split("\n"))
        assert not any(row.startswith("合计 CNY  0.01") for row in text.split("\n"))


async def test_a_cashier_cannot_either(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        for cashier in ("a\x1bb", "a\x9bb", "a\nb", "a\u202eb", "a\u2028b"):
            refused = await shop.ask("sell", await shop.sale(key(1), LATTE, cashier=cashier))
            assert refused["code"] == "E-MALFORMED"


# --- the lane -----------------------------------------------------------------------------------


def lane(shop: Stand) -> tuple[LaneDesk, list[tuple[str, dict[str, Any]]]]:
    seen: list[tuple[str, dict[str, Any]]] = []

    class Told:
        def tell(self, command: object, name: str | None = None) -> bool:
            if isinstance(command, Beep):
                seen.append(("beep", {"good": command.good}))
            return isinstance(command, Beep)

        def can(self, kind: type) -> bool:
            return kind is Beep

    def publish(kind: str, data: bytes) -> None:
        seen.append((kind, json.loads(data)))

    box, store = shop.box, shop.config.store
    where = settings.Lane(id="lane-1", devices=("s",), cashier="anna", terminal="till-1")
    till = Shop(box._counter, box._world, box._placing, box.journal)
    selling, shelf = Selling(where, till), LaneShelf(where, till)
    baskets = Baskets(MemoryFile(store.state_dir / "lane.json"), box._world.new_key)
    outputs = Outputs("lane-1", Told(), Faces(store, "zh"), selling.receipt)
    return LaneDesk(where, box._counter, selling, shelf, baskets, outputs, publish), seen


async def test_the_lane_charges_what_it_showed_or_shows_anew(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        desk, seen = lane(shop)
        desk.take(Scan(demo_data.ean(1), "E0"))
        half = {
            "kind": "percent_off", "id": "half", "name_zh": "半价", "name_en": "half",
            "stage": 3, "basis_points": 5000,
        }  # fmt: skip
        bundle = demo_data.bundle("s1", version=2)
        shop.twin.publish_bundle({**bundle, "rules": [*bundle["rules"], half]})
        await until(lambda: shop.box.health().bundle_version == 2)
        desk.take(Scan("EDGE:PAY:CASH"))
        assert [kind for kind, _ in seen[-4:]] == ["shown", "beep", "declined", "beep"]
        assert seen[-4][1]["total"] == 900
        assert seen[-2][1]["code"] == "E-PRICE-CHANGED"
        desk.take(Scan("EDGE:PAY:CASH"))
        await until(lambda: any(kind == "sold" for kind, _ in seen))
        assert seen[-2][1]["total"] == 900


async def test_the_lane_refuses_a_member_who_was_blocked_meanwhile(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        desk, seen = lane(shop)
        desk.take(Scan(demo_data.card_number(1), "E0"))
        desk.take(Scan(demo_data.ean(1), "E0"))
        frozen: Member = demo_data.members()[0]
        shop.box._directory.apply(
            Changes(
                changes=(msgspec.structs.replace(frozen, status="frozen"),),
                cursor=shop.box._directory.cursor,
                more=False,
                price_book=shop.box._directory.price_book,
            )
        )
        desk.take(Scan("EDGE:PAY:CASH"))
        assert seen[-2][1]["code"] == "E-MEMBER-BLOCKED"
        assert not any(kind == "sold" for kind, _ in seen)


def encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
