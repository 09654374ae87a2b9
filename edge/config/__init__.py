"""A store's configuration: one TOML file, read once, checked completely, then never changed."""

from edge.config.findings import ConfigError, Finding, render
from edge.config.keys import create_key, read_key, read_or_create_box_key, read_phone_key
from edge.config.reading import load, schema
from edge.config.sections import (
    Cloud,
    Config,
    Device,
    Disk,
    Http,
    Lane,
    Mqtt,
    Secrets,
    Store,
    Terminal,
)

__all__ = [
    "Cloud",
    "Config",
    "ConfigError",
    "Device",
    "Disk",
    "Finding",
    "Http",
    "Lane",
    "Mqtt",
    "Secrets",
    "Store",
    "Terminal",
    "create_key",
    "load",
    "read_key",
    "read_or_create_box_key",
    "read_phone_key",
    "render",
    "schema",
]
