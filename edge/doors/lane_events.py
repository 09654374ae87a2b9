"""What happens on a lane, told over MQTT to the terminals that stand at it.

What a device says goes to one of them alone: the first, in the order of their ids, that is
connected to the box itself and has subscribed to that kind of event. A broker cannot tell who
listens, so that through one only what everybody may hear is told.
"""

from collections.abc import Iterator

from edge.access import Access
from edge.doors.broker import BrokerDoor
from edge.doors.mqtt import MqttDoor


class LaneEvents:
    """Tells terminals on their topic `evt/{kind}`. It is a way besides the HTTP door's feeds."""

    def __init__(self, access: Access, mqtt: MqttDoor, broker: BrokerDoor | None) -> None:
        self._access, self._mqtt, self._broker = access, mqtt, broker

    def give(self, lane: str, kind: str, data: bytes) -> bool:
        """Tell one terminal of the lane; False if none of them listens."""
        for terminal in self._at(lane):
            if self._mqtt.hears(terminal, kind):
                self._mqtt.tell(terminal, kind, data)
                return True
        return False

    def publish(self, lane: str, kind: str, data: bytes) -> None:
        """Tell all terminals of the lane that listen."""
        for terminal in self._at(lane):
            if self._mqtt.hears(terminal, kind):
                self._mqtt.tell(terminal, kind, data)
            elif self._broker is not None:
                self._broker.tell(terminal, kind, data)

    def _at(self, lane: str) -> Iterator[str]:
        terminals = self._access.terminals
        return iter(sorted(name for name, one in terminals.items() if one.lane == lane))
