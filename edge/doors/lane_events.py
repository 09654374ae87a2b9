"""What happens on a lane, told over MQTT to the terminals that stand at it.

What a device says goes to one of them alone: the first, in the order of their ids, that listens
to that kind of event. Who is connected to the box itself listens by subscribing; who comes
through a broker says so at its birth. If the broker finds that nobody is there after all, it is
the next one's.
"""

from collections.abc import Callable, Iterator

from edge.access import Access
from edge.doors.broker import BrokerDoor
from edge.doors.mqtt import MqttDoor


class LaneEvents:
    """Tells terminals on their topic `evt/{kind}`. It is a way besides the HTTP door's feeds."""

    def __init__(self, access: Access, mqtt: MqttDoor, broker: BrokerDoor | None) -> None:
        self._access, self._mqtt, self._broker = access, mqtt, broker

    def give(self, lane: str, kind: str, data: bytes, dropped: Callable[[], None]) -> bool:
        """Tell one terminal of the lane; False if none of them listens. See `Besides.give`."""

        def unheard() -> None:
            if not self.give(lane, kind, data, dropped):
                dropped()

        for terminal in self._at(lane):
            if self._mqtt.hears(terminal, kind):
                self._mqtt.tell(terminal, kind, data)
                return True
            if self._broker is not None and self._broker.hears(terminal, kind):
                self._broker.give(terminal, kind, data, unheard)
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
