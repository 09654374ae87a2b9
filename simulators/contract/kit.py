"""A driver with everything that belongs to it: its simulator, its capture, and what a hand does."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import drivers
from drivers import captures
from drivers.codec import Codec, Driver
from drivers.events import Fault, State
from simulators.contract.words import example

CAPTURES: Final = Path(__file__).parents[2] / "tests" / "captures"
"""Where the captures of this project's own drivers are."""

Deed = tuple[object, Sequence[object]]
"""What is done at one end, and all that is said at both because of it, in order."""
Script = Callable[[Any, random.Random], Iterable[Deed]]
"""Makes up deeds for a device with these settings."""


class Incomplete(Exception):
    """A driver lacks a part; `str()` says which, for people."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What the contract is checked on.

    `acts` are deeds at the device (a trigger is pulled, a card is laid down), `orders` what the
    host may tell it. `is_guarded` promises that each frame carries a check value, so that a
    damaged one never becomes an event.
    """

    name: str
    driver: Driver[Any]
    device: Callable[[Any], Codec[bytes]]
    capture: str
    acts: Script
    orders: Script
    is_guarded: bool = False

    @property
    def steps(self) -> list[captures.Step]:
        """The capture, decoded; raises captures.BadCapture."""
        return captures.read(self.capture.splitlines(), self.driver.settings)

    @property
    def settings(self) -> list[Any]:
        """The settings its capture uses: each of them has to keep the whole contract."""
        return captures.settings_seen(self.steps)

    @property
    def frames(self) -> list[bytes]:
        """Everything that the device sent in the capture."""
        return captures.frames_seen(self.steps)


def names() -> tuple[str, ...]:
    """Return the names of all drivers, plugins included."""
    return drivers.available()


def kit(name: str) -> Kit:
    """Return a driver with its parts; raises Incomplete, or ModuleNotFoundError for nobody's name.

    Its simulator is a module with a codec `Device`; it may have `acts` and `orders` of its own,
    where one word is not simply said by the other end, and `GUARDED`.
    """
    driver = drivers.load(name)
    simulator, capture = _simulator(name), _capture(name)
    device = getattr(simulator, "Device", None)
    if device is None:
        raise Incomplete(f"{simulator.__name__} has no Device, the device's end as a codec")
    return Kit(
        name, driver, device, capture,
        getattr(simulator, "acts", _plain(driver.says)),
        getattr(simulator, "orders", _plain(driver.obeys)),
        getattr(simulator, "GUARDED", False),
    )  # fmt: skip


def _simulator(name: str) -> ModuleType:
    simulator = drivers.parts(name).simulator
    if not simulator:
        raise Incomplete(f"{drivers.parts(name).module} names no SIMULATOR")
    try:
        return import_module(simulator)
    except ModuleNotFoundError as error:
        raise Incomplete(f"the simulator of {name} is not there: {error}") from error


def _capture(name: str) -> str:
    path = drivers.parts(name).capture or CAPTURES / f"{name}.txt"
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise Incomplete(f"the capture of {name} is not there: {error}") from error


def _plain(kinds: Iterable[type]) -> Script:
    """Return a script in which the other end says what was done at this one, and no more."""
    words = [kind for kind in kinds if kind not in {Fault, State}]

    def script(settings: Any, luck: random.Random) -> Iterator[Deed]:
        for _ in range(luck.randint(1, 4) if words else 0):
            word = example(luck.choice(words), settings, luck)
            yield word, [word]

    return script
