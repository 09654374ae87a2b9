"""What a keyboard or a HID device is, and how it is set up: found out by trying, after one scan."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

import drivers
from drivers.codec import Driver
from drivers.events import Scan, Swiped

LAYOUTS: Final = ("us", "de", "fr", "jp")
SUFFIXES: Final = ("enter", "tab", "none")
REPORTING: Final = ("hid_pos_scanner", "magstripe_hid")

Found = tuple[str, Mapping[str, object]]
"""A driver, and its settings where they are not the defaults."""


def typed(events: bytes, text: str) -> Found | None:
    """Return what typed `text`, or a swipe, in these key events; None if nothing explains them."""
    for suffix, aim, layout in product(SUFFIXES, (False, True), LAYOUTS):
        given = {"layout": layout, "suffix": suffix, "aim": aim}
        heard = [one for one in _heard("keyboard_scanner", given, events) if isinstance(one, Scan)]
        if heard and all(one.text == text for one in heard):
            return "keyboard_scanner", _changed("keyboard_scanner", given)
    for suffix, lrc, layout in product(SUFFIXES, (False, True), LAYOUTS):
        given = {"layout": layout, "suffix": suffix, "lrc": lrc}
        if any(isinstance(one, Swiped) for one in _heard("magstripe_keyboard", given, events)):
            return "magstripe_keyboard", _changed("magstripe_keyboard", given)
    return None


def reporting(descriptor: bytes) -> Found | None:
    """Return which driver reads reports that are described like this; None if none does."""
    for name in REPORTING:
        driver = drivers.load(name)
        if not list(driver.codec(driver.settings()).receive(descriptor, 0.0)):
            return name, {}
    return None


def _heard(name: str, given: Mapping[str, object], events: bytes) -> Iterator[object]:
    driver: Driver[Any] = drivers.load(name)
    codec = driver.codec(driver.settings(**given))
    yield from codec.receive(events, 0.0)
    if codec.wake_at is not None:
        yield from codec.wake(codec.wake_at)


def _changed(name: str, given: Mapping[str, object]) -> Mapping[str, object]:
    default = drivers.load(name).settings()
    return {key: value for key, value in given.items() if getattr(default, key) != value}
