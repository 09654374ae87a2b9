"""Input devices and hidraw: real descriptors, pipes standing in for what only a kernel has."""

import asyncio
import errno
import fcntl
import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.codec import BadSettings, LinkLost
from drivers.device import Device
from drivers.events import Beep, Scan, State
from drivers.hid_pos_scanner import DRIVER as HID_POS
from drivers.hid_pos_scanner import Settings as HidPosSettings
from drivers.keyboard import keys
from drivers.keyboard_scanner import DRIVER as KEYBOARD
from drivers.keyboard_scanner import Settings as KeyboardSettings
from drivers.links import from_url, hidraw, input, scheme
from drivers.links.hid_finder import Identity, find, identity, keyboards, readers, the_one
from drivers.links.hidraw import WAITING_REPORTS_MAX, HidrawLink, ReportTransport
from drivers.links.input import InputLink
from simulators.far_end import OnReports
from simulators.hid_pos_scanner import Device as HidPosDevice
from simulators.keyboard_scanner import Device as KeyboardDevice
from tests.test_links import Log

KEYBOARD_KEYS = "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe"
MEDIA_KEYS = "3f000301ff 0 0"
REPORTS = WAITING_REPORTS_MAX + 4
"""More than may wait, and fewer than a pipe has room for."""
SCANNER_DESCRIPTOR = bytes.fromhex("058c0902a101")
KEYBOARD_DESCRIPTOR = bytes.fromhex("05010906a101")


