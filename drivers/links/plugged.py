"""What is plugged into this machine: USB serial ports, keyboards and HID readers, by what they are.

Reads sysfs (Documentation/ABI/testing/sysfs-bus-usb), so no udev is needed. `root` is "/" on a
real machine, and any folder that looks like it in a test.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from drivers.links.hid_finder import Identity, keyboards, readers

Wire = Literal["usb", "input", "hidraw"]


@dataclass(frozen=True, slots=True)
class Plugged:
    """A device: where it is just now, what it is, and the physical port that it is in.

    `port` is the kernel's name of the USB port, such as "1-1.2": bus, then the ports of the hubs
    on the way; "" if it is not known. `name` is what its maker calls it. `is_one_of_many` tells
    that others here have the same serial number, as cheap devices have, so that it is none.
    """

    wire: Wire
    path: Path
    identity: Identity
    port: str = ""
    name: str = ""
    is_one_of_many: bool = False

    @property
    def url(self) -> str:
        """What a device's section says to mean this device, whatever it is called tomorrow."""
        return f"{self.wire}:{self.identity}{f'@{self.port}' if self._needs_port else ''}"

    @property
    def _needs_port(self) -> bool:
        return bool(self.port) and (self.is_one_of_many or not self.identity.serial)


def serial_ports(root: Path) -> Iterator[Plugged]:
    """Yield every serial port that belongs to a USB device."""
    for entry in _sorted(root / "sys/class/tty"):
        device = _usb_device(entry / "device", root)
        if device is not None:
            yield Plugged(
                "usb", root / "dev" / entry.name,
                Identity(_read(device, "idVendor"), _read(device, "idProduct"),
                         _read(device, "serial")),
                device.name,
                " ".join(filter(None, (_read(device, "manufacturer"), _read(device, "product")))),
            )  # fmt: skip


def everything(root: Path) -> list[Plugged]:
    """Return all that a driver here could read, in a fixed order."""
    hid = [("input", found) for found in keyboards(root)]
    hid += [("hidraw", found) for found in readers(root)]
    found = [
        *serial_ports(root),
        *(_of_hid("input" if wire == "input" else "hidraw", *found, root) for wire, found in hid),
    ]
    count = Counter((one.wire, one.identity) for one in found)
    return [replace(one, is_one_of_many=count[one.wire, one.identity] > 1) for one in found]


def _of_hid(wire: Wire, path: Path, identity: Identity, root: Path) -> Plugged:
    kind = "input" if wire == "input" else "hidraw"
    device = _usb_device(root / "sys/class" / kind / path.name / "device", root)
    if device is None:
        return Plugged(wire, path, identity)
    return Plugged(wire, path, identity, device.name, _read(device, "product"))


def _usb_device(link: Path, root: Path) -> Path | None:
    """Return the USB device that an interface belongs to; None for what is not on USB."""
    top = (root / "sys").resolve()
    try:
        at = link.resolve(strict=True)
    except OSError:
        return None  # a console, or pulled out just now
    while at != top and top in at.parents:
        if (at / "idVendor").exists():
            return at
        at = at.parent
    return None


def _sorted(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir(), key=lambda entry: (len(entry.name), entry.name))
    except OSError:
        return []


def _read(device: Path, name: str) -> str:
    try:
        return (device / name).read_text("utf-8", "replace").strip()
    except OSError:
        return ""
