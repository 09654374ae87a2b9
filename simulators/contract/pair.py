"""Two ends and no wire (as h11's ConnectionPair): bytes arrive in any pieces."""

import random
from collections.abc import Iterable, Iterator

from drivers.codec import Close, Codec, Kind, Send
from simulators.faults import chunks

SILENCE_TURNS_MAX = 1000
DO_TURNS_MAX = 10_000


class Endless(AssertionError):
    """Two ends that never stop waking up, or answering each other."""


class Pair:
    """The host's end and the device's, joined; on a stream what is sent is cut by luck."""

    def __init__(
        self, host: Codec[bytes], device: Codec[bytes], kind: Kind, luck: random.Random | None
    ) -> None:
        """`luck` is None for a wire that cuts nothing."""
        self.host, self.device = host, device
        self._luck = luck if kind == "stream" else None
        self.now = 0.0
        self._said: list[object] = []
        self._turns = 0
        self._flow(host.start(0.0), device)
        self._flow(device.start(0.0), host)
        self.silence()

    def do(self, there: Codec[bytes], command: object) -> list[object]:
        """Return what is said at both ends once `command` was done at the one not `there`."""
        here = self.host if there is self.device else self.device
        self._flow(here.command(command, self.now), there)
        return self.silence()

    def feed(self, frames: Iterable[bytes]) -> list[object]:
        """Return what is said once the host has heard these frames."""
        for frame in frames:
            for piece in self._pieces(frame):
                self._flow(self.host.receive(piece, self.now), self.device)
        return self.silence()

    def silence(self) -> list[object]:
        """Let time pass until nobody waits for anything; return what was said."""
        for _ in range(SILENCE_TURNS_MAX):
            alarms = [c.wake_at for c in (self.host, self.device) if c.wake_at is not None]
            if not alarms or min(alarms) > self.now + 60:
                said, self._said, self._turns = self._said, [], 0
                return said
            self.now = max(self.now, min(alarms))
            for here, there in ((self.host, self.device), (self.device, self.host)):
                if here.wake_at is not None and here.wake_at <= self.now:
                    self._flow(here.wake(self.now), there)
        raise Endless("they never stop waking up")

    def _flow(self, outs: Iterable[object], there: Codec[bytes]) -> None:
        self._turns += 1
        if self._turns > DO_TURNS_MAX:
            raise Endless("they never stop answering each other")
        here = self.host if there is self.device else self.device
        for out in tuple(outs):
            if isinstance(out, Send):
                for piece in self._pieces(out.frame):
                    self._flow(there.receive(piece, self.now), here)
            elif not isinstance(out, Close):
                self._said.append(out)

    def _pieces(self, frame: bytes) -> Iterator[bytes]:
        return iter((frame,)) if self._luck is None else chunks(frame, self._luck)
