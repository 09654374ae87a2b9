"""A serial port by what is plugged in, and where: `usb:VVVV:PPPP[:serial][@port]`.

The kernel numbers ttyUSB and ttyACM by the order of plugging in, so that a name may be another
device tomorrow. This one is looked up at each opening: renamed on replug, it is found again.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drivers.links.hid_finder import Identity, identity, the_one
from drivers.links.link import STREAM_OPTIONS, Link, Scheme, check
from drivers.links.plugged import serial_ports
from drivers.links.serial import SerialLink, check_stream_options


@dataclass(frozen=True, slots=True)
class UsbLink:
    """A USB serial port, found by what it is, and in a certain port if one is named.

    With a serial number it is the same device in any port; without one it is whatever of its kind
    is in that port. `wire` are the options of `SerialLink`; `root` is where sysfs and /dev are
    looked for.
    """

    identity: Identity
    port: str = ""
    wire: Mapping[str, object] = field(default_factory=dict)
    root: Path = Path("/")

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`."""
        path = await asyncio.to_thread(self.find)
        return await SerialLink(str(path), **self.wire).open(protocol)  # type: ignore[arg-type]

    def find(self) -> Path:
        """Return where it is now; raises LinkLost if it is not there, or cannot be told apart."""
        ports = ((found.path, found.identity) for found in serial_ports(self.root)
                 if self.port in {"", found.port})  # fmt: skip
        return the_one(self.identity, ports)


def at_url(url: str, wire: Mapping[str, object]) -> Link:
    """Return the link that `usb:VVVV:PPPP[:serial][@port]` names."""
    check_stream_options(wire)
    what, at, port = url.removeprefix("usb:").partition("@")
    check(bool(port) or not at, "after @ comes a USB port, as in usb:0c2e:0901@1-1.2")
    return UsbLink(identity(what), port, dict(wire))


SCHEME = Scheme(
    example="usb:0c2e:0901:S1234@1-1.2", carries=("stream",), options=STREAM_OPTIONS, link=at_url
)
