"""The owner and a card reader: it is listed under the name to use, and watched."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simulators.cards import uid_card
from simulators.vpcd import VirtualSlot
from tests.owner import edgebox
from tests.pcsc_counter import UID, UID_TEXT, running_pcscd, wait_until
from tests.private_pcscd import NAME, READERS, Pcscd
from tests.test_devices_command import alone, ask

pcscd = pytest.fixture(scope="module")(running_pcscd)


def with_a_reader(folder: Path, url: str) -> Path:
    """A configuration with a card reader, whose box does not run."""
    path = alone(folder, folder / "no-scanner")
    section = f'\n[device.card]\ndriver = "pcsc_reader"\nurl = "{url}"\n'
    path.write_text(path.read_text() + section)
    return path


async def test_a_reader_is_listed_under_the_name_to_use(pcscd: Pcscd, tmp_path: Path) -> None:
    await pcscd.ready()
    config = with_a_reader(tmp_path, f"pcsc:{NAME} 00 01")
    said = edgebox("devices", "list", "--config", config, "--json")
    plugged_in = json.loads(said.output)["plugged_in"]
    readers = [one for one in plugged_in if one["url"].startswith("pcsc:")]
    assert [(one["url"], one["used_by"]) for one in readers] == [
        (f"pcsc:{READERS[0]}", ""),
        (f"pcsc:{READERS[1]}", "card"),
    ]
    text = edgebox("devices", "list", "--config", config).output
    assert f"pcsc:{READERS[1]:27} card reader: used by card" in text
    config = with_a_reader(tmp_path, f"pcsc:{NAME}*")  # which of the two is not said
    assert "used by card" not in edgebox("devices", "list", "--config", config).output


def test_without_a_service_no_reader_is_listed(pcscd: Pcscd, tmp_path: Path) -> None:
    pcscd.kill()
    config = with_a_reader(tmp_path, "pcsc:0")
    said = edgebox("devices", "list", "--config", config)
    pcscd.start()
    assert said.exit_code == 0
    assert "card reader" not in said.output


@asynccontextmanager
async def tapping(hand: VirtualSlot) -> AsyncIterator[None]:
    """Lay a card down and take it away again and again meanwhile, as one does who waits."""

    async def tap() -> None:
        try:
            while True:
                await hand.lay(uid_card(UID))
                await asyncio.sleep(0.2)
                await hand.take()
                await asyncio.to_thread(wait_until, READERS[0], present=False)
        finally:
            await hand.take()

    task = asyncio.create_task(tap())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def test_a_card_is_watched(pcscd: Pcscd, tmp_path: Path) -> None:
    await pcscd.ready()
    config = with_a_reader(tmp_path, f"pcsc:{READERS[0]}")
    options = ("card", "--show", "--json", "--count", "3", "--config", config)
    async with tapping(VirtualSlot(pcscd.port, print)):
        said = await ask("devices", "watch", *options)
    events = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0, said.err
    assert any(UID_TEXT in event["text"] for event in events), events
