"""The devices of a box at an external MQTT broker: who logs in there, and may say what.

A device and the box meet at the broker under two names, since a name is a client id there, and
the second to come with it would cut off the first. The box comes with the `username` of the
device's section, the device as `dev.` and its own name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from drivers.links.mqtt import MqttLink, dial
from edge.config import Config, Device
from edge.doors.broker_line import PORTS
from edge.doors.broker_probe import BOX, STRANGER

SCHEMES: Final = ("mqtt", "mqtts")


@dataclass(frozen=True, slots=True)
class Placed:
    """A device at the broker. Neither of its two names can be a terminal's."""

    name: str
    link: MqttLink

    @property
    def user(self) -> str:
        """The name the device logs in with: no id has a dot."""
        return f"{STRANGER}.{self.name}"

    @property
    def password_name(self) -> str:
        """The name of the file that its password is kept in."""
        return f"{self.user}.password"

    @property
    def box_user(self) -> str:
        """The name the box logs in with to hear it."""
        return self.link.account.username

    @property
    def box_password_file(self) -> Path:
        """Where the box's password for it is kept."""
        return Path(self.link.account.password_file)

    def rules(self) -> str:
        """Return mosquitto's access rules of both ends (acl_file)."""
        link, state = self.link, f" {self.link.watched}"
        lines = [
            f"user {self.user}", f"topic write {link.topic}", f"topic read {link.send_topic}",
            *([f"topic write{state}"] if link.watched else ()), "",
            f"user {self.box_user}", f"topic read {link.topic}", f"topic write {link.send_topic}",
            *([f"topic read{state}"] if link.watched else ()), "",
        ]  # fmt: skip
        return "\n".join(lines)


def placed(config: Config) -> Iterator[Placed]:
    """Return the devices that are wired to the store's own broker, each able to log in or not."""
    broker = config.mqtt.broker
    for device in config.devices.values():
        if broker is not None and _address(device.url) == _address(broker):
            yield Placed(device.name, _link(device))


def objection(device: Placed, config: Config) -> str:
    """Return what its section lacks, so that the box cannot hear it there; "" for nothing."""
    taken = {BOX, STRANGER, *config.terminals, *(one.user for one in placed(config))}
    others = [one.box_user for one in placed(config) if one.name != device.name]
    if not device.box_user or device.box_user in (*taken, *others):
        return f'username = "box.{device.name}"'
    return "" if device.link.account.password_file else "a password_file"


def _link(device: Device) -> MqttLink:
    link = dial(device.url, device.wire)
    assert isinstance(link, MqttLink)
    return link


def _address(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        return None, None
    return parts.hostname, parts.port or PORTS[parts.scheme]
