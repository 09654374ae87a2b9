"""One end of a conversation with a device, as a pure state machine.

A codec never waits, never reads a clock and never touches a wire: it is given
frames and the time, and answers with frames to send and things that happened.
Both ends are codecs: the driver is the host's end, its simulator the device's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Send(Generic[F]):
    """Put this frame on the wire."""

    frame: F


@dataclass(frozen=True, slots=True)
class Close:
    """Everything sent so far is the last word: close the link. `reason` is for the log."""

    reason: str


class DeviceError(Exception):
    """Base of everything that can go wrong between us and a device."""


class LinkLost(DeviceError):
    """The wire went away; opening it again may help."""


class BadSettings(DeviceError):
    """The settings make no sense; opening it again will not help. `str()` is for people."""


class Codec(Generic[F]):
    """Base class; override what the protocol needs.

    `now` is always the loop's monotonic time in seconds. Each method answers with
    `Send` and `Close` (for the pump) and events (for whoever listens).
    """

    wake_at: float | None = None
    """When `wake` wants to be called, in the same seconds as `now`; None for never."""

    def start(self, now: float) -> Iterable[object]:
        """Answer what to do when the link has just opened."""
        return ()

    def receive(self, frame: F, now: float) -> Iterable[object]:
        """Take one frame (any piece of one, on a byte stream)."""
        raise NotImplementedError

    def command(self, command: Any, now: float) -> Iterable[object]:
        """Take something our side wants done."""
        return ()

    def wake(self, now: float) -> Iterable[object]:
        """Answer what to do at `wake_at`."""
        return ()


@dataclass(frozen=True, slots=True)
class Driver(Generic[F]):
    """How a driver file declares itself, in a module constant called `DRIVER`.

    `settings` is a frozen msgspec Struct of the codec's own options (defaults for all);
    `codec` takes one of them. `link` names the kind of wire: "stream" or "card".
    """

    doc: str
    link: str
    settings: type[Any]
    codec: Callable[[Any], Codec[F]]
    says: tuple[type, ...]
    obeys: tuple[type, ...] = ()
    wire: Mapping[str, object] = field(default_factory=dict)
    """Defaults for the link (baud and so on), which the device's section may override."""
