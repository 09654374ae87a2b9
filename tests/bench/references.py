"""What a sale is measured against: the disk, a broker and a web server that do nothing else."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from simulators.premises import free_ports
from tests.bench.load import Sample, sample

BLOCK_BYTES = 8192
FILE_BYTES = 8 << 20
ANSWER_SECONDS_MAX = 10.0


class Far(NamedTuple):
    """A process to be measured against: where it listens, and who it is."""

    port: int
    pid: int


class Disk:
    """R1: one block into a file that has its size already, and onto the disk."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / "reference.bin", os.O_RDWR | os.O_CREAT, 0o600)
        os.write(self._descriptor, bytes(FILE_BYTES))
        os.fsync(self._descriptor)
        self._offset = 0

    def measure(self, seconds: float) -> Sample:
        """Write and flush for so long."""
        block, taken = os.urandom(BLOCK_BYTES), []
        until = (began := perf_counter()) + seconds
        while (asked := perf_counter()) < until:
            os.pwrite(self._descriptor, block, self._offset)
            os.fdatasync(self._descriptor)
            taken.append(perf_counter() - asked)
            self._offset = (self._offset + BLOCK_BYTES) % FILE_BYTES
        return sample(taken, perf_counter() - began, len(taken))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


@asynccontextmanager
async def mosquitto(folder: Path, access: str = "allow_anonymous true") -> AsyncIterator[Far]:
    """Run a broker of our own on a free port, without Nagle; the best a broker can do.

    `access` are the lines of its configuration that say who comes in, and how.
    """
    (port,) = free_ports(1)
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nset_tcp_nodelay true\nlog_type error\nuser root\n{access}\n"
    )
    process = await asyncio.create_subprocess_exec("mosquitto", "-c", str(settings))
    try:
        await _answers(port)
        yield Far(port, process.pid)
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def echo(kind: str, port: int = 0) -> AsyncIterator[Far]:
    """Run an echo (see `tests.bench.echo`) as a process of its own, as the box is one."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.echo", kind, str(port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            line = await process.stdout.readline()
        yield Far(int(line), process.pid)
    finally:
        process.terminate()
        await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return
