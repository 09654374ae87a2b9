"""The device's end of drivers/keyboard_scanner.py: a scanner that types, and types badly."""

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codec import Send
from drivers.events import Scan
from drivers.keyboard import keys
from drivers.keyboard_scanner import Settings
from simulators.contract.kit import Deed
from simulators.typist import Typist, typable


@dataclass(frozen=True, slots=True)
class TypedByHand:
    """Somebody types on it, a key every tenth of a second."""

    text: str


@dataclass(frozen=True, slots=True)
class Attack:
    """A code that types a command: Ctrl and a key, between two halves of a text."""

    before: str
    code: int
    after: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """The host was too slow, and the kernel dropped keys after this much of a code."""

    text: str
    kept: int


class Device(Typist):
    """A scanner: told Scan, it types the code."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.layout, settings.suffix, settings.fnc1, settings.alt_codes)
        self._settings = settings

    def command(
        self, command: Scan | TypedByHand | Attack | Dropped, now: float
    ) -> Iterator[Send[bytes]]:
        """Somebody pulled the trigger, or something goes wrong."""
        self.wait_until(now)
        match command:
            case Scan(text, symbology):
                identifier = f"]{symbology}" if self._settings.aim else ""
                yield Send(self.events(self._settings.prefix + identifier + text) + self.suffix())
            case TypedByHand(text):
                self.key_microseconds, fast = 100_000, self.key_microseconds
                yield Send(self.events(text) + self.suffix())
                self.key_microseconds = fast
            case Attack(before, code, after):
                command_key = self.stroke(code, keys.LEFT_CTRL)
                yield Send(self.events(before) + command_key + self.events(after) + self.suffix())
            case Dropped(text, kept):
                yield Send(self.events(text[:kept]) + self.dropped() + self.suffix())


def acts(settings: Settings, luck: random.Random) -> Iterator[Deed]:
    """Read codes that such a scanner can type, two in a row at times."""
    letters = typable(settings.layout, settings.fnc1, settings.alt_codes)
    for _ in range(luck.randint(1, 4)):
        room = settings.characters_max - len(settings.prefix) - 3 * settings.aim
        size = luck.randint(settings.characters_min, min(room, 40))
        scan = Scan("".join(luck.choices(letters, k=size)), _identifier(settings, luck))
        yield scan, [scan]


def _identifier(settings: Settings, luck: random.Random) -> str:
    if not settings.aim:
        return ""
    return luck.choice(string.ascii_letters) + luck.choice(string.ascii_letters + string.digits)
