"""The scenes: one kind of device each, plugged in, used, pulled and plugged in again.

A scene returns what it found, as JSON can hold it, and raises when something is not as promised.
It gets the folder in which the kernel's and udev's packages are unpacked.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.kernel.scenes.card_reader import card_reader
from tests.kernel.scenes.hid_pos import hid_pos
from tests.kernel.scenes.keyboard import keyboard
from tests.kernel.scenes.serial import serial

Scene = Callable[[Path], Awaitable[dict[str, Any]]]

SCENES: dict[str, Scene] = {
    "keyboard": keyboard, "hid_pos": hid_pos, "serial": serial, "card_reader": card_reader
}  # fmt: skip
