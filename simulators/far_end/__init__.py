"""The device's end of a real wire: a simulator's codec behind a pty, a port, a pipe, a broker.

Each `plug` is a fresh codec, as a device that was without power has forgotten everything.
"""

from simulators.far_end.fifo import OnFifo, OnReports
from simulators.far_end.hand import FarEnd
from simulators.far_end.link import OnLink, behind_broker, in_memory
from simulators.far_end.pty import OnPty
from simulators.far_end.tcp import OnTcp

__all__ = [
    "FarEnd",
    "OnFifo",
    "OnLink",
    "OnPty",
    "OnReports",
    "OnTcp",
    "behind_broker",
    "in_memory",
]
