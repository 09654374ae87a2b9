"""A scanner in HID-POS mode, whose reports come through the kernel's hidraw."""

from pathlib import Path
from typing import Any

from drivers.hid_pos_scanner import Settings
from simulators.hid_pos_scanner import SCANNER, Device
from tests.kernel.scenes.making import HidDevice
from tests.kernel.scenes.plugging import plugging

PRODUCT = 0x1300


async def hid_pos(root: Path) -> dict[str, Any]:
    """Scan, unplug, replug and scan."""
    return await plugging(
        "hid_pos_scanner", f"hidraw:{HidDevice.VENDOR:04x}:{PRODUCT:04x}",
        lambda: HidDevice("HID-POS", PRODUCT, SCANNER),
        lambda: HidDevice("stranger", PRODUCT + 1, SCANNER), Device(Settings()),
    )  # fmt: skip
