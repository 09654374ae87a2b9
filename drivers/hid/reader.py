"""The host's end of a HID device, as far as all of them are alike."""

from collections.abc import Iterator

from drivers.codec import Close, Codec
from drivers.events import Fault
from drivers.hid.descriptor import INPUT, BadDescriptor, Reports, parse


class HidReader(Codec[bytes]):
    """Takes the report descriptor, and then input reports. A driver says what is in them."""

    def __init__(self) -> None:
        self.reports: Reports | None = None
        self._closed = False

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Take one frame. A device whose descriptor is of another kind is closed."""
        if self._closed:
            return
        if self.reports is None:
            yield from self._learn(frame)
            return
        if self.wake_at is not None and now >= self.wake_at:
            yield from self.wake(now)  # the timer is late; this is something else
        report, body = self.reports.split(frame)
        if len(body) * 8 < self.reports.bits.get((INPUT, report), len(frame) * 8 + 1):
            yield from self._strange(Fault("a report that the descriptor does not know"), now)
        else:
            yield from self._report(report, body, now)

    def _learn(self, descriptor: bytes) -> Iterator[object]:
        try:
            self.reports = self._understand(descriptor)
        except BadDescriptor as error:
            self._closed = True
            yield Fault(str(error))
            yield Close(str(error))

    def _understand(self, descriptor: bytes) -> Reports:
        """Return what the descriptor says; raises BadDescriptor if it is not our kind's."""
        return parse(descriptor)

    def _report(self, report: int, body: bytes, now: float) -> Iterator[object]:
        """Say what an input report of full length means."""
        raise NotImplementedError

    def _strange(self, fault: Fault, now: float) -> Iterator[Fault]:
        """Say that a report cannot be read."""
        yield fault
