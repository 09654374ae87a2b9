"""What the driver contract and the capture leave open about scanners that send lines."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.codec import BadSettings
from drivers.device import Device
from drivers.events import Beep, Fault, Scan, State
from drivers.lines_scanner import Host, Settings
from drivers.links import SerialLink
from simulators.lines_scanner import ScannerOnPty


async def test_a_hand_held_scanner_on_a_serial_port(tmp_path: Path) -> None:
    said = asyncio.Queue[Any]()
    options = Settings(aim=True, suffix="crlf")
    device = Device(
        "counter-1",
        SerialLink(str(tmp_path / "scanner")),
        lambda: Host(options),
        said.put_nowait,
    )
    async with asyncio.timeout(60), ScannerOnPty(tmp_path / "scanner", options) as scanner:
        running = asyncio.create_task(device.run())
        assert await said.get() == State("ready")
        scanner.scan("6901234567892", "E0")
        assert await said.get() == Scan("6901234567892", "E0")
        for beep in (Beep(), Beep(good=False), Beep()):
            assert device.tell(beep)
            assert await scanner.beeps.get() == beep
        scanner.send(b"no identifier\r\n")
        assert isinstance(await said.get(), Fault)
        running.cancel()
        await asyncio.wait((running,))


async def test_a_scanner_forgets_old_beeps_and_scans_for_nobody(tmp_path: Path) -> None:
    async with ScannerOnPty(tmp_path / "scanner") as scanner:
        for number in range(70):
            scanner._heard(Beep(good=number % 2 == 0))
        assert scanner.beeps.qsize() == 64
        for _ in range(1000):
            scanner.scan("6901234567892")
    scanner.scan("unplugged")
    assert not scanner.path.is_symlink()


def test_a_late_timer_glues_nothing() -> None:
    host = Host(Settings(partial_seconds_max=1))
    assert list(host.receive(b"690", 0)) == []
    assert list(host.receive(b"4006381333931\r", 1)) == [
        Fault("a code broke off after 3 bytes"),
        Scan("4006381333931"),
    ]
    host = Host(Settings(suffix="none", silence_seconds=0.1))
    assert list(host.receive(b"690", 0)) == []
    assert list(host.receive(b"691", 0.2)) == [Scan("690")]


def test_a_trickling_line_is_not_broken_off() -> None:
    host = Host(Settings(partial_seconds_max=1))
    for second in range(5):
        assert list(host.receive(b"6", second * 0.9)) == []
    assert list(host.receive(b"\r", 4.0)) == [Scan("66666")]
    assert host.wake_at is None


def test_however_much_comes_little_is_kept() -> None:
    host = Host(Settings(suffix="crlf", line_bytes_max=100))
    faults = [event for n in range(1000) for event in host.receive(b"x" * 997 + b"\r", n)]
    assert faults == [Fault("a line of more than 100 bytes")]
    assert len(host._line) <= 1
    assert list(host.receive(b"\n690\r\n", 1000)) == [Scan("690")]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"prefix": "前"}, "above U"),
        ({"prefix": "a\rb"}, "contains the suffix"),
        ({"prefix": "\nb"}, "contains the suffix"),
        ({"prefix": "\t", "suffix": "tab"}, "contains the suffix"),
        ({"prefix": "abc", "line_bytes_max": 3}, "no room"),
    ],
)
def test_settings_that_contradict_each_other(options: dict[str, Any], why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        Host(Settings(**options))
