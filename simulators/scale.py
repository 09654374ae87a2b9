"""The device's end of drivers/scale.py: a scale that things are put on, and that gets upset."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codec import Codec, Send
from drivers.events import Weigh, Weighed
from drivers.scale import ALWAYS, ASK, CR, MOTION, OVER, STX, UNDER, Settings

CAPACITY_GRAMS = 15_000


@dataclass(frozen=True, slots=True)
class Silence:
    """Its cable is loose on one side: it hears, and nobody hears it."""

    on: bool = True


class Device(Codec[bytes]):
    """A scale of 15 kg. Told Weighed, that is what lies on it; asked, it says Weigh."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._load = Weighed(0)
        self._silent = False

    def command(self, command: Weighed | Silence, now: float) -> Iterator[object]:
        """Put something on the scale; below zero, somebody leans on its edge."""
        match command:
            case Weighed():
                self._load = command
            case Silence(on):
                self._silent = on
        return iter(())

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Answer each W; other letters are other commands, and not for this scale."""
        for _ in range(frame.count(ASK)):
            yield Weigh()
            if not self._silent:
                yield Send(STX + self._answer() + CR)

    def _answer(self) -> bytes:
        grams, stable = self._load.grams, self._load.stable
        if not 0 <= grams <= CAPACITY_GRAMS or not stable:
            over, under = OVER * (grams > CAPACITY_GRAMS), UNDER * (grams < 0)
            return b"?" + bytes([ALWAYS | MOTION * (not stable) | over | under])
        if self._settings.unit == "g":
            return b"%05d.0" % grams
        return b"%02d.%03d" % divmod(grams, 1000)


def acts(settings: Settings, luck: random.Random) -> Iterator[tuple[object, list[object]]]:
    """Put something on it and take it away: a scale says nothing until it is asked."""
    yield Weighed(luck.randrange(CAPACITY_GRAMS)), []
    yield Weighed(0), []


def orders(settings: Settings, luck: random.Random) -> Iterator[tuple[object, list[object]]]:
    """Ask the empty scale."""
    yield Weigh(), [Weigh(), Weighed(0)]
