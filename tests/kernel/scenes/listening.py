"""A device of ours inside the machine, what it says, and how the outside is asked for help."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import drivers
from drivers.device import Device
from drivers.links import Link


def outside(do: str, **more: str) -> None:
    """Ask for something to be done outside of the machine."""
    print("HOST " + json.dumps({"do": do, **more}), flush=True)


class Heard:
    """What a device says, in order."""

    def __init__(self) -> None:
        self.device: Device | None = None
        self._said = asyncio.Queue[Any]()
        self._loop = asyncio.get_running_loop()

    def say(self, event: object) -> None:
        """Take what the device says."""
        self._said.put_nowait(event)

    async def next(self) -> Any:
        """Return the next thing it says."""
        return await self._said.get()

    async def state(self, wanted: str) -> float:
        """Return the seconds until it is in a state; what else it says meanwhile is a mistake."""
        since = self._loop.time()
        event = await self.next()
        assert getattr(event, "state", None) == wanted, f"{event} where {wanted} was due"
        return round(self._loop.time() - since, 2)


@asynccontextmanager
async def listening(driver_name: str, link: Link, **settings: Any) -> AsyncIterator[Heard]:
    """Run a device on a link, as the box runs it."""
    driver = drivers.load(driver_name)
    heard = Heard()
    codec = partial(driver.codec, driver.settings(**settings))
    device = heard.device = Device(driver_name, link, codec, heard.say)
    task = asyncio.create_task(device.run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def until(found: Callable[[], Path | None]) -> Path:
    """Return what appears below /dev or /sys, looking again until it is there."""
    while (path := found()) is None:
        await asyncio.sleep(0.05)
    return path
