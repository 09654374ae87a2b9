"""The first sale, on real wires: a pty, MQTT, HTTP, a real process, a real cloud over a socket."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from drivers.lines_scanner import Settings
from simulators import demo_data
from simulators.cloud import CloudServer, CloudTwin
from simulators.handheld import Handheld
from simulators.keys import make_key
from simulators.lines_scanner import ScannerOnPty
from simulators.pc_pos import PcPos
from simulators.premises import BoxProcess, Plan, Premises, furnish

LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]
GOLD = {"kind": "card", "text": demo_data.card_number(2)}


@asynccontextmanager
async def store(folder: Path) -> AsyncIterator[tuple[Premises, BoxProcess, CloudTwin]]:
    key = make_key("cloud-1", Random(1))
    twin = CloudTwin(key)
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.seed_products(demo_data.products())
    twin.publish_bundle(demo_data.bundle("s1"))
    async with CloudServer(twin) as cloud:
        scanner_url = str(folder / "scanner")
        plan = Plan(cloud.url, {key.id: key.public_key}, scanner_url=scanner_url, lang="en")
        premises = furnish(folder, plan)
        twin.register_box(premises.box, premises.public_key)
        box = BoxProcess(premises)
        try:
            await box.start()
            yield premises, box, twin
        finally:
            await box.kill()
    twin.close()


def edgebox(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "edge", *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def sale(quoted: dict[str, Any]) -> dict[str, Any]:
    return {
        "cashier": "anna",
        "lines": LATTE,
        "member": GOLD,
        "quote": quoted["quote"],
        "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": 2000}],
    }


async def test_a_sale_through_every_door_reaches_the_cloud(tmp_path: Path) -> None:
    async with store(tmp_path) as (premises, box, twin):
        token = premises.tokens["handheld-1"]
        async with (
            ScannerOnPty(tmp_path / "scanner", Settings(aim=True)) as scanner,
            Handheld("127.0.0.1", premises.mqtt_port, "s1", "handheld-1", token) as handheld,
            PcPos(premises.http_url, "pos-1", premises.tokens["pos-1"]) as pos,
        ):
            handheld_key = "01900000-0000-7000-8000-000000000001"
            quoted = await handheld.request("quote", {"lines": LATTE, "member": GOLD})
            by_handheld = await handheld.request("sell", sale(quoted), key=handheld_key)
            assert by_handheld["total"] == 1152, "member price 12.80, then 10 % off for gold"
            by_pos = await pos.request("sell", sale(quoted))
            assert by_pos["receipt"] == "s1-box-1-1S-000002"
            by_lane = await at_the_lane(scanner, pos, box)
            assert by_lane["total"] == 1800
            await drained(box)
            assert [e.kind for e in twin.facts(premises.box)].count("sale.v1") == 3
            assert twin.books()["cash:lane-till-1"] == {"CNY": 1800}
            await looked_at_by_its_owner(premises, handheld_key)
        assert await box.stop() == 0, "SIGTERM ends it in good order"
        code, said = edgebox("verify", "--config", str(premises.config_path), "--json")
        report = json.loads(said)
        assert (code, report["books_agree"], report["sales"]) == (0, True, 3)
        assert "Traceback" not in (tmp_path / "box.log").read_text("utf-8")


async def at_the_lane(scanner: ScannerOnPty, pos: PcPos, box: BoxProcess) -> dict[str, Any]:
    """Scan a product and the cash barcode, watching the lane as its terminal does."""
    watching = pos.lane_events("lane-1")
    seen: list[tuple[str, Any]] = []

    async def watch() -> None:
        async for kind, content in watching:
            seen.append((kind, content))
            if kind == "sold":
                return

    watcher = asyncio.create_task(watch())
    async with asyncio.timeout(60):
        while (await box.health() or {}).get("devices") != {"scanner-1": "ready"}:
            await asyncio.sleep(0.01)
        while not seen:  # a scan before the watcher has subscribed shows nowhere
            scanner.scan(demo_data.ean(1), "E0")
            await asyncio.sleep(0.2)
        scanner.scan("EDGE:CANCEL", "C0")
        scanner.scan(demo_data.ean(1), "E0")
        scanner.scan("EDGE:PAY:CASH:2000", "C0")
        await watcher
    sold = seen[-1][1]
    assert isinstance(sold, dict)
    assert (sold["paid"], sold["change"]) == (2000, 200)
    assert "Caffe latte" in sold["text"]
    async with asyncio.timeout(60):
        assert (await scanner.beeps.get()).good
    return sold


async def drained(box: BoxProcess) -> None:
    async with asyncio.timeout(60):
        while (await box.health() or {}).get("waiting") != 0:
            await asyncio.sleep(0.02)


async def looked_at_by_its_owner(premises: Premises, key: str) -> None:
    """The commands work on the live box, as another process."""
    config = ("--config", str(premises.config_path))
    code, said = await asyncio.to_thread(edgebox, "verify", *config)
    assert code == 0, said
    assert "the books agree" in said
    code, said = await asyncio.to_thread(edgebox, "explain", key, *config)
    assert code == 0
    assert "sale.v1 by handheld-1" in said
    code, said = await asyncio.to_thread(edgebox, "explain", key, "--json", *config)
    assert json.loads(said)[0]["answer"]["key"] == key
    code, said = await asyncio.to_thread(edgebox, "explain", "nobody", *config)
    assert code == 1
    assert "no fact carries the key nobody" in said


async def test_a_second_box_on_the_same_files_is_refused(tmp_path: Path) -> None:
    async with store(tmp_path) as (premises, box, _):
        code, said = await asyncio.to_thread(edgebox, "run", "--config", str(premises.config_path))
        assert code == 70
        assert "another edgebox" in said
        assert "Traceback" not in said
        assert (await box.health() or {})["state"] == "selling"


def test_a_bad_configuration_is_told_completely(tmp_path: Path) -> None:
    path = tmp_path / "store.toml"
    path.write_text('[store]\nid = "s1"\ncurency = "CNY"\n')
    for command in (("config", "check", str(path)), ("run", "--config", str(path))):
        code, said = edgebox(*command)
        assert code == 2
        assert "currency" in said
        assert "fix:" in said
        assert "Traceback" not in said


def test_the_commands_explain_themselves(tmp_path: Path) -> None:
    code, said = edgebox("--help")
    assert code == 0
    assert {"run", "config", "verify", "explain", "demo"} <= set(said.split())
    for command in ("run", "verify", "explain"):
        code, said = edgebox(command, "--help")
        assert "Example: edgebox" in said
    assert edgebox("config", "schema")[1].startswith("{")
    code, said = edgebox("config", "token")
    assert "token_sha256" in said
    assert edgebox("verify", "--journal", str(tmp_path / "nowhere"))[0] == 2
