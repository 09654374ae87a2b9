"""A real mosquitto on loopback, with the files the box has written for it."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edge.certificates import CA_FILE
from edge.config import Config
from edge.doors.broker_probe import BOX
from simulators.premises import free_ports

MOSQUITTO = "/usr/sbin/mosquitto"


class Mosquitto:
    """A broker that can be killed and started again on the same port."""

    def __init__(self, folder: Path, tls: Path | None = None) -> None:
        """`tls` is the folder of the box's own authority, if the broker is to be encrypted."""
        self.folder, self._tls = folder / "broker", tls
        (self.port,) = free_ports(1)
        self._process: Process | None = None

    def adjust(self, config: Config, **changes: Any) -> Config:
        """Let a box come to this broker."""
        mqtt = replace(
            config.mqtt,
            broker=f"mqtt{'s' if self._tls else ''}://localhost:{self.port}",
            broker_ca_file=self._tls / CA_FILE if self._tls else None,
            broker_password_file=self.folder / f"{BOX}.password",
            **changes,
        )
        return replace(config, mqtt=mqtt)

    def change(self, old: str, new: str) -> None:
        """Change the configuration as a careless owner would."""
        path = self.folder / "mosquitto.conf"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def remember(self) -> None:
        """Configure it as brokers often are: what it retains outlives it."""
        folder = self.folder / "data"
        folder.mkdir(exist_ok=True)
        self.change("persistence false", f"persistence true\npersistence_location {folder}/")

    async def start(self) -> None:
        """Start, and wait until it listens."""
        path = self.folder / "mosquitto.conf"
        if "user root" not in path.read_text():
            path.write_text(path.read_text() + "user root\n")
        self._process = await asyncio.create_subprocess_exec(
            MOSQUITTO, "-c", path, stdout=DEVNULL, stderr=DEVNULL
        )
        async with asyncio.timeout(60):
            while not await self._listens():
                await asyncio.sleep(0.02)

    async def save(self, *said: bytes) -> None:
        """Have it write down what it retains, until all of `said` is on its disk."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        path = self.folder / "data" / "mosquitto.db"
        async with asyncio.timeout(60):
            while not path.exists() or not all(one in path.read_bytes() for one in said):
                await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """Kill it, as a power cut would."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, "mosquitto did not start"
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return False
