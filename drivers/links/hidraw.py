"""HID devices that send reports, through the kernel's hidraw: the first frame is the descriptor.

A named pipe in its place is in packet mode (O_DIRECT of pipe(2)), and begins with the descriptor
itself.
"""

import asyncio
import fcntl
import os
import struct
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.links.descriptor import DescriptorTransport
from drivers.links.hid import OPTIONS, at_url, check_where, opened, refused, sending_end
from drivers.links.hid_finder import find, readers
from drivers.links.link import Link, Scheme

HIDIOCGRDESCSIZE: Final = 0x80044801
HIDIOCGRDESC: Final = 0x90044802
"""Requests of <linux/hidraw.h>, as all machines but MIPS, PowerPC and SPARC number them."""

DESCRIPTOR: Final = struct.Struct("=I4096s")
WAITING_REPORTS_MAX: Final = 8
"""A device that leaves more than this waiting is sent no more (see `pause_writing`)."""


@dataclass(frozen=True, slots=True)
class HidrawLink:
    """A HID device's reports, each with its ID in front if they are numbered."""

    where: str
    send_path: str = ""
    root: str = "/"

    def __post_init__(self) -> None:
        """Refuse what names no device."""
        check_where(self.where)

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`."""
        found = self.where
        if not found.startswith("/"):
            found = str(find(found, readers(Path(self.root)), Path(self.root)))
        descriptor, is_pipe = opened(found, "a hidraw device")
        try:
            first = b"" if is_pipe else _report_descriptor(descriptor, found)
            sending = sending_end(descriptor, self.send_path, is_pipe)
        except BaseException:
            os.close(descriptor)
            raise
        transport = ReportTransport(protocol, descriptor, sending)
        if first:
            protocol.data_received(first)
        return transport


class ReportTransport(DescriptorTransport):
    """Each read is one report, and so is each write.

    A hidraw device's `write` waits for the USB transfer, up to 5 s if the device stalls, so it
    is done in a thread, one at a time; the descriptor closes when the last one has ended.
    """

    def __init__(self, protocol: asyncio.Protocol, reading: int, sending: int | None) -> None:
        self._sending = sending
        self._waiting: deque[bytes] = deque()
        self._under_way: asyncio.Future[int] | None = None
        super().__init__(protocol, reading)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data` as one report; after the end, or with nobody to hear it, it is dropped."""
        if self._closing or self._sending is None or not data:
            return
        self._waiting.append(bytes(data))
        self._send_next()
        if len(self._waiting) > WAITING_REPORTS_MAX and not self._full:
            self._full = True
            self._protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the device has not taken yet."""
        return sum(map(len, self._waiting))

    def _send_next(self) -> None:
        if self._under_way is None and self._waiting:
            assert self._sending is not None
            report = self._waiting.popleft()
            self._under_way = self._loop.run_in_executor(None, os.write, self._sending, report)
            self._under_way.add_done_callback(self._sent)

    def _sent(self, done: asyncio.Future[int]) -> None:
        self._under_way = None
        error = None if done.cancelled() else done.exception()
        if self._over:
            self._close_sending()
        elif isinstance(error, OSError):
            self._end(error)
        else:
            self._go_on()

    def _go_on(self) -> None:
        self._send_next()
        if self._full and len(self._waiting) <= WAITING_REPORTS_MAX // 4:
            self._full = False
            self._protocol.resume_writing()
        if self._closing and self._under_way is None:
            self._end(None)

    def close(self) -> None:
        """Deliver what was written, then end."""
        if not self._closing:
            self._closing = True
            self._loop.remove_reader(self._reading)
            if self._under_way is None:
                self._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self._over:
            self._waiting.clear()
            super()._end(error)
            if self._under_way is None:
                self._close_sending()

    def _close_sending(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            os.close(sending)


def _report_descriptor(descriptor: int, path: str) -> bytes:
    try:
        size = fcntl.ioctl(descriptor, HIDIOCGRDESCSIZE, struct.pack("=i", 0))
        # A buffer, not bytes: Python passes no more than 1024 of those to an ioctl.
        asked = bytearray(DESCRIPTOR.pack(*struct.unpack("=i", size), b""))
        fcntl.ioctl(descriptor, HIDIOCGRDESC, asked)
        length, value = DESCRIPTOR.unpack(asked)
    except OSError as error:
        raise refused(path, "a hidraw device", error) from error
    return bytes(value[:length])


def hidraw_at_url(url: str, wire: Mapping[str, object]) -> Link:
    """Return the link that `hidraw:...` names."""
    return HidrawLink(*at_url(url, wire))


SCHEME = Scheme(
    example="hidraw:05e0:1300", carries=("reports",), options=OPTIONS, link=hidraw_at_url
)
