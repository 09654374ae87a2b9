"""A bad wire: a TCP proxy on loopback that delays, swallows, cuts, resets and garbles.

It knows nothing of what it carries. `Proxy.fault` may be changed at any time and holds for all
connections from then on; one that has lost bytes stays dead until an end gives it up.
"""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

READ_BYTES = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER for no time at all: what closes so sends a reset (RFC 9293 section 3.10.4)."""

Way = Literal["up", "down"]
BOTH: frozenset[Way] = frozenset({"up", "down"})
UP: frozenset[Way] = frozenset({"up"})
DOWN: frozenset[Way] = frozenset({"down"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What a wire does to bytes on these ways; "up" is towards the server.

    Bytes go on in pieces of at most `piece_bytes`, each after `delay_seconds`. Some of them pass,
    drawn for each connection up to `after_bytes_max`, and `then` it happens: silence (what comes
    is swallowed, and the line stays open), reset, close, or garbage in the place of each byte.
    """

    name: str
    ways: frozenset[Way] = BOTH
    delay_seconds: float = 0.0
    piece_bytes: int = READ_BYTES
    then: Literal["", "silence", "reset", "close", "garbage"] = ""
    after_bytes_max: int = 0


CLEAR = Fault("clear")
FAULTS = (
    Fault("latency", delay_seconds=0.15),
    Fault("stalls", delay_seconds=0.044, piece_bytes=1448),
    Fault("half open", then="silence"),
    Fault("answers lost", DOWN, then="silence", after_bytes_max=400),
    Fault("reset", then="reset", after_bytes_max=1500),
    Fault("reset answers", DOWN, then="reset", after_bytes_max=400),
    Fault("cut", UP, then="close", after_bytes_max=3000),
    Fault("cut answers", DOWN, then="close", after_bytes_max=400),
    Fault("garbage", UP, then="garbage", after_bytes_max=3000),
    Fault("garbled answers", DOWN, then="garbage", after_bytes_max=400),
)
"""Latency, the stalls of a delayed acknowledgement that meets Nagle, and worse.

The answer to a batch is longer than 400 bytes: it is cut, or garbled, after the cloud has recorded
what it acknowledges.
"""


class Proxy:
    """One wire; `struck` counts, by the faults' names, how often something was done to bytes."""

    def __init__(self, luck: random.Random) -> None:
        self.fault = CLEAR
        self.struck: Counter[str] = Counter()
        self._luck = luck
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def before(self, url: str) -> AsyncIterator[str]:
        """Stand before the server at `url`; yields the URL that leads through here."""
        far = urlsplit(url)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            with suppress(OSError, asyncio.CancelledError):
                await self._carry(reader, writer, far.hostname or "", far.port or 80)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"{far.scheme}://{host}:{port}"
        finally:
            server.close()
            for task in [*self._connections]:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """Carry both ways until one ends; then both ends are told in the same way."""
        pumps: list[asyncio.Task[bool]] = []
        writers, is_reset = [writer], False
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
            writers.append(far_writer)
            pumps = [
                asyncio.create_task(self._pump(reader, far_writer, "up")),
                asyncio.create_task(self._pump(far_reader, writer, "down")),
            ]
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            is_reset = any(pump.result() for pump in done)
        finally:
            for pump in pumps:
                pump.cancel()
            for one in writers:
                _hang_up(one, reset=is_reset)
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way
    ) -> bool:
        """Carry one way until it ends; return whether by a reset."""
        fault, left = CLEAR, 0
        with suppress(ConnectionError):
            while data := await source.read(READ_BYTES):
                if self.fault is not fault:
                    fault = self.fault
                    left = self._luck.randint(0, fault.after_bytes_max)
                if way not in fault.ways:
                    await _write(sink, data, CLEAR)
                    continue
                passing = len(data) if not fault.then else min(left, len(data))
                left -= min(left, passing)
                await _write(sink, data[:passing], fault)
                if passing < len(data) or fault.delay_seconds:
                    self.struck[fault.name] += 1
                if passing == len(data):
                    continue
                match fault.then:
                    case "garbage":
                        await _write(sink, self._luck.randbytes(len(data) - passing), fault)
                    case "silence":
                        while await source.read(READ_BYTES):
                            continue
                        return False
                    case how:
                        return how == "reset"
        return False


async def _write(sink: asyncio.StreamWriter, data: bytes, fault: Fault) -> None:
    for begin in range(0, len(data), fault.piece_bytes):
        await asyncio.sleep(fault.delay_seconds)
        sink.write(data[begin : begin + fault.piece_bytes])
        await sink.drain()


def _hang_up(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """Close one end: in good order after what was written, or by a reset."""
    if not reset:
        writer.close()
        return
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
