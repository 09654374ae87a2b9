"""What must hold between sections: names that meet, doors that stay inside, keys kept apart."""

import ipaddress
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from edge.config.findings import Finding
from edge.config.sections import Cloud, Device, Lane, Listener, Secrets, Store, Terminal

RESERVED = ("box", "dev")
"""Names in topics that are not terminals."""
TILL_COMMANDS = "EDGE:"
"""The beginning of the barcodes that steer a lane's till."""


def cross_check(parts: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong between sections. A section that could not be read is None."""
    store, cloud = parts["store"], parts["cloud"]
    if store is not None:
        yield from _check_prefixes(store)
    if store is not None and parts["secrets"] is not None:
        yield from _check_secrets(store, parts["secrets"])
    if cloud is not None:
        yield from _check_cloud(cloud)
    for name in ("mqtt", "http"):
        if parts[name] is not None:
            yield from _check_listener(name, parts[name])
    if parts["mqtt"] is not None and parts["http"] is not None:
        yield from _check_apart(parts["mqtt"], parts["http"])
    yield from _check_terminals(parts["terminals"], parts["lanes"])
    yield from _check_lanes(parts["lanes"], parts["devices"])


def is_loopback(host: str) -> bool:
    """Tell whether only this computer can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_prefixes(store: Store) -> Iterator[Finding]:
    named = [("card_prefixes", prefix) for prefix in store.card_prefixes]
    named += [("coupon_prefixes", prefix) for prefix in store.coupon_prefixes]
    named.append(("till commands", TILL_COMMANDS))
    for (one_name, one), (other_name, other) in combinations(named, 2):
        if one_name != other_name and (one.startswith(other) or other.startswith(one)):
            what = f'"{one}" overlaps "{other}" of {other_name}: one code would be two things'
            yield Finding(f"store.{one_name}", what, "choose beginnings that differ")


def _check_secrets(store: Store, secrets: Secrets) -> Iterator[Finding]:
    state = store.state_dir.resolve()
    for name in ("box_key_file", "phone_key_file"):
        if getattr(secrets, name).resolve().is_relative_to(state):
            what = "lies inside state_dir, so every backup would carry the secret"
            yield Finding(f"secrets.{name}", what, "keep it in a folder beside state_dir")


def _check_cloud(cloud: Cloud) -> Iterator[Finding]:
    try:
        parts = urlsplit(cloud.url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        yield Finding("cloud.url", "is not a URL", "write it like https://cloud.example")
        return
    if parts.scheme != "https" and not is_loopback(host):
        what = "is not encrypted, and the cloud is not on this computer"
        yield Finding("cloud.url", what, "use an https:// address")


def _check_listener(name: str, section: Listener) -> Iterator[Finding]:
    path = f"{name}.listen"
    if not is_loopback(section.host):
        what = f'"{section.host}" can be reached from outside: pairing and TLS come first'
        yield Finding(path, what, f'listen on "127.0.0.1:{section.port}" until then')
    if section.port > 65535:
        yield Finding(path, f"there is no port {section.port}", "give a port from 0 to 65535")


def _check_apart(mqtt: Listener, http: Listener) -> Iterator[Finding]:
    if mqtt.listen == http.listen and mqtt.port != 0:
        yield Finding("http.listen", "mqtt listens there already", "give each door its own port")


def _check_terminals(
    terminals: Mapping[str, Terminal], lanes: Mapping[str, Lane]
) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for name, terminal in terminals.items():
        path = f"terminal.{name}"
        if name in RESERVED:
            yield Finding(path, f'the name "{name}" is reserved', "give it another name")
        if terminal.lane is not None and terminal.lane not in lanes:
            what = f"there is no [lane.{terminal.lane}]"
            yield Finding(f"{path}.lane", what, _one_of("lane", lanes))
        owner = owners.setdefault(terminal.token_sha256, name)
        if owner != name:
            what = f'has the token of "{owner}": nobody could tell them apart'
            yield Finding(f"{path}.token_sha256", what, "give each terminal a token of its own")


def _check_lanes(lanes: Mapping[str, Lane], devices: Mapping[str, Device]) -> Iterator[Finding]:
    scanners: dict[str, str] = {}
    tills: dict[str, str] = {}
    for name, lane in lanes.items():
        path = f"lane.{name}"
        if lane.scanner not in devices:
            what = f"there is no usable [device.{lane.scanner}]"
            yield Finding(f"{path}.scanner", what, _one_of("device", devices))
        if lane.terminal in RESERVED:
            what = f'the name "{lane.terminal}" is reserved'
            yield Finding(f"{path}.terminal", what, "give it another name")
        if (owner := scanners.setdefault(lane.scanner, name)) != name:
            what = f'[lane.{owner}] has the scanner "{lane.scanner}" already'
            yield Finding(f"{path}.scanner", what, "give each lane a scanner of its own")
        if (owner := tills.setdefault(lane.terminal, name)) != name:
            what = f'[lane.{owner}] is called "{lane.terminal}" already'
            yield Finding(f"{path}.terminal", what, "give each lane a name of its own")


def _one_of(section: str, names: Mapping[str, object]) -> str:
    known = ", ".join(sorted(names))
    return f"use one of: {known}" if known else f"add that [{section}.name] section"
