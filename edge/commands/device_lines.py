"""Devices as lines of text."""

from collections.abc import Mapping, Sequence
from typing import Any

from drivers.links.plugged import Plugged


def listed(device: Mapping[str, Any]) -> str:
    """Return one configured device of a running box."""
    ago = device["heard_seconds_ago"]
    heard = "never heard" if ago is None else f"heard {ago:.0f} s ago"
    reason = f" ({device['reason']})" if device["reason"] else ""
    counts = ", ".join(f"{name} {count}" for name, count in device["statistics"].items() if count)
    first = f"{device['name']:16} {device['state']}{reason}, {heard}"
    return f"{first}\n{'':16} {device['driver']} at {device['url']}" + (
        f"\n{'':16} {counts}" if counts else ""
    )


def plugged(found: Plugged, used_by: str) -> str:
    """Return one device of the machine, and the name of the section that uses it."""
    port = f" in USB port {found.port}" if found.port else ""
    use = f"used by {used_by}" if used_by else "not used"
    return f"{found.url:32} {found.name or 'without a name'}{port}, {found.path}: {use}"


def used_by(found: Plugged, urls: Mapping[str, str]) -> str:
    """Return the configured device that means this one; "" if none does."""
    own = {found.url, str(found.path), f"{found.wire}:{found.identity}"}
    own |= {f"{found.wire}:{found.identity}@{found.port}", f"{found.wire}:{found.path}"}
    return next((name for name, url in urls.items() if url in own), "")


def section(name: str, url: str, driver: str, options: Mapping[str, object]) -> str:
    """Return a device's section, to be put into the configuration."""
    lines = [f"[device.{name}]", f'driver = "{driver}"', f'url = "{url}"']
    return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in options.items())])


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04X}"
                              for c in value)  # fmt: skip
            return f'"{escaped}"'
    return str(value)


def told(event: Mapping[str, Any]) -> str:
    """Return one event."""
    return f"{event['device']:16} {event['event']:18} {event['text']}"


def verdict(device: str, checks: Sequence[Mapping[str, Any]]) -> str:
    """Return what the health checks of a device found."""
    return "\n".join(
        f"{device:16} {check['level']:12} {'ok' if check['healthy'] else 'NO'}  {check['text']}"
        for check in checks
    )
