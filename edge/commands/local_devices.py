"""Devices asked through the running box, or, where none runs, opened for as long as they are asked.

Either way it is the same question and the same answer.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from drivers.codec import BadSettings
from drivers.device import Device
from edge import config as settings
from edge.commands.live import Live, NotRunning, Problem
from edge.commands.shared import EXIT_USAGE, stop
from edge.desk.answer import OK
from edge.devices import DeviceRoom, start_device

Ask = Callable[[str, dict[str, Any]], bytes]
"""Asks one operation of the device room; raises Problem for a no, OSError if the box is gone."""

OPENING_SECONDS_MAX = 3.0
"""How long a device of ours may take to open before it is asked anyway."""


@contextmanager
def ask_devices(config: settings.Config) -> Iterator[Ask]:
    """Yield what answers about the devices of this configuration."""
    try:
        with Live(config.store.state_dir) as box:
            yield box.ask
            return
    except NotRunning:
        pass
    with asyncio.Runner() as runner:
        local = _Local(config)
        runner.run(local.open())
        try:
            yield lambda operation, request: runner.run(local.ask(operation, request))
        finally:
            runner.run(local.close())


def known(config: settings.Config, name: str) -> None:
    """Stop if there is no device of this name; "" stands for all."""
    if name and name not in config.devices:
        names = ", ".join(config.devices) or "none: add a [device.name] section"
        stop(EXIT_USAGE, f"there is no device {name!r}", f"use one of: {names}")


class _Local:
    """The configured devices, run by this process."""

    def __init__(self, config: settings.Config) -> None:
        self._config = config
        self._devices: dict[str, Device] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._tried = asyncio.Event()

    async def open(self) -> None:
        sections = self._config.devices
        self._devices = {name: start_device(one, self._heard) for name, one in sections.items()}
        self._room = DeviceRoom(sections, self._devices, self._config.store.lang)
        self._tasks = [asyncio.create_task(_run(device)) for device in self._devices.values()]
        self._heard(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(OPENING_SECONDS_MAX):
                await self._tried.wait()

    def _heard(self, _: object) -> None:
        """Take note that a device said something; what, the device room hears by itself."""
        if all(device.state.state != "closed" for device in self._devices.values()):
            self._tried.set()

    async def ask(self, operation: str, request: dict[str, Any]) -> bytes:
        answer = await self._room.handle(operation, msgspec.json.encode(request))
        if answer.status != OK:
            raise Problem(msgspec.json.decode(answer.body))
        return answer.body

    async def close(self) -> None:
        self._room.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _run(device: Device) -> None:
    with suppress(BadSettings):  # its state says so
        await device.run()
