"""Scanners that pose as a USB keyboard and type each code: a keyboard wedge.

The wire carries the kernel's key events (see drivers/keyboard). A code is `prefix`, then the AIM
identifier `]cm` (ISO/IEC 15424) when `aim` is set, then the text, then the key of `suffix`. A
burst with a command key in it, or keys that a person typed, are a Fault and never half a code.
"""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta

from drivers.codec import BadSettings, Driver
from drivers.events import Fault, Scan
from drivers.keyboard import LAYOUTS, Typing, Wedge
from drivers.keyboard.strokes import GS

_AIM: Final = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
_STRIPE: Final = re.compile(r"%B\d{8,19}\^|;\d{8,19}=")
"""How a bank's magnetic stripe begins (ISO/IEC 7813), which no barcode does."""


class Settings(Typing, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the scanner was set up; the defaults are what most do out of the box."""

    prefix: Annotated[str, Meta(max_length=16)] = ""
    """What is typed before each code."""
    aim: bool = False
    """Each code comes with its AIM identifier."""
    fnc1: Literal["none", "ctrl-]", "f8"] = "none"
    """The key the scanner presses for FNC1 inside a GS1 code, where GS (0x1D) is meant."""
    alt_codes: bool = False
    """It types what the layout has no key for as Alt and digits on the keypad."""
    characters_min: Annotated[int, Meta(ge=1, le=64)] = 2
    """Fewer are no code: without a suffix, one key pressed by a person is a burst, too."""


class Host(Wedge):
    """The host's end. Raises BadSettings when the settings contradict each other."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, settings.fnc1, settings.alt_codes)
        self._settings = settings
        check(settings)

    def _said(self, text: str) -> Scan | Fault:
        settings = self._settings
        code, symbology = text, ""
        if settings.prefix:
            if not text.startswith(settings.prefix):
                return Fault(f"a code without its prefix: {len(text)} characters")
            code = text.removeprefix(settings.prefix)
        if settings.aim:
            identifier = _AIM.match(code)
            if identifier is None:
                return Fault(f"a code without its AIM identifier: {len(text)} characters")
            code, symbology = code[identifier.end() :], identifier[1]
        if len(code) < settings.characters_min:
            return Fault(f"too short for a code: {len(text)} characters")
        if not (code.isprintable() or code.replace(GS, "").isprintable()):
            return Fault(f"a control key in the middle of a code: {len(text)} characters")
        if code[0] in "%;" and _STRIPE.match(code):
            return Fault("a magnetic stripe: its reader needs a driver of its own")
        return Scan(code, symbology)


def check(settings: Settings) -> None:
    """Raise BadSettings, in words for people, when a scanner cannot be set up like this."""
    untypable = set(settings.prefix) - set(LAYOUTS[settings.layout].presses)
    if untypable and not settings.alt_codes:
        raise BadSettings(f"prefix {settings.prefix!r} cannot be typed on layout {settings.layout}")
    if settings.aim and settings.layout == "keypad":
        raise BadSettings("a keypad cannot type the bracket of an AIM identifier")
    if len(settings.prefix) + settings.characters_min + 3 * settings.aim > settings.characters_max:
        raise BadSettings("characters_max leaves no room for a code after the prefix")


DRIVER = Driver(
    doc=__doc__,
    link="stream",
    settings=Settings,
    codec=Host,
    recorded="unmasked",
    says=(Scan, Fault),
)
