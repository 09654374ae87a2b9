"""The device's end of drivers/magstripe_keyboard.py: a stripe reader that types."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codec import Send
from drivers.events import Swiped
from drivers.magstripe_keyboard import Settings
from simulators.contract.kit import Deed
from simulators.stripes import Swipe, card, raw_tracks
from simulators.typist import Typist


@dataclass(frozen=True, slots=True)
class Backwards:
    """A cheap reader types what it read of a card drawn the wrong way."""

    swiped: Swiped


class Device(Typist):
    """A reader: told Swiped, it types the tracks."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.layout, settings.suffix)
        self._settings = settings

    def command(self, command: Swipe | Backwards, now: float) -> Iterator[Send[bytes]]:
        """Somebody drew a card through it."""
        if isinstance(command, Backwards):
            yield from self.type("".join(raw_tracks(command.swiped, self._settings.lrc))[::-1], now)
        else:
            yield from self.type("".join(raw_tracks(command, self._settings.lrc)), now)


def acts(settings: Settings, luck: random.Random) -> Iterator[Deed]:
    """Swipe some of our own cards."""
    for _ in range(luck.randint(1, 3)):
        swiped = card(settings.own_prefixes, luck)
        yield swiped, [swiped]
