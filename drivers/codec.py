"""One end of a conversation with a device, as a pure state machine.

A codec never waits, never reads a clock and never touches a wire: it is given
frames and the time, and answers with frames to send and things that happened.
Both ends are codecs: the driver is the host's end, its simulator the device's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

F = TypeVar("F")

Kind = Literal["stream", "reports", "card"]
"""What a wire carries. stream: bytes, cut anywhere. reports: each frame is one whole report,
whose boundaries the wire keeps. card: each frame is one message of a card wire."""


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

    def test(self, now: float) -> Iterable[object] | None:
        """Have the device show that it works, by an answer or a beep; None if it knows no way."""
        return None

    def wake(self, now: float) -> Iterable[object]:
        """Answer what to do at `wake_at`."""
        return ()


@dataclass(frozen=True, slots=True)
class Driver(Generic[F]):
    """How a driver file declares itself, in a module constant called `DRIVER`.

    `settings` is a frozen msgspec Struct of the codec's own options (defaults for all);
    `codec` takes one of them. `link` is the kind of wire it needs.
    """

    doc: str
    link: Kind
    settings: type[Any]
    codec: Callable[[Any], Codec[F]]
    says: tuple[type, ...]
    obeys: tuple[type, ...] = ()
    wire: Mapping[str, object] = field(default_factory=dict)
    """Defaults for the link (baud and so on), which the device's section may override."""
    recorded: Literal["masked", "unmasked", "never"] = "masked"
    """Whether what its device sends may be recorded: with numbers masked; only unmasked, since on
    its wire they are not text; or never, since it may be a payment card."""
