"""Finds the device that somebody is scanning with, and what its section should say."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import drivers
from drivers.codec import BadSettings, LinkLost
from drivers.links import from_url
from drivers.profiles import Sample, models, propose
from edge import config as settings
from edge.commands.hid_binding import Found, reporting, typed
from edge.commands.shared import EXIT_USAGE, stop

QUIET_SECONDS: Final = 0.15
"""A scan is over when nothing more has come for so long."""
TRIED: Final[Mapping[str, Callable[[bytes, str], Found | None]]] = {
    "input": typed, "hidraw": lambda descriptor, _: reporting(descriptor),
}  # fmt: skip
"""By kind of wire: how to find out what speaks there; anything else sends lines."""
LINES: Final = "lines_scanner"
EAN_DIGITS: Final = 13

_USB: Final = re.compile(r"usb:([0-9a-f]{4}):([0-9a-f]{4})\b")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A driver and its settings; not to be trusted with anything in `unclear` (profiles.DOUBTS)."""

    driver: str
    settings: Mapping[str, object]
    unclear: Sequence[str] = ()


def wire(url: str) -> dict[str, object]:
    """Return the link's options that a device comes with, as far as its USB ids tell."""
    ids = _USB.match(url)
    known = models(int(ids[1], 16), int(ids[2], 16)) if ids else ()
    rates = {model.baud for model in known if model.baud is not None}
    return {"baud": rates.pop()} if len(rates) == 1 else {}


async def scans(
    urls: Sequence[str], texts: Sequence[str], seconds: float, ask: Callable[[str], None]
) -> tuple[str, list[bytes]]:
    """Return where the first bytes came from, and what each scan there sent.

    `ask` is called with each text before it is waited for, so many seconds. Fewer scans than texts
    came in time, when nobody scans any more. What cannot be opened, such as a port that a running
    box has, is left out; where the first scan came from is all that is heard after it.
    """
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    opened = []
    for url in urls:
        with suppress(LinkLost, BadSettings):
            ear = _Ear(url, heard)
            opened.append((await from_url(url, **wire(url)).open(ear), ear))
    found, sent = "", list[bytes]()
    try:
        for text in texts:
            ask(text)
            async with asyncio.timeout(seconds):
                while (said := await heard.get())[0] != (found or said[0]):
                    pass
            found = said[0]
            sent.append(said[1])
    except TimeoutError:
        pass  # that is all there is
    finally:
        for transport, ear in opened:
            transport.abort()
            await ear.gone.wait()
    return found, sent


class _Ear(asyncio.Protocol):
    """Hears one wire, and says what came whenever it is quiet again."""

    def __init__(self, url: str, heard: asyncio.Queue[tuple[str, bytes]]) -> None:
        self._url, self._said, self._data = url, heard, b""
        self._reports = url.startswith("hidraw:")
        self._frames = 0
        self.gone = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        if self._reports and not self._data:
            self._data = data  # what it is; that it spoke, only a report says
            return
        if not self._reports:
            self._data += data
        self._frames += 1
        asyncio.get_running_loop().call_later(QUIET_SECONDS, self._quiet, self._frames)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()

    def _quiet(self, frames: int) -> None:
        if frames == self._frames:
            self._said.put_nowait((self._url, self._data))
            if not self._reports:
                self._data = b""


def proposed(url: str, reads: Sequence[tuple[str, bytes]]) -> Proposed:
    """Return what a section for this device should say, after scans of texts sent bytes.

    All of them have to say the same, or it is unclear.
    """
    try_out = TRIED.get(url.partition(":")[0])
    if try_out is not None:
        return _agreed([try_out(data, text) for text, data in reads])
    found = propose([(Sample(text, _kind(text)), data) for text, data in reads])
    default = drivers.load(LINES).settings()
    changed = {
        key: value for key, value in found.settings.items() if getattr(default, key) != value
    }
    return Proposed(LINES, wire(url) | changed, found.unclear)


def _agreed(found: Sequence[Found | None]) -> Proposed:
    explained = [one for one in found if one is not None]
    if not explained or len(explained) < len(found):
        return Proposed("", {}, ("other",))
    if any(one != explained[0] for one in explained):
        return Proposed("", {}, ("differs",))
    return Proposed(*explained[0])


def _kind(text: str) -> str:
    """Return the AIM identifier that a code of this text probably has: an EAN-13's, or another."""
    return "E0" if len(text) == EAN_DIGITS and text.isdigit() else "C0"


def add_section(path: Path, section: str) -> None:
    """Add a section to the configuration, or stop with what would be wrong with it then."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(f"{path.read_text('utf-8').rstrip()}\n\n{section}\n", "utf-8")
        settings.load(new)
        new.replace(path)
    except OSError as error:
        stop(EXIT_USAGE, f"{path} cannot be written: {error.strerror}", "add the section by hand")
    except settings.ConfigError as error:
        new.unlink()
        stop(EXIT_USAGE, str(error))
