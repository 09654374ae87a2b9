"""What devices say (events) and what they can be told (commands): hardware words only."""

from dataclasses import dataclass
from typing import Literal

from drivers.printing import Part


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
class CardPresented:
    """A card lies on the reader, said once each time one is laid there.

    `text` is what the card holds for us: the UID in upper-case hex for kind "uid", the URI or
    text of its NDEF message, the contents of our application's file, or of a storage card's
    blocks. `uid` is the card's UID in upper-case hex, "" when it has none that identifies it.
    """

    kind: Literal["uid", "ndef", "application", "storage"]
    text: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """The card that was presented has been taken away."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A camera took a picture (JPEG); which codes are in it is found out elsewhere."""

    picture: bytes


@dataclass(frozen=True, slots=True)
class Swiped:
    """A magnetic stripe was read: the text of tracks 1 to 3 without sentinels, "" if absent.

    It is never that of a payment card.
    """

    track1: str = ""
    track2: str = ""
    track3: str = ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A line was typed on a keypad and ended with Enter, or one named key was pressed."""

    text: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """What lies on the scale, in grams; not `stable` while it still swings."""

    grams: int
    stable: bool = True


@dataclass(frozen=True, slots=True)
class Printed:
    """The last job is out: all of it is on paper, and cut."""


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """The last job will not come out, or not all of it; `reason` is for people.

    `in_doubt`: some of it, even all of it, may be on paper.
    """

    reason: str
    in_doubt: bool = True


@dataclass(frozen=True, slots=True)
class Beep:
    """Make a sound. `good` is the short one for yes; otherwise the long one for no."""

    good: bool = True


@dataclass(frozen=True, slots=True)
class Light:
    """Switch a lamp on or off."""

    colour: Literal["green", "red", "amber"]
    on: bool = True


@dataclass(frozen=True, slots=True)
class Show:
    """Show two lines on the customer display; each replaces what stood there before."""

    upper: str
    lower: str = ""


@dataclass(frozen=True, slots=True)
class Print:
    """Print one job. `Printed` or `NotPrinted` follows, unless the printer is lost before."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class OpenDrawer:
    """Kick the cash drawer open."""


@dataclass(frozen=True, slots=True)
class Weigh:
    """Weigh what lies there now. `Weighed` follows, or a Fault that says why not."""


@dataclass(frozen=True, slots=True)
class Read:
    """Look for a code now, as if the scanner's trigger were pulled."""


Event = (
    Scan
    | CardPresented
    | CardRemoved
    | Pictured
    | Swiped
    | Keyed
    | Weighed
    | Printed
    | NotPrinted
    | Fault
    | State
)
Command = Beep | Read | Light | Show | Print | OpenDrawer | Weigh
