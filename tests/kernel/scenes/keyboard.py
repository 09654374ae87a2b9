"""A scanner that poses as a keyboard: grabbed, so that nobody else reads what it types."""

import os
import select
import struct
from pathlib import Path
from typing import Any

from drivers.events import Scan
from drivers.keyboard_scanner import Settings
from drivers.links import from_url
from simulators.keyboard_scanner import Device
from tests.kernel.scenes.listening import listening, until
from tests.kernel.scenes.making import Keyboard
from tests.kernel.scenes.plugging import CODE, plugging, scan

PRODUCT = 0x1200
URL = f"input:{Keyboard.VENDOR:04x}:{PRODUCT:04x}"


async def keyboard(root: Path) -> dict[str, Any]:
    """Scan, unplug, replug; and see that a second reader of the same keyboard gets nothing."""
    found = await plugging(
        "keyboard_scanner", URL, lambda: Keyboard("scanner", PRODUCT),
        lambda: Keyboard("stranger", PRODUCT + 1), Device(Settings()),
    )  # fmt: skip
    return {**found, "keys_to_others": await _keys_to_others()}


async def _keys_to_others() -> int:
    """Return how many events another program gets while we read: it must be none."""
    plug = Keyboard("scanner", PRODUCT)
    other = os.open(await until(plug.path), os.O_RDONLY | os.O_NONBLOCK)
    async with listening("keyboard_scanner", from_url(URL)) as scanner:
        await scanner.state("ready")
        scan(plug, Device(Settings()))
        assert await scanner.next() == Scan(CODE)
        readable, _, _ = select.select([other], [], [], 0)
        count = len(os.read(other, 1 << 16)) // struct.calcsize("llHHi") if readable else 0
    os.close(other)
    plug.pull()
    assert count == 0, f"another program got {count} events of a grabbed keyboard"
    return count
