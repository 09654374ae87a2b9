"""Commands on an external MQTT broker: the files with which mosquitto is safe for this store."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from edge import config as settings
from edge.access import Registry
from edge.access.passwords import BROKER_SALT_BYTES, TOKEN_BYTES, broker_hash
from edge.certificates import CA_FILE, SERVER_FILE
from edge.commands.broker_devices import Placed, objection, placed
from edge.commands.shared import EXIT_BROKEN, EXIT_NO, EXIT_USAGE, config_option, load, stop
from edge.config.checks import is_loopback
from edge.doors.broker_probe import BOX, STRANGER, stranger_password
from edge.durable import write_file

OWN_FILE = f"{BOX}.password"


@click.group()
def broker() -> None:
    """Look after an external MQTT broker."""


@broker.command("config")
@click.option("--dir", "folder", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Where mosquitto.conf, passwords and acl go.")  # fmt: skip
@click.option("--listen", default="0.0.0.0:8883", show_default=True,
              help="Where mosquitto listens.")  # fmt: skip
@config_option
def broker_config(folder: Path, listen: str, config_path: Path) -> None:
    """Write a mosquitto's configuration, passwords and access rules for this store.

    Run it again whenever a terminal was paired, rotated or revoked, and send mosquitto a SIGHUP.
    Devices wired to this broker get a name and a password of their own there.

    Example: edgebox broker config --dir /etc/mosquitto/edgebox
    """
    config, folder = load(config_path), folder.absolute()
    host, port = _place(listen, config.secrets.tls_folder)
    known, unknown = _terminals(config)
    wrong = {one.name: lacks for one in placed(config) if (lacks := objection(one, config))}
    devices = [one for one in placed(config) if one.name not in wrong]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = _own_passwords(config, devices, folder)
        write_file(folder / "passwords", _passwords(known, own).encode())
        rules = "\n".join([_rules(config.store.id), *(one.rules() for one in devices)])
        write_file(folder / "acl", rules.encode())
        write_file(folder / "mosquitto.conf", _conf(config, folder, host, port).encode())
    except OSError as error:
        stop(EXIT_BROKEN, f"{folder} cannot be written: {error.strerror}", "give another --dir")
    counts = f"terminals: {len(known)}, devices: {len(devices)}"
    click.echo(f"{folder}: mosquitto.conf, passwords, acl; {counts}")
    for name in unknown:
        click.echo(f"{name} cannot come in there: give it the broker_hash of a new token")
    for name, lacks in wrong.items():
        click.echo(f"{name} cannot come in there: give [device.{name}] {lacks}")
    for one in devices:
        click.echo(f"{one.name} logs in as {one.user}; password: {folder / one.password_name}")
    if config.mqtt.broker is None:
        click.echo(f"then add to [mqtt]: {_lines(config.secrets.tls_folder, folder, port)}")


def _place(listen: str, tls: Path | None) -> tuple[str, str]:
    """Return an address and a port, or stop: without certificates nobody beyond this computer."""
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isdigit()):
        stop(EXIT_USAGE, f"{listen!r} is not an address and a port", "say 0.0.0.0:8883")
    if tls is None and not is_loopback(host.strip("[]")):
        what = "there are no certificates, and tokens would cross the network in the clear"
        stop(EXIT_NO, what, "edgebox tls init; or for this computer alone --listen 127.0.0.1:1883")
    return host, port


def _lines(tls: Path | None, folder: Path, port: str) -> str:
    """Return what the store's configuration has to say of this broker."""
    lines = [
        f'broker = "{"mqtt" if tls is None else "mqtts"}://NAME:{port}"',
        f'broker_password_file = "{folder / OWN_FILE}"',
        *([] if tls is None else [f'broker_ca_file = "{tls / CA_FILE}"']),
    ]
    return f"\n{' ' * 20}".join(lines)


def _terminals(config: settings.Config) -> tuple[Mapping[str, str], list[str]]:
    """Return the hash of each terminal that has one, and the names of those that have none."""
    try:
        records = Registry.open(config.store.state_dir).records
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))
    gone = {(one.id, one.token_sha256) for one in records.revoked}
    found = {
        name: terminal.broker_hash
        for name, terminal in config.terminals.items()
        if (name, terminal.token_sha256) not in gone
    }
    found |= {name: one.broker_hash for name, one in records.terminals.items()}
    return {name: kept for name, kept in found.items() if kept}, sorted(
        name for name, kept in found.items() if not kept
    )


def _own_passwords(
    config: settings.Config, devices: Iterable[Placed], folder: Path
) -> Mapping[str, str]:
    """Return the passwords of the box itself and of its devices, by user name."""
    password = _password(config.mqtt.broker_password_file or folder / OWN_FILE)
    own = {BOX: password, STRANGER: stranger_password(password)}
    for one in devices:
        own[one.box_user] = _password(one.box_password_file)
        own[one.user] = _password(folder / one.password_name)
    return own


def _password(path: Path) -> str:
    """Return the password that is kept in a file; make it if there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(path, os.urandom(TOKEN_BYTES).hex().encode() + b"\n")
    try:
        return settings.read_secret(path).decode().strip()
    except settings.ConfigError as error:
        stop(EXIT_USAGE, str(error))


def _passwords(known: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Return mosquitto's passwords: the hashes `known`, and those of our `own` words."""
    hashes = {name: broker_hash(word, os.urandom(BROKER_SALT_BYTES)) for name, word in own.items()}
    return "".join(f"{name}:{kept}\n" for name, kept in {**known, **hashes}.items())


def _rules(store: str) -> str:
    """Return mosquitto's access rules: %u is the user name, and so the terminal (acl_file)."""
    base = f"edge/v1/{store}"
    return f"""# Each terminal: its own requests, answers, events and state; the news of the box.
pattern write {base}/%u/req/+
pattern read {base}/%u/rsp/+
pattern read {base}/%u/evt/+
pattern readwrite {base}/%u/state
pattern read {base}/box/+
pattern read {base}/dev/+/state

user {BOX}
topic read {base}/+/req/+
topic read {base}/+/state
topic write {base}/+/rsp/+
topic write {base}/+/evt/+
topic write {base}/box/+
topic write {base}/dev/+/state
"""


def _conf(config: settings.Config, folder: Path, host: str, port: str) -> str:
    tls = config.secrets.tls_folder
    encryption = (
        ""
        if tls is None
        else f"""certfile {tls / SERVER_FILE}
keyfile {tls / SERVER_FILE}
cafile {tls / CA_FILE}
tls_version tlsv1.2
"""
    )
    return f"""# Written by edgebox broker config: change the store's configuration, not this file.
listener {port} {host}
{encryption}allow_anonymous false
password_file {folder / "passwords"}
acl_file {folder / "acl"}
# The client id is the user name, so that nobody can take another's place.
use_username_as_clientid true
max_packet_size {config.mqtt.packet_bytes_max}
max_connections {config.mqtt.connections_max}
max_inflight_messages {config.mqtt.inflight_max}
max_queued_messages {2 * config.mqtt.connections_max}
persistent_client_expiration 1d
set_tcp_nodelay true
# A broker that was killed has forgotten the wills: what it then still knew of terminals that are
# gone would claim what is scanned. Whoever is there says so again when it comes back.
persistence false
log_dest stdout
"""
