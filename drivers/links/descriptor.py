"""A transport over file descriptors: what the kernel offers as a file and `read` returns whole.

For pipes, and for devices such as hidraw and evdev, where each `read` is one report.
"""

import asyncio
import os
from typing import Any

from drivers.codec import LinkLost

READ_BYTES_MAX = 64 * 1024
BUFFER_BYTES_MAX = 64 * 1024
"""Above this much unsent data `pause_writing` is called, as asyncio does."""


class DescriptorTransport(asyncio.Transport):
    """Reads one descriptor and writes another, or the same; both are non-blocking, and ours now.

    `writing` is None for a wire that only listens: what is written to it is dropped. Each read is
    one `data_received`. The end of the file is a loss, since a device has no last word.
    """

    def __init__(
        self,
        protocol: asyncio.Protocol,
        reading: int,
        writing: int | None = None,
        read_bytes_max: int = READ_BYTES_MAX,
    ) -> None:
        super().__init__({"sockname": "descriptor"})
        self._loop = asyncio.get_running_loop()
        self._protocol: Any = protocol
        self._reading, self._writing = reading, writing
        self._read_bytes_max = read_bytes_max
        self._unsent = bytearray()
        self._full = self._closing = self._over = False
        protocol.connection_made(self)
        if not self._closing:
            self._loop.add_reader(reading, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._reading, self._read_bytes_max)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._end(LinkLost("the far end hung up"))

    # --- reading

    def pause_reading(self) -> None:
        """Leave what comes to the kernel until `resume_reading`."""
        if not self._closing:
            self._loop.remove_reader(self._reading)

    def resume_reading(self) -> None:
        """Read again."""
        if not self._closing:
            self._loop.add_reader(self._reading, self._read)

    # --- writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a copy of `data`; after the end, or with nobody to hear it, it is dropped."""
        if self._closing or self._writing is None or not data:
            return
        if not self._unsent:
            self._loop.add_writer(self._writing, self._flush)
        self._unsent += data
        self._flush()
        if len(self._unsent) > BUFFER_BYTES_MAX and not self._full:
            self._full = True
            self._protocol.pause_writing()

    def _flush(self) -> None:
        assert self._writing is not None
        try:
            sent = os.write(self._writing, self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        del self._unsent[:sent]
        if self._full and len(self._unsent) <= BUFFER_BYTES_MAX // 4:
            self._full = False
            self._protocol.resume_writing()
        if not self._unsent:
            self._loop.remove_writer(self._writing)
            if self._closing:
                self._end(None)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the far end has not taken yet."""
        return len(self._unsent)

    # --- the end

    def is_closing(self) -> bool:
        """Tell whether the end has begun."""
        return self._closing

    def close(self) -> None:
        """Deliver what was written, then end."""
        if not self._closing:
            self._closing = True
            self._loop.remove_reader(self._reading)
            if not self._unsent:
                self._end(None)

    def abort(self) -> None:
        """End now."""
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._over:
            return
        self._over = self._closing = True
        self._unsent.clear()
        self._loop.remove_reader(self._reading)
        if self._writing is not None:
            self._loop.remove_writer(self._writing)
            if self._writing != self._reading:
                os.close(self._writing)
        os.close(self._reading)
        self._loop.call_soon(self._protocol.connection_lost, error)
