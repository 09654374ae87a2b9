"""USB devices made by hand in the kernel: a keyboard by uinput, a HID device by uhid.

Numbers and structures are those of the kernel's headers linux/uinput.h, linux/input.h and
linux/uhid.h.
"""

import fcntl
import os
import struct
from collections.abc import Iterable
from pathlib import Path

_UI_SET_EVBIT, _UI_SET_KEYBIT = 0x40045564, 0x40045565
_UI_DEV_SETUP, _UI_DEV_CREATE, _UI_DEV_DESTROY = 0x405C5503, 0x5501, 0x5502
_EV_SYN, _EV_KEY = 0, 1
_KEYS = 256
_EVENT = struct.Struct("llHHi")

_UHID_DESTROY, _UHID_CREATE2, _UHID_INPUT2 = 1, 11, 12
_BUS_USB = 3


class Keyboard:
    """A keyboard that a program types on. `product` tells it from others by its USB id."""

    VENDOR = 0x05E0

    def __init__(self, name: str, product: int) -> None:
        self._fd = os.open("/dev/uinput", os.O_WRONLY | os.O_NONBLOCK)
        fcntl.ioctl(self._fd, _UI_SET_EVBIT, _EV_KEY)
        for key in range(1, _KEYS):
            fcntl.ioctl(self._fd, _UI_SET_KEYBIT, key)
        setup = struct.pack("HHHH80sI", _BUS_USB, self.VENDOR, product, 1, name.encode(), 0)
        fcntl.ioctl(self._fd, _UI_DEV_SETUP, setup)
        fcntl.ioctl(self._fd, _UI_DEV_CREATE)
        self._name = name

    def path(self) -> Path | None:
        """Return its file below /dev/input, None until the kernel has made it."""
        for event in Path("/sys/class/input").glob("event*"):
            if (event / "device" / "name").read_text().strip() == self._name:
                return Path("/dev/input") / event.name
        return None

    def play(self, events: bytes) -> None:
        """Let input events happen: whole `input_event` structures, as a keyboard gives them."""
        for kind, code, value in _events(events):
            os.write(self._fd, _EVENT.pack(0, 0, kind, code, value))

    def pull(self) -> None:
        """Pull the plug."""
        fcntl.ioctl(self._fd, _UI_DEV_DESTROY)
        os.close(self._fd)


def _events(events: bytes) -> Iterable[tuple[int, int, int]]:
    return ((kind, code, value) for _, _, kind, code, value in _EVENT.iter_unpack(events))


class HidDevice:
    """A USB HID device with a report descriptor of ours; `product` is its USB id."""

    VENDOR = 0x05E0

    def __init__(self, name: str, product: int, descriptor: bytes) -> None:
        self._fd = os.open("/dev/uhid", os.O_RDWR)
        self._id = f"{_BUS_USB:04X}:{self.VENDOR:04X}:{product:04X}"
        self._write(
            _UHID_CREATE2,
            struct.pack(
                "128s64s64sHHIIII4096s",
                name.encode(), b"plug", b"SN123", len(descriptor), _BUS_USB,
                self.VENDOR, product, 0, 0, descriptor,
            ),
        )  # fmt: skip

    def path(self) -> Path | None:
        """Return its file below /dev, None until the kernel has made it."""
        for raw in Path("/sys/class/hidraw").glob("hidraw*"):
            if self._id in (raw / "device").resolve().name:
                return Path("/dev") / raw.name
        return None

    def play(self, report: bytes) -> None:
        """Let it send one report."""
        self._write(_UHID_INPUT2, struct.pack("H4096s", len(report), report))

    def pull(self) -> None:
        """Pull the plug."""
        self._write(_UHID_DESTROY, b"")
        os.close(self._fd)

    def _write(self, kind: int, body: bytes) -> None:
        os.write(self._fd, struct.pack("I", kind) + body)
