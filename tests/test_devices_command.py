"""The owner and the devices: listed, watched, tested, bound, recorded; with a box and without."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.lines_scanner import Host, Settings
from edge import config as settings
from simulators import demo_data
from simulators.lines_scanner import ScannerOnPty
from tests.owner import ROOT, Owned, Said, command, edgebox, owned
from tests.stand import until

AIM = Settings(aim=True)
CARD = demo_data.card_number(1)


async def ask(*arguments: object) -> Said:
    """Run a command in a thread, while devices and perhaps a box go on in this loop."""
    async with asyncio.timeout(100):
        result = await command(*arguments)
    return Said(result.exit_code, result.stdout, result.stderr)


@asynccontextmanager
async def scanning(scanner: ScannerOnPty, *codes: str) -> AsyncIterator[None]:
    """Pull the trigger again and again meanwhile, as somebody does who waits for an answer."""

    async def scan() -> None:
        while True:
            for code in codes:
                scanner.scan(code, "E0")
                await asyncio.sleep(0.4)

    task = asyncio.create_task(scan())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


def alone(folder: Path, port: Path) -> Path:
    """A configuration whose box does not run."""
    text = (ROOT / "examples" / "store.toml").read_text()
    path = folder / "store.toml"
    path.write_text(text.replace("/dev/serial/by-id/usb-example-scanner", str(port)))
    return path


@asynccontextmanager
async def with_a_box(folder: Path) -> AsyncIterator[tuple[ScannerOnPty, Owned]]:
    port = folder / "scanner"
    async with (
        ScannerOnPty(port, AIM) as scanner, owned(folder, scanner_url=str(port)) as box,
    ):  # fmt: skip
        await until(lambda: box.shop.box.health().devices == {"scanner-1": "ready"})
        yield scanner, box


# --- list, watch, test ----------------------------------------------------------------------------


async def test_a_running_box_lists_its_devices_with_their_statistics(tmp_path: Path) -> None:
    async with with_a_box(tmp_path) as (scanner, box):
        scanner.scan(demo_data.ean(1), "E0")
        await asyncio.wait_for(scanner.beeps.get(), 60)
        said = await ask("devices", "list", "--config", box.config, "--json")
        (device,) = json.loads(said.out)["devices"]
        assert (device["name"], device["state"]) == ("scanner-1", "ready")
        assert device["statistics"]["GoodScanCount"] == 1
        assert device["statistics"]["ToneSoundedCount"] == 1
        assert device["heard_seconds_ago"] >= 0
        lines = await ask("devices", "list", "--config", box.config)
        assert "scanner-1        ready, heard" in lines.out
        assert "GoodScanCount 1" in lines.out


async def watched(config: Path, scanner: ScannerOnPty, *options: str) -> list[dict[str, Any]]:
    arguments = ("devices", "watch", "--config", config, "--count", 2, "--json", *options)
    async with scanning(scanner, CARD):
        said = await ask(*arguments)
    assert said.code == 0, said.err
    assert said.err.startswith("scan anything now")
    return [json.loads(line) for line in said.out.splitlines()]


async def test_watching_shows_what_each_device_says_and_covers_cards(tmp_path: Path) -> None:
    async with with_a_box(tmp_path) as (scanner, box):
        for event in await watched(box.config, scanner):
            assert (event["device"], event["event"], event["word"]) == (
                "scanner-1", "DataEvent", "Scan",
            )  # fmt: skip
            assert (
                event["text"] == f"Scan(text={CARD[:2]}… ({len(CARD)} characters), symbology='E0')"
            )
        shown = await watched(box.config, scanner, "--show")
        assert all(CARD in event["text"] for event in shown)


async def test_nothing_is_kept_once_nobody_watches(tmp_path: Path) -> None:
    async with with_a_box(tmp_path) as (scanner, box):
        room, devices = box.shop.box._device_room, box.shop.box._devices
        assert devices["scanner-1"].tap is None
        await watched(box.config, scanner)
        assert devices["scanner-1"].tap is not None
        room.close()
        assert (devices["scanner-1"].tap, len(room._passed)) == (None, 0)


async def test_without_a_box_the_devices_are_opened_by_the_command(tmp_path: Path) -> None:
    port = tmp_path / "scanner"
    config = alone(tmp_path, port)
    async with ScannerOnPty(port, AIM) as scanner:
        events = await watched(config, scanner)
        assert {event["word"] for event in events} == {"Scan"}
        listed = await ask("devices", "list", "--config", config, "--json")
        assert json.loads(listed.out)["devices"] is None


async def test_a_device_is_tested_by_what_is_known_by_itself_and_by_a_hand(
    tmp_path: Path,
) -> None:
    async with with_a_box(tmp_path) as (scanner, box):
        test = ("devices", "test", "scanner-1", "--config", box.config, "--json")
        async with scanning(scanner, CARD):
            said = await ask(*test, "--level", "interactive", "--seconds", "60")
        assert said.err.startswith("use it now")
        assert (said.code, json.loads(said.out)["healthy"]) == (0, True)
        said = await ask(*test)
        levels = {check["level"]: check["healthy"] for check in json.loads(said.out)["checks"]}
        assert (said.code, levels) == (0, {"internal": True, "external": True})
        await scanner.unplug()
        await until(lambda: box.shop.box.health().devices == {"scanner-1": "lost"})
        said = await ask(*test[:-1])
        assert said.code == 1
        assert "internal     NO  lost" in said.out


async def test_what_the_box_does_not_understand_it_refuses(tmp_path: Path) -> None:
    async with with_a_box(tmp_path) as (_, box):
        room = box.shop.box._device_room
        for operation, payload, code in (
            ("devices_test", b'{"device":"nobody"}', "E-NO-DEVICE"),
            ("devices_traffic", b"{}", "E-NO-DEVICE"),
            ("devices_test", b'{"device":"scanner-1","seconds":1e9}', "E-MALFORMED"),
            ("devices_test", b'{"device":"scanner-1","level":"deep"}', "E-MALFORMED"),
            ("devices_list", b'{"all":true}', "E-MALFORMED"),
            ("devices_watch", b"\xff", "E-MALFORMED"),
            ("devices_watch", b"[" * 100_000, "E-MALFORMED"),
        ):
            answer = await room.handle(operation, payload)
            assert json.loads(answer.body)["code"] == code, payload


async def test_a_mistake_in_a_driver_stops_neither_the_box_nor_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Host.receive

    def trips(self: Host, frame: bytes, now: float) -> Iterable[object]:
        if b"999" in frame:
            raise ZeroDivisionError
        return receive(self, frame, now)

    monkeypatch.setattr(Host, "receive", trips)
    async with with_a_box(tmp_path) as (scanner, box):
        scanner.scan("999", "E0")
        await until(lambda: box.shop.box.health().devices == {"scanner-1": "error"})
        await until(lambda: box.shop.box.health().devices == {"scanner-1": "ready"})
        scanner.scan(demo_data.ean(1), "E0")
        async with asyncio.timeout(60):
            assert (await scanner.beeps.get()).good


def test_a_machine_without_a_store_still_lists_what_is_plugged_in(tmp_path: Path) -> None:
    listed = edgebox("devices", "list", "--config", tmp_path / "none.toml", "--json")
    assert listed.exit_code == 0
    assert json.loads(listed.stdout)["devices"] is None


# --- record, replay -------------------------------------------------------------------------------


async def test_a_recording_replays_and_holds_nobodys_card(tmp_path: Path) -> None:
    out = tmp_path / "capture.txt"
    async with with_a_box(tmp_path) as (scanner, box):
        what = ("scanner-1", "--config", box.config, "--out", out)
        record = ("record", *what, "--seconds", 90, "--frames", 4)
        async with scanning(scanner, CARD, demo_data.ean(1)):
            said = await ask(*record)
        assert said.err.startswith("use scanner-1 now")
        assert said.code == 0, said.err
    text = out.read_text()
    digits = bytes.fromhex("".join(li[2:] for li in text.splitlines() if li.startswith("< ")))
    assert CARD not in text
    assert CARD.encode() not in digits
    assert demo_data.ean(1) in text, "goods are nobody's secret"
    assert "+ Beep(" in text
    replayed = edgebox("replay", out)
    assert replayed.exit_code == 0, replayed.output
    assert "lines_scanner does the same" in replayed.output

    out.write_text(text.replace("= Scan", "= Fault", 1).replace("symbology='E0'", "", 1))
    assert edgebox("replay", out).exit_code == 2, "a line that is not written as it must be"
    out.write_text(text.replace("good=True", "good=False"))
    differs = edgebox("replay", out)
    assert differs.exit_code == (1 if "good=True" in text else 0), differs.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("devices", "watch", "nobody"), "there is no device 'nobody'"),
        (("devices", "test", "nobody"), "there is no device 'nobody'"),
        (("record", "nobody", "--out", "x"), "there is no device 'nobody'"),
        (("record", "scanner-1", "--out", "taken"), "is there already"),
        (("devices", "bind", "scanner-1"), "there is a device scanner-1 already"),
        (("replay", "taken"), "no driver taken"),
        (("replay", "binary"), "binary cannot be read"),
        (("devices", "test", "scanner-1", "--seconds", "1e9"), "is not in the range"),
        (("replay", "taken", "--driver", "lines_scanner"), "what is 'nonsense'?"),
    ],
)
def test_wrong_questions(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    alone(tmp_path, tmp_path / "scanner")
    (tmp_path / "taken").write_text("nonsense\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    result = edgebox(*arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "fix:" in result.output or "Try '" in result.output


# --- bind -----------------------------------------------------------------------------------------


async def test_a_scan_binds_a_device_as_it_is_set_up(tmp_path: Path) -> None:
    config = alone(tmp_path, tmp_path / "other")
    port = tmp_path / "new"
    set_up = Settings(aim=True, prefix="\x02", suffix="crlf")
    code = demo_data.ean(1)
    bind = ("devices", "bind", "scanner-2", "--url", port, "--text", code, "--config", config)
    async with ScannerOnPty(port, set_up) as scanner, scanning(scanner, code):
        said = await ask(*bind, "--write", "--seconds", "60")
    assert said.err.startswith(f"scan {code} now, with the device that is to be scanner-2\n")
    assert said.code == 0, said.err
    bound = settings.load(config).devices["scanner-2"]
    assert (bound.driver, bound.url) == ("lines_scanner", str(port))
    assert bound.settings == set_up


async def test_a_scan_that_does_not_fit_binds_nothing(tmp_path: Path) -> None:
    config = alone(tmp_path, tmp_path / "other")
    before = config.read_text()
    port = tmp_path / "new"
    bind = ("devices", "bind", "scanner-2", "--url", port, "--config", config, "--write")
    async with ScannerOnPty(port) as scanner, scanning(scanner, "0000000000000"):
        said = await ask(*bind, "--seconds", "10")
    assert (said.code, said.out) == (1, "")
    assert "not the test code" in said.err
    silent = await ask(*bind, "--seconds", "0.1")
    assert silent.code == 1
    assert "nothing came from" in silent.err
    assert config.read_text() == before
