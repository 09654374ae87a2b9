"""Keyboards, and readers that pose as one, as the kernel's input devices (evdev).

A device is grabbed (EVIOCGRAB), so that no key reaches a console or a desktop.
"""

import asyncio
import fcntl
import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.links.descriptor import READ_BYTES_MAX, DescriptorTransport
from drivers.links.hid import OPTIONS, at_url, check_where, opened, refused, sending_end
from drivers.links.hid_finder import find, keyboards
from drivers.links.link import Link, Scheme

EVIOCGRAB: Final = 0x40044590
EVIOCSCLKID: Final = 0x400445A0
"""Requests of <linux/input.h>, as all machines but MIPS, PowerPC and SPARC number them."""

CLOCK_MONOTONIC: Final = 1


@dataclass(frozen=True, slots=True)
class InputLink:
    """A keyboard, or a reader that poses as one, as struct input_event after struct input_event.

    Events are stamped with the monotonic clock. `root` is where sysfs and /dev are looked for.
    """

    where: str
    send_path: str = ""
    root: str = "/"

    def __post_init__(self) -> None:
        """Refuse what names no device."""
        check_where(self.where)

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`. What was typed before is discarded."""
        found = self.where
        if not found.startswith("/"):
            found = str(find(found, keyboards(Path(self.root)), Path(self.root)))
        descriptor, is_pipe = opened(found, "an input device")
        try:
            if not is_pipe:
                _grab(descriptor, found)
            _discard(descriptor)
            sending = sending_end(descriptor, self.send_path, is_pipe)
        except BaseException:
            os.close(descriptor)
            raise
        return DescriptorTransport(protocol, descriptor, sending)


def _grab(descriptor: int, path: str) -> None:
    try:
        fcntl.ioctl(descriptor, EVIOCSCLKID, struct.pack("=i", CLOCK_MONOTONIC))
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError as error:
        raise refused(path, "an input device", error) from error


def _discard(descriptor: int) -> None:
    with suppress(BlockingIOError):
        while os.read(descriptor, READ_BYTES_MAX):
            pass


def input_at_url(url: str, wire: Mapping[str, object]) -> Link:
    """Return the link that `input:...` names."""
    return InputLink(*at_url(url, wire))


SCHEME = Scheme(
    example="input:/dev/input/by-id/usb-scanner-event-kbd",
    carries=("stream",), options=OPTIONS, link=input_at_url,
)  # fmt: skip
