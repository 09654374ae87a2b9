"""Codes in pictures from a phone: bounded in size, in number at a time, and off the loop."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from drivers.camera import read_codes
from drivers.events import Fault, Scan
from edge.refusals import Refusal

PICTURES: Final = frozenset({"image/jpeg", "image/png"})
AT_ONCE_MAX: Final = 2
"""Pictures looked at together: it is the processor's work, and sales come first."""


Read = Callable[[bytes], tuple[Scan, ...] | Fault]


class Code(msgspec.Struct, frozen=True):
    """One code, as a scanner would send it; `symbology` is its AIM identifier (ISO/IEC 15424)."""

    text: str
    symbology: str


class Seen(msgspec.Struct, frozen=True):
    """What is in a picture, clearest first; nothing, if it shows no code."""

    codes: tuple[Code, ...]


class Eyes:
    """Looks at pictures, a few at a time. `read` finds the codes in one."""

    def __init__(self, read: Read = read_codes) -> None:
        self._read = read
        self._free = asyncio.Semaphore(AT_ONCE_MAX)

    async def see(self, picture: bytes) -> bytes | Refusal:
        """Return what codes a JPEG or PNG picture shows, as JSON; E-PICTURE if it is none."""
        async with self._free:
            found = await asyncio.to_thread(self._look, picture)
        if isinstance(found, Fault):
            return Refusal("E-PICTURE", {"reason": found.reason})
        return msgspec.json.encode(Seen(tuple(Code(scan.text, scan.symbology) for scan in found)))

    def _look(self, picture: bytes) -> tuple[Scan, ...] | Fault:
        try:
            return self._read(picture)
        except Exception as error:  # a stranger's picture is no mistake of ours, whatever it does
            return Fault(f"a picture that cannot be read: {type(error).__name__}")
