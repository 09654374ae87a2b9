"""The far end of the cloud's wire: a small membership cloud, with weather.

It keeps its own books from the contract alone and shares no code with the box's shop, so that
two independent sums can be compared.
"""

from simulators.cloud.server import CloudServer
from simulators.cloud.twin import CloudTwin, Reply
from simulators.cloud.weather import CLEAR, OFF, STORM, MemoryWire, Sky, Weather

__all__ = [
    "CLEAR",
    "OFF",
    "STORM",
    "CloudServer",
    "CloudTwin",
    "MemoryWire",
    "Reply",
    "Sky",
    "Weather",
]