def make_pipe(path: Path, packets: bool = False) -> int:
    """Return the writing end of a new named pipe."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK | (os.O_DIRECT if packets else 0))
    return descriptor


@contextmanager
def pipe(path: Path, packets: bool = False) -> Iterator[int]:
    descriptor = make_pipe(path, packets)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Reports(Log):
    """Writes down each read by itself."""

    def frames(self) -> list[bytes]:
        return [entry[2] for entry in self.log if entry[1] == "data"]


async def frames_of(protocol: Reports, count: int) -> list[bytes]:
    async with asyncio.timeout(60):
        while len(protocol.frames()) < count:
            protocol.arrived.clear()
            await protocol.arrived.wait()
    return protocol.frames()


# --- what may be opened ---------------------------------------------------------------------------


@pytest.mark.parametrize(("link", "kind"), [(InputLink, "an input"), (HidrawLink, "a hidraw")])
async def test_what_is_no_such_device_never_becomes_one(
    link: Any, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    master, slave = pty.openpty()
    paths = ["/dev/null", os.ttyname(slave), str(tmp_path), str(tmp_path / "file")]
    for path in [*paths, str(tmp_path / "file" / "below")]:
        with pytest.raises(BadSettings, match=f"{path} is not {kind} device"):
            await link(path).open(Log())
    for descriptor in (master, slave):
        os.close(descriptor)
    with pytest.raises(LinkLost, match="No such file"):
        await link(str(tmp_path / "gone")).open(Log())


@pytest.mark.parametrize(
    "where",
    [
        "",
        "12",
        "05e0",
        "05e0:130",
        "05e0:1300:",
        "zzzz:1300",
        "x/y",
        "05e0:1300@",
        "05e0:1300@usb1",
    ],
)
@pytest.mark.parametrize("name", ["input", "hidraw"])
def test_what_names_no_device_is_refused_at_once(name: str, where: str) -> None:
    with pytest.raises(BadSettings):
        from_url(f"{name}:{where}")


def test_urls_name_paths_and_products() -> None:
    assert from_url("input:/dev/input/by-id/x-event-kbd") == InputLink(
        "/dev/input/by-id/x-event-kbd"
    )
    assert from_url("input:05E0:1200:A:1") == InputLink("05E0:1200:A:1")
    assert from_url("hidraw:05e0:1300", send_path="/p") == HidrawLink("05e0:1300", "/p")
    assert scheme("input:x").carries == ("stream",)
    assert scheme("hidraw:x").carries == ("reports",)
    with pytest.raises(BadSettings, match="wire setting"):
        from_url("input:05e0:1300", baud=9600)


async def test_a_pipe_nobody_reads_is_not_a_device_that_hears(tmp_path: Path) -> None:
    with pipe(tmp_path / "hidraw0", packets=True):
        os.mkfifo(tmp_path / "in")
        link = HidrawLink(str(tmp_path / "hidraw0"), str(tmp_path / "in"))
        with pytest.raises(LinkLost, match="in: No such device or address"):
            await link.open(Log())


# --- what passes ----------------------------------------------------------------------------------


async def test_keys_pass_and_what_was_typed_before_does_not(tmp_path: Path) -> None:
    with pipe(tmp_path / "event3") as far:
        os.write(far, keys.packet(0, (30, 1)))
        here = Log()
        transport = await InputLink(str(tmp_path / "event3")).open(here)
        events = keys.packet(1, (31, 1)) + keys.packet(2, (31, 0))
        os.write(far, events)
        assert await here.until(len(events)) == events
        transport.write(b"nobody hears it")
    async with asyncio.timeout(60):
        await here.lost.wait()
    assert here.log[-1] == ("", "lost", LinkLost)


async def test_reports_keep_their_boundaries_both_ways(tmp_path: Path) -> None:
    with pipe(tmp_path / "hidraw0", packets=True) as far, pipe(tmp_path / "in") as into:
        here = Reports()
        link = HidrawLink(str(tmp_path / "hidraw0"), str(tmp_path / "in"))
        transport = await link.open(here)
        for report in (b"descriptor", b"1", b"22"):
            os.write(far, report)
        assert await frames_of(here, 3) == [b"descriptor", b"1", b"22"]
        for number in range(REPORTS):
            transport.write(bytes((number, 0)))
        assert ("", "pause") in here.log
        assert transport.get_write_buffer_size() > 0
        transport.close()
        transport.close()
        transport.write(b"too late")
        async with asyncio.timeout(60):
            await here.lost.wait()
        assert here.log[-2:] == [("", "resume"), ("", "lost", None)]
        sent = [os.read(into, 4096) for _ in range(REPORTS)]
        assert sent == [bytes((number, 0)) for number in range(REPORTS)]


async def test_a_device_that_takes_no_report_is_lost(tmp_path: Path) -> None:
    with pipe(tmp_path / "hidraw0", packets=True), pipe(tmp_path / "in") as into:
        here = Log()
        link = HidrawLink(str(tmp_path / "hidraw0"), str(tmp_path / "in"))
        transport = await link.open(here)
        for _ in range(fcntl.fcntl(into, fcntl.F_GETPIPE_SZ) // 4096):
            os.write(into, bytes(4096))
        transport.write(b"x")
        transport.write(b"y")
        async with asyncio.timeout(60):
            await here.lost.wait()
        assert here.log[-1] == ("", "lost", BlockingIOError)


async def test_an_abort_while_a_report_is_under_way_closes_everything(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for ending in ("abort", "close"):
        for count in (0, 1, 3):
            with pipe(tmp_path / "hidraw0", packets=True), pipe(tmp_path / "in"):
                here = Log()
                link = HidrawLink(str(tmp_path / "hidraw0"), str(tmp_path / "in"))
                transport = await link.open(here)
                assert isinstance(transport, ReportTransport)
                for _ in range(count):
                    transport.write(b"x")
                under_way = transport._under_way
                getattr(transport, ending)()
                async with asyncio.timeout(60):
                    await here.lost.wait()
                    if under_way is not None:
                        await asyncio.wait((under_way,))
                await asyncio.sleep(0)
            (tmp_path / "hidraw0").unlink()
            (tmp_path / "in").unlink()
    assert len(os.listdir("/proc/self/fd")) == before


# --- what is plugged in ---------------------------------------------------------------------------


class Machine:
    """A folder that looks like / as far as HID devices go; pipes stand for their files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _entry(self, kind: str, name: str) -> Path:
        entry = self.root / "sys/class" / kind / name / "device"
        entry.mkdir(parents=True)
        return entry

    def plug_keyboard(self, name: str, product: str, keys_of: str, serial: str = "") -> int:
        entry = self._entry("input", name)
        for file, text in (
            ("id/vendor", "05e0\n"), ("id/product", f"{product}\n"),
            ("uniq", f"{serial}\n"), ("capabilities/key", f"{keys_of}\n"),
        ):  # fmt: skip
            (entry / file).parent.mkdir(exist_ok=True)
            (entry / file).write_text(text)
        return make_pipe(self.root / "dev/input" / name)

    def plug_hidraw(self, name: str, product: str, descriptor: bytes, serial: str = "") -> int:
        entry = self._entry("hidraw", name)
        (entry / "uevent").write_text(
            f"DRIVER=hid-generic\nHID_ID=0003:000005E0:0000{product.upper()}\n"
            f"HID_NAME=Scanner\nHID_PHYS=usb-0000:00:14.0-2/input0\nHID_UNIQ={serial}\n"
        )
        (entry / "report_descriptor").write_bytes(descriptor)
        return make_pipe(self.root / "dev" / name, packets=True)

    def move_to(self, port: str, name: str) -> None:
        """Put a device below a USB port, as sysfs does."""
        kind = "hidraw" if name.startswith("hidraw") else "input"
        entry = self.root / "sys/class" / kind / name / "device"
        place = self.root / "sys/devices/pci0/usb1/1-1" / port / f"{port}:1.0" / name
        place.parent.mkdir(parents=True)
        entry.rename(place)
        entry.symlink_to(place)

    def unplug(self, name: str) -> None:
        kind = "hidraw" if name.startswith("hidraw") else "input"
        entry = self.root / "sys/class" / kind / name
        entry.rename(self.root / f"{name}-was-there")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    opened = [
        machine.plug_keyboard("event10", "1200", KEYBOARD_KEYS, "S1"),
        machine.plug_keyboard("event2", "1200", MEDIA_KEYS, "S1"),
        machine.plug_keyboard("event9", "1200", KEYBOARD_KEYS, "S2"),
        machine.plug_hidraw("hidraw0", "1300", KEYBOARD_DESCRIPTOR),
        machine.plug_hidraw("hidraw11", "1300", SCANNER_DESCRIPTOR, "S3"),
    ]
    (tmp_path / "sys/class/input/mouse0").mkdir()
    (tmp_path / "sys/class/input/event77").mkdir()
    (tmp_path / "sys/class/hidraw/hidraw5").mkdir()
    yield machine
    for descriptor in opened:
        os.close(descriptor)


