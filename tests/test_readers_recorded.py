"""What the owner can see of readers: never what a card reader sent, and keys only on purpose."""

import asyncio
import gc
import json
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

import drivers
from drivers.device import Device
from drivers.events import Fault, State, Swiped
from edge import config as settings
from edge.devices import DeviceRoom
from simulators import magstripe_hid, magstripe_keyboard
from simulators.far_end import OnFifo, OnReports
from tests.corpus.make_tracks import PAYMENT
from tests.owner import ROOT, edgebox
from tests.test_magstripe import OURS, held_by

PAN = PAYMENT["visa"]
FAR_ENDS = {
    "magstripe_keyboard": (OnFifo, magstripe_keyboard.Device),
    "magstripe_hid": (OnReports, magstripe_hid.Device),
}


def in_words(thing: object) -> str:
    """Return what a frame of either kind holds, as text: key codes as the digits they type."""
    match thing:
        case bytes() if len(thing) % 24 == 0:
            codes = [thing[at + 18] for at in range(0, len(thing), 24) if thing[at + 20] == 1]
            return "".join("1234567890"[code - 2] for code in codes if 2 <= code <= 11)
        case bytes():
            return thing.decode("latin-1")
    return str(thing)


@pytest.mark.parametrize("name", sorted(FAR_ENDS))
async def test_whoever_watches_never_sees_what_a_card_reader_sent(
    name: str, tmp_path: Path
) -> None:
    wire, far_codec = FAR_ENDS[name]
    driver, said = drivers.load(name), asyncio.Queue[Any]()
    options = driver.settings()
    async with wire(tmp_path / "msr", partial(far_codec, options), said.put_nowait) as far:
        device = Device("msr-1", far.link(), partial(driver.codec, options), said.put_nowait)
        section = settings.Device(name="msr-1", driver=name, url="", settings=options, wire={})
        room = DeviceRoom({"msr-1": section}, {"msr-1": device}, "en")
        running = asyncio.create_task(device.run())
        watch = msgspec.json.encode({"device": "msr-1", "after": None})
        await room.handle("devices_traffic", watch)
        async with asyncio.timeout(60):
            while await said.get() != State("ready"):
                pass
            far.command(Swiped(f"B{PAN}^A", PAN))
            assert await said.get() == Fault("a payment card: not read")
            far.command(OURS)
            assert await said.get() == OURS
        answer = await room.handle(
            "devices_traffic", msgspec.json.encode({"device": "msr-1", "after": 0})
        )
        marks = [one[2] for one in json.loads(answer.body)["passed"]]
        assert "=" in marks
        assert "<" not in marks
        gc.collect()
        kept = [in_words(thing) for thing in held_by(list(room._passed), vars(device))]
        assert any("29001" in text for text in kept)
        assert not any(PAN[:8] in text for text in kept)
        room.close()
        running.cancel()
        await asyncio.wait((running,))


def with_devices(folder: Path) -> Path:
    text = (ROOT / "examples" / "store.toml").read_text()
    for name in ("magstripe_keyboard", "keyboard_scanner", "keypad"):
        text += f'\n[device.{name.replace("_", "-")}]\ndriver = "{name}"\nurl = "input:05e0:1200"\n'
    text += '\n[device.magstripe-hid]\ndriver = "magstripe_hid"\nurl = "hidraw:/dev/hidraw0"\n'
    text += 'own_prefixes = ["29", "600649"]\n'
    path = folder / "store.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("magstripe_hid", ["--unmasked"], "never recorded: it may be a payment card"),
        ("magstripe_keyboard", ["--unmasked"], "never recorded: it may be a payment card"),
        ("keyboard_scanner", [], "cannot be masked"),
        ("keypad", [], "cannot be masked"),
    ],
)
def test_recording_them_is_refused(name: str, options: list[str], why: str, tmp_path: Path) -> None:
    config, out = with_devices(tmp_path), tmp_path / "out.txt"
    said = edgebox("record", name.replace("_", "-"), "--out", out, "--config", config, *options)
    assert said.exit_code == 2
    assert why in said.output
    assert not out.exists()


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ('driver = "magstripe_hid"\nurl = "input:05e0:1200"', "needs reports"),
        ('driver = "keyboard_scanner"\nurl = "hidraw:05e0:1200"', "needs stream"),
        ('driver = "magstripe_hid"\nurl = "hidraw:/dev/hidraw0"\nown_prefixes = ["4"]', "network"),
        ('driver = "keyboard_scanner"\nurl = "input:scanner"', "vendor:product"),
        ('driver = "keyboard_scanner"\nurl = "input:05e0:1200"\nbaud = 9600', "baud"),
    ],
)
def test_a_section_that_cannot_be_is_a_finding(section: str, why: str, tmp_path: Path) -> None:
    config = with_devices(tmp_path)
    assert edgebox("config", "check", config).exit_code == 0
    config.write_text(f"{config.read_text()}\n[device.wrong]\n{section}\n")
    said = edgebox("config", "check", config)
    assert said.exit_code == 2
    assert why in said.output
