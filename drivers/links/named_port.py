"""A serial port by its name. A name of the kernel's own making is not trusted for ever."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from drivers.links.link import STREAM_OPTIONS, Link, Scheme
from drivers.links.plugged import Plugged, serial_ports
from drivers.links.serial import SerialLink
from drivers.links.usb import UsbLink

_NUMBERED: Final = re.compile(r".*/tty(USB|ACM)\d+")


class NumberedPort:
    """A port such as /dev/ttyUSB0, whose device may be ttyUSB1 once it is plugged in again.

    What it was when it was last open is remembered; rebound, the link looks for that: the same
    serial number in any USB port; or without one that is its own, whatever of its kind is in the
    same port.
    """

    def __init__(self, path: str, wire: Mapping[str, object], root: Path = Path("/")) -> None:
        self.path, self._wire, self._root = path, wire, root
        self._known: Plugged | None = None
        self._is_sought = False
        self._link(path)  # its checks are wanted now

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`."""
        if self._is_sought and self._known is not None:
            self.path = await asyncio.to_thread(self._find, self._known)
        transport = await self._link(self.path).open(protocol)
        self._is_sought = False
        self._known = self._what_is_there() or self._known
        return transport

    def rebind(self) -> None:
        """Look for the device at the next opening, if it was ever seen."""
        self._is_sought = True

    def _link(self, path: str) -> SerialLink:
        return SerialLink(path, **self._wire)  # type: ignore[arg-type] # checked in __post_init__

    def _find(self, known: Plugged) -> str:
        same = [one for one in serial_ports(self._root) if one.identity == known.identity]
        port = known.port if len(same) > 1 or not known.identity.serial else ""
        return str(UsbLink(known.identity, port, root=self._root).find())

    def _what_is_there(self) -> Plugged | None:
        found = (one for one in serial_ports(self._root) if str(one.path) == self.path)
        return next(found, None)


def at_path(path: str, wire: Mapping[str, object]) -> Link:
    """Return the link to the port at `path`; raises BadSettings."""
    if _NUMBERED.fullmatch(path):
        return NumberedPort(path, wire)
    return SerialLink(path, **wire)  # type: ignore[arg-type] # checked in __post_init__


SCHEME = Scheme(example="/dev/ttyUSB0", carries=("stream",), options=STREAM_OPTIONS, link=at_path)
