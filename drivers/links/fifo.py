"""Named pipes (fifo(7)): a program on this machine stands where a serial port would be."""

import asyncio
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from drivers.codec import LinkLost
from drivers.links.descriptor import READ_BYTES_MAX, DescriptorTransport
from drivers.links.link import STREAM_OPTIONS, Link, Scheme, check, reason, text
from drivers.links.serial import check_stream_options


@dataclass(frozen=True, slots=True)
class FifoLink:
    """What a program writes into the pipe at `path`; what is for it goes into `send_path`.

    Without `send_path` nothing can be sent. The link is lost when the program closes its end.
    """

    path: str
    send_path: str = ""

    def __post_init__(self) -> None:
        """Refuse what names no file."""
        for path in filter(None, (self.path, self.send_path)):
            check(path.startswith("/"), f"path {path!r} must start with /")
        check(bool(self.path), "a pipe needs a path, as in fifo:/run/scanner")

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`. What the pipe had buffered before is discarded."""
        reading = _opened(self.path, os.O_RDONLY)
        try:
            writing = _opened(self.send_path, os.O_WRONLY) if self.send_path else None
            with suppress(BlockingIOError):
                while os.read(reading, READ_BYTES_MAX):
                    pass
        except BaseException:
            os.close(reading)
            raise
        return DescriptorTransport(protocol, reading, writing)


def _opened(path: str, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:  # ENXIO: nobody reads what we would write
        raise LinkLost(f"{path}: {reason(error)}") from error
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LinkLost(f"{path} is not a named pipe")
    return descriptor


def at_url(url: str, wire: Mapping[str, object]) -> Link:
    """Return the link that `fifo:/path` names, with its option `send_path`."""
    check_stream_options({key: value for key, value in wire.items() if key in STREAM_OPTIONS})
    send_path = text("send_path", wire["send_path"]) if "send_path" in wire else ""
    return FifoLink(url.removeprefix("fifo:"), send_path)


SCHEME = Scheme(
    example="fifo:/run/scanner", carries=("stream",),
    options=(*STREAM_OPTIONS, "send_path"), link=at_url,
)  # fmt: skip
