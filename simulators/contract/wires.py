"""Every wire a driver can have, with its device at the far end; and what happens when it is cut.

The one place where a wire is registered: a function in `WIRES`, by the kind of wire it is.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, Final

from drivers.codec import Codec, Kind
from drivers.device import Device
from drivers.events import Fault, State
from simulators.contract.checks import Broken
from simulators.contract.kit import Kit
from simulators.far_end import FarEnd, OnFifo, OnPty, OnReports, OnTcp, in_memory

NOTICED_SECONDS_MAX: Final = 2.0
BACK_SECONDS_MAX: Final = 5.0
ANSWER_SECONDS_MAX: Final = 10.0
"""How long a machine that is busy with other things may take for what takes no time."""
SAID_MAX: Final = 100

Simulated = Callable[[], Codec[bytes]]
Wire = Callable[[Path, Simulated, Callable[[Any], None]], AbstractAsyncContextManager[FarEnd]]
"""Makes a device that is plugged into one such wire; the folder is for its files."""

WIRES: Final[Mapping[Kind, Mapping[str, Wire]]] = {
    "stream": {
        "memory": lambda _, device, say: in_memory(device, say),
        "pty": lambda folder, device, say: OnPty(folder / "by-id", device, say),
        "TCP": lambda _, device, say: OnTcp(device, say),
        "FIFO": lambda folder, device, say: OnFifo(folder / "pipe", device, say),
    },
    "reports": {
        "memory": lambda _, device, say: in_memory(device, say),
        "hidraw": lambda folder, device, say: OnReports(folder / "hidraw0", device, say),
    },
    "card": {"memory": lambda _, device, say: in_memory(device, say)},
}
"""By kind and name."""


class Hosted:
    """The host's end, running, and what it says. Use it as an async context manager."""

    def __init__(self, kit: Kit, far: FarEnd) -> None:
        driver, self.said = kit.driver, asyncio.Queue[Any](SAID_MAX)
        link = far.link(**driver.wire)
        codec_factory = partial(driver.codec, driver.settings())
        self.device = Device(kit.name, link, codec_factory, self.said.put_nowait, driver.link)

    async def __aenter__(self) -> "Hosted":
        self._task = asyncio.create_task(self.device.run(), name="host")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def next(self) -> Any:
        """Return what it says next."""
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return await self.said.get()

    async def expect(self, *words: object) -> None:
        """Wait until it has said just these words, and whatever states between them."""
        for word in words:
            heard = await self.next()
            while isinstance(heard, State) and not isinstance(word, State):
                heard = await self.next()
            if heard != word:
                raise Broken(f"expected {word!r}, heard {heard!r}")

    async def becomes(self, state: str) -> float:
        """Wait until it is in this state, and return how many seconds that took."""
        began = asyncio.get_running_loop().time()
        while not (isinstance(heard := await self.next(), State) and heard.state == state):
            if not isinstance(heard, State | Fault):
                raise Broken(f"expected the state {state}, heard {heard!r}")
        return asyncio.get_running_loop().time() - began


async def survives_replugs(kit: Kit, wire: Wire, folder: Path) -> None:
    """Check that a device is heard, noticed when it is pulled out, and heard when it is back."""
    device, heard = partial(kit.device, kit.driver.settings()), asyncio.Queue[Any]()
    async with wire(folder, device, heard.put_nowait) as far, Hosted(kit, far) as host:
        await host.becomes("ready")
        for _ in range(2):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await far.connected.wait()
            await _talk(kit, host, far, heard)
            await far.unplug()
            noticed = await host.becomes("lost")
            await far.plug()
            back = await host.becomes("ready")
            if noticed > NOTICED_SECONDS_MAX or back > BACK_SECONDS_MAX:
                raise Broken(f"noticed after {noticed:.1f} s, back after {back:.1f} s")


async def _talk(kit: Kit, host: Hosted, far: FarEnd, heard: asyncio.Queue[Any]) -> None:
    """Do something at one end and hear it at the other."""
    settings, luck = kit.driver.settings(), random.Random(0)
    for deed, said in kit.acts(settings, luck):
        far.command(deed)
        await host.expect(*(word for word in said if isinstance(word, kit.driver.says)))
        return
    for deed, said in kit.orders(settings, luck):
        if not host.device.tell(deed):
            raise Broken(f"{deed!r} could not be told")
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            while await heard.get() not in said:
                pass
        return
