"""What devices say (events) and what they can be told (commands): hardware words only."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Scan:
    """A code was read. `text` is what the reader sent, nothing decoded.

    `symbology` is the AIM identifier (ISO/IEC 15424) without its bracket, such as
    "E0" for EAN-13, when the reader sends one; "" otherwise.
    """

    text: str
    symbology: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """The device, or the line to it, misbehaved; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """A device's state, in UnifiedPOS words.

    closed: nobody opened it · claimed: opened, not yet heard to work · ready: works ·
    busy: in the middle of something · error: there, but unwell · lost: gone.
    """

    state: Literal["closed", "claimed", "ready", "busy", "error", "lost"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Beep:
    """Make a sound. `good` is the short one for yes; otherwise the long one for no."""

    good: bool = True


Event = Scan | Fault | State
Command = Beep
