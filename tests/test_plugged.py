"""A device is found by what it is and where it is plugged in, on a tree that looks like sysfs."""

import asyncio
import os
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from drivers.codec import BadSettings, LinkLost
from drivers.device import Device
from drivers.events import Scan, State
from drivers.lines_scanner import Host, Settings
from drivers.links import SerialLink, from_url
from drivers.links.hid_finder import Identity
from drivers.links.named_port import NumberedPort
from drivers.links.plugged import everything, serial_ports
from drivers.links.usb import UsbLink
from tests.test_links import Log

SCANNER = Identity("0c2e", "0901", "S1234")
SAME_KIND = Identity("0c2e", "0901")


class Machine:
    """A folder with sys/ and dev/, into which USB serial devices are plugged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("sys/class/tty", "sys/devices/pci0/usb1", "dev"):
            (root / folder).mkdir(parents=True)

    def plug(self, identity: Identity, port: str, tty_name: str, target: str = "") -> None:
        device = self.root / "sys/devices/pci0/usb1" / port
        interface = device / f"{port}:1.0" / tty_name
        (interface / "tty" / tty_name).mkdir(parents=True)
        said = {
            "idVendor": identity.vendor, "idProduct": identity.product, "product": "Scanner",
            "manufacturer": "Example",
        }  # fmt: skip
        if identity.serial:
            said["serial"] = identity.serial
        for name, text in said.items():
            (device / name).write_text(f"{text}\n")
        (interface / "tty" / tty_name / "device").symlink_to("../..")
        (self.root / "sys/class/tty" / tty_name).symlink_to(interface / "tty" / tty_name)
        if target:
            (self.root / "dev" / tty_name).symlink_to(target)

    def unplug(self, port: str, tty_name: str) -> None:
        (self.root / "sys/class/tty" / tty_name).unlink()
        (self.root / "dev" / tty_name).unlink(missing_ok=True)
        device = self.root / "sys/devices/pci0/usb1" / port
        device.rename(device.with_name(f"gone-{tty_name}"))

    def link(self, identity: Identity, port: str = "") -> UsbLink:
        return UsbLink(identity, port, root=self.root)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@contextmanager
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


def test_what_is_plugged_in_is_listed_with_a_url_that_lasts(machine: Machine) -> None:
    (machine.root / "sys/class/tty/tty0").mkdir()
    machine.plug(SCANNER, "1-1.2", "ttyUSB0")
    machine.plug(SAME_KIND, "1-1.3", "ttyACM10")
    found = {port.path.name: port for port in serial_ports(machine.root)}
    assert list(found) == ["ttyUSB0", "ttyACM10"], "consoles are no devices of a shop"
    assert found["ttyUSB0"].url == "usb:0c2e:0901:S1234"
    assert found["ttyACM10"].url == "usb:0c2e:0901@1-1.3"
    assert found["ttyUSB0"].name == "Example Scanner"
    assert [port.url for port in everything(machine.root)] == [port.url for port in found.values()]
    for port in found.values():
        from_url(port.url, baud=9600)


def test_a_serial_number_is_found_in_any_port(machine: Machine) -> None:
    machine.plug(SCANNER, "1-1.2", "ttyUSB0")
    assert machine.link(SCANNER).find() == machine.root / "dev/ttyUSB0"
    machine.unplug("1-1.2", "ttyUSB0")
    with pytest.raises(LinkLost, match="no device 0c2e:0901:S1234 is plugged in"):
        machine.link(SCANNER).find()
    machine.plug(SCANNER, "1-1.4", "ttyUSB7")
    assert machine.link(SCANNER).find() == machine.root / "dev/ttyUSB7"


def test_twins_are_told_apart_by_their_ports_only(machine: Machine) -> None:
    machine.plug(SAME_KIND, "1-1.2", "ttyUSB0")
    machine.plug(SAME_KIND, "1-1.3", "ttyUSB1")
    with pytest.raises(LinkLost, match="are both"):
        machine.link(SAME_KIND).find()
    assert machine.link(SAME_KIND, "1-1.3").find() == machine.root / "dev/ttyUSB1"
    machine.unplug("1-1.3", "ttyUSB1")
    with pytest.raises(LinkLost, match="no device"):
        machine.link(SAME_KIND, "1-1.3").find()


def test_a_serial_number_that_two_have_is_none(machine: Machine) -> None:
    machine.plug(SCANNER, "1-1.2", "ttyUSB0")
    (alone,) = everything(machine.root)
    assert alone.url == "usb:0c2e:0901:S1234"
    machine.plug(SCANNER, "1-1.3", "ttyUSB1")
    urls = [port.url for port in everything(machine.root)]
    assert urls == ["usb:0c2e:0901:S1234@1-1.2", "usb:0c2e:0901:S1234@1-1.3"]
    with pytest.raises(LinkLost, match="are both"):
        machine.link(SCANNER).find()
    assert machine.link(SCANNER, "1-1.3").find() == machine.root / "dev/ttyUSB1"


def test_a_name_that_the_kernel_made_is_not_trusted_for_ever() -> None:
    assert isinstance(from_url("/dev/ttyUSB0"), NumberedPort)
    assert isinstance(from_url("/dev/ttyACM11", baud=1200), NumberedPort)
    assert isinstance(from_url("/dev/ttyS0"), SerialLink)
    assert isinstance(from_url("/dev/serial/by-id/usb-x"), SerialLink)
    with pytest.raises(BadSettings, match="baud"):
        from_url("/dev/ttyUSB0", baud=1)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("usb:", "vendor:product"),
        ("usb:0c2e", "vendor:product"),
        ("usb:0c2e:zzzz", "vendor:product"),
        ("usb:0c2e:0901@", "after @ comes a USB port"),
    ],
)
def test_urls_that_name_nothing(url: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        from_url(url)


@pytest.mark.parametrize("how", ["by what it is", "by its name"])
@pytest.mark.parametrize("what", [SCANNER, SAME_KIND])
async def test_a_device_renamed_on_replug_is_found_again(
    machine: Machine, what: Identity, how: str
) -> None:
    said: asyncio.Queue[Any] = asyncio.Queue()

    async def until(wanted: object) -> None:
        async with asyncio.timeout(60):
            while (event := await said.get()) != wanted:
                assert isinstance(event, State)

    path = str(machine.root / "dev/ttyUSB0")
    link = machine.link(what) if how == "by what it is" else NumberedPort(path, {}, machine.root)
    device = Device("s", link, partial(Host, Settings()), said.put_nowait)
    running = asyncio.create_task(device.run())
    for name in ("ttyUSB0", "ttyUSB1", "ttyACM0"):
        with pty() as (master, path):
            machine.plug(what, "1-1.2", name, path)
            await until(State("ready"))
            os.write(master, b"6901234567892\r")
            await until(Scan("6901234567892"))
            machine.unplug("1-1.2", name)
    running.cancel()
    await asyncio.wait((running,))


async def test_one_of_two_with_the_same_serial_number_is_found_in_its_own_port(
    machine: Machine,
) -> None:
    with pty() as (_, ours), pty() as (_, other):
        machine.plug(SCANNER, "1-1.2", "ttyUSB0", ours)
        machine.plug(SCANNER, "1-1.3", "ttyUSB1", other)
        link = NumberedPort(str(machine.root / "dev/ttyUSB0"), {}, machine.root)
        for name in ("ttyUSB0", "ttyUSB2"):
            here = Log()
            await link.open(here)
            assert link.path == str(machine.root / "dev" / name)
            here.transport.abort()
            await here.lost.wait()
            if name == "ttyUSB0":
                machine.unplug("1-1.2", name)
                machine.plug(SCANNER, "1-1.2", "ttyUSB2", ours)
                link.rebind()
