"""One pure MQTT 5 session machine, both roles: the box's own endpoint, and a client.

No sockets, no clock: bytes and the time in; bytes, and what happened, out. The packets
themselves come from `mqtt5`. Source: MQTT Version 5.0, OASIS Standard, 7 March 2019; the
section numbers in this package are its.

`framing` cuts the stream into packets, `strings` looks at their text first, `flow` owes
messages until they are acknowledged, `topics` names them, `session` is what is kept of a
terminal. `endpoint` is the server's side of all terminals, `connection` (which `greeting`
lets in) of one; `client` is the other side.
"""

from drivers.mqtt.client import (
    NO_MATCHING_SUBSCRIBERS,
    Acknowledged,
    Arrived,
    Client,
    ClientSettings,
    Connected,
    Disconnected,
    Publish,
    Rejected,
)
from drivers.mqtt.connection import Connection
from drivers.mqtt.endpoint import Endpoint
from drivers.mqtt.flow import Message
from drivers.mqtt.framing import Broken, Framer
from drivers.mqtt.session import (
    Attached,
    Elsewhere,
    Identity,
    Login,
    Offline,
    Online,
    Requested,
    Settings,
    StateSaid,
    TooSoon,
)
from drivers.mqtt.topics import Topics

__all__ = [
    "NO_MATCHING_SUBSCRIBERS",
    "Acknowledged",
    "Arrived",
    "Attached",
    "Broken",
    "Client",
    "ClientSettings",
    "Connected",
    "Connection",
    "Disconnected",
    "Elsewhere",
    "Endpoint",
    "Framer",
    "Identity",
    "Login",
    "Message",
    "Offline",
    "Online",
    "Publish",
    "Rejected",
    "Requested",
    "Settings",
    "StateSaid",
    "TooSoon",
    "Topics",
]
