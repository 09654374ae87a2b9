"""The device's end of drivers/keypad.py: a keypad somebody types on, and whose fingers slip."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from drivers.codec import Send
from drivers.events import Keyed
from drivers.keyboard import keys
from drivers.keypad import Settings
from simulators.contract.kit import Deed
from simulators.typist import Typist, typable

KEY_MICROSECONDS: Final = 150_000
"""How fast a cashier types."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """Somebody types a line, and on the way a slip that they take back with Backspace."""

    text: str
    slip: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Somebody begins a line and gives it up with Escape."""

    text: str


class Device(Typist):
    """A keypad: told Keyed, somebody types the line and Enter."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.layout, "enter")
        self.key_microseconds = KEY_MICROSECONDS

    def command(self, command: Keyed | Corrected | GivenUp, now: float) -> Iterator[Send[bytes]]:
        """Type a line, well or badly."""
        self.wait_until(now)
        match command:
            case Keyed(text):
                yield Send(self.events(text) + self.suffix())
            case Corrected(text, slip):
                taken_back = b"".join(self.stroke(keys.BACKSPACE) for _ in slip)
                slipped = self.events(slip) + taken_back
                yield Send(slipped + self.events(text) + self.suffix())
            case GivenUp(text):
                yield Send(self.events(text) + self.stroke(keys.ESCAPE))


def acts(settings: Settings, luck: random.Random) -> Iterator[Deed]:
    """Type lines that such a keypad can type, some of them after a slip."""
    typed = typable(settings.layout)
    for _ in range(luck.randint(1, 4)):
        text, slip = ("".join(luck.choices(typed, k=luck.randint(1, 12))) for _ in range(2))
        yield luck.choice((Keyed(text), Corrected(text, slip))), [Keyed(text)]
        yield GivenUp(slip), []
