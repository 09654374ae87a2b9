"""From a TOML file to a `Config`, or to everything that is wrong with the file at once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from edge.config.checks import cross_check
from edge.config.devices import read_device
from edge.config.doors import Http, Mqtt
from edge.config.findings import ConfigError, Finding
from edge.config.reader import Reader, Table
from edge.config.sections import (
    Cashier,
    Cloud,
    Config,
    Device,
    Disk,
    Lane,
    Secrets,
    Store,
    Terminal,
)

FILE_BYTES_MAX = 1 << 20
SINGLE: Mapping[str, type[Any]] = {
    "store": Store,
    "secrets": Secrets,
    "cloud": Cloud,
    "disk": Disk,
    "mqtt": Mqtt,
    "http": Http,
}
NAMED = ("terminal", "staff", "device", "lane")


def load(path: Path) -> Config:
    """Read the configuration at `path`. Raises `ConfigError` with all findings."""
    reader = Reader(path.absolute().parent)
    tables = _parse(path)
    reader.refuse_unknown("", tables, (*SINGLE, *NAMED))
    parts: dict[str, Any] = {
        name: reader.section(kind, name, tables.get(name)) for name, kind in SINGLE.items()
    }
    parts["terminals"] = _named(reader, tables, "terminal", Terminal)
    parts["staff"] = _named(reader, tables, "staff", Cashier)
    parts["lanes"] = _named(reader, tables, "lane", Lane)
    parts["devices"] = _devices(reader, tables)
    findings = [*reader.findings, *cross_check(parts)]
    if findings:
        raise ConfigError(*findings)
    return Config(**parts)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file, but for the options of each driver."""
    schemas, definitions = msgspec.json.schema_components(
        [*SINGLE.values(), Terminal, Cashier, Lane], schema_hook=_schema_of
    )
    for name in ("Terminal", "Cashier", "Lane"):
        definition = definitions[name]
        del definition["properties"]["id"]
        definition["required"].remove("id")
    *singles, terminal, cashier, lane = schemas
    properties = dict(zip(SINGLE, singles, strict=True))
    properties |= {
        "terminal": {"type": "object", "additionalProperties": terminal},
        "staff": {"type": "object", "additionalProperties": cashier},
        "lane": {"type": "object", "additionalProperties": lane},
        "device": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"driver": {"type": "string"}, "url": {"type": "string"}},
                "required": ["driver", "url"],
            },
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": ["store", "secrets", "cloud"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _schema_of(kind: type) -> dict[str, Any]:
    assert kind in (Path, ZoneInfo), kind
    return {"type": "string"}


def _parse(path: Path) -> Table:
    where = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise ConfigError(Finding(where, what, "give the path of a TOML file")) from None
    if len(raw) > FILE_BYTES_MAX:
        what = f"is larger than {FILE_BYTES_MAX} bytes"
        raise ConfigError(Finding(where, what, "give the path of a TOML file"))
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 (at line {line})"
        raise ConfigError(Finding(where, what, "save the file as UTF-8")) from None
    except tomllib.TOMLDecodeError as error:
        fix = "put that line right; see https://toml.io for the syntax"
        raise ConfigError(Finding(where, f"is not TOML: {error}", fix)) from None
    except RecursionError:
        fix = "write flat sections only"
        raise ConfigError(Finding(where, "is nested too deep", fix)) from None


def _named(reader: Reader, tables: Table, name: str, kind: type[Any]) -> dict[str, Any]:
    found = {}
    for key, table in reader.tables(name, tables.get(name, {})):
        section = reader.section(kind, f"{name}.{key}", table, id=key)
        if section is not None:
            found[key] = section
    return found


def _devices(reader: Reader, tables: Table) -> dict[str, Device]:
    devices = {}
    for name, table in reader.tables("device", tables.get("device", {})):
        device = read_device(reader, name, table)
        if device is not None:
            devices[name] = device
    return devices
