"""What must hold between sections: names that meet, doors that stay inside, keys kept apart."""

import ipaddress
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from edge.config.doors import Listener, Mqtt
from edge.config.findings import Finding
from edge.config.sections import Cloud, Device, Lane, Secrets, Store, Terminal
from edge.config.weighed import check_weighed

RESERVED = ("box", "dev")
"""Names in topics that are not terminals."""
TILL_COMMANDS = "EDGE:"
"""The beginning of the barcodes that steer a lane's till, and of member codes."""
ADDRESSES = ("http://", "https://", "HTTP://", "HTTPS://")
PAY_CODES = ("10", "11", "12", "13", "14", "15", "25", "26", "27", "28", "29", "30", "62", "hQ")
"""How the codes of wallets begin: Alipay, WeChat Pay, UnionPay, and EMVCo's."""


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
            yield from _check_tls(name, parts[name], parts["secrets"])
    if parts["mqtt"] is not None:
        yield from _check_broker(parts["mqtt"])
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
    named += [("till commands", TILL_COMMANDS), *(("addresses", one) for one in ADDRESSES)]
    for (one_name, one), (other_name, other) in combinations(named, 2):
        if one_name != other_name and (one.startswith(other) or other.startswith(one)):
            what = f'"{one}" overlaps "{other}" of {other_name}: one code would be two things'
            yield Finding(f"store.{one_name}", what, "choose beginnings that differ")
    for prefix in store.coupon_prefixes:
        if paying := [code for code in PAY_CODES if code.startswith(prefix[:2])]:
            what = f'"{prefix}" begins as payment codes do ({", ".join(paying)})'
            yield Finding("store.coupon_prefixes", what, "choose another beginning")
    yield from check_weighed(store.weighed, store.card_prefixes, store.coupon_prefixes)


def _check_secrets(store: Store, secrets: Secrets) -> Iterator[Finding]:
    state = store.state_dir.resolve()
    for name in ("box_key_file", "phone_key_file", "tls_folder"):
        path = getattr(secrets, name)
        if path is not None and path.resolve().is_relative_to(state):
            what = "lies inside state_dir, so every backup would carry the secret"
            yield Finding(f"secrets.{name}", what, "keep it in a folder beside state_dir")


def _check_cloud(cloud: Cloud) -> Iterator[Finding]:
    if cloud.kind == "none":
        if cloud.url:
            what = 'is given, and cloud.kind is "none"'
            yield Finding("cloud.url", what, "leave one of them out")
        return
    if not cloud.url:
        yield Finding("cloud.url", "is missing", 'add it, or write kind = "none" for no cloud')
        return
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
    if not (is_loopback(section.host) or section.tls or section.allow_plain):
        what = f'"{section.host}" can be reached from outside, and is not encrypted'
        fix = f'set tls = true (edgebox tls init), or listen on "127.0.0.1:{section.port}"'
        yield Finding(path, what, fix)
    if section.port > 65535:
        yield Finding(path, f"there is no port {section.port}", "give a port from 0 to 65535")


def _check_tls(name: str, section: Listener, secrets: Secrets | None) -> Iterator[Finding]:
    if section.tls and secrets is not None and secrets.tls_folder is None:
        fix = 'give a folder outside state_dir, such as "secrets/tls", and run edgebox tls init'
        yield Finding("secrets.tls_folder", f"is missing, and {name}.tls needs it", fix)


def _check_broker(mqtt: Mqtt) -> Iterator[Finding]:
    if mqtt.broker is None:
        return
    if mqtt.broker_password_file is None:
        fix = "give the file that edgebox broker config has made"
        yield Finding("mqtt.broker_password_file", "is missing, and mqtt.broker needs it", fix)
    address = urlsplit(mqtt.broker)
    if address.scheme != "mqtts" and not is_loopback(address.hostname or ""):
        what = "is not encrypted, and the broker is not on this computer"
        yield Finding("mqtt.broker", what, "use an mqtts:// address")


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
    owners: dict[str, str] = {}
    tills: dict[str, str] = {}
    for name, lane in lanes.items():
        path = f"lane.{name}"
        for device in lane.devices:
            if device not in devices:
                what = f"there is no usable [device.{device}]"
                yield Finding(f"{path}.devices", what, _one_of("device", devices))
            if (owner := owners.setdefault(device, name)) != name:
                what = f'[lane.{owner}] has the device "{device}" already'
                yield Finding(f"{path}.devices", what, "give each lane devices of its own")
        if bool(lane.terminal) != bool(lane.cashier):
            what = "has only one of terminal and cashier"
            fix = "give both for a till that the box runs itself, neither for a terminal's lane"
            yield Finding(path, what, fix)
        if lane.terminal in RESERVED:
            what = f'the name "{lane.terminal}" is reserved'
            yield Finding(f"{path}.terminal", what, "give it another name")
        if lane.has_till and (owner := tills.setdefault(lane.terminal, name)) != name:
            what = f'[lane.{owner}] is called "{lane.terminal}" already'
            yield Finding(f"{path}.terminal", what, "give each lane a name of its own")


def _one_of(section: str, names: Mapping[str, object]) -> str:
    known = ", ".join(sorted(names))
    return f"use one of: {known}" if known else f"add that [{section}.name] section"
