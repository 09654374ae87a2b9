"""Reads a [device.name] section: the section's name, the driver's file and the device are one."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from msgspec.structs import fields

import drivers
from drivers.codec import BadSettings, Driver
from drivers.links import from_url, scheme
from edge.config.reader import Reader, Table
from edge.config.sections import Device


def read_device(reader: Reader, name: str, table: Table) -> Device | None:
    """Read one device: `driver`, `url`, and the options of its driver and of its link.

    An option that neither of them reads is a finding.
    """
    path = f"device.{name}"
    driver_name, url = _text(reader, path, table, "driver"), _text(reader, path, table, "url")
    driver = _driver(reader, path, driver_name) if driver_name else None
    if driver is None or driver_name is None or url is None:
        return None
    before = len(reader.findings)
    own = {field.name for field in fields(driver.settings)}
    wires = _wire_options(reader, path, driver, url)
    reader.refuse_unknown(path, table, {"driver", "url", *own, *wires})
    options = {key: value for key, value in table.items() if key in own}
    settings = reader.section(driver.settings, path, options)
    given = {**driver.wire, **table}
    wire = {key: _resolved(reader, f"{path}.{key}", value)
            for key, value in given.items() if key in wires}  # fmt: skip
    try:
        from_url(url, **wire)
        if settings is not None:
            driver.codec(settings)
    except BadSettings as error:
        reader.blame(path, str(error), "put the url or that option right")
    if len(reader.findings) > before:
        return None
    return Device(name=name, driver=driver_name, url=url, settings=settings, wire=wire)


def _wire_options(reader: Reader, path: str, driver: Driver[Any], url: str) -> Collection[str]:
    """Return the options of the wire that the URL names; what `from_url` blames is none."""
    try:
        wire = scheme(url)
    except BadSettings:
        return ()
    if driver.link not in wire.carries:
        what = f"{url!r} carries {' or '.join(wire.carries)}, and this driver needs {driver.link}"
        reader.blame(f"{path}.url", what, "give the url of another kind of wire, or another driver")
    return wire.options


def _resolved(reader: Reader, path: str, value: object) -> object:
    """Return a link's option; a file's path starts from the folder of the configuration."""
    is_file = path.endswith("_file") and isinstance(value, str) and value
    return str(reader.value(path, Path, value)) if is_file else value


def _text(reader: Reader, path: str, table: Table, key: str) -> str | None:
    hint = {"driver": 'a driver such as "lines_scanner"', "url": "where the device is"}[key]
    value = table.get(key)
    if isinstance(value, str) and value:
        return value
    reader.blame(f"{path}.{key}", "is missing or is not a text", f"give {hint}")
    return None


def _driver(reader: Reader, path: str, name: str) -> Driver[Any] | None:
    if name in drivers.available():
        return drivers.load(name)
    fix = f"use one of: {', '.join(drivers.available())}"
    reader.blame(f"{path}.driver", f'there is no driver "{name}"', fix)
    return None
