"""A device's section becomes a device."""

from collections.abc import Callable
from functools import partial
from typing import Any

import drivers
from drivers.device import Device
from drivers.links import Link, from_url
from edge import config as settings


def start_device(
    section: settings.Device, say: Callable[[Any], None], link: Link | None = None
) -> Device:
    """Return the device of this section, to be run; on another wire than its own if one is given.

    Raises BadSettings.
    """
    driver = drivers.load(section.driver)
    wire = from_url(section.url, **section.wire) if link is None else link
    codec_factory = partial(driver.codec, section.settings)
    return Device(section.name, wire, codec_factory, say, driver.link)
