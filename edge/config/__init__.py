"""A store's configuration: one TOML file, read once, checked completely, then never changed."""

from edge.config.doors import Http, Listener, Mqtt
from edge.config.findings import ConfigError, Finding, render
from edge.config.keys import (
    PHONE_KEY_BYTES_MIN,
    create_key,
    create_phone_key,
    read_key,
    read_or_create_box_key,
    read_phone_key,
    read_secret,
)
from edge.config.reading import load, schema
from edge.config.sections import (
    Cashier,
    Cloud,
    Config,
    Device,
    Disk,
    Kind,
    Lane,
    Right,
    Secrets,
    StaffRight,
    Store,
    Terminal,
)
from edge.config.values import Id, Lang

__all__ = [
    "PHONE_KEY_BYTES_MIN",
    "Cashier",
    "Cloud",
    "Config",
    "ConfigError",
    "Device",
    "Disk",
    "Finding",
    "Http",
    "Id",
    "Kind",
    "Lane",
    "Lang",
    "Listener",
    "Mqtt",
    "Right",
    "Secrets",
    "StaffRight",
    "Store",
    "Terminal",
    "create_key",
    "create_phone_key",
    "load",
    "read_key",
    "read_or_create_box_key",
    "read_phone_key",
    "read_secret",
    "render",
    "schema",
]