def test_every_keyboard_and_every_reader_is_found_and_nothing_else(machine: Machine) -> None:
    root = machine.root
    assert list(keyboards(root)) == [
        (root / "dev/input/event9", Identity("05e0", "1200", "S2")),
        (root / "dev/input/event10", Identity("05e0", "1200", "S1")),
    ]
    assert list(readers(root)) == [(root / "dev/hidraw11", Identity("05e0", "1300", "S3"))]
    assert list(keyboards(root / "nowhere")) == []
    assert list(readers(root / "nowhere")) == []


def test_a_product_that_is_there_twice_needs_its_serial_number(machine: Machine) -> None:
    root = machine.root
    assert the_one(identity("05E0:1200:S1"), keyboards(root)).name == "event10"
    with pytest.raises(LinkLost, match=r"event9 and .*event10 are both 05e0:1200: name one by"):
        the_one(identity("05e0:1200"), keyboards(root))
    with pytest.raises(LinkLost, match="no device 05e0:1200:S9 is plugged in"):
        the_one(identity("05e0:1200:S9"), keyboards(root))


def test_twins_without_a_serial_number_are_told_apart_by_their_ports(machine: Machine) -> None:
    root = machine.root
    machine.move_to("1-1.2", "event9")
    machine.move_to("1-1.3.1", "event10")
    machine.move_to("1-1.4", "hidraw11")
    assert find("05e0:1200@1-1.2", keyboards(root), root).name == "event9"
    assert find("05e0:1200@1-1.3.1", keyboards(root), root).name == "event10"
    assert find("05e0:1300@1-1.4", readers(root), root).name == "hidraw11"
    with pytest.raises(LinkLost, match="no device 05e0:1200 is plugged in"):
        find("05e0:1200@1-1.4", keyboards(root), root)
    for url in ("input:05e0:1200@1-1.2", "hidraw:05e0:1300:S3@1-1.4"):
        from_url(url)


async def test_a_scanner_is_found_again_under_another_number(machine: Machine) -> None:
    said = asyncio.Queue[Any]()
    link = InputLink("05e0:1200:S7", root=str(machine.root))
    device = Device("lane-1", link, lambda: KEYBOARD.codec(KeyboardSettings()), said.put_nowait)
    running = asyncio.create_task(device.run())
    async with asyncio.timeout(60):
        for number in (20, 21):
            name = f"event{number}"
            assert (await said.get()).state == "lost"
            far = machine.plug_keyboard(name, "1200", KEYBOARD_KEYS, "S7")
            while (heard := await said.get()) != State("ready"):
                assert isinstance(heard, State)
            (typed,) = KeyboardDevice(KeyboardSettings()).command(Scan("96385074"), float(number))
            os.write(far, typed.frame)
            assert await said.get() == Scan("96385074")
            machine.unplug(name)
            os.close(far)
        assert (await said.get()).state == "lost"
    running.cancel()
    await asyncio.wait((running,))


async def test_a_hid_pos_scanner_on_pipes_reads_and_beeps(tmp_path: Path) -> None:
    said, heard = asyncio.Queue[Any](), asyncio.Queue[Any]()
    options = HidPosSettings()
    async with OnReports(
        tmp_path / "hidraw0", lambda: HidPosDevice(options), heard.put_nowait
    ) as far:
        device = Device("lane-1", far.link(), lambda: HID_POS.codec(options), said.put_nowait)
        running = asyncio.create_task(device.run())
        async with asyncio.timeout(60):
            assert await said.get() == State("ready")
            code = Scan("0106901234567892" * 10, "d2")
            far.command(code)
            assert await said.get() == code
            for beep in (Beep(), Beep(good=False)):
                assert device.tell(beep)
                assert await heard.get() == beep
        running.cancel()
        await asyncio.wait((running,))


def test_the_kernels_numbers_are_what_its_macros_make() -> None:
    """_IOC(direction, type, number, size) of <asm-generic/ioctl.h>, computed a second time."""

    def request(direction: int, kind: str, number: int, size: int) -> int:
        return direction << 30 | size << 16 | ord(kind) << 8 | number

    assert request(1, "E", 0x90, 4) == input.EVIOCGRAB
    assert request(1, "E", 0xA0, 4) == input.EVIOCSCLKID
    assert request(2, "H", 0x01, 4) == hidraw.HIDIOCGRDESCSIZE
    assert request(2, "H", 0x02, 4 + 4096) == hidraw.HIDIOCGRDESC
    assert errno.ENODEV == 19
