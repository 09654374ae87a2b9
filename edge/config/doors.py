"""Where the doors listen, and how much they let in."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edge.config.values import END, Bytes, Count, Listen, Seconds, Section, Text


class Listener(Section, frozen=True, kw_only=True):
    """Where a door listens. Port 0 takes any free one."""

    listen: Listen
    tls: bool = False
    """Encrypted, with the certificate of the box's own authority."""
    allow_plain: bool = False
    """Beyond this computer without encryption: whoever is on that network reads along."""
    handshake_seconds_max: Seconds = 5.0
    handshakes_max: Count = 64
    """How many clients may be shaking hands at once; beyond it the next ones are hung up on."""
    handshakes_per_address_max: Count = 16

    @property
    def host(self) -> str:
        """The address to listen on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])


class Mqtt(Listener, frozen=True, kw_only=True):
    """The MQTT door, for handhelds."""

    listen: Listen = "127.0.0.1:1883"
    packet_bytes_max: Bytes = 69632
    """A payload of 64 KiB, and its topic and properties around it."""
    connections_max: Count = 256
    connections_per_address_max: Count = 64
    """Of clients that have not logged in: a shop's terminals may share one address."""
    requests_per_second_max: Count = 50
    connect_seconds_max: Seconds = 10.0
    session_expiry_seconds_max: Seconds = 3600.0
    inflight_max: Annotated[
        int, Meta(ge=1, le=65535, description="a whole number from 1 to 65535")
    ] = 32
    broker: (
        Annotated[
            str,
            Meta(
                pattern=r"^mqtts?://([^\s:/\[\]]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?" + END,
                description="an address such as mqtts://broker.local:8883",
            ),
        ]
        | None
    ) = None
    """An MQTT broker whose clients are served, too."""
    broker_password_file: Annotated[
        Path | None, Meta(description="the file of the box's own password at the broker")
    ] = None
    broker_ca_file: Annotated[
        Path | None, Meta(description="the certificates that the broker's is signed by")
    ] = None


class Http(Listener, frozen=True, kw_only=True):
    """The HTTP door, for PC tills."""

    listen: Listen = "127.0.0.1:8480"
    hosts: Annotated[
        tuple[Text, ...],
        Meta(min_length=1, description="the names (without port) a client may call this box by"),
    ] = ("localhost", "127.0.0.1")
    body_bytes_max: Bytes = 65536
    connections_max: Count = 256
    connections_per_address_max: Count = 64
    """Besides the first few of each terminal: a shop's terminals may share one address."""
    requests_per_second_max: Count = 50
    header_seconds_max: Seconds = 5.0
    body_seconds_max: Seconds = 10.0
    docs: Annotated[Literal["local", "open"], Meta(description='"local" or "open"')] = "local"
    """Who may read the contracts at /docs without a token: this machine's programs, or anybody."""
