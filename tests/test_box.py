"""The box as a whole: what it tells of itself, and that one part's trouble is not all parts'."""

import asyncio
import json
from pathlib import Path

import apsw
import pytest

from drivers.lines_scanner import Settings
from drivers.mqtt import Arrived
from edge.directory import Directory, DirectoryDamaged
from simulators import demo_data
from simulators.lines_scanner import ScannerOnPty
from tests.shopfront import open_shop
from tests.stand import stand, until

LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]


async def test_terminals_are_told_how_the_devices_are(tmp_path: Path) -> None:
    port = tmp_path / "scanner"
    topics = ("edge/v1/s1/dev/+/state",)
    async with (
        ScannerOnPty(port, Settings(aim=True)) as scanner,
        open_shop(tmp_path, scanner_url=str(port)) as front,
    ):
        await until(lambda: front.box.health().devices == {"scanner-1": "ready"})
        async with front.at_mqtt(subscriptions=topics) as end:

            async def told() -> tuple[str, str]:
                event = await end.until(Arrived)
                return event.message.topic, json.loads(event.message.payload)["state"]

            assert await told() == ("edge/v1/s1/dev/scanner-1/state", "ready"), "retained"
            await scanner.unplug()
            assert (await told())[1] == "lost"
            await scanner.plug()
            assert (await told())[1] == "ready"


async def test_a_cache_that_cannot_be_written_stops_no_sale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand(tmp_path) as shop:
        before = shop.box.health().price_book

        def full(self: Directory, changes: object) -> None:
            raise OSError("database or disk is full")

        with monkeypatch.context() as trouble:
            trouble.setattr(Directory, "apply", full)
            shop.twin.seed_products(demo_data.products()[:1])
            await until(lambda: "not kept" in shop.box.cloud.state.last_error)
            sold = await shop.ask("sell", await shop.sale(key(1), LATTE))
            assert sold["status"] == 200
        await until(lambda: shop.box.health().price_book > before)


def key(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


async def test_a_damaged_cache_ends_the_run_and_is_fetched_again(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        pass
    path = tmp_path / "state" / "directory.db"
    db = apsw.Connection(str(path))
    db.execute("update product set record = x'00000000ff'")
    db.close()
    async with stand(tmp_path) as shop:
        refused = await shop.ask("quote", {"lines": LATTE})
        assert refused["code"] == "E-STOPPING"
        with pytest.raises(DirectoryDamaged):
            await asyncio.wait_for(asyncio.shield(shop.box._damaged), 60)
    async with stand(tmp_path) as shop:
        assert (await shop.quote(LATTE))["total"] == 1800


async def test_the_metrics_say_how_it_is_and_name_nobody(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        card = {"kind": "card", "text": demo_data.card_number(1)}
        await shop.ask("sell", await shop.sale(key(1), LATTE, card))
        text = shop.box._metrics().decode()
        assert "edge_selling 1.0" in text
        assert "edge_commits_total" in text
        names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
        assert all(name.startswith("edge_") for name in names)
        assert "m0001" not in text
        assert demo_data.card_number(1) not in text
