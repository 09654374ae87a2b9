"""Finds HID devices by what they are, since the kernel numbers them by the order of plugging in.

Reads sysfs (Documentation/ABI: /sys/class/input, /sys/class/hidraw). `root` is "/" on a real
machine, and any folder that looks like it in a test.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.codec import BadSettings, LinkLost

_IDENTITY: Final = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::(.+))?")
_PORT: Final = re.compile(r"\d+-\d+(?:\.\d+)*")
_HID_ID: Final = re.compile(r"^HID_ID=[0-9A-F]+:0*([0-9A-F]{4}):0*([0-9A-F]{4})$", re.MULTILINE)
_HID_UNIQ: Final = re.compile(r"^HID_UNIQ=(.*)$", re.MULTILINE)

DIGIT_KEYS: Final = sum(1 << code for code in range(2, 12))
"""KEY_1 to KEY_0: what can press all of them is a keyboard, and no set of media keys."""
GENERIC_DESKTOP: Final = bytes.fromhex("0501")
"""How the report descriptors of keyboards and mice begin: Usage Page (Generic Desktop)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A USB device: vendor and product in lower-case hex, and its serial number, "" for any."""

    vendor: str
    product: str
    serial: str = ""

    def __str__(self) -> str:
        """Return it as a URL says it."""
        return ":".join(filter(None, (self.vendor, self.product, self.serial)))

    def covers(self, other: "Identity") -> bool:
        """Tell whether `other` is what this asks for."""
        same = (self.vendor, self.product) == (other.vendor, other.product)
        return same and self.serial in {"", other.serial}


def identity(text: str) -> Identity:
    """Read `VVVV:PPPP` or `VVVV:PPPP:serial`; raises BadSettings for anything else."""
    match = _IDENTITY.fullmatch(text)
    if match is None:
        raise BadSettings(f"{text!r} is neither a path nor vendor:product[:serial] in hex")
    return Identity(match[1].lower(), match[2].lower(), match[3] or "")


def keyboards(root: Path) -> Iterator[tuple[Path, Identity]]:
    """Yield every device below /dev/input that can type digits, and what it is."""
    for entry in _numbered(root / "sys/class/input", "event"):
        device = entry / "device"
        words = _read(device / "capabilities/key").split()
        keys = sum(int(word, 16) << 64 * n for n, word in enumerate(reversed(words)))
        if keys & DIGIT_KEYS == DIGIT_KEYS:
            vendor, product = _read(device / "id/vendor"), _read(device / "id/product")
            found = Identity(vendor.lower(), product.lower(), _read(device / "uniq"))
            yield root / "dev/input" / entry.name, found


def readers(root: Path) -> Iterator[tuple[Path, Identity]]:
    """Yield every hidraw device that is neither a keyboard nor a mouse, and what it is."""
    for entry in _numbered(root / "sys/class/hidraw", "hidraw"):
        uevent = _read(entry / "device/uevent")
        hid_id, serial = _HID_ID.search(uevent), _HID_UNIQ.search(uevent)
        try:
            descriptor = (entry / "device/report_descriptor").read_bytes()
        except OSError:
            continue  # it was pulled out just now
        if hid_id and not descriptor.startswith(GENERIC_DESKTOP):
            found = Identity(hid_id[1].lower(), hid_id[2].lower(), serial[1] if serial else "")
            yield root / "dev" / entry.name, found


def find(where: str, found: Iterator[tuple[Path, Identity]], root: Path) -> Path:
    """Return the path of what `vendor:product[:serial][@port]` names; raises LinkLost."""
    what, _, port = where.partition("@")
    there = ((path, one) for path, one in found if port in {"", port_of(path, root)})
    return the_one(identity(what), there)


def check(where: str) -> None:
    """Raise BadSettings unless `where` is `vendor:product[:serial][@port]`."""
    what, at, port = where.partition("@")
    identity(what)
    if at and not _PORT.fullmatch(port):
        raise BadSettings(f"after @ comes a USB port such as 1-1.2, not {port!r}")


def port_of(path: Path, root: Path) -> str:
    """Return the kernel's name of the USB port that a device is in; "" if it is in none.

    It is a folder of the device's place in sysfs, bus and ports of the hubs on the way: "1-1.2".
    """
    kind = "hidraw" if path.name.startswith("hidraw") else "input"
    place = (root / "sys/class" / kind / path.name / "device").resolve()
    return next((part for part in reversed(place.parts) if _PORT.fullmatch(part)), "")


def the_one(wanted: Identity, found: Iterator[tuple[Path, Identity]]) -> Path:
    """Return where the wanted device is; raises LinkLost if there is none, or more than one."""
    paths = [path for path, identity in found if wanted.covers(identity)]
    if not paths:
        raise LinkLost(f"no device {wanted} is plugged in")
    if len(paths) > 1:
        names = " and ".join(map(str, paths))
        raise LinkLost(f"{names} are both {wanted}: name one by its serial number or its path")
    return paths[0]


def _numbered(folder: Path, prefix: str) -> list[Path]:
    try:
        entries = [e for e in folder.iterdir() if e.name.removeprefix(prefix).isdigit()]
    except OSError:
        return []
    return sorted(entries, key=lambda entry: int(entry.name.removeprefix(prefix)))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
