"""A member lays a card on the counter: from virtual card and real PC/SC to the sale."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers import lines_scanner
from drivers.events import CardPresented
from drivers.pcsc_reader import Settings
from simulators import demo_data
from simulators.cards import card_for
from simulators.cloud import CloudServer, CloudTwin
from simulators.keys import make_key
from simulators.lines_scanner import ScannerOnPty
from simulators.pc_pos import PcPos
from simulators.premises import BoxProcess, Plan, furnish
from simulators.vpcd import VirtualSlot
from tests.pcsc_counter import AID, running_pcscd
from tests.private_pcscd import READERS, Pcscd

pcscd = pytest.fixture(scope="module")(running_pcscd)

OUR_CARDS = Settings(read=("application",), application=AID)
READER = {
    "driver": "pcsc_reader", "url": f"pcsc:{READERS[0]}",
    "read": ["application"], "application": AID,
}  # fmt: skip
GOLD = CardPresented("application", demo_data.card_number(2))


@asynccontextmanager
async def store(folder: Path) -> AsyncIterator[tuple[PcPos, BoxProcess]]:
    """A store whose lane has a scanner and a card reader, seen through a terminal's eyes."""
    key = make_key("cloud-1", Random(1))
    twin = CloudTwin(key)
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.seed_products(demo_data.products())
    twin.publish_bundle(demo_data.bundle("s1"))
    async with CloudServer(twin) as cloud:
        plan = Plan(
            cloud.url, {key.id: key.public_key}, scanner_url=str(folder / "scanner"),
            lane_devices={"card": READER}, lang="en",
        )  # fmt: skip
        premises = furnish(folder, plan)
        twin.register_box(premises.box, premises.public_key)
        box = BoxProcess(premises)
        try:
            await box.start()
            async with PcPos(premises.http_url, "pos-1", premises.tokens["pos-1"]) as pos:
                yield pos, box
        finally:
            await box.kill()
    twin.close()


async def test_a_card_laid_down_makes_it_the_members_sale(pcscd: Pcscd, tmp_path: Path) -> None:
    await pcscd.ready()
    hand, seen = VirtualSlot(pcscd.port, print), list[tuple[str, Any]]()
    async with (
        ScannerOnPty(tmp_path / "scanner", lines_scanner.Settings(aim=True)) as scanner,
        store(tmp_path) as (pos, box),
        asyncio.timeout(60),
    ):
        watcher = asyncio.create_task(watch(pos, seen))
        while set((await box.health() or {}).get("devices", {}).values()) != {"ready"}:
            await asyncio.sleep(0.02)
        while not seen:  # what happens before the watcher has subscribed shows nowhere
            scanner.scan(demo_data.ean(1), "E0")
            await asyncio.sleep(0.2)
        scanner.scan("EDGE:CANCEL", "C0")
        await hand.lay(card_for(GOLD, OUR_CARDS))
        while not any(kind == "shown" and said["member"] == "m0002" for kind, said in seen):
            await asyncio.sleep(0.02)
        scanner.scan(demo_data.ean(1), "E0")
        scanner.scan("EDGE:PAY:CASH:2000", "C0")
        await watcher
        await hand.take()
    assert seen[-1][1]["total"] == 1152, "member price 12.80, then 10 % off for gold"


async def watch(pos: PcPos, seen: list[tuple[str, Any]]) -> None:
    async for kind, content in pos.lane_events("lane-1"):
        seen.append((kind, content))
        if kind == "sold":
            return
